/* SPDX-License-Identifier: MIT */
#ifndef SYS_MISC_H
#define SYS_MISC_H

#include <stddef.h>

/** Fill with random bytes from the kernel. 0 or -errno. */
int sys_random(void *data, size_t n);
/** faccessat(2) for the effective user. 0 or -errno. */
int sys_access(int dir_fd, const char *path, int mode);
int sys_ioprio_set(int io_class, int level);
/** CPUs that this process may use: affinity, and the CPU quota of its cgroups (v2 and v1), rounded up. >= 1.
 */
unsigned sys_usable_cpus(void);

#endif
