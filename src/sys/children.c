/* SPDX-License-Identifier: MIT */
/*
 * The children of a process, as the kernel lists them per thread.
 *
 * One small file per thread, where a walk over all of /proc would read as many as the machine has processes.
 * Read by hand: the warden has no heap for stdio and opendir(3).
 *
 * The list is not a snapshot: a child that ends while it is read may hide the next one. So who needs all of
 * them reads again until nothing is left.
 */
#include "sys/children.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/dirents.h"
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SIZE = 48, TEXT_SIZE = 4096, ENTRIES_SIZE = 1024 };

struct walk {
        int (*visit)(void *userdata, pid_t child);
        void *userdata;
        pid_t number; /* the digits read so far; one may be cut in two */
};

static int take_text(struct walk *walk, const char *text, ssize_t n)
{
        int r = 0;

        for (ssize_t i = 0; i < n && r == 0; i++) {
                if (text[i] >= '0' && text[i] <= '9') {
                        walk->number = walk->number * 10 + (text[i] - '0');
                        continue;
                }
                if (walk->number > 0)
                        r = walk->visit(walk->userdata, walk->number);
                walk->number = 0;
        }
        return r;
}

static int walk_thread(int task_fd, const char *thread, struct walk *walk)
{
        scoped(fd_closep) int fd = -1;
        char path[PATH_SIZE], text[TEXT_SIZE];
        ssize_t n;
        int r = 0;

        (void)snprintf(path, sizeof(path), "%.20s/children", thread);
        fd = openat(task_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        walk->number = 0;
        while (r == 0 && (n = read(fd, text, sizeof(text))) != 0) {
                if (n < 0)
                        return errno == ESRCH ? -ENOENT : -errno;
                r = take_text(walk, text, n);
        }
        return r;
}

/* A thread that has ended meanwhile has given its children to another. */
static int walk_threads(int task_fd, const char *entries, ssize_t n, struct walk *walk, int *n_read)
{
        for (ssize_t at = 0; at < n;) {
                const struct sys_dirent *entry = (const struct sys_dirent *)(const void *)(entries + at);
                int r;

                at += entry->length;
                if (entry->name[0] == '.')
                        continue;
                r = walk_thread(task_fd, entry->name, walk);
                if (r != 0 && r != -ENOENT)
                        return r;
                *n_read += r == 0;
        }
        return 0;
}

static int open_task(pid_t pid)
{
        char path[PATH_SIZE];
        int fd;

        if (pid == 0)
                (void)snprintf(path, sizeof(path), "/proc/self/task");
        else
                (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int sys_each_child(pid_t pid, int (*visit)(void *userdata, pid_t child), void *userdata)
{
        alignas(struct sys_dirent) char entries[ENTRIES_SIZE];
        struct walk walk = { .visit = visit, .userdata = userdata };
        scoped(fd_closep) int task_fd = open_task(pid);
        int n_read = 0, r;
        ssize_t n;

        if (task_fd < 0)
                return task_fd;
        while ((n = sys_dirents(task_fd, entries, sizeof(entries))) > 0) {
                r = walk_threads(task_fd, entries, n, &walk, &n_read);
                if (r != 0)
                        return r;
        }
        if (n < 0)
                return (int)n;
        return n_read ? 0 : -ENOENT;
}
