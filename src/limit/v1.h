/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_V1_H
#define LIMIT_V1_H

#include "limit/limit.h"

/*
 * Limits and accounts in the v1 hierarchies of hybrid and older hosts: memory, tasks, CPU. A group and its
 * trees have directories there that bear the names of those in v2; a child is moved into them by itself,
 * before it executes. Without libcgroup there is nothing of it.
 */
struct v1_group;
struct v1_tree;

/** Does a controller (one bit) live in a v1 hierarchy of this host? */
bool v1_has(uint32_t controller);
/** Have that controller too; opens the group where *group is NULL. */
int v1_group_have(
        struct v1_group **group, struct inbye_loop *loop, uint32_t controller, struct inbye_error *reterr);
/** Those that it has. NULL: none. */
uint32_t v1_group_controllers(const struct v1_group *group);
/** As apply_limits(). */
int v1_group_apply(struct v1_group *group, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr);
void v1_group_free(struct v1_group *group);

/** Leaves with these limits in force; the plan's child enters them. */
int v1_tree_open(struct v1_group *group, const struct inbye_limits *limits, struct v1_tree **ret,
        struct spawn_plan *plan, struct inbye_error *reterr);
/** Readable when the OOM killer has come to the leaf; borrowed. -1: there is none. */
int v1_tree_oom_fd(const struct v1_tree *tree);
/** After that: was it a limit of the tree or of its group? Else a cgroup above has met its own. */
bool v1_tree_take_oom(struct v1_tree *tree);
/** Have charges failed for the memory limit of the tree or its group? NULL: no. */
bool v1_tree_met_memory(struct v1_tree *tree);
void v1_tree_read(struct v1_tree *tree, const struct inbye_limits *limits,
        const struct inbye_limits *of_group, struct inbye_usage *usage, struct limit_verdicts *ret);
/** What is not empty is left, to the warden. */
void v1_tree_free(struct v1_tree *tree);

#endif
