/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_LIMIT_H
#define LIMIT_LIMIT_H

#include "contain/contain.h"
#include "limit/values.h"
#include "spawn/spawn.h"

/*
 * Limits and accounts of trees, whatever holds them: run/ opens one limit_group beside each contain_group and
 * one limit_tree beside each contain_tree, and reads it when the tree is empty.
 */

/* Counters that only ever grow, and what they were when we began to count; UINT64_MAX: unknown. */
struct limit_counts {
        uint64_t oom, oom_kill, tasks_max, swap_max, throttled;
};

struct limit_group {
        struct contain_group *contain;
        struct inbye_loop *loop;
        uint32_t flags; /* INBYE_GROUP_* */
        bool tried;     /* controllers for accounts were, or cannot be, turned on */
        uint32_t on;    /* controllers that its leaves have, in v2 */
        struct inbye_limits limits;
        struct v1_group *v1;         /* NULL: not needed so far */
        struct inbye_error no_scope; /* why systemd gave none; its text is "" where none was missed */
};
/** Before anything is held, since it may move this process. `contain` is filled in by the caller. */
void limit_group_init(struct limit_group *group, struct inbye_loop *loop, uint32_t flags);
void limit_group_deinit(struct limit_group *group);
/** Have these controllers for the leaves. */
int limit_group_have(struct limit_group *group, uint32_t controllers, struct inbye_error *reterr);
/** All or none. -EOPNOTSUPP: refused, reterr says why. */
int limit_group_set(struct limit_group *group, const struct inbye_limits *limits, struct inbye_error *reterr);

struct limit_tree {
        struct limit_group *group;         /* NULL: nothing is limited or counted */
        const struct inbye_limits *limits; /* borrowed, of the command */
        int dir_fd;                        /* the leaf's, borrowed; -1: none */
        int group_dir_fd;                  /* borrowed; -1 */
        struct limit_counts group_before;
        struct v1_tree *v1;
};
#define LIMIT_TREE_INIT                                                                                      \
        {                                                                                                    \
                .dir_fd = -1, .group_dir_fd = -1                                                             \
        }
/** Put the limits of a command in force, before its child is born in the tree. Completes the plan. */
int limit_tree_open(struct limit_tree *tree, struct limit_group *group, struct contain_tree *contain,
        const struct inbye_limits *limits, struct spawn_plan *plan, struct inbye_error *reterr);
void limit_tree_close(struct limit_tree *tree);

/** Where the kernel ends one member only: readable when the OOM killer has come. -1: none. */
int limit_tree_oom_fd(const struct limit_tree *tree);
/** Then: did it come for a limit of the tree or its group, so that all of the tree is to be ended? */
bool limit_tree_take_oom(struct limit_tree *tree);

/** A start that failed with this error: where the memory limit is why, reterr says so. @return the error. */
int limit_tree_explain(const struct limit_tree *tree, int error, struct inbye_error *reterr);

/** Whose limit ended members of the tree by the OOM killer. */
enum limit_oom { LIMIT_OOM_NONE, LIMIT_OOM_COMMAND, LIMIT_OOM_GROUP, LIMIT_OOM_INSIDE, LIMIT_OOM_OUTSIDE };
struct limit_verdicts {
        enum inbye_verdict of[INBYE_LIMIT_N];
        enum limit_oom oom;
};
/** Before the tree is freed. Fills of the usage what is known here. */
void limit_tree_read(
        const struct limit_tree *tree, struct inbye_usage *usage, struct limit_verdicts *verdicts);

#endif
