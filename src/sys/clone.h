/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLONE_H
#define SYS_CLONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** For what runs between clone and exec, in memory shared with a parent that sleeps: no instrumentation, no
 * frame shared with a caller. */
#define CHILD_SIDE __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

/**
 * Make a child that shares the caller's memory until it execs or exits (the caller's thread sleeps until
 * then), runs child(argument) on `stack` and never returns from it. Block all signals around it.
 *
 * @param cgroup_fd   Directory of the leaf to be born in (CLONE_INTO_CGROUP), or -1.
 * @param ret_pidfd   Close-on-exec; -1 where there are no pidfds.
 * @return  pid, or -errno; -ENOSYS: this kernel, sandbox or machine cannot; -EOPNOTSUPP: not into a cgroup.
 */
pid_t sys_clone_shared(void (*child)(void *argument), void *argument, void *stack, size_t stack_size,
        int cgroup_fd, int *ret_pidfd);

/**
 * The same with a copy of the memory (fork): works everywhere. *ret_pidfd is -1 where there are no pidfds.
 */
pid_t sys_clone_copy(void (*child)(void *argument), void *argument, int *ret_pidfd);

/** What sys_clone_shared() has to offer, best first; what does not work here is not tried twice. */
enum sys_clone_rung {
        SYS_CLONE_INTO,  /* clone3, into a cgroup where wanted */
        SYS_CLONE_PIDFD, /* clone with a pidfd */
        SYS_CLONE_PLAIN, /* clone, the pidfd fetched afterwards */
        SYS_CLONE_NONE   /* nothing: -ENOSYS */
};
/**
 * Asked in the child: was it born without the owner's signal handlers? What the owner ignores stays ignored.
 */
bool sys_clone_cleared_handlers(void);

/** For tests: from now on start at this rung. */
void sys_clone_force(enum sys_clone_rung rung);

#endif
