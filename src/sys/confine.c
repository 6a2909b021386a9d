/* SPDX-License-Identifier: MIT */
/*
 * What a process gives up: capabilities, system calls, files; and the mounts it sees instead.
 *
 * Raw calls. The C library has no names for most of these, and libcap, libseccomp's own loading and libmount
 * allocate, which a child that shares its parent's memory must not. Mounts are made by descriptor
 * (open_tree, mount_setattr, move_mount: Linux 5.12): what was opened is what gets mounted, with all its
 * attributes from the first moment on, whoever swaps a directory for a symlink meanwhile. mount(2) with
 * MS_BIND and a second call for MS_RDONLY has both races, and leaves mounts below the bound one writable. No
 * path here goes through a symlink (openat2 with RESOLVE_NO_SYMLINKS).
 */
#include "sys/confine.h"
#include "sys/clone.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

CHILD_SIDE static int result(long r)
{
        return r < 0 ? -errno : (int)r;
}

CHILD_SIDE int sys_no_new_privs(void)
{
        return result(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
}

/* --- capabilities -----------------------------------------------------------------------------------------
 */

/* The kernel tells where they end: EINVAL. */
CHILD_SIDE int sys_caps_bound(void)
{
        for (long cap = 0; cap < 64; cap++) {
                if (prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L) == 0)
                        continue;
                return errno == EINVAL || errno == EPERM ? 0 : -errno;
        }
        return 0;
}

CHILD_SIDE int sys_caps_drop(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

        for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
                none[i].effective = none[i].permitted = none[i].inheritable = 0;
        /* Before Linux 4.3 there is no ambient set. */
        if (prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0 && errno != EINVAL)
                return -errno;
        return result(syscall(SYS_capset, &header, none));
}

/* --- system calls -----------------------------------------------------------------------------------------
 */

CHILD_SIDE int sys_seccomp_load(const void *code, unsigned short n, unsigned flags)
{
        struct sock_fprog program = { .len = n, .filter = (struct sock_filter *)code };

        return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned long)flags, &program));
}

/* --- paths ------------------------------------------------------------------------------------------------
 */

CHILD_SIDE int sys_open_straight(const char *path)
{
        struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };

        return result(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

/* The directory that a path's last part is in. */
CHILD_SIDE static int open_parent(const char *path, const char **ret_name)
{
        char parent[PATH_MAX];
        size_t n, slash = 0;

        for (n = 0; path[n]; n++) {
                if (n == sizeof(parent))
                        return -ENAMETOOLONG;
                parent[n] = path[n];
                if (path[n] == '/')
                        slash = n;
        }
        parent[slash ? slash : 1] = '\0';
        *ret_name = path + slash + 1;
        return sys_open_straight(parent);
}

CHILD_SIDE static int there_already(int r)
{
        return r == -EEXIST ? 0 : r;
}

CHILD_SIDE int sys_make_directory(const char *path)
{
        const char *name;
        int fd = open_parent(path, &name), r;

        if (fd < 0)
                return fd;
        r = there_already(result(mkdirat(fd, name, 0755)));
        close(fd);
        return r;
}

CHILD_SIDE int sys_make_file(const char *path)
{
        const char *name;
        int fd = open_parent(path, &name), r;

        if (fd < 0)
                return fd;
        r = there_already(result(mknodat(fd, name, S_IFREG | 0444, 0)));
        close(fd);
        return r;
}

CHILD_SIDE int sys_make_link(const char *path, const char *to)
{
        const char *name;
        int fd = open_parent(path, &name), r;

        if (fd < 0)
                return fd;
        r = there_already(result(symlinkat(to, fd, name)));
        close(fd);
        return r;
}

/* --- Landlock ---------------------------------------------------------------------------------------------
 */

struct path_rule {
        uint64_t access;
        int32_t fd;
} __attribute__((packed));

int sys_landlock_abi(void)
{
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0L, 1L /* the version */);

        return abi < 0 ? 0 : (int)abi;
}

/* Which version brought what: landlock(7). */
struct sys_landlock sys_landlock_all(int abi)
{
        struct sys_landlock all = { 0 };

        if (abi >= 1)
                all.files = (UINT64_C(1) << 13) - 1;
        if (abi >= 2)
                all.files |= UINT64_C(1) << 13; /* another directory for a file: refer */
        if (abi >= 3)
                all.files |= SYS_LANDLOCK_TRUNCATE;
        if (abi >= 5)
                all.files |= SYS_LANDLOCK_IOCTL_DEV;
        if (abi >= 6)
                all.scoped = 3; /* abstract sockets, signals */
        return all;
}

/* A kernel takes a longer struct than it knows when the rest is zero. */
CHILD_SIDE int sys_landlock_open(const struct sys_landlock *about)
{
        return result(syscall(SYS_landlock_create_ruleset, about, sizeof(*about), 0L));
}

CHILD_SIDE int sys_landlock_allow(int fd, const char *path, uint64_t access)
{
        struct path_rule rule = { .access = access, .fd = sys_open_straight(path) };
        struct stat st;
        int r;

        if (rule.fd < 0)
                return rule.fd;
        r = result(fstat(rule.fd, &st));
        if (r == 0 && !S_ISDIR(st.st_mode))
                rule.access &= SYS_LANDLOCK_OF_FILES;
        if (r == 0)
                r = result(syscall(SYS_landlock_add_rule, fd, 1L /* beneath a path */, &rule, 0L));
        close(rule.fd);
        return r;
}

CHILD_SIDE int sys_landlock_enter(int fd)
{
        return result(syscall(SYS_landlock_restrict_self, fd, 0L));
}

/* --- mounts -----------------------------------------------------------------------------------------------
 */

struct attributes {
        uint64_t set, clear, propagation, userns_fd;
};

CHILD_SIDE int sys_mounts_detach(void)
{
        return result(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

CHILD_SIDE static int clone_tree(const char *path)
{
        int fd = sys_open_straight(path), tree;

        if (fd < 0)
                return fd;
        tree = result(syscall(SYS_open_tree, fd, "",
                (unsigned)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE)));
        close(fd);
        return tree;
}

CHILD_SIDE static int attach(int tree, const char *target)
{
        int fd = sys_open_straight(target), r;

        if (fd < 0)
                return fd;
        r = result(
                syscall(SYS_move_mount, tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
        close(fd);
        return r;
}

CHILD_SIDE int sys_mount_bind(const char *source, const char *target, uint64_t set, uint64_t clear)
{
        struct attributes attributes = { .set = set, .clear = clear };
        int tree = clone_tree(source), r;

        if (tree < 0)
                return tree;
        r = result(syscall(
                SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)));
        if (r == 0)
                r = attach(tree, target);
        close(tree);
        return r;
}

CHILD_SIDE int sys_mount_set(const char *path, uint64_t set, bool below)
{
        struct attributes attributes = { .set = set };

        return result(syscall(SYS_mount_setattr, AT_FDCWD, path, below ? AT_RECURSIVE : 0, &attributes,
                sizeof(attributes)));
}

CHILD_SIDE static int set_option(int fs, const char *name, const char *value)
{
        return value ? result(syscall(SYS_fsconfig, fs, (unsigned)FSCONFIG_SET_STRING, name, value, 0)) : 0;
}

CHILD_SIDE static int make_tmpfs(const char *mode, const char *size)
{
        int fs = result(syscall(SYS_fsopen, "tmpfs", (unsigned)FSOPEN_CLOEXEC)), r;

        if (fs < 0)
                return fs;
        r = set_option(fs, "mode", mode);
        if (r == 0)
                r = set_option(fs, "size", size);
        if (r == 0)
                r = result(syscall(SYS_fsconfig, fs, (unsigned)FSCONFIG_CMD_CREATE, NULL, NULL, 0));
        if (r == 0)
                r = result(syscall(SYS_fsmount, fs, (unsigned)FSMOUNT_CLOEXEC,
                        (unsigned)(SYS_MOUNT_NOSUID | SYS_MOUNT_NODEV)));
        close(fs);
        return r;
}

CHILD_SIDE int sys_mount_tmpfs(const char *target, const char *mode, const char *size)
{
        int tree = make_tmpfs(mode, size), r;

        if (tree < 0)
                return tree;
        r = attach(tree, target);
        close(tree);
        return r;
}

CHILD_SIDE int sys_root_change(const char *path, const char *old)
{
        if (chdir(path) < 0 || mkdir(old, 0700) < 0)
                return -errno;
        if (syscall(SYS_pivot_root, ".", old) < 0)
                return -errno;
        return result(chdir("/"));
}

CHILD_SIDE int sys_unmount(const char *path)
{
        return result(umount2(path, MNT_DETACH));
}

/* --- namespaces -------------------------------------------------------------------------------------------
 */

uint64_t sys_namespace_flag(enum sys_namespace which)
{
        static const uint64_t flags[] = {
                [SYS_NEW_USER] = CLONE_NEWUSER,
                [SYS_NEW_MOUNTS] = CLONE_NEWNS,
                [SYS_NEW_NETWORK] = CLONE_NEWNET,
                [SYS_NEW_IPC] = CLONE_NEWIPC,
                [SYS_NEW_UTS] = CLONE_NEWUTS,
        };

        return flags[which];
}

CHILD_SIDE int sys_loopback_up(void)
{
        struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return -errno;
        r = result(ioctl(fd, SIOCSIFFLAGS, &request));
        close(fd);
        return r;
}

static bool get_caps(struct __user_cap_data_struct ret[_LINUX_CAPABILITY_U32S_3])
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

        return syscall(SYS_capget, &header, ret) == 0;
}

bool sys_can_make_namespaces(void)
{
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

        return get_caps(data) && (data[0].effective >> CAP_SYS_ADMIN & 1);
}

uint64_t sys_caps_had(void)
{
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

        return get_caps(data) ? (uint64_t)data[1].permitted << 32 | data[0].permitted : 0;
}
