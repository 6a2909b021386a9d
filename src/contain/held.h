/* SPDX-License-Identifier: MIT */
#ifndef CONTAIN_HELD_H
#define CONTAIN_HELD_H

#include "contain/contain.h"
#include "warden/holder.h"

/* What mechanisms have in common whose trees are held by a warden each. The calls are those of contain_ops.
 */

/** Is there what every warden that holds a tree needs? 0, -errno with reason and hint. */
int held_probe(struct contain_probe *ret);
int held_group_open(const struct contain_ops *ops, const struct holder_kind *kind, struct inbye_loop *loop,
        struct contain_group **ret, struct inbye_error *reterr);
void held_group_free(struct contain_group *group);
int held_group_claims(struct contain_group *group, const struct contain_tree *except, pid_t pid);
int held_tree_open(struct contain_group *group, struct contain_tree **ret, struct inbye_error *reterr);
void held_tree_plan(struct contain_tree *tree, struct spawn_plan *plan);
void held_tree_started(struct contain_tree *tree, const struct spawned *spawned);
int held_tree_wait_fd(struct contain_tree *tree);
int held_tree_wait(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret);
void held_tree_command_ended(struct contain_tree *tree, bool pinned);
int held_tree_kill(struct contain_tree *tree);
int held_tree_freeze(struct contain_tree *tree, bool frozen);
int held_tree_pids(struct contain_tree *tree, struct contain_pids *pids);
int held_tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd);
int held_tree_look(struct contain_tree *tree);
int held_tree_event_fd(struct contain_tree *tree);
void held_tree_usage(struct contain_tree *tree, struct inbye_usage *usage);
void held_tree_free(struct contain_tree *tree);

#define HELD_TREE_OPS                                                                                        \
        .tree_events = LOOP_IN, .group_free = held_group_free, .group_claims = held_group_claims,            \
        .tree_open = held_tree_open, .tree_plan = held_tree_plan, .tree_started = held_tree_started,         \
        .tree_wait_fd = held_tree_wait_fd, .tree_wait = held_tree_wait,                                      \
        .tree_command_ended = held_tree_command_ended, .tree_kill = held_tree_kill,                          \
        .tree_freeze = held_tree_freeze, .tree_pids = held_tree_pids, .tree_pin = held_tree_pin,             \
        .tree_look = held_tree_look, .tree_event_fd = held_tree_event_fd, .tree_usage = held_tree_usage,     \
        .tree_free = held_tree_free

#endif
