/* SPDX-License-Identifier: MIT */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** From /proc/PID/stat. */
struct proc_stat {
        pid_t pid, ppid, pgrp, session;
        char name[16];
        char state;
        bool exiting; /* on its way out: it will be a zombie soon, if it is not yet */
        uint64_t start_ticks;
};
/** 0; -ESRCH: no such process; -ENOENT: there is no /proc; -EACCES: it is hidden from us; -errno. */
int proc_read_stat(pid_t pid, struct proc_stat *ret);
/** Nanoseconds since the process started, by CLOCK_BOOTTIME; UINT64_MAX: unknown. */
uint64_t proc_age_ns(const struct proc_stat *stat);
/** The present moment as start_ticks counts it: whoever is born from now on does not have less. */
uint64_t proc_now_ticks(void);
/** Does the v2 path in /proc/PID/cgroup contain these components ("a/b")? 1, 0, -errno (-ESRCH, -ENOENT as
 * above). */
int proc_cgroup_contains(pid_t pid, const char *components);
/** That path itself, for several such questions. 0, -errno as above. */
int proc_read_cgroup(pid_t pid, struct buf *ret);
/** Do these components stand in the path? "a/1" and "/a/1" stand in "/a/1/b", not in "/a/10". */
bool proc_path_contains(const char *path, const char *components);
/** The calling process's own v2 path ("0::" line; "/" first). -EXDEV: outside the visible tree ("/.."). */
int proc_own_cgroup(char *path, size_t size);
/** Where cgroup2 is mounted, and the root of that mount within the hierarchy. -ENOENT: nowhere. */
int proc_cgroup2_mount(char *mount, size_t mount_size, char *root, size_t root_size);
/** The same for the v1 hierarchy of a controller ("cpu"); NULL: v2. -ENOENT: there is none. */
int proc_own_cgroup_of(const char *controller, char *path, size_t size);
int proc_cgroup_mount_of(
        const char *controller, char *mount, size_t mount_size, char *root, size_t root_size);
/** What it means that a file of /proc/PID could not be opened: -ENOENT told apart as above, others as is. */
int proc_missing(pid_t pid, int r);
/** Bit 0, 1...: the process has a descriptor open on the inode[i] (of a pipe). Unreadable: 0. */
uint32_t proc_holds(pid_t pid, const uint64_t *inodes, unsigned n);
/** Every child of the calling process, zombies too, of all its threads: fills up to n pids.
 *  @return how many there are; -ENOENT: this kernel does not tell (CONFIG_PROC_CHILDREN); -errno. */
ssize_t proc_list_children(pid_t *pids, size_t n);
/** Every process, zombies too, of a process group (or session): fills up to n pids. @return how many there
 * are; -ENOENT: there is no /proc; -errno. */
ssize_t proc_list_pgrp(pid_t pgrp, pid_t *pids, size_t n);

#endif
