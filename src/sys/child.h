/* SPDX-License-Identifier: MIT */
#ifndef SYS_CHILD_H
#define SYS_CHILD_H

#include "sys/pidfd.h"

/*
 * A child of ours that may have a pidfd: by it, or, where pidfd is -1, by its number. That is its own for as
 * long as we have not reaped it; one that somebody else has reaped is -ESRCH, or ended.
 */

/** 0, -ESRCH, -EPERM. */
int sys_child_signal(int pidfd, pid_t pid, int signo);
/** 1 yes, 0 no, -errno. */
int sys_child_has_ended(int pidfd, pid_t pid);
/** Wait for its end and take it. That somebody else takes it (wait(-1), SIGCHLD ignored) is fine. */
void sys_child_reap(int pidfd, pid_t pid);
/** In place of a pidfd: a descriptor that is readable (end of file) when the child has ended, close-on-exec;
 * -errno. */
int sys_child_end_fd(pid_t pid);

#endif
