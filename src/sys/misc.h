/* SPDX-License-Identifier: MIT */
#ifndef SYS_MISC_H
#define SYS_MISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Fill with random bytes from the kernel. 0 or -errno. */
int sys_random(void *data, size_t n);
/** faccessat(2) for the effective user. 0 or -errno. */
int sys_access(int dir_fd, const char *path, int mode);
/** Most memory that this process has had, bytes; 0: unknown. */
uint64_t sys_own_peak_bytes(void);

/** What not every system can do for a child: asked before it is started. */
enum sys_feature { SYS_FEATURE_GROUPS, SYS_FEATURE_IOPRIO, SYS_FEATURE_AFFINITY, SYS_FEATURE_PIPE_OF_ONE };
/** 0 or -EOPNOTSUPP. */
int sys_supports(enum sys_feature feature);

/** In the child. 0 or -errno. */
/** SIGKILL when the thread that made this process ends. */
int sys_die_with_parent(void);
int sys_ioprio_set(int io_class, int level);
enum { SYS_CPUS_MAX = 1024 };
/** A set of CPUs, bit n % bits-of-a-long of word n / bits-of-a-long for CPU n, as the kernel has it. */
struct sys_cpus {
        unsigned long words[SYS_CPUS_MAX / (8 * sizeof(unsigned long))];
};
int sys_affinity_set(const struct sys_cpus *cpus);

/** May others look into this process? 0, 1, 2; -errno. */
int sys_dumpable(void);
void sys_set_dumpable(int dumpable);

/** Does the file lie on a file system from which nothing may be executed? False where nobody knows. */
bool sys_is_noexec(int fd);

/** CPUs that this process may use: affinity, and the CPU quota of its cgroups (v2 and v1), rounded up. >= 1.
 */
unsigned sys_usable_cpus(void);

#endif
