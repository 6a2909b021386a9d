/* SPDX-License-Identifier: MIT */
/*
 * Words for what went wrong in the child.
 *
 * The child reports three numbers (stage, errno, detail); the plan knows the rest. One function per stage, in
 * a table; the program itself, with most ways to fail, has a file of its own.
 */
#include "spawn/explain.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include <errno.h>
#include <stdio.h>

static void explain_join(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        (void)child;
        error_set(reterr, INBYE_STAGE_JOIN, number, "cannot enter the leaf by writing its cgroup.procs");
        if (number == EACCES || number == EPERM)
                error_hint(reterr,
                        "moving in takes write access to cgroup.procs of the common parent of both cgroups: "
                        "run "
                        "below the delegated one, e.g. by systemd-run --user --scope -p Delegate=yes");
        if (number == EBUSY)
                error_hint(reterr, "a cgroup with controllers for its children takes no processes itself");
}

static void explain_session(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        static const char *const texts[] = {
                [SPAWN_SETSID] = "cannot start a session",
                [SPAWN_SETPGID] = "cannot start a process group",
                [SPAWN_FOREGROUND] = "cannot become the foreground process group of the terminal",
        };

        error_set(reterr, INBYE_STAGE_SESSION, number, "%s", texts[child->report.detail]);
        if (child->report.detail == SPAWN_FOREGROUND && child->plan->pgroup == SPAWN_PGROUP_SESSION)
                error_hint(reterr, "a session of its own has no terminal");
}

static void explain_stdio(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_STDIO, number, "cannot pass descriptor %d on", child->report.detail);
        if (number == EBADF)
                error_hint(reterr, "it is not open");
        if (number == EMFILE)
                error_hint(reterr, "raise the limit on open files (ulimit -n)");
}

static void explain_chdir(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_CHDIR, number, "cannot change to the directory '%s'", child->plan->cwd);
}

static const char *rlimit_value(rlim_t value, char text[24])
{
        if (value == RLIM_INFINITY)
                return "infinity";
        snprintf(text, 24, "%llu", (unsigned long long)value);
        return text;
}

static void explain_rlimit(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        const struct spawn_rlimit *rlimit = &child->plan->rlimits[child->report.detail];
        char soft[24], hard[24];

        error_set(reterr, INBYE_STAGE_RLIMIT, number, "cannot set the limit '%s' to %s:%s",
                rlimit_name(rlimit->resource), rlimit_value(rlimit->limit.rlim_cur, soft),
                rlimit_value(rlimit->limit.rlim_max, hard));
        if (number == EPERM)
                error_hint(reterr, "a hard limit can only be raised with CAP_SYS_RESOURCE");
        if (number == EINVAL && rlimit->limit.rlim_cur > rlimit->limit.rlim_max)
                error_hint(reterr, "the soft limit is above the hard one");
}

static void explain_nice(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_NICE, number, "cannot set the nice value %d", child->plan->nice);
        if (number == EACCES || number == EPERM)
                error_hint(reterr, "a lower value than the owner's takes CAP_SYS_NICE or RLIMIT_NICE");
}

static void explain_ioprio(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_IOPRIO, number, "cannot set the I/O priority, class %d level %d",
                child->plan->io_class, child->plan->io_level);
        if (number == EPERM)
                error_hint(reterr, "the realtime class takes CAP_SYS_ADMIN or CAP_SYS_NICE");
}

static void explain_affinity(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        (void)child;
        error_set(reterr, INBYE_STAGE_AFFINITY, number, "cannot set the CPU affinity");
        if (number == EINVAL)
                error_hint(reterr, "none of these CPUs may be used here");
}

static void explain_groups(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_GROUPS, number, "cannot set the %zu supplementary groups",
                child->plan->n_groups);
        if (number == EPERM)
                error_hint(reterr, "it takes CAP_SETGID, and a user namespace that allows setgroups");
}

static void explain_gid(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_GID, number, "cannot become group %u", (unsigned)child->plan->gid);
        if (number == EPERM)
                error_hint(reterr, "it takes CAP_SETGID");
        if (number == EINVAL)
                error_hint(reterr, "the group is not mapped in this user namespace");
}

static void explain_uid(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        error_set(reterr, INBYE_STAGE_UID, number, "cannot become user %u", (unsigned)child->plan->uid);
        if (number == EPERM)
                error_hint(reterr, "it takes CAP_SETUID");
        if (number == EINVAL)
                error_hint(reterr, "the user is not mapped in this user namespace");
}

static void explain_signals(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        (void)child;
        error_set(reterr, INBYE_STAGE_SIGNALS, number, "cannot set the actions of signals");
}

static void explain_holder(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        static const char *const texts[] = {
                [SPAWN_HOLDER_CLONE] = "cannot make the process that holds the tree",
                [SPAWN_HOLDER_SETTLE] = "cannot settle the process that holds the tree",
                [SPAWN_HOLDER_SUBREAPER] = "cannot become the subreaper of the tree",
                [SPAWN_HOLDER_MAP] = "cannot map ids into a user namespace",
                [SPAWN_HOLDER_PROC] = "cannot mount a procfs for the pid namespace",
                [SPAWN_HOLDER_PASS] = "cannot pass a descriptor of the command on",
                [SPAWN_HOLDER_EXEC] = "cannot execute the helper program",
        };

        error_set(reterr, INBYE_STAGE_MECHANISM, number, "%s", texts[child->report.detail]);
        if (child->report.detail == SPAWN_HOLDER_EXEC)
                error_hint(reterr, "install inbye whole, or name the program in INBYE_WARDEN");
        if (number == EAGAIN || number == ENOSPC)
                error_hint(reterr, "a limit on processes or on namespaces (/proc/sys/user) is reached");
}

static void (*const texts_of[INBYE_STAGE_N])(const struct spawn_child *, struct inbye_error *, int) = {
        [INBYE_STAGE_MECHANISM] = explain_holder,
        [INBYE_STAGE_JOIN] = explain_join,
        [INBYE_STAGE_SESSION] = explain_session,
        [INBYE_STAGE_STDIO] = explain_stdio,
        [INBYE_STAGE_CHDIR] = explain_chdir,
        [INBYE_STAGE_RLIMIT] = explain_rlimit,
        [INBYE_STAGE_NICE] = explain_nice,
        [INBYE_STAGE_IOPRIO] = explain_ioprio,
        [INBYE_STAGE_AFFINITY] = explain_affinity,
        [INBYE_STAGE_GROUPS] = explain_groups,
        [INBYE_STAGE_GID] = explain_gid,
        [INBYE_STAGE_UID] = explain_uid,
        [INBYE_STAGE_SIGNALS] = explain_signals,
        [INBYE_STAGE_EXEC] = explain_exec,
        [INBYE_STAGE_SANDBOX] = explain_sandbox,
};

void explain_report(const struct spawn_child *child, struct inbye_error *reterr)
{
        if (reterr)
                texts_of[child->report.stage](child, reterr, child->report.number);
}
