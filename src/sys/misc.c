/* SPDX-License-Identifier: MIT */
/*
 * System calls of one line each that the C library has no function for, or one with more to it.
 */
#include "sys/misc.h"
#include <errno.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_random(void *data, size_t n)
{
        char *p = data;
        ssize_t got;

        while (n > 0) {
                got = getrandom(p, n, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                p += got;
                n -= (size_t)got;
        }
        return 0;
}

int sys_ioprio_set(int io_class, int level)
{
        enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };

        /* Who 0: the calling thread. Safe between clone and exec. */
        if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, io_class << CLASS_SHIFT | level) < 0)
                return -errno;
        return 0;
}
