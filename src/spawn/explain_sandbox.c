/* SPDX-License-Identifier: MIT */
/*
 * Words for a sandbox that could not be entered: which part of it, and what would let it.
 */
#include "base/error.h"
#include "spawn/confine.h"
#include "spawn/explain.h"
#include <errno.h>
#include <string.h>

static const char *mounted_path(const struct spawn_mount *mount)
{
        return mount->kind == SPAWN_MOUNT_BIND ? mount->source : mount->target;
}

/* Paths are told as the host has them. */
static const char *host_path(const char *path)
{
        static const char prefix[] = "/" SPAWN_HOST_ROOT;

        return strncmp(path, prefix, sizeof(prefix) - 1) == 0 && path[sizeof(prefix) - 1]
                       ? path + sizeof(prefix) - 1
                       : path;
}

static void explain_mount(const struct spawn_mount *mount, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_SANDBOX, number, "cannot place '%s' in the sandbox",
                host_path(mounted_path(mount)));
        if (number == ENOSYS)
                error_hint(reterr, "rules for paths need Linux 5.12 (mount_setattr)");
        else if (number == ELOOP)
                error_hint(reterr, "a symlink is on the way to it: name the path that it leads to");
        else if (number == ENOENT && mount->kind == SPAWN_MOUNT_BIND)
                error_hint(reterr, "is its place '%s' there?", mount->target);
        else if (number == EPERM && mount->clear)
                error_hint(reterr, "it is mounted read-only outside already");
}

void explain_namespaces(struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_SANDBOX, number, "cannot make the namespaces of the sandbox");
        if (number == ENOSPC || number == EUSERS)
                error_hint(reterr,
                        "a limit in /proc/sys/user is reached: user.max_user_namespaces and the like");
        else
                error_hint(reterr,
                        "allow user namespaces (kernel.unprivileged_userns_clone, "
                        "kernel.apparmor_restrict_unprivileged_userns), or run with CAP_SYS_ADMIN");
}

static void explain_filter(struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_SANDBOX, number, "cannot load the filter of system calls");
        if (number == EINVAL)
                error_hint(reterr, "the kernel takes classic BPF of at most 4096 instructions that ends in a "
                                   "return; and it needs CONFIG_SECCOMP_FILTER");
        if (number == EACCES)
                error_hint(reterr, "it takes no_new_privs or CAP_SYS_ADMIN");
}

static const char *text_of(enum confine_step step)
{
        static const char *const texts[CONFINE_N_STEPS] = {
                [CONFINE_MAP] = "cannot map ids into the sandbox's user namespace",
                [CONFINE_LOOPBACK] = "cannot bring the loopback interface of the sandbox up",
                [CONFINE_DETACH] = "cannot detach the mounts of the sandbox from those of the host",
                [CONFINE_ROOT] = "cannot enter a root directory of its own",
                [CONFINE_LEAVE] = "cannot leave the root directory of the host",
                [CONFINE_NULL] = "cannot open /dev/null in the sandbox",
                [CONFINE_BOUND] = "cannot bound the capabilities",
                [CONFINE_CAPABILITIES] = "cannot give up the capabilities",
                [CONFINE_PRIVILEGES] = "cannot set no_new_privs",
                [CONFINE_LANDLOCK] = "cannot enter Landlock's rules",
                [CONFINE_LISTENER] = "cannot hand the listener of the filters over",
        };

        return texts[step];
}

void explain_sandbox(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        const struct spawn_sandbox *sandbox = child->plan->sandbox;
        enum confine_step step = CONFINE_STEP(child->report.detail);
        size_t index = CONFINE_INDEX(child->report.detail);

        switch (step) {
        case CONFINE_CLONE:
                explain_namespaces(reterr, number);
                return;
        case CONFINE_MOUNT:
                explain_mount(&sandbox->mounts[index], reterr, number);
                return;
        case CONFINE_CWD:
                error_set(reterr, INBYE_STAGE_SANDBOX, number,
                        "the working directory '%s' is not in the sandbox", sandbox->cwd);
                error_hint(reterr, "choose another, or add it by a rule for its path");
                return;
        case CONFINE_ACCESS:
                error_set(reterr, INBYE_STAGE_SANDBOX, number, "cannot allow '%s' in the sandbox",
                        sandbox->accesses[index].path);
                if (number == ELOOP)
                        error_hint(reterr, "a symlink is on the way to it: name the path that it leads to");
                return;
        case CONFINE_FILTER:
                explain_filter(reterr, number);
                return;
        default:
                error_set(reterr, INBYE_STAGE_SANDBOX, number, "%s", text_of(step));
                if (step == CONFINE_MAP)
                        error_hint(reterr, "allow user namespaces "
                                           "(kernel.apparmor_restrict_unprivileged_userns), or run with "
                                           "CAP_SYS_ADMIN");
        }
}
