/* SPDX-License-Identifier: MIT */
/*
 * Walks below a cgroup directory with nothing but system calls and the stack.
 *
 * cgroup.kill does nearly all of it. The walk over the processes is for what it misses: a process whose main
 * thread has gone, and kernels before 5.14 that have no such file. There a process is pinned by a pidfd
 * before it is signalled, and signalled only if its own cgroup still is below the directory.
 */
#include "warden/sweep.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/dirents.h"
#include "sys/pidfd.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 32
#define ENTRIES_SIZE 2048

static void visit_below(int dir_fd, int depth, void (*visit)(int parent_fd, const char *name, int depth));

static int open_below(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0755, 0) == 0)
                fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd;
}

/* The entry there; the next one begins where *at is moved to. */
static const struct sys_dirent *entry_at(const char *entries, ssize_t *at)
{
        const struct sys_dirent *entry = (const struct sys_dirent *)(const void *)(entries + *at);

        *at += entry->length;
        return entry;
}

static bool is_subdir(const struct sys_dirent *entry)
{
        return entry->type == DT_DIR && strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0;
}

bool sweep_is_v1(int dir_fd)
{
        return faccessat(dir_fd, "tasks", F_OK, 0) == 0;
}

/* --- killing
 * ------------------------------------------------------------------------------------------------ */

static void kill_member(pid_t pid, uint64_t cgroup_id)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(pid);
        uint64_t id;

        if (pidfd < 0)
                return;
        /* Where the kernel does not tell (of v1 it never does), the list that was just read has to do: it is
         * a moment old. */
        if (cgroup_id && sys_pidfd_cgroup_id(pidfd, &id) == 0 && id != cgroup_id)
                return;
        sys_pidfd_send_signal(pidfd, SIGKILL);
}

/* The list is read piece by piece; a number may be cut in two. */
static void kill_listed(int procs_fd, uint64_t cgroup_id)
{
        char text[1024];
        pid_t pid = 0;
        ssize_t n;

        while ((n = read(procs_fd, text, sizeof(text))) > 0)
                for (ssize_t i = 0; i < n; i++) {
                        if (text[i] >= '0' && text[i] <= '9') {
                                pid = pid * 10 + (text[i] - '0');
                                continue;
                        }
                        if (pid > 0)
                                kill_member(pid, cgroup_id);
                        pid = 0;
                }
}

static void kill_in(int dir_fd)
{
        scoped(fd_closep) int procs_fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (procs_fd >= 0 && fstat(dir_fd, &st) == 0)
                kill_listed(procs_fd, sweep_is_v1(dir_fd) ? 0 : st.st_ino);
}

static void kill_visit(int parent_fd, const char *name, int depth)
{
        scoped(fd_closep) int fd = open_below(parent_fd, name);

        if (fd < 0)
                return;
        kill_in(fd);
        visit_below(fd, depth, kill_visit);
}

void sweep_kill(int dir_fd)
{
        if (fd_write_file_at(dir_fd, "cgroup.kill", "1") < 0)
                fd_write_file_at(dir_fd, "cgroup.freeze", "1");
        kill_in(dir_fd);
        visit_below(dir_fd, MAX_DEPTH, kill_visit);
        fd_write_file_at(dir_fd, "cgroup.freeze", "0");
}

/* --- removing
 * ----------------------------------------------------------------------------------------------- */

/* Remove what is empty in one directory. @return how many went; *ret_fd: the first that did not, or -1. */
static int prune_one(int dir_fd, int *ret_fd)
{
        _Alignas(struct sys_dirent) char entries[ENTRIES_SIZE];
        int n_removed = 0;
        ssize_t n;

        *ret_fd = -1;
        lseek(dir_fd, 0, SEEK_SET);
        while ((n = sys_dirents(dir_fd, entries, sizeof(entries))) > 0)
                for (ssize_t at = 0; at < n;) {
                        const struct sys_dirent *entry = entry_at(entries, &at);

                        if (!is_subdir(entry))
                                continue;
                        if (unlinkat(dir_fd, entry->name, AT_REMOVEDIR) == 0)
                                n_removed++;
                        else if (*ret_fd < 0)
                                *ret_fd = open_below(dir_fd, entry->name);
                }
        return n_removed;
}

/*
 * As deep as members nested them, with one descriptor and no stack: down into what cannot be removed, up
 * again by
 * "..". Who comes up and finds that nothing can be removed now has met a cgroup that is not empty, and only
 * goes up.
 */
void sweep_prune(int dir_fd)
{
        scoped(fd_closep) int here = fd_dup_above(dir_fd, 3);
        bool comes_up = false, stuck = false;
        int depth = 0;

        while (here >= 0) {
                scoped(fd_closep) int below = -1;
                int n_removed = prune_one(here, &below);

                stuck |= comes_up && n_removed == 0;
                comes_up = below < 0 || stuck;
                if (comes_up && depth == 0)
                        return;
                depth += comes_up ? -1 : 1;
                if (comes_up) {
                        fd_close(below);
                        below = open_below(here, "..");
                }
                fd_close(here);
                here = TAKE_FD(below);
        }
}

/* --- walking
 * ------------------------------------------------------------------------------------------------ */

static void visit_entries(int dir_fd, const char *entries, ssize_t n, int depth,
        void (*visit)(int parent_fd, const char *name, int depth))
{
        for (ssize_t at = 0; at < n;) {
                const struct sys_dirent *entry = entry_at(entries, &at);

                if (is_subdir(entry))
                        visit(dir_fd, entry->name, depth);
        }
}

static void visit_below(int dir_fd, int depth, void (*visit)(int parent_fd, const char *name, int depth))
{
        _Alignas(struct sys_dirent) char entries[ENTRIES_SIZE];
        ssize_t n;

        if (depth == 0 || lseek(dir_fd, 0, SEEK_SET) < 0)
                return;
        while ((n = sys_dirents(dir_fd, entries, sizeof(entries))) > 0)
                visit_entries(dir_fd, entries, n, depth - 1, visit);
}
