/* SPDX-License-Identifier: MIT */
/*
 * POSIX has no /proc: of other processes nothing is known but whether they are there.
 */
#include "sys/proc.h"
#include <errno.h>

int proc_read_stat(pid_t pid, struct proc_stat *ret)
{
        (void)pid;
        (void)ret;
        return -ENOENT;
}

uint64_t proc_age_ns(const struct proc_stat *stat)
{
        (void)stat;
        return UINT64_MAX;
}

uint32_t proc_holds(pid_t pid, const uint64_t *inodes, unsigned n)
{
        (void)pid;
        (void)inodes;
        (void)n;
        return 0;
}

uint64_t proc_now_ticks(void)
{
        return 0;
}
