/* SPDX-License-Identifier: MIT */
/*
 * Waking who waits, with what every system has: a pipe. A full one is readable already.
 */
#include "base/fd.h"
#include "sys/wake.h"
#include <errno.h>
#include <unistd.h>

int sys_wake_open(struct sys_wake *ret)
{
        struct sys_wake wake;
        int ends[2], r;

        r = fd_pipe(ends);
        if (r < 0)
                return r;
        wake = (struct sys_wake){ .fd = ends[0], .write_fd = ends[1] };
        r = fd_set_nonblock(wake.fd);
        if (r == 0)
                r = fd_set_nonblock(wake.write_fd);
        if (r < 0) {
                sys_wake_close(&wake);
                return r;
        }
        *ret = wake;
        return 0;
}

void sys_wake_close(struct sys_wake *wake)
{
        fd_close(wake->fd);
        fd_close(wake->write_fd);
        *wake = (struct sys_wake)SYS_WAKE_INIT;
}

void sys_wake_fire(const struct sys_wake *wake)
{
        int saved = errno;

        (void)!write(wake->write_fd, "", 1);
        errno = saved;
}

void sys_wake_drain(const struct sys_wake *wake)
{
        char bytes[64];

        while (read(wake->fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
                ;
}
