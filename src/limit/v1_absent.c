/* SPDX-License-Identifier: MIT */
/*
 * Stands in where libcgroup is not there: no limits in v1 hierarchies. What is asked of a group or a tree is
 * never asked, since there is none.
 */
#include "limit/v1.h"
#include <errno.h>

bool v1_has(uint32_t controller)
{
        (void)controller;
        return false;
}

int v1_group_have(
        struct v1_group **group, struct inbye_loop *loop, uint32_t controller, struct inbye_error *reterr)
{
        (void)group;
        (void)loop;
        (void)controller;
        (void)reterr;
        return -EOPNOTSUPP;
}

uint32_t v1_group_controllers(const struct v1_group *group)
{
        (void)group;
        return 0;
}

int v1_group_apply(struct v1_group *group, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr)
{
        (void)group;
        (void)limits;
        (void)before;
        (void)reterr;
        return -EOPNOTSUPP;
}

void v1_group_free(struct v1_group *group)
{
        (void)group;
}

int v1_tree_open(struct v1_group *group, const struct inbye_limits *limits, struct v1_tree **ret,
        struct spawn_plan *plan, struct inbye_error *reterr)
{
        (void)group;
        (void)limits;
        (void)ret;
        (void)plan;
        (void)reterr;
        return -EOPNOTSUPP;
}

int v1_tree_oom_fd(const struct v1_tree *tree)
{
        (void)tree;
        return -1;
}

bool v1_tree_take_oom(struct v1_tree *tree)
{
        (void)tree;
        return false;
}

bool v1_tree_met_memory(struct v1_tree *tree)
{
        (void)tree;
        return false;
}

void v1_tree_read(struct v1_tree *tree, const struct inbye_limits *limits,
        const struct inbye_limits *of_group, struct inbye_usage *usage, struct limit_verdicts *ret)
{
        (void)tree;
        (void)limits;
        (void)of_group;
        (void)usage;
        (void)ret;
}

void v1_tree_free(struct v1_tree *tree)
{
        (void)tree;
}
