/* SPDX-License-Identifier: MIT */
/*
 * What /proc/PID says about a process: stat and the open descriptors.
 *
 * Everything read here is old when it is read: who wants to act on a process pins it with a pidfd first, then
 * compares its start time. The files are read by hand and not with sscanf(3): the name in stat may hold
 * spaces, parentheses and newlines, all chosen by the process.
 *
 * That a file is not there has three reasons, and they are told apart: no such process (-ESRCH), no procfs
 * (-ENOENT), and a procfs that hides the processes of others (-EACCES), which must never look like "it has
 * ended".
 */
#include "sys/proc.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/children.h"
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STAT_SIZE = 2048, PATH_SIZE = 64, LINK_SIZE = 64 };

/* PF_EXITING of the kernel's task flags, which proc(5) shows. */
#define FLAG_EXITING 0x4

int proc_missing(pid_t pid, int r)
{
        if (r != -ENOENT)
                return r;
        if (access("/proc/self/stat", F_OK) < 0)
                return -ENOENT;
        return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : -EACCES;
}

/* A number of the space-separated fields at *p, which moves behind it. */
static bool field(const char **p, int64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoll(*p, &end, 10);
        if (end == *p || errno)
                return false;
        *p = end;
        return true;
}

static void name_copy(struct proc_stat *stat, const char *name, size_t n)
{
        if (n >= sizeof(stat->name))
                n = sizeof(stat->name) - 1; /* kernel threads have longer ones */
        memcpy(stat->name, name, n);
        stat->name[n] = '\0';
}

/* "123 (name) S ppid pgrp session ... start_ticks ...": the fields behind the last parenthesis are counted
 * from the 3rd, as in proc(5). */
static int stat_parse(const char *text, struct proc_stat *ret)
{
        enum { FIELD_PPID = 4, FIELD_PGRP, FIELD_SESSION, FIELD_FLAGS = 9, FIELD_START = 22 };
        const char *open = strchr(text, '('), *close = strrchr(text, ')'), *p;
        struct proc_stat stat = { 0 };
        int64_t value;

        if (!open || !close || close < open || close[1] != ' ' || !close[2])
                return -EBADMSG;
        stat.pid = (pid_t)strtol(text, NULL, 10);
        name_copy(&stat, open + 1, (size_t)(close - open - 1));
        stat.state = close[2];
        p = close + 3;
        for (int i = FIELD_PPID; i <= FIELD_START; i++) {
                if (!field(&p, &value))
                        return -EBADMSG;
                if (i == FIELD_PPID)
                        stat.ppid = (pid_t)value;
                else if (i == FIELD_PGRP)
                        stat.pgrp = (pid_t)value;
                else if (i == FIELD_SESSION)
                        stat.session = (pid_t)value;
                else if (i == FIELD_FLAGS)
                        stat.exiting = (value & FLAG_EXITING) != 0;
                else if (i == FIELD_START)
                        stat.start_ticks = (uint64_t)value;
        }
        *ret = stat;
        return 0;
}

static int stat_read(pid_t pid, struct proc_stat *ret)
{
        char path[PATH_SIZE], text[STAT_SIZE];
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        n = fd_read_file_at(AT_FDCWD, path, text, sizeof(text));
        return n < 0 ? (int)n : stat_parse(text, ret);
}

int proc_read_stat(pid_t pid, struct proc_stat *ret)
{
        int r;

        assert(pid > 0);
        r = stat_read(pid, ret);
        return r < 0 ? proc_missing(pid, r) : 0;
}

uint64_t proc_age_ns(const struct proc_stat *stat)
{
        const uint64_t ns_per_second = UINT64_C(1000000000);
        long ticks_per_second = sysconf(_SC_CLK_TCK);
        struct timespec now;
        uint64_t now_ns, start_ns;

        if (ticks_per_second <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
                return UINT64_MAX;
        now_ns = (uint64_t)now.tv_sec * ns_per_second + (uint64_t)now.tv_nsec;
        start_ns = stat->start_ticks * (ns_per_second / (uint64_t)ticks_per_second);
        return now_ns > start_ns ? now_ns - start_ns : 0;
}

uint64_t proc_now_ticks(void)
{
        const uint64_t ns_per_second = UINT64_C(1000000000);
        long ticks_per_second = sysconf(_SC_CLK_TCK);
        struct timespec now;

        if (ticks_per_second <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
                return 0;
        return (uint64_t)now.tv_sec * (uint64_t)ticks_per_second +
               (uint64_t)now.tv_nsec / (ns_per_second / (uint64_t)ticks_per_second);
}

/* The inode of "pipe:[123]"; 0: not a pipe. */
static uint64_t pipe_inode(int directory_fd, const char *name)
{
        char link[LINK_SIZE];
        ssize_t n = readlinkat(directory_fd, name, link, sizeof(link) - 1);

        if (n < 0)
                return 0;
        link[n] = '\0';
        return strncmp(link, "pipe:[", 6) == 0 ? strtoull(link + 6, NULL, 10) : 0;
}

uint32_t proc_holds(pid_t pid, const uint64_t *inodes, unsigned n)
{
        scoped(dir_closep) DIR *directory = NULL;
        const struct dirent *entry;
        char path[PATH_SIZE];
        uint32_t held = 0;
        uint64_t inode;

        assert(pid > 0 && n <= 32);
        (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
        directory = opendir(path);
        while (directory && (entry = readdir(directory))) {
                inode = pipe_inode(dirfd(directory), entry->d_name);
                for (unsigned i = 0; inode && i < n; i++)
                        if (inodes[i] == inode)
                                held |= UINT32_C(1) << i;
        }
        return held;
}

struct pid_list {
        pid_t *pids;
        size_t n, found;
};

static int list_pid(void *userdata, pid_t pid)
{
        struct pid_list *list = userdata;

        if (list->found < list->n)
                list->pids[list->found] = pid;
        list->found++;
        return 0;
}

ssize_t proc_list_children(pid_t *pids, size_t n)
{
        struct pid_list list = { .pids = pids, .n = n };
        int r = sys_each_child(0, list_pid, &list);

        return r < 0 ? r : (ssize_t)list.found;
}

ssize_t proc_list_pgrp(pid_t pgrp, pid_t *pids, size_t n)
{
        scoped(dir_closep) DIR *directory = opendir("/proc");
        const struct dirent *entry;
        struct proc_stat stat;
        size_t found = 0, seen = 0;

        assert(pgrp > 0);
        if (!directory)
                return -errno;
        while ((entry = readdir(directory))) {
                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                if (stat_read((pid_t)strtol(entry->d_name, NULL, 10), &stat) < 0)
                        continue; /* ended in the meantime */
                seen++;
                if (stat.pgrp != pgrp && stat.session != pgrp)
                        continue;
                if (found < n)
                        pids[found] = stat.pid;
                found++;
        }
        return seen ? (ssize_t)found : -ENOENT;
}
