/* SPDX-License-Identifier: MIT */
#ifndef SYS_IDS_H
#define SYS_IDS_H

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * Ids of the calling process alone, by raw calls, for the child between clone and exec. The C library's
 * wrappers make every thread it knows follow: with shared memory those would be the parent's. 0 or -errno.
 */
#ifdef SYS_setresuid32
#define SYS_IDS_SETRESUID SYS_setresuid32
#define SYS_IDS_SETRESGID SYS_setresgid32
#define SYS_IDS_SETGROUPS SYS_setgroups32
#else
#define SYS_IDS_SETRESUID SYS_setresuid
#define SYS_IDS_SETRESGID SYS_setresgid
#define SYS_IDS_SETGROUPS SYS_setgroups
#endif

static inline int sys_set_uid(uid_t uid)
{
        return syscall(SYS_IDS_SETRESUID, uid, uid, uid) < 0 ? -errno : 0;
}

static inline int sys_set_gid(gid_t gid)
{
        return syscall(SYS_IDS_SETRESGID, gid, gid, gid) < 0 ? -errno : 0;
}

static inline int sys_set_groups(const gid_t *groups, size_t n)
{
        return syscall(SYS_IDS_SETGROUPS, n, groups) < 0 ? -errno : 0;
}

#endif
