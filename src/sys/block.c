/* SPDX-License-Identifier: MIT */
/*
 * Large blocks are mappings: mremap(2) makes them longer without a copy, and what is given back is gone from
 * the process, where malloc() would keep up to 64 MiB for itself.
 */
#include "sys/block.h"
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

static char *made(void *data)
{
        return data == MAP_FAILED ? NULL : data;
}

char *sys_block_resize(char *data, size_t length, size_t new_length)
{
        if (data)
                return made(mremap(data, length, new_length, MREMAP_MAYMOVE));
        return made(mmap(NULL, new_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

char *sys_block_of_file(int fd, size_t length)
{
        return made(mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0));
}

void sys_block_free(char *data, size_t length)
{
        (void)munmap(data, length);
}

bool sys_is_memory_file(int fd)
{
        struct statfs fs;

        return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}
