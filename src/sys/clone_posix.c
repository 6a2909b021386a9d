/* SPDX-License-Identifier: MIT */
/*
 * New processes with what POSIX has: fork(2). (posix_spawn() says nothing about the step that failed, and has
 * no working directory, no limits and no priorities.)
 */
#include "sys/clone.h"
#include <errno.h>
#include <unistd.h>

void sys_clone_force(enum sys_clone_rung rung)
{
        (void)rung; /* there is none */
}

CHILD_SIDE bool sys_clone_cleared_handlers(void)
{
        return false;
}

pid_t sys_clone_shared(const struct sys_clone *how, int *ret_pidfd)
{
        (void)how;
        (void)ret_pidfd;
        return -ENOSYS;
}

pid_t sys_clone_copy(void (*child)(void *argument), void *argument, int *ret_pidfd)
{
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                child(argument);
                _exit(127);
        }
        *ret_pidfd = -1;
        return pid;
}
