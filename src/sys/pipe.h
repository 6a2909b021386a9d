/* SPDX-License-Identifier: MIT */
#ifndef SYS_PIPE_H
#define SYS_PIPE_H

#include <stddef.h>
#include <sys/types.h>

/** Make room for n bytes in the pipe, if that can be had. */
void sys_pipe_grow(int fd, size_t n);
/** A pipe that holds one byte, and whose write end tells when that was taken; close-on-exec. 0; -EOPNOTSUPP;
 * -errno. */
int sys_pipe_of_one(int ret_ends[2]);
/** Read one byte without waiting from a pipe that is not ours to make non-blocking, by way of one that is.
 * @return 1; 0 at its end; -EAGAIN; -EOPNOTSUPP; -errno. */
int sys_pipe_take_byte(int fd, const int scratch[2], char *ret);
/** How many bytes can be read from it now, or, where nobody knows, at most; 0: none, or an error. */
size_t sys_pipe_held(int fd);
/** Write to a socket what it takes without waiting, and no signal. @return bytes; -EAGAIN; -EOPNOTSUPP: to be
 * written to as if it were a pipe; -errno. */
ssize_t sys_send_now(int fd, const void *data, size_t n);

#endif
