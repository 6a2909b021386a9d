/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLOSEFROM_H
#define SYS_CLOSEFROM_H

#include <stddef.h>

/**
 * Mark every descriptor >= from close-on-exec. Async-signal-safe; for the child between clone and exec.
 * close_range(CLOSE_RANGE_CLOEXEC) (>= 5.11), else /proc/self/fd, else every number up to the limit.
 */
void sys_cloexec_from(int from);

/** Close every descriptor but this one, in a child that never executes anything. Only in a build for POSIX
 * alone: it has such children. Async-signal-safe. */
void sys_close_but(int fd);

#endif
