/* SPDX-License-Identifier: MIT */
/*
 * Pipes and sockets, where the kernel can do more with them than read and write.
 */
#include "sys/pipe.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void sys_pipe_grow(int fd, size_t n)
{
        (void)fcntl(fd, F_SETPIPE_SZ, (int)n);
}

size_t sys_pipe_held(int fd)
{
        int n = 0;

        return ioctl(fd, FIONREAD, &n) < 0 || n < 0 ? 0 : (size_t)n;
}

ssize_t sys_send_now(int fd, const void *data, size_t n)
{
        ssize_t sent = send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        return sent < 0 ? -errno : sent;
}
