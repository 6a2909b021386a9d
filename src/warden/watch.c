/* SPDX-License-Identifier: MIT */
/*
 * Watching one session: wait for the end of the owner, then kill, wait until empty, remove.
 *
 * A child of the owner that was made and not yet moved in when the owner died moves in later (where the
 * kernel cannot let it be born inside): so killing and removing go round until the directory is gone, after
 * which nobody can move in any more. Between two rounds the kernel's own event is waited for; it comes as
 * much as 10 ms late and misses what happens to a directory that is empty, so a round begins at the latest
 * ROUND_MS later.
 */
#include "warden/watch.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/pidfd.h"
#include "warden/sweep.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUND_MS 20
/* A member that does not die (a hung file server) is left to whoever cleans up later: about a minute. */
#define MAX_ROUNDS 3000

static void await_owner(int line_fd, int owner_pidfd)
{
        struct pollfd fds[] = {
                { .fd = line_fd, .events = POLLIN | POLLRDHUP },
                { .fd = owner_pidfd, .events = POLLIN },
        };

        while (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno == EINTR)
                ;
}

static bool is_populated(int events_fd)
{
        char text[128];
        ssize_t n = fd_pread_all(events_fd, text, sizeof(text));

        if (n == -ENODEV || n == -ENOENT)
                return false;
        return n < 0 || !strstr(text, "populated 0");
}

/* The name of the directory in its parent: it is removed by name. */
static bool find_name(int dir_fd, char *path, size_t size)
{
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
        n = readlink(link, path, size - 1);
        if (n <= 0 || path[0] != '/')
                return false;
        path[n] = '\0';
        return true;
}

static void await_change(int events_fd)
{
        struct pollfd p = { .fd = events_fd, .events = POLLPRI };

        poll(&p, 1, ROUND_MS);
}

/* @return true when the directory is gone. */
static bool end_round(int dir_fd, int events_fd, const char *path)
{
        if (is_populated(events_fd)) {
                sweep_kill(dir_fd);
                if (is_populated(events_fd))
                        await_change(events_fd);
                return false;
        }
        sweep_prune(dir_fd);
        if (!path || rmdir(path) == 0 || errno == ENOENT)
                return true;
        await_change(events_fd);
        return false;
}

static int end_session(int dir_fd)
{
        scoped(fd_closep) int events_fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        char path[PATH_MAX];
        bool named = find_name(dir_fd, path, sizeof(path));

        if (events_fd < 0)
                return errno == ENOENT || errno == ENODEV ? 0 : 1;
        for (int i = 0; i < MAX_ROUNDS; i++)
                if (end_round(dir_fd, events_fd, named ? path : NULL))
                        return 0;
        return 1;
}

int watch(int line_fd, int dir_fd, int owner_pidfd)
{
        await_owner(line_fd, owner_pidfd);
        return end_session(dir_fd);
}
