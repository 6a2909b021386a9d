/* SPDX-License-Identifier: MIT */
/*
 * Ending one session from outside: kill, wait until empty, remove.
 *
 * A child of the owner that was made and not yet moved in when the owner died moves in later (where the
 * kernel cannot let it be born inside): so killing and removing go round until the directory is gone, after
 * which nobody can move in any more. Between two rounds the kernel's own event is waited for; it comes as
 * much as 10 ms late and misses what happens to a directory that is empty, so a round begins at the latest
 * ROUND_MS later.
 */
#include "warden/remove.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/scope.h"
#include "warden/protocol.h"
#include "warden/sweep.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUND_MS 20

static bool is_populated(int events_fd)
{
        char text[128];
        ssize_t n = fd_pread_all(events_fd, text, sizeof(text));

        if (n == -ENODEV || n == -ENOENT)
                return false;
        return n < 0 || !strstr(text, "populated 0");
}

static void await_change(int events_fd)
{
        struct pollfd p = { .fd = events_fd, .events = POLLPRI };

        poll(&p, 1, ROUND_MS);
}

/* @return true when the directory is gone. */
static bool end_round(int base_fd, const char *name, int dir_fd, int events_fd)
{
        if (is_populated(events_fd)) {
                sweep_kill(dir_fd);
                if (is_populated(events_fd))
                        await_change(events_fd);
                return false;
        }
        sweep_prune(dir_fd);
        if (unlinkat(base_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return true;
        await_change(events_fd);
        return false;
}

/* v1 has no event for any of it. What is there is killed by the warden of what holds it too, or was never
 * held: then it ends here. */
static bool end_round_v1(int base_fd, const char *name, int dir_fd)
{
        sweep_kill(dir_fd);
        sweep_prune(dir_fd);
        if (unlinkat(base_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return true;
        poll(NULL, 0, ROUND_MS);
        return false;
}

int remove_session(int base_fd, const char *name, uint64_t deadline_ns)
{
        scoped(fd_closep) int dir_fd = -1, events_fd = -1;
        int r;

        dir_fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (dir_fd < 0)
                return errno == ENOENT ? 0 : -errno;
        events_fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        r = events_fd < 0 ? -errno : 0;
        if (r < 0 && !sweep_is_v1(dir_fd))
                return r == -ENOENT || r == -ENODEV ? 0 : r;
        while (!(events_fd < 0 ? end_round_v1(base_fd, name, dir_fd)
                               : end_round(base_fd, name, dir_fd, events_fd)))
                if (clock_left(clock_now_ns(), deadline_ns) == 0)
                        return -ETIMEDOUT;
        return 0;
}

/* --- the place that was made for the session --------------------------------------------------------------
 */

/* "memory pids\n" as "-memory -pids". */
static void negate(const char *names, char *text, size_t size)
{
        size_t n = 0;

        for (bool start = true; *names && *names != '\n' && n + 2 < size; names++) {
                if (start)
                        text[n++] = '-';
                text[n++] = *names;
                start = *names == ' ';
        }
        text[n] = '\0';
}

static void turn_controllers_off(int base_fd)
{
        char names[256], text[512];

        if (fd_read_file_at(base_fd, "cgroup.subtree_control", names, sizeof(names)) <= 1)
                return;
        negate(names, text, sizeof(text));
        fd_write_file_at(base_fd, "cgroup.subtree_control", text);
}

/* Is this process alone there? */
static bool is_alone(int dir_fd)
{
        char own[24], listed[64];

        snprintf(own, sizeof(own), "%d\n", (int)getpid());
        return fd_read_file_at(dir_fd, "cgroup.procs", listed, sizeof(listed)) > 0 &&
               strcmp(own, listed) == 0;
}

void remove_room(int base_fd)
{
        scoped(fd_closep) int dir_fd =
                openat(base_fd, WARDEN_OWNER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;

        /* Sessions of others beside it, and then their owners, need it. */
        if (dir_fd < 0 || fstat(base_fd, &st) < 0 || st.st_nlink != 3 || !is_alone(dir_fd))
                return;
        turn_controllers_off(base_fd);
        if (fd_write_file_at(base_fd, "cgroup.procs", "0") == 0)
                unlinkat(base_fd, WARDEN_OWNER_DIR, AT_REMOVEDIR);
}
