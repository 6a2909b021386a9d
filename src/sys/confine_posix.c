/* SPDX-License-Identifier: MIT */
/*
 * A system where a process cannot be confined: a sandbox is refused before anything is started, by the
 * first of these that it needs.
 */
#include "sys/confine.h"
#include <errno.h>

int sys_no_new_privs(void)
{
        return -EOPNOTSUPP;
}

int sys_caps_bound(void)
{
        return -EOPNOTSUPP;
}

int sys_caps_drop(void)
{
        return -EOPNOTSUPP;
}

uint64_t sys_caps_had(void)
{
        return 0;
}

int sys_seccomp_load(const void *code, unsigned short n, unsigned flags)
{
        (void)code;
        (void)n;
        (void)flags;
        return -EOPNOTSUPP;
}

int sys_landlock_abi(void)
{
        return 0;
}

struct sys_landlock sys_landlock_all(int abi)
{
        (void)abi;
        return (struct sys_landlock){ 0 };
}

int sys_landlock_open(const struct sys_landlock *about)
{
        (void)about;
        return -EOPNOTSUPP;
}

int sys_landlock_allow(int fd, const char *path, uint64_t access)
{
        (void)fd;
        (void)path;
        (void)access;
        return -EOPNOTSUPP;
}

int sys_landlock_enter(int fd)
{
        (void)fd;
        return -EOPNOTSUPP;
}

int sys_open_straight(const char *path)
{
        (void)path;
        return -EOPNOTSUPP;
}

int sys_make_directory(const char *path)
{
        (void)path;
        return -EOPNOTSUPP;
}

int sys_make_file(const char *path)
{
        (void)path;
        return -EOPNOTSUPP;
}

int sys_make_link(const char *path, const char *to)
{
        (void)path;
        (void)to;
        return -EOPNOTSUPP;
}

int sys_mounts_detach(void)
{
        return -EOPNOTSUPP;
}

int sys_mount_bind(const char *source, const char *target, uint64_t set, uint64_t clear)
{
        (void)source;
        (void)target;
        (void)set;
        (void)clear;
        return -EOPNOTSUPP;
}

int sys_mount_set(const char *path, uint64_t set, bool below)
{
        (void)path;
        (void)set;
        (void)below;
        return -EOPNOTSUPP;
}

int sys_mount_tmpfs(const char *target, const char *mode, const char *size)
{
        (void)target;
        (void)mode;
        (void)size;
        return -EOPNOTSUPP;
}

int sys_root_change(const char *path, const char *old)
{
        (void)path;
        (void)old;
        return -EOPNOTSUPP;
}

int sys_unmount(const char *path)
{
        (void)path;
        return -EOPNOTSUPP;
}

uint64_t sys_namespace_flag(enum sys_namespace which)
{
        (void)which;
        return 0;
}

int sys_loopback_up(void)
{
        return -EOPNOTSUPP;
}

bool sys_can_make_namespaces(void)
{
        return false;
}
