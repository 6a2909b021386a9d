/* SPDX-License-Identifier: MIT */
/*
 * Ids, by raw calls. The C library's wrappers make every thread it knows follow: between clone and exec, with
 * shared memory, those would be the parent's.
 */
#include "sys/ids.h"
#include "sys/clone.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_setresuid32
#define SYS_IDS_SETRESUID SYS_setresuid32
#define SYS_IDS_SETRESGID SYS_setresgid32
#define SYS_IDS_SETGROUPS SYS_setgroups32
#else
#define SYS_IDS_SETRESUID SYS_setresuid
#define SYS_IDS_SETRESGID SYS_setresgid
#define SYS_IDS_SETGROUPS SYS_setgroups
#endif

CHILD_SIDE int sys_set_uid(uid_t uid)
{
        return syscall(SYS_IDS_SETRESUID, uid, uid, uid) < 0 ? -errno : 0;
}

CHILD_SIDE int sys_set_gid(gid_t gid)
{
        return syscall(SYS_IDS_SETRESGID, gid, gid, gid) < 0 ? -errno : 0;
}

CHILD_SIDE int sys_set_groups(const gid_t *groups, size_t n)
{
        return syscall(SYS_IDS_SETGROUPS, n, groups) < 0 ? -errno : 0;
}
