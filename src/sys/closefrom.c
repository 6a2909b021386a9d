/* SPDX-License-Identifier: MIT */
/*
 * Close-on-exec for all descriptors from a number on, in the child between clone and exec.
 *
 * close_range() does it in one call whatever their number. Where it is missing (before 5.11, or refused by a
 * filter) the open ones are read from /proc/self/fd, and where there is no /proc, or no number left to open
 * it with, every number below the limit is tried. Marking is better than closing: exec closes them in any
 * case, a child that fails has nothing to undo, and the descriptors to keep only lose the mark again.
 *
 * No opendir(): it allocates.
 */
#include "sys/closefrom.h"
#include "sys/clone.h"
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

struct dirent_raw {
        uint64_t inode;
        int64_t offset;
        uint16_t size;
        uint8_t type;
        char name[];
};

CHILD_SIDE static int number_of(const char *name)
{
        int number = 0;

        for (; *name; name++) {
                if (*name < '0' || *name > '9')
                        return -1;
                number = number * 10 + (*name - '0');
        }
        return number;
}

CHILD_SIDE static void mark_entries(const char *entries, size_t n, int from)
{
        const struct dirent_raw *entry;
        size_t at;

        for (at = 0; at < n; at += entry->size) {
                int fd;

                entry = (const void *)(entries + at);
                fd = number_of(entry->name);
                if (fd >= from)
                        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
}

CHILD_SIDE static int by_range(int from)
{
        static atomic_int absent; /* in memory shared with the parent this is found out once */

        if (atomic_load(&absent))
                return -ENOSYS;
        if (syscall(SYS_close_range, (unsigned)from, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
                return 0;
        atomic_store(&absent, 1);
        return -ENOSYS;
}

CHILD_SIDE static int by_directory(int from)
{
        alignas(8) char entries[1024];
        int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        long n;

        if (fd < 0)
                return -errno;
        while ((n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
                mark_entries(entries, (size_t)n, from);
        close(fd);
        return n < 0 ? -EIO : 0;
}

CHILD_SIDE static void by_number(int from)
{
        struct rlimit limit;
        rlim_t fd;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        for (fd = (rlim_t)from; fd < limit.rlim_cur; fd++)
                (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

CHILD_SIDE void sys_cloexec_from(int from)
{
        if (by_range(from) < 0 && by_directory(from) < 0)
                by_number(from);
}
