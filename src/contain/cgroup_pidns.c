/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `cgroup+pidns`: a leaf, and a pid namespace around who is born in it. The leaf freezes, accounts
 * and is found by others; out of the namespace nobody gets, whatever cgroup he moves to. So the namespace is
 * asked who is a member, and its end is the tree's.
 *
 * Both halves are the mechanisms of that name, each with all its own rules; here they are only put together.
 * It changes what pids the command sees, and is had only by name.
 */
#include "base/error.h"
#include "contain/contain.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct both_group {
        struct contain_group group;
        struct contain_group *cgroup, *pidns; /* owned */
};

struct both_tree {
        struct contain_tree tree;
        struct contain_tree *leaf, *pidns; /* owned */
};

static struct both_tree *both_of(struct contain_tree *tree)
{
        return CONTAINER_OF(tree, struct both_tree, tree);
}

static int probe(struct contain_probe *ret)
{
        struct contain_probe leaf = { 0 };
        int r = contain_cgroup.probe(&leaf);

        if (r == 0)
                r = contain_pidns.probe(ret);
        else
                *ret = leaf;
        if (r == 0) {
                struct contain_probe pidns = *ret;

                snprintf(ret->detail, sizeof(ret->detail), "%.110s; %.120s", leaf.detail, pidns.detail);
        }
        return r;
}

static const char *reluctance(void)
{
        return "the command sees other pids";
}

static void on_unwatched(struct contain_group *cgroup)
{
        struct contain_group *group = cgroup->userdata;

        if (group->on_unwatched)
                group->on_unwatched(group);
}

static void group_free(struct contain_group *contain_group)
{
        struct both_group *group = CONTAINER_OF(contain_group, struct both_group, group);

        contain_group_free(group->pidns);
        contain_group_free(group->cgroup);
        free(group);
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        scoped(contain_group_freep) struct contain_group *made = NULL;
        struct both_group *group = calloc(1, sizeof(*group));
        int r;

        if (!group)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another group");
        made = &group->group;
        group->group.ops = &contain_cgroup_pidns;
        r = contain_cgroup.group_open(loop, &group->cgroup, reterr);
        if (r == 0)
                r = contain_pidns.group_open(loop, &group->pidns, reterr);
        if (r < 0)
                return r;
        group->cgroup->on_unwatched = on_unwatched;
        group->cgroup->userdata = &group->group;
        *ret = TAKE(made);
        return 0;
}

static int group_dirs(struct contain_group *group, struct contain_dirs *ret)
{
        struct contain_group *cgroup = CONTAINER_OF(group, struct both_group, group)->cgroup;

        return contain_cgroup.group_dirs(cgroup, ret);
}

static int group_claims(struct contain_group *group, const struct contain_tree *except, pid_t pid)
{
        struct contain_group *pidns = CONTAINER_OF(group, struct both_group, group)->pidns;

        return contain_pidns.group_claims(pidns, except, pid);
}

static void tree_free(struct contain_tree *tree)
{
        struct both_tree *both = both_of(tree);

        contain_tree_free(both->pidns);
        contain_tree_free(both->leaf);
        free(both);
}

static int tree_open(
        struct contain_group *contain_group, struct contain_tree **ret, struct inbye_error *reterr)
{
        struct both_group *group = CONTAINER_OF(contain_group, struct both_group, group);
        scoped(contain_tree_freep) struct contain_tree *made = NULL;
        struct both_tree *both = calloc(1, sizeof(*both));
        int r;

        if (!both)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another tree");
        made = &both->tree;
        both->tree.ops = &contain_cgroup_pidns;
        r = contain_cgroup.tree_open(group->cgroup, &both->leaf, reterr);
        if (r == 0)
                r = contain_pidns.tree_open(group->pidns, &both->pidns, reterr);
        if (r < 0)
                return r;
        *ret = TAKE(made);
        return 0;
}

static void tree_plan(struct contain_tree *tree, struct spawn_plan *plan)
{
        contain_cgroup.tree_plan(both_of(tree)->leaf, plan);
        contain_pidns.tree_plan(both_of(tree)->pidns, plan);
}

static void tree_started(struct contain_tree *tree, const struct spawned *spawned)
{
        tree->pid = spawned->pid;
        contain_cgroup.tree_started(both_of(tree)->leaf, spawned);
        contain_pidns.tree_started(both_of(tree)->pidns, spawned);
}

static int tree_wait_fd(struct contain_tree *tree)
{
        return contain_pidns.tree_wait_fd(both_of(tree)->pidns);
}

static int tree_wait(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret)
{
        return contain_pidns.tree_wait(both_of(tree)->pidns, pidfd, options, ret);
}

static void tree_command_ended(struct contain_tree *tree, bool pinned)
{
        contain_cgroup.tree_command_ended(both_of(tree)->leaf, pinned);
        contain_pidns.tree_command_ended(both_of(tree)->pidns, pinned);
}

/* The namespace first: who walked out of the leaf is still in it. */
static int tree_kill(struct contain_tree *tree)
{
        int r = contain_pidns.tree_kill(both_of(tree)->pidns);
        int leaf_r = contain_cgroup.tree_kill(both_of(tree)->leaf);

        return r < 0 ? r : leaf_r;
}

static int tree_freeze(struct contain_tree *tree, bool frozen)
{
        return contain_cgroup.tree_freeze(both_of(tree)->leaf, frozen);
}

static int tree_pids(struct contain_tree *tree, struct contain_pids *pids)
{
        return contain_pidns.tree_pids(both_of(tree)->pidns, pids);
}

static int tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        return contain_pidns.tree_pin(both_of(tree)->pidns, pid, ret_pidfd);
}

/* A leaf that is asked too soon still counts who has just left the namespace. */
static int tree_look(struct contain_tree *tree)
{
        int r = contain_pidns.tree_look(both_of(tree)->pidns);

        return r ? r : contain_cgroup.tree_look(both_of(tree)->leaf);
}

static int tree_event_fd(struct contain_tree *tree)
{
        struct both_tree *both = both_of(tree);

        return contain_pidns.tree_event_fd(both->pidns);
}

static int tree_take_dir(struct contain_tree *tree)
{
        return contain_cgroup.tree_take_dir(both_of(tree)->leaf);
}

static void tree_usage(struct contain_tree *tree, struct inbye_usage *usage)
{
        contain_cgroup.tree_usage(both_of(tree)->leaf, usage);
}

const struct contain_ops contain_cgroup_pidns = {
        .name = "cgroup+pidns",
        .bit = INBYE_MECHANISM_CGROUP_PIDNS,
        .cannot = NULL,
        .can_freeze = true,
        .on_owner_death = "whole_tree",
        .tree_events = LOOP_IN,
        .probe = probe,
        .reluctance = reluctance,
        .extra = true,
        .group_open = group_open,
        .group_free = group_free,
        .group_dirs = group_dirs,
        .group_claims = group_claims,
        .tree_open = tree_open,
        .tree_plan = tree_plan,
        .tree_started = tree_started,
        .tree_wait_fd = tree_wait_fd,
        .tree_wait = tree_wait,
        .tree_command_ended = tree_command_ended,
        .tree_kill = tree_kill,
        .tree_freeze = tree_freeze,
        .tree_pids = tree_pids,
        .tree_pin = tree_pin,
        .tree_look = tree_look,
        .tree_event_fd = tree_event_fd,
        .tree_take_dir = tree_take_dir,
        .tree_usage = tree_usage,
        .tree_free = tree_free,
};
