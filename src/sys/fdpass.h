/* SPDX-License-Identifier: MIT */
#ifndef SYS_FDPASS_H
#define SYS_FDPASS_H

/** A pair of Unix sockets to send descriptors over, close-on-exec, above those of stdio. 0 or -errno. */
int sys_fd_line(int ret_ends[2]);
/** Send a copy of a descriptor over a Unix socket, with one byte. Async-signal-safe. 0 or -errno. */
int sys_fd_send(int socket_fd, int fd);
/** Take one that is there by now, close-on-exec. @return it, or -errno; -EAGAIN: none. */
int sys_fd_receive(int socket_fd);

#endif
