/* SPDX-License-Identifier: MIT */
#ifndef SYS_SIGNAL_FD_H
#define SYS_SIGNAL_FD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * A descriptor that is readable while one of these signals (SIGNAL_BIT()s) waits to be read. They no longer
 * do to the calling thread what they did, and stay so when the descriptor is closed: what came late must not
 * kill.
 *
 * @param fd  One of this kind whose set is to become this one; -1: a new one.
 * @return    The descriptor, close-on-exec and non-blocking; -errno.
 */
int sys_signal_fd(int fd, uint64_t set);
/** Take one. true; false: there is none. ret_sender 0: the kernel, or nobody knows. */
bool sys_signal_fd_read(int fd, int *ret_signo, pid_t *ret_sender);
/** -1 is fine. Always returns -1. */
int sys_signal_fd_close(int fd);

#endif
