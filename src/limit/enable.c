/* SPDX-License-Identifier: MIT */
/*
 * Turning on controllers of v2 for leaves: base, session and group each have to hand them down.
 *
 * Found by trying, but for one thing that trying would break: with processes in the base the kernel refuses
 * `+memory`, and takes `+pids` and `+cpu` while making every child of the base invalid. So the base is looked
 * at first: a controller is turned on there only where nobody is in it, or where it is the real root. Making
 * room, by moving this process out of the way, is for who was asked to do it (room.c).
 *
 * What is missing is followed up to the directory that does not hand it down, because that is what a cure has
 * to name.
 */
#include "limit/enable.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "contain/cgroup_fs.h"
#include "limit/room.h"
#include "limit/scope.h"
#include "sys/proc.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#define LIST_SIZE 256

static uint32_t read_controllers(int dir_fd, const char *name)
{
        char text[LIST_SIZE];

        return fd_read_file_at(dir_fd, name, text, sizeof(text)) < 0 ? 0 : controllers_parse(text);
}

uint32_t enable_available(int dir_fd)
{
        return read_controllers(dir_fd, "cgroup.controllers");
}

bool enable_is_root(int dir_fd)
{
        return faccessat(dir_fd, "cgroup.type", F_OK, 0) < 0 && errno == ENOENT;
}

int enable_in(int dir_fd, uint32_t controllers)
{
        uint32_t missing = controllers & ~read_controllers(dir_fd, "cgroup.subtree_control");
        char text[LIST_SIZE];
        int r;

        if (!missing)
                return 0;
        controllers_format(missing, "+", text, sizeof(text));
        r = fd_write_file_at(dir_fd, "cgroup.subtree_control", text);
        if (r < 0)
                return r;
        return controllers & ~read_controllers(dir_fd, "cgroup.subtree_control") ? -ENODEV : 0;
}

/* --- why not, and what would mend it --------------------------------------------------------------------
 */

/* The path of a directory of the hierarchy, as far as it fits. */
static void path_of(int dir_fd, char *path, size_t size)
{
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
        n = readlink(link, path, size - 1);
        if (n < 0)
                n = snprintf(path, size, "a cgroup above");
        path[n] = '\0';
}

static bool is_cgroup2(int dir_fd)
{
        struct statfs fs;

        return fstatfs(dir_fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The nearest directory above that has the controller and does not hand it down. -1: nobody has it. */
static int find_withholder(int dir_fd, uint32_t controller)
{
        scoped(fd_closep) int here = fd_dup_above(dir_fd, 3);

        while (here >= 0 && is_cgroup2(here)) {
                int above;

                if (read_controllers(here, "cgroup.controllers") & controller)
                        return TAKE_FD(here);
                above = openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                fd_close(here);
                here = above;
        }
        return -1;
}

#define DROP_IN                                                                                              \
        "as root: mkdir -p /etc/systemd/system/user@.service.d; printf '[Service]\\nDelegate=cpu cpuset io " \
        "memory pids\\n' >/etc/systemd/system/user@.service.d/inbye.conf; systemctl daemon-reload; then "    \
        "log in again"

#define BOOT_V2 "boot with systemd.unified_cgroup_hierarchy=1"

/*
 * Not all of v1 is used where it is. A cpuset there is set once and for all: it does not follow its group's,
 * and one that has to shrink first stops the group from changing. And blkio there does not limit what is
 * written by way of the page cache, which is nearly all.
 */
static const char *v1_cure(uint32_t controller)
{
        if (controller == CONTROLLER_CPUSET)
                return "cpusets of v1 are not used: choose CPUs by --affinity, or " BOOT_V2;
        if (controller == CONTROLLER_IO)
                return "v1 does not limit what goes through the page cache: " BOOT_V2;
        return "an inbye built with libcgroup uses it there; or " BOOT_V2;
}

/* Who is told has no part in v1, or it would have been tried there. */
static bool is_in_v1(uint32_t controller, struct inbye_error *reterr)
{
        char mount[1024], root[1024];
        const char *name = controller == CONTROLLER_IO ? "blkio" : controller_name(controller);

        if (proc_cgroup_mount_of(name, mount, sizeof(mount), root, sizeof(root)) < 0)
                return false;
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "controller '%s' is not in the unified hierarchy (cgroup v2) but in a v1 hierarchy, %.150s",
                name, mount);
        error_hint(reterr, "%s", v1_cure(controller));
        return true;
}

static int refuse_withheld(int dir_fd, uint32_t controller, struct inbye_error *reterr)
{
        scoped(fd_closep) int above = find_withholder(dir_fd, controller);
        char path[200], own[1024];

        if (above < 0 && is_in_v1(controller, reterr))
                return -EOPNOTSUPP;
        if (above < 0) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                        "controller '%s' is not in the unified hierarchy of this kernel (cgroup v2)",
                        controller_name(controller));
                error_hint(reterr, BOOT_V2 " and without cgroup_disable=");
                return -EOPNOTSUPP;
        }
        path_of(above, path, sizeof(path));
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "controller '%s' is not handed down by %s (its cgroup.subtree_control lacks it)",
                controller_name(controller), path);
        path_of(dir_fd, own, sizeof(own));
        if (strstr(own, "/user@"))
                error_hint(reterr, DROP_IN);
        else
                error_hint(reterr, "as root: echo +%s >%s/cgroup.subtree_control",
                        controller_name(controller), path);
        return -EOPNOTSUPP;
}

/* The tree is held without a cgroup: because it was asked to be, or because none can be had. */
static int refuse_mechanism(const char *name, uint32_t controller, struct inbye_error *reterr)
{
        struct cgroup_base base = { .dir_fd = -1 };
        struct contain_probe why = { 0 };

        if (cgroup_base_open(&base, &why) < 0) {
                if (is_in_v1(controller, reterr))
                        return -EOPNOTSUPP;
                error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP, "no cgroup for limits can be had: %s",
                        why.reason);
                error_hint(reterr, "%s", why.hint);
                return -EOPNOTSUPP;
        }
        fd_close(base.dir_fd);
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "mechanism '%s' holds the tree without a cgroup, and limits need one", name);
        error_hint(reterr, "use mechanism '%s'", inbye_mechanism_name(INBYE_MECHANISM_CGROUP));
        return -EOPNOTSUPP;
}

/* A cgroup of its own: systemd makes it, or root does by hand, below this one and beside the others. */
static void hint_own_cgroup(const struct contain_dirs *dirs, struct inbye_error *reterr)
{
        char names[LIST_SIZE];

        if (scope_has_systemd())
                error_hint(reterr,
                        "start it in a cgroup of its own: systemd-run %s--scope -p Delegate=yes -- COMMAND",
                        geteuid() == 0 ? "" : "--user ");
        else {
                controllers_format(enable_available(dirs->base_fd), "+", names, sizeof(names));
                error_hint(reterr,
                        "as root: cd %.46s; mkdir main own; for p in $(cat cgroup.procs); do echo $p "
                        ">main/cgroup.procs; done; echo %s >cgroup.subtree_control; sh -c 'echo $$ "
                        ">own/cgroup.procs; exec COMMAND'",
                        dirs->path, names);
        }
}

static int refuse_crowded(const struct contain_dirs *dirs, uint32_t missing, const struct contain_pids *pids,
        struct inbye_error *reterr)
{
        char names[LIST_SIZE];

        controllers_format(missing, "", names, sizeof(names));
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "%s cannot hand down '%s' while processes are in it (%zu, pid %d for one)", dirs->path, names,
                pids->n, pids->n ? (int)pids->pids[0] : 0);
        hint_own_cgroup(dirs, reterr);
        return -EOPNOTSUPP;
}

static int refuse_write(
        const struct contain_dirs *dirs, uint32_t controllers, int r, struct inbye_error *reterr)
{
        char names[LIST_SIZE];

        controllers_format(controllers, "+", names, sizeof(names));
        error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot write %s to cgroup.subtree_control of %s", names,
                dirs->path);
        if (r == -EACCES || r == -EPERM)
                error_hint(reterr, "as root: chown %lu %s/cgroup.subtree_control", (unsigned long)geteuid(),
                        dirs->path);
        if (r == -EBUSY || r == -ENODEV || r == -EACCES || r == -EPERM || r == -EROFS)
                return -EOPNOTSUPP;
        return r;
}

/* --- the base ---------------------------------------------------------------------------------------------
 */

static bool is_domain(int dir_fd)
{
        char type[64];

        return fd_read_file_at(dir_fd, "cgroup.type", type, sizeof(type)) < 0 ||
               strcmp(type, "domain\n") == 0;
}

static void turn_off(int dir_fd, uint32_t controllers)
{
        char text[LIST_SIZE];

        controllers_format(controllers, "-", text, sizeof(text));
        fd_write_file_at(dir_fd, "cgroup.subtree_control", text);
}

/* Nobody may be in it, or it is the real root. */
static int clear_base(
        const struct contain_dirs *dirs, uint32_t missing, bool may_move, struct inbye_error *reterr)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        if (enable_is_root(dirs->base_fd) || (may_move && room_evacuate(dirs->base_fd) == 0))
                return 0;
        if (cgroup_list_own(dirs->base_fd, &pids) == 0 && pids.n == 0)
                return 0;
        return refuse_crowded(dirs, missing, &pids, reterr);
}

static int enable_in_base(
        const struct contain_dirs *dirs, uint32_t controllers, bool may_move, struct inbye_error *reterr)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        uint32_t missing = controllers & ~read_controllers(dirs->base_fd, "cgroup.subtree_control");
        int r;

        if (!missing)
                return 0;
        r = clear_base(dirs, missing, may_move, reterr);
        if (r < 0)
                return r;
        r = enable_in(dirs->base_fd, controllers);
        if (r < 0)
                return refuse_write(dirs, missing, r, reterr);
        if (is_domain(dirs->session_fd))
                return 0;
        turn_off(dirs->base_fd, missing);
        return refuse_crowded(dirs, missing, &pids, reterr);
}

static int check_available(int dir_fd, uint32_t controllers, struct inbye_error *reterr)
{
        uint32_t missing = controllers & ~enable_available(dir_fd);

        for (uint32_t bit = 1; bit < CONTROLLER_END; bit <<= 1)
                if (missing & bit)
                        return refuse_withheld(dir_fd, bit, reterr);
        return 0;
}

int enable_controllers(
        struct contain_group *group, uint32_t controllers, bool may_move, struct inbye_error *reterr)
{
        struct contain_dirs dirs;
        int r;

        if (!group->ops->group_dirs || group->ops->group_dirs(group, &dirs) < 0)
                return refuse_mechanism(group->ops->name, controllers, reterr);
        r = check_available(dirs.base_fd, controllers, reterr);
        if (r < 0)
                return r;
        r = enable_in_base(&dirs, controllers, may_move, reterr);
        if (r < 0)
                return r;
        r = enable_in(dirs.session_fd, controllers);
        if (r == 0)
                r = enable_in(dirs.group_fd, controllers);
        if (r < 0)
                return refuse_write(&dirs, controllers, r, reterr);
        return 0;
}
