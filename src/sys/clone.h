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
 * @param ret_pidfd   Close-on-exec; -1 where there are no pidfds.
 * @return  pid, or -errno; -ENOSYS: this kernel, sandbox or machine cannot; -EOPNOTSUPP: not into a cgroup;
 * -EINVAL: it does not know one of the flags.
 */
struct sys_clone {
        void (*child)(void *argument);
        void *argument;
        void *stack;
        size_t stack_size;
        int cgroup_fd;  /* directory of the leaf to be born in (CLONE_INTO_CGROUP), or -1 */
        uint64_t flags; /* CLONE_NEW..., SYS_CLONE_AUTOKILL */
};
pid_t sys_clone_shared(const struct sys_clone *how, int *ret_pidfd);

/** The kernel kills the child when the pidfd that this call gives is closed for the last time, and reaps it
 * itself: there is nothing to wait for but the pidfd (Linux 7.1, clone3 only, with CAP_SYS_ADMIN). */
#define SYS_CLONE_AUTOKILL ((UINT64_C(1) << 34) | (UINT64_C(1) << 36))

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
