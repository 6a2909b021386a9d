/* SPDX-License-Identifier: MIT */
/*
 * Large blocks where mappings of no file are not to be had: from malloc(), files read into them. A process
 * that gives back much of its memory may keep it.
 */
#include "sys/block.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

char *sys_block_resize(char *data, size_t length, size_t new_length)
{
        (void)length;
        return realloc(data, new_length);
}

static int read_all(int fd, char *data, size_t length)
{
        size_t at = 0;
        ssize_t got;

        while (at < length) {
                got = pread(fd, data + at, length - at, (off_t)at);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0; /* it is shorter than whole pages */
                at += (size_t)got;
        }
        return 0;
}

char *sys_block_of_file(int fd, size_t length)
{
        char *data = malloc(length);

        if (data && read_all(fd, data, length) < 0) {
                free(data);
                return NULL;
        }
        return data;
}

void sys_block_free(char *data, size_t length)
{
        (void)length;
        free(data);
}

bool sys_is_memory_file(int fd)
{
        (void)fd;
        return false;
}
