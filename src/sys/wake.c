/* SPDX-License-Identifier: MIT */
/*
 * Waking who waits: an eventfd, one descriptor where a pipe takes two.
 */
#include "sys/wake.h"
#include "base/fd.h"
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int sys_wake_open(struct sys_wake *ret)
{
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        *ret = (struct sys_wake){ .fd = fd, .write_fd = fd };
        return 0;
}

void sys_wake_close(struct sys_wake *wake)
{
        fd_close(wake->fd);
        *wake = (struct sys_wake)SYS_WAKE_INIT;
}

void sys_wake_fire(const struct sys_wake *wake)
{
        int saved = errno;
        uint64_t one = 1;

        (void)!write(wake->write_fd, &one, sizeof(one));
        errno = saved;
}

void sys_wake_drain(const struct sys_wake *wake)
{
        uint64_t count;

        (void)!read(wake->fd, &count, sizeof(count));
}
