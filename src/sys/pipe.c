/* SPDX-License-Identifier: MIT */
/*
 * Pipes and sockets, where the kernel can do more with them than read and write.
 */
#include "sys/pipe.h"
#include "base/fd.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void sys_pipe_grow(int fd, size_t n)
{
        (void)fcntl(fd, F_SETPIPE_SZ, (int)n);
}

int sys_pipe_of_one(int ret_ends[2])
{
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC | O_DIRECT) < 0)
                return -errno;
        if (fcntl(ends[1], F_SETPIPE_SZ, 1) < 0) {
                r = -errno;
                fd_close(ends[0]);
                fd_close(ends[1]);
                return r;
        }
        memcpy(ret_ends, ends, sizeof(ends));
        return 0;
}

int sys_pipe_take_byte(int fd, const int scratch[2], char *ret)
{
        ssize_t n;

        do
                n = splice(fd, NULL, scratch[1], NULL, 1, SPLICE_F_NONBLOCK);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : 0;
        do
                n = read(scratch[0], ret, 1); /* it is there */
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : (int)n;
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
