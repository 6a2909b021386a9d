/* SPDX-License-Identifier: MIT */
/*
 * Pipes as POSIX has them: of the size that they have, and nobody says how much is in them.
 */
#include "sys/pipe.h"
#include <errno.h>
#include <poll.h>

/* More than any system puts into one pipe. */
enum { PIPE_AT_MOST = 1 << 20 };

void sys_pipe_grow(int fd, size_t n)
{
        (void)fd;
        (void)n;
}

int sys_pipe_of_one(int ret_ends[2])
{
        (void)ret_ends;
        return -EOPNOTSUPP;
}

int sys_pipe_take_byte(int fd, const int scratch[2], char *ret)
{
        (void)fd;
        (void)scratch;
        (void)ret;
        return -EOPNOTSUPP;
}

size_t sys_pipe_held(int fd)
{
        struct pollfd at = { .fd = fd, .events = POLLIN };

        return poll(&at, 1, 0) > 0 && (at.revents & POLLIN) ? PIPE_AT_MOST : 0;
}

ssize_t sys_send_now(int fd, const void *data, size_t n)
{
        (void)fd;
        (void)data;
        (void)n;
        return -EOPNOTSUPP;
}
