/* SPDX-License-Identifier: MIT */
/*
 * The steps of a child that is to run in a sandbox, under the rules of child.c.
 *
 * Namespaces are none of them: the child is born with them. unshare(2) of a user namespace is refused to a
 * process that shares its memory, and giving that up would make every start cost what the owner weighs.
 *
 * A root of its own is an empty file system in memory, in which directories and mounts are put together from
 * the host's root, that hangs below it meanwhile and is taken away afterwards with everything that was not
 * named. The other way round, hiding what is not wanted, was rejected: what nobody thought of stays visible.
 *
 * Nothing here follows a symlink. Between the naming of a rule and the start a job or a neighbour may have
 * put one on the way, and below a directory of theirs it could lead to the host's root while that is still
 * there.
 *
 * Landlock's rules are made here and not in the parent, because a path is to mean what the child sees there:
 * the private /tmp does not exist before.
 */
#include "spawn/confine.h"
#include "sys/clone.h"
#include "sys/fdpass.h"
#include "sys/notify.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

CHILD_SIDE static int result(long r)
{
        return r < 0 ? -errno : 0;
}

CHILD_SIDE static int write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC), r;
        size_t n = 0;

        if (fd < 0)
                return -errno;
        while (text[n])
                n++;
        r = result(write(fd, text, n));
        close(fd);
        return r;
}

/* A group map may be written without privilege only where setgroups() is given up (user_namespaces(7)). */
CHILD_SIDE int confine_map(const char *uid_map, const char *gid_map)
{
        int r = write_file("/proc/self/uid_map", uid_map);

        if (r == 0)
                r = write_file("/proc/self/setgroups", "deny");
        return r == 0 ? write_file("/proc/self/gid_map", gid_map) : r;
}

/* --- what it sees -----------------------------------------------------------------------------------------
 */

CHILD_SIDE static int do_mount(const struct spawn_mount *mount)
{
        switch (mount->kind) {
        case SPAWN_MOUNT_DIRECTORY:
                return sys_make_directory(mount->target);
        case SPAWN_MOUNT_FILE:
                return sys_make_file(mount->target);
        case SPAWN_MOUNT_LINK:
                return sys_make_link(mount->target, mount->source);
        case SPAWN_MOUNT_BIND:
                return sys_mount_bind(mount->source, mount->target, mount->set, mount->clear);
        case SPAWN_MOUNT_TMPFS:
                return sys_mount_tmpfs(mount->target, mount->source, mount->size);
        case SPAWN_MOUNT_SET:
                return sys_mount_set(mount->target, mount->set, true);
        }
        return -EINVAL;
}

CHILD_SIDE static int enter_root(const struct spawn_sandbox *sandbox)
{
        int r;

        if (!sandbox->root)
                return 0;
        r = sys_mount_tmpfs(sandbox->root, "755", "1m");
        return r < 0 ? r : sys_root_change(sandbox->root, SPAWN_HOST_ROOT);
}

CHILD_SIDE static int leave_host(const struct spawn_sandbox *sandbox)
{
        int r;

        if (!sandbox->root)
                return 0;
        r = sys_unmount("/" SPAWN_HOST_ROOT);
        if (r == 0)
                r = result(rmdir("/" SPAWN_HOST_ROOT));
        return r == 0 ? sys_mount_set("/", SYS_MOUNT_RDONLY, false) : r;
}

CHILD_SIDE static int enter_cwd(const char *path)
{
        int fd = sys_open_straight(path), r;

        if (fd < 0)
                return fd;
        r = result(fchdir(fd));
        close(fd);
        return r;
}

CHILD_SIDE static int do_mounts(const struct spawn_sandbox *sandbox, volatile int *detail)
{
        mode_t mask = umask(0);
        int r = 0;

        for (size_t i = 0; i < sandbox->n_mounts && r == 0; i++) {
                *detail = CONFINE_DETAIL(CONFINE_MOUNT, i);
                r = do_mount(&sandbox->mounts[i]);
        }
        umask(mask);
        return r;
}

/* Through a descriptor root changes the mode of the file behind it, which would be the host's /dev/null. */
CHILD_SIDE static int replace_null(const struct spawn_plan *plan, volatile int *detail)
{
        int r = 0;

        for (int i = 0; i < 3 && r == 0; i++) {
                int fd;

                if (!plan->sandbox->root || !plan->stdio_null[i])
                        continue;
                *detail = CONFINE_DETAIL(CONFINE_NULL, i);
                fd = open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
                if (fd < 0)
                        return -errno;
                r = result(dup2(fd, i));
                close(fd);
        }
        return r;
}

CHILD_SIDE static int place_mounts(const struct spawn_plan *plan, volatile int *detail)
{
        const struct spawn_sandbox *sandbox = plan->sandbox;
        int r;

        if (!sandbox->n_mounts)
                return 0;
        *detail = CONFINE_DETACH;
        r = sys_mounts_detach();
        if (r < 0)
                return r;
        *detail = CONFINE_ROOT;
        r = enter_root(sandbox);
        if (r == 0)
                r = do_mounts(sandbox, detail);
        if (r < 0)
                return r;
        *detail = CONFINE_LEAVE;
        r = leave_host(sandbox);
        if (r == 0)
                r = replace_null(plan, detail);
        if (r < 0 || !sandbox->cwd)
                return r;
        *detail = CONFINE_CWD;
        return enter_cwd(sandbox->cwd);
}

CHILD_SIDE int confine_place(struct spawn_child *child)
{
        const struct spawn_sandbox *sandbox = child->plan->sandbox;
        int r = 0;

        if (!sandbox)
                return 0;
        child->report.detail = CONFINE_MAP;
        if (sandbox->uid_map)
                r = confine_map(sandbox->uid_map, sandbox->gid_map);
        if (r < 0)
                return r;
        child->report.detail = CONFINE_LOOPBACK;
        if (sandbox->loopback)
                r = sys_loopback_up();
        return r < 0 ? r : place_mounts(child->plan, &child->report.detail);
}

/* --- what it may ------------------------------------------------------------------------------------------
 */

CHILD_SIDE int confine_bound(struct spawn_child *child)
{
        child->report.detail = CONFINE_BOUND;
        return child->plan->sandbox && child->plan->sandbox->no_capabilities ? sys_caps_bound() : 0;
}

CHILD_SIDE int confine_drop(struct spawn_child *child)
{
        const struct spawn_sandbox *sandbox = child->plan->sandbox;
        int r = 0;

        if (!sandbox)
                return 0;
        child->report.detail = CONFINE_CAPABILITIES;
        if (sandbox->no_capabilities)
                r = sys_caps_drop();
        if (r < 0)
                return r;
        child->report.detail = CONFINE_PRIVILEGES;
        return sandbox->no_new_privs ? sys_no_new_privs() : 0;
}

CHILD_SIDE static int allow_accesses(int fd, const struct spawn_sandbox *sandbox, volatile int *detail)
{
        for (size_t i = 0; i < sandbox->n_accesses; i++) {
                const struct spawn_access *access = &sandbox->accesses[i];
                int r = sys_landlock_allow(fd, access->path, access->access & sandbox->landlock.files);

                *detail = CONFINE_DETAIL(CONFINE_ACCESS, i);
                if (r < 0 && !(access->optional && (r == -ENOENT || r == -ENOTDIR)))
                        return r;
        }
        return 0;
}

CHILD_SIDE static int enter_landlock(const struct spawn_sandbox *sandbox, volatile int *detail)
{
        int fd, r;

        if (!sandbox->landlock.files)
                return 0;
        *detail = CONFINE_LANDLOCK;
        fd = sys_landlock_open(&sandbox->landlock);
        if (fd < 0)
                return fd;
        r = allow_accesses(fd, sandbox, detail);
        if (r == 0) {
                *detail = CONFINE_LANDLOCK;
                r = sys_landlock_enter(fd);
        }
        close(fd);
        return r;
}

CHILD_SIDE static int load_all(const struct spawn_filter *filters, size_t n, volatile int *detail)
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                *detail = CONFINE_DETAIL(CONFINE_FILTER, i);
                r = sys_seccomp_load(filters[i].code, filters[i].n, filters[i].flags);
        }
        return r;
}

/* Whatever is wrong with the filter that is listened to, or with listening: the others tell it better. From
 * here on our own calls must not be held up: whoever would answer sleeps until we have exec'ed. */
CHILD_SIDE static int load_filters(const struct spawn_sandbox *sandbox, volatile int *detail)
{
        int fd = -1, r;

        if (sandbox->listened.n)
                fd = sys_notify_load(sandbox->listened.code, sandbox->listened.n, sandbox->listened.flags);
        if (fd < 0)
                return load_all(sandbox->filters, sandbox->n_filters, detail);
        *detail = CONFINE_LISTENER;
        r = sys_fd_send(sandbox->line_fd, fd);
        close(fd);
        return r < 0 ? r : load_all(sandbox->others, sandbox->n_others, detail);
}

CHILD_SIDE int confine_enter(struct spawn_child *child)
{
        const struct spawn_sandbox *sandbox = child->plan->sandbox;
        int r;

        if (!sandbox)
                return 0;
        r = enter_landlock(sandbox, &child->report.detail);
        return r < 0 ? r : load_filters(sandbox, &child->report.detail);
}
