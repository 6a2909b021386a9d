/* SPDX-License-Identifier: MIT */
/*
 * What POSIX does not have is refused or unknown, never pretended.
 */
#include "sys/misc.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int sys_random(void *data, size_t n)
{
        (void)data;
        (void)n;
        return -EOPNOTSUPP;
}

int sys_access(int dir_fd, const char *path, int mode)
{
        return faccessat(dir_fd, path, mode, AT_EACCESS) < 0 ? -errno : 0;
}

uint64_t sys_own_peak_bytes(void)
{
        return 0;
}

int sys_supports(enum sys_feature feature)
{
        (void)feature;
        return -EOPNOTSUPP;
}

int sys_dumpable(void)
{
        return -EOPNOTSUPP;
}

void sys_set_dumpable(int dumpable)
{
        (void)dumpable;
}

bool sys_is_noexec(int fd)
{
        (void)fd;
        return false;
}

int sys_affinity_set(const struct sys_cpus *cpus)
{
        (void)cpus;
        return -EOPNOTSUPP;
}

int sys_ioprio_set(int io_class, int level)
{
        (void)io_class;
        (void)level;
        return -EOPNOTSUPP;
}

int sys_die_with_parent(void)
{
        return -EOPNOTSUPP;
}
