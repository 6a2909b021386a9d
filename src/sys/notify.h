/* SPDX-License-Identifier: MIT */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * System calls that a filter holds up until the one who listens has answered (seccomp_unotify(2)).
 * -EOPNOTSUPP on a system that has none of it.
 */

/** A call as a filter sees it: struct seccomp_data of the kernel. */
struct sys_call {
        int32_t number;
        uint32_t machine; /* AUDIT_ARCH_... */
        uint64_t instruction;
        uint64_t arguments[6];
};

/** Child: load a filter, as sys_seccomp_load(), and listen to it. @return a descriptor, close-on-exec, or
 * -errno; -EBUSY: somebody listens to an earlier filter already. */
int sys_notify_load(const void *code, unsigned short n, unsigned flags);
/** The next call that waits; only when the descriptor is readable, else it waits. -ENOENT: it waits no more.
 */
int sys_notify_receive(int fd, uint64_t *ret_id, pid_t *ret_pid, struct sys_call *ret_call);
/** Let it end with this errno without having been done; 0: as if it had been. -ENOENT: it waits no more. */
int sys_notify_deny(int fd, uint64_t id, int number);
/** Have it done after all. The same. */
int sys_notify_let(int fd, uint64_t id);

/** The machine that this program is made for, as filters know it; 0: not known. */
uint32_t sys_machine(void);
/** Name of a call of that machine; NULL: not known here. Static storage. */
const char *sys_call_name(uint32_t machine, int number);
/** Calls that a child makes between its first filter and the end of its exec, failed or not: their numbers.
 */
const int *sys_calls_before_exec(size_t *ret_n);

#endif
