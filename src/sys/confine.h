/* SPDX-License-Identifier: MIT */
#ifndef SYS_CONFINE_H
#define SYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a process can give up for good, and what it can be made to see: raw calls, fit for a child between
 * clone and exec unless they say otherwise. All return 0 or more, or -errno; -EOPNOTSUPP on a system that has
 * none of it.
 */

int sys_no_new_privs(void);
/** Leave no capability that an exec could bring back. Without CAP_SETPCAP there is nothing to leave: 0. */
int sys_caps_bound(void);
/** Give up those that are had: effective, permitted, inheritable, ambient. */
int sys_caps_drop(void);

/** Capabilities that we have, or could have by asking: a bit of each. Not for a child. */
uint64_t sys_caps_had(void);

/** Load a filter: n instructions of 8 bytes (struct sock_filter). flags: SECCOMP_FILTER_FLAG_... */
int sys_seccomp_load(const void *code, unsigned short n, unsigned flags);

/* Rights of Landlock in the numbers of the kernel: headers may be older than it is. */
#define SYS_LANDLOCK_EXECUTE (UINT64_C(1) << 0)
#define SYS_LANDLOCK_WRITE_FILE (UINT64_C(1) << 1)
#define SYS_LANDLOCK_READ_FILE (UINT64_C(1) << 2)
#define SYS_LANDLOCK_READ_DIR (UINT64_C(1) << 3)
#define SYS_LANDLOCK_TRUNCATE (UINT64_C(1) << 14)
#define SYS_LANDLOCK_IOCTL_DEV (UINT64_C(1) << 15)
/* Those that mean something for a file that is no directory. */
#define SYS_LANDLOCK_OF_FILES                                                                                \
        (SYS_LANDLOCK_EXECUTE | SYS_LANDLOCK_WRITE_FILE | SYS_LANDLOCK_READ_FILE | SYS_LANDLOCK_TRUNCATE |   \
                SYS_LANDLOCK_IOCTL_DEV)

/** What a set of rules is about: what no rule then allows is denied. */
struct sys_landlock {
        uint64_t files, net, scoped;
};
/** Version of the interface that this kernel has; 0: none. */
int sys_landlock_abi(void);
/** All that a version can be asked to deny, the network aside. */
struct sys_landlock sys_landlock_all(int abi);
/** @return a descriptor, close-on-exec. */
int sys_landlock_open(const struct sys_landlock *about);
/** Allow it beneath the path, which goes through no symlink, as far as it means something there. */
int sys_landlock_allow(int fd, const char *path, uint64_t access);
int sys_landlock_enter(int fd);

/* Attributes of a mount, as mount_setattr(2) has them. */
#define SYS_MOUNT_RDONLY UINT64_C(1)
#define SYS_MOUNT_NOSUID UINT64_C(2)
#define SYS_MOUNT_NODEV UINT64_C(4)
#define SYS_MOUNT_NOEXEC UINT64_C(8)

/** What is at the path, if no part of it is a symlink (-ELOOP). @return a descriptor for its place alone
 * (O_PATH), close-on-exec. */
int sys_open_straight(const char *path);
/*
 * Made where nothing is, in a directory that no symlink leads to. What is there already stays, and is not
 * opened: it may be a FIFO.
 */
int sys_make_directory(const char *path);
int sys_make_file(const char *path);
int sys_make_link(const char *path, const char *to);

/** Nothing that is mounted here or elsewhere from now on is seen on the other side. */
int sys_mounts_detach(void);
/** The tree of mounts at `source` is also at `target`; neither path may go through a symlink. */
int sys_mount_bind(const char *source, const char *target, uint64_t set, uint64_t clear);
/** Change the attributes of the mount at the path, and of those below it. */
int sys_mount_set(const char *path, uint64_t set, bool below);
/** An empty file system in memory, at a path that goes through no symlink. @param size  NULL: the kernel's
 * own limit. */
int sys_mount_tmpfs(const char *target, const char *mode, const char *size);
/** The mount at `path` becomes the root; the root there was is at `old`, a name in it. */
int sys_root_change(const char *path, const char *old);
/** Take the mount away, and all below it. */
int sys_unmount(const char *path);

/** Namespaces a child can be born with. */
enum sys_namespace { SYS_NEW_USER, SYS_NEW_MOUNTS, SYS_NEW_NETWORK, SYS_NEW_IPC, SYS_NEW_UTS };
uint64_t sys_namespace_flag(enum sys_namespace which);
/** The loopback interface of a new network namespace. */
int sys_loopback_up(void);
/** Parent: may it make namespaces without one of users? */
bool sys_can_make_namespaces(void);

#endif
