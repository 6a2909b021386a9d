/* SPDX-License-Identifier: MIT */
/* Passing descriptors is in POSIX, but nothing that wants it is. */
#include "sys/fdpass.h"
#include <errno.h>

int sys_fd_line(int ret_ends[2])
{
        (void)ret_ends;
        return -EOPNOTSUPP;
}

int sys_fd_send(int socket_fd, int fd)
{
        (void)socket_fd;
        (void)fd;
        return -EOPNOTSUPP;
}

int sys_fd_receive(int socket_fd)
{
        (void)socket_fd;
        return -EOPNOTSUPP;
}
