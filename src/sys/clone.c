/* SPDX-License-Identifier: MIT */
/*
 * New processes.
 *
 * A child that shares its parent's memory until it execs costs the same whatever the parent weighs (with
 * 1 GB resident 0.7 ms against the 12.8 ms of fork), tells its errors by writing them down, and with clone3
 * can be born inside a cgroup. So that is the first choice, and below it is a ladder of rungs: clone3; the C
 * library's clone() with a pidfd (kernels before 5.7, filters that refuse clone3, machines without a stub);
 * the same without; and for the caller, fork. A rung that the kernel does not know is found by calling it,
 * remembered, and not tried again. What depends on the target cgroup or on the moment (EACCES, EBUSY, ENOENT,
 * EAGAIN...) is an answer, not a missing rung.
 *
 * posix_spawn() would have been simpler; it has no pidfd, no cgroup, and says nothing about the step that
 * failed. vfork() returns twice through one frame, which compilers are only trusted with by name.
 *
 * Emulators (valgrind, user-mode qemu) know clone() but quietly make a fork of a shared-memory child: errors
 * written down would be lost and every failed start be a success. None of them knows clone3. So the rungs
 * below it first send a child that does nothing but write to the shared memory, once per process.
 */
#include "sys/clone.h"
#include "base/scope.h"
#include "sys/clone3.h"
#include "sys/pidfd.h"
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

/* The order of the first two arguments of the raw call. */
#if defined(__s390__) || defined(__CRIS__)
#define RAW_CLONE_ARGUMENTS(flags, stack) stack, flags
#else
#define RAW_CLONE_ARGUMENTS(flags, stack) flags, stack
#endif

struct request {
        struct sys_clone how;
        int pidfd; /* out */
};

static atomic_int first_rung;

void sys_clone_force(enum sys_clone_rung rung)
{
        atomic_store(&first_rung, (int)rung);
}

/* Only clone3 clears them; and what comes below it is not tried before clone3 was found missing for good. */
CHILD_SIDE bool sys_clone_cleared_handlers(void)
{
        return atomic_load(&first_rung) == SYS_CLONE_INTO;
}

static pid_t try_clone3(struct request *request)
{
        const struct sys_clone *how = &request->how;
        struct clone3_args args = {
                .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | how->flags,
                .pidfd = (uint64_t)(uintptr_t)&request->pidfd,
                .exit_signal = how->flags & SYS_CLONE_AUTOKILL ? 0 : SIGCHLD,
                .stack = (uint64_t)(uintptr_t)how->stack,
                .stack_size = how->stack_size,
        };
        long r;

        if (how->cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t)how->cgroup_fd;
        }
        r = clone3_call(&args, sizeof(args), how->child, how->argument);
        if (how->flags) /* it may be about the namespaces: no word on the rung, but that the struct is too big
                         */
                return r == -E2BIG ? -ENOSYS : (pid_t)r;
        /* From a filter EPERM means the call; with a cgroup it may be the cgroup: the caller comes back
         * without one and finds out. */
        if (r == -EINVAL || r == -E2BIG || (r == -EPERM && how->cgroup_fd < 0))
                return -ENOSYS;
        return (pid_t)r;
}

CHILD_SIDE static int clone_main(void *argument)
{
        struct request *request = argument;

        request->how.child(request->how.argument);
        _exit(127);
}

static pid_t call_clone(struct request *request, int flags)
{
        const struct sys_clone *how = &request->how;
        pid_t pid;

        if (how->cgroup_fd >= 0)
                return -EOPNOTSUPP;
        if (how->flags >> 32)
                return -EINVAL;
        pid = clone(clone_main, (char *)how->stack + how->stack_size,
                CLONE_VM | CLONE_VFORK | flags | (int)how->flags, request, &request->pidfd);
        if (pid >= 0)
                return pid;
        return !how->flags && (errno == EINVAL || errno == EPERM) ? -ENOSYS : -errno;
}

CHILD_SIDE static void write_flag(void *argument)
{
        *(volatile int *)argument = 1;
        _exit(0);
}

static bool memory_is_shared(const struct request *like)
{
        static atomic_int known; /* 1: yes, 2: no */
        volatile int flag = 0;
        struct request request = { .how = {
                                           .child = write_flag,
                                           .argument = (void *)(uintptr_t)&flag,
                                           .stack = like->how.stack,
                                           .stack_size = like->how.stack_size,
                                           .cgroup_fd = -1,
                                   } };
        pid_t pid;

        if (atomic_load(&known))
                return atomic_load(&known) == 1;
        /* Without an exit signal: the host's SIGCHLD handler and its wait(-1) do not see it. */
        pid = call_clone(&request, 0);
        if (pid < 0)
                return pid == -EAGAIN || pid == -ENOMEM; /* the clone to come will say so */
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
                ;
        atomic_store(&known, flag ? 1 : 2);
        return flag;
}

static void fetch_pidfd(pid_t pid, int *ret_pidfd)
{
        if (*ret_pidfd < 0)
                *ret_pidfd = sys_pidfd_open(pid);
        if (*ret_pidfd < 0)
                *ret_pidfd = -1;
}

static pid_t try_clone(struct request *request, int flags)
{
        pid_t pid;

        if (request->how.cgroup_fd >= 0)
                return -EOPNOTSUPP;
        if (!memory_is_shared(request))
                return -ENOSYS;
        pid = call_clone(request, flags | SIGCHLD);
        /* Before 5.2 clone() ignores the flag that it does not know. */
        if (pid >= 0)
                fetch_pidfd(pid, &request->pidfd);
        return pid;
}

static pid_t try_clone_pidfd(struct request *request)
{
        return try_clone(request, CLONE_PIDFD);
}

static pid_t try_clone_plain(struct request *request)
{
        return try_clone(request, 0);
}

static pid_t (*const rungs[SYS_CLONE_NONE])(struct request *request) = {
        [SYS_CLONE_INTO] = try_clone3,
        [SYS_CLONE_PIDFD] = try_clone_pidfd,
        [SYS_CLONE_PLAIN] = try_clone_plain,
};

pid_t sys_clone_shared(const struct sys_clone *how, int *ret_pidfd)
{
        struct request request = { .how = *how, .pidfd = -1 };
        pid_t pid;
        int i;

        assert((uintptr_t)how->stack % 16 == 0 && how->stack_size % 16 == 0);
        for (i = atomic_load(&first_rung); i < SYS_CLONE_NONE; i++) {
                pid = rungs[i](&request);
                if (pid != -ENOSYS) {
                        *ret_pidfd = request.pidfd;
                        return pid;
                }
                atomic_store(&first_rung, i + 1);
        }
        /* fork is left, and it cannot either */
        return how->cgroup_fd >= 0 ? -EOPNOTSUPP : -ENOSYS;
}

/* fork() that hands the pidfd over, so that nobody can reap the child before it is had. Only raw calls
 * follow in the child: that the C library does not know of it does no harm. */
static pid_t fork_with_pidfd(int *ret_pidfd)
{
        pid_t pid = (pid_t)syscall(
                SYS_clone, RAW_CLONE_ARGUMENTS(CLONE_PIDFD | SIGCHLD, NULL), ret_pidfd, NULL, NULL);

        if (pid >= 0 || (errno != EINVAL && errno != ENOSYS && errno != EPERM))
                return pid;
        return fork();
}

pid_t sys_clone_copy(void (*child)(void *argument), void *argument, int *ret_pidfd)
{
        int pidfd = -1;
        pid_t pid = fork_with_pidfd(&pidfd);

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                child(argument);
                _exit(127);
        }
        fetch_pidfd(pid, &pidfd);
        *ret_pidfd = pidfd;
        return pid;
}
