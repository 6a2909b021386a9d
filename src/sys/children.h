/* SPDX-License-Identifier: MIT */
#ifndef SYS_CHILDREN_H
#define SYS_CHILDREN_H

#include <sys/types.h>

/**
 * Every child of a process, of all its threads (/proc/PID/task/TID/children, CONFIG_PROC_CHILDREN), zombies
 * too. No heap. `visit` returns 0 to go on; anything else ends the walk and is returned.
 *
 * @param pid  0: the calling process.
 * @return 0, what `visit` returned, or -errno (-ENOENT: no such process, no /proc, or a kernel without the
 * file).
 */
int sys_each_child(pid_t pid, int (*visit)(void *userdata, pid_t child), void *userdata);

#endif
