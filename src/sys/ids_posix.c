/* SPDX-License-Identifier: MIT */
/*
 * Ids, by the calls of POSIX: the child has a memory of its own, and no other thread. Who may change them
 * changes all three, the saved one too. POSIX has no setgroups(), so sys_supports() refuses what would need
 * it beforehand.
 */
#include "sys/ids.h"
#include <errno.h>
#include <unistd.h>

int sys_set_uid(uid_t uid)
{
        return setuid(uid) < 0 ? -errno : 0;
}

int sys_set_gid(gid_t gid)
{
        return setgid(gid) < 0 ? -errno : 0;
}

int sys_set_groups(const gid_t *groups, size_t n)
{
        (void)groups;
        (void)n;
        return -EOPNOTSUPP;
}
