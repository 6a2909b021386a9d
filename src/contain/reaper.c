/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `reaper`: the warden is the subreaper of one tree. It needs no privilege and nothing but a kernel
 * that lists the children of a process.
 *
 * Orphans go to the nearest subreaper above them: one that the tree makes itself keeps its own, and is killed
 * as any member, after which they come to us.
 */
#include "contain/held.h"
#include "sys/children.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct holder_kind kind = { .is_pidns = false };

static int ignore_child(void *userdata, pid_t pid)
{
        (void)userdata;
        (void)pid;
        return 0;
}

static int try_once(struct contain_probe *ret)
{
        enum spawn_holder_step step;
        int r = held_probe(ret);

        if (r < 0)
                return r;
        r = sys_each_child(0, ignore_child, NULL);
        if (r < 0) {
                snprintf(ret->reason, sizeof(ret->reason),
                        "the children of a process cannot be listed (/proc/self/task/TID/children: %s)",
                        strerror(-r));
                snprintf(ret->hint, sizeof(ret->hint),
                        "mount /proc, with a kernel that has CONFIG_PROC_CHILDREN");
                return r;
        }
        r = holding_try(&kind, &step);
        if (r < 0) {
                snprintf(ret->reason, sizeof(ret->reason), "cannot %s: %s",
                        step == SPAWN_HOLDER_SUBREAPER ? "become a subreaper" : "make a process",
                        strerror(-r));
                snprintf(ret->hint, sizeof(ret->hint),
                        "Linux 3.4 or later is needed, and no seccomp filter against prctl(2) or clone(2)");
        }
        return r;
}

/* What has worked once is not tried again for every group. */
static int find_out(struct contain_probe *ret)
{
        static atomic_bool works;
        int r;

        if (atomic_load(&works))
                return 0;
        r = try_once(ret);
        if (r == 0)
                atomic_store(&works, true);
        return r;
}

static int probe(struct contain_probe *ret)
{
        int r = find_out(ret);

        if (r == 0)
                snprintf(ret->detail, sizeof(ret->detail), "a warden per tree, as its subreaper");
        return r;
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        struct contain_probe why = { 0 };
        int r = find_out(&why);

        if (r == 0)
                return held_group_open(&contain_reaper, &kind, loop, ret, reterr);
        return contain_refuse(&contain_reaper, &why, reterr);
}

const struct contain_ops contain_reaper = {
        .name = "reaper",
        .bit = INBYE_MECHANISM_REAPER,
        .cannot = "end a process that has changed to another user, nor what is left by one that kills its "
                  "warden first",
        .on_owner_death = "whole_tree",
        .probe = probe,
        .group_open = group_open,
        HELD_TREE_OPS,
};
