/* SPDX-License-Identifier: MIT */
/*
 * Limits of groups and trees: where each controller is had from, and what came of the limits.
 *
 * For each controller that is needed v2 is asked first, then v1 (hybrid hosts); where neither has it the
 * limit is refused with the reasons of v2, or of v1 where that is where the controller lives. Nothing is
 * turned on before it is needed: leaves with controllers cost twice as much to make, and cannot be used
 * again, since their peaks and counters do not go back to 0.
 */
#include "limit/limit.h"
#include "base/error.h"
#include "limit/account.h"
#include "limit/apply.h"
#include "limit/enable.h"
#include "limit/room.h"
#include "limit/v1.h"
#include <errno.h>
#include <inttypes.h>

#define ACCOUNTED (CONTROLLER_MEMORY | CONTROLLER_PIDS | CONTROLLER_IO)

void limit_group_init(struct limit_group *group, struct inbye_loop *loop, uint32_t flags)
{
        *group = (struct limit_group){ .loop = loop, .flags = flags, .limits = LIMITS_NONE };
        if (flags & INBYE_GROUP_MOVE_TO_SCOPE)
                (void)room_find(&group->no_scope);
}

void limit_group_deinit(struct limit_group *group)
{
        v1_group_free(group->v1);
        limits_deinit(&group->limits);
        group->v1 = NULL;
}

/* --- controllers ------------------------------------------------------------------------------------------
 */

static uint32_t had(const struct limit_group *group)
{
        return group->on | v1_group_controllers(group->v1);
}

/* With a scope it would have been had, most likely: then its absence is what there is to mend. */
static void tell(const struct limit_group *group, const struct inbye_error *why, struct inbye_error *reterr)
{
        if (!group->no_scope.text[0]) {
                *reterr = *why;
                return;
        }
        error_set_plain(reterr, why->stage, why->number, "%s; %s", why->text, group->no_scope.text);
        error_hint(reterr, "%s", group->no_scope.hint);
}

/* Each by itself, so that one that is missing does not take the others along. */
int limit_group_have(struct limit_group *group, uint32_t controllers, struct inbye_error *reterr)
{
        struct inbye_error why = { 0 };
        bool may_move = group->flags & (INBYE_GROUP_MOVE_OWNER | INBYE_GROUP_MOVE_TO_SCOPE);
        int r = 0;

        for (uint32_t bit = 1; bit < CONTROLLER_END; bit <<= 1) {
                if (!(controllers & bit) || (had(group) & bit))
                        continue;
                r = enable_controllers(group->contain, bit, may_move, &why);
                if (r == 0)
                        group->on |= bit;
                else if (r == -EOPNOTSUPP && v1_has(bit))
                        r = v1_group_have(&group->v1, group->loop, bit, &why);
                if (r < 0) {
                        if (reterr)
                                tell(group, &why, reterr);
                        return r;
                }
        }
        return 0;
}

/* What cannot be had is not counted: nobody asked for it by name. */
static void have_accounts(struct limit_group *group)
{
        if (!(group->flags & INBYE_GROUP_ACCOUNT) || group->tried)
                return;
        group->tried = true;
        for (uint32_t bit = 1; bit < CONTROLLER_END; bit <<= 1)
                if (ACCOUNTED & bit)
                        (void)limit_group_have(group, bit, NULL);
}

/* --- groups -----------------------------------------------------------------------------------------------
 */

static int apply_to_group(
        struct limit_group *group, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        struct contain_dirs dirs;
        int r = 0;

        if (group->on) {
                r = group->contain->ops->group_dirs(group->contain, &dirs);
                if (r == 0)
                        r = apply_limits(dirs.group_fd, group->on, limits, &group->limits, reterr);
        }
        if (r < 0 || !group->v1)
                return r;
        r = v1_group_apply(group->v1, limits, &group->limits, reterr);
        if (r < 0 && group->on)
                (void)apply_limits(dirs.group_fd, group->on, &group->limits, limits, NULL);
        return r;
}

int limit_group_set(struct limit_group *group, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        struct inbye_limits copy;
        int r;

        r = limits_copy(&copy, limits);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "limits");
        r = limit_group_have(group, limits_controllers(&copy), reterr);
        if (r == 0)
                r = apply_to_group(group, &copy, reterr);
        if (r < 0) {
                limits_deinit(&copy);
                return r;
        }
        limits_deinit(&group->limits);
        group->limits = copy;
        return 0;
}

/* --- trees ------------------------------------------------------------------------------------------------
 */

static int take_dir(struct limit_tree *tree, struct contain_tree *contain, struct inbye_error *reterr)
{
        struct limit_group *group = tree->group;
        struct contain_dirs dirs;

        tree->dir_fd = contain->ops->tree_take_dir ? contain->ops->tree_take_dir(contain) : -1;
        if (limits_controllers(&group->limits) & group->on &&
                group->contain->ops->group_dirs(group->contain, &dirs) == 0) {
                tree->group_dir_fd = dirs.group_fd;
                account_counts(dirs.group_fd, group->on, NULL, &tree->group_before);
        }
        return apply_limits(tree->dir_fd, group->on, tree->limits, NULL, reterr);
}

int limit_tree_open(struct limit_tree *tree, struct limit_group *group, struct contain_tree *contain,
        const struct inbye_limits *limits, struct spawn_plan *plan, struct inbye_error *reterr)
{
        int r;

        *tree = (struct limit_tree)LIMIT_TREE_INIT;
        have_accounts(group);
        r = limit_group_have(group, limits_controllers(limits), reterr);
        if (r < 0 || !had(group))
                return r;
        tree->group = group;
        tree->limits = limits;
        if (group->on)
                r = take_dir(tree, contain, reterr);
        if (r == 0 && group->v1)
                r = v1_tree_open(group->v1, limits, &tree->v1, plan, reterr);
        return r;
}

void limit_tree_close(struct limit_tree *tree)
{
        v1_tree_free(tree->v1);
        *tree = (struct limit_tree)LIMIT_TREE_INIT;
}

int limit_tree_oom_fd(const struct limit_tree *tree)
{
        return v1_tree_oom_fd(tree->v1);
}

bool limit_tree_take_oom(struct limit_tree *tree)
{
        return v1_tree_take_oom(tree->v1);
}

static bool met_memory(const struct limit_tree *tree)
{
        return (tree->dir_fd >= 0 && account_met_memory(tree->dir_fd)) || v1_tree_met_memory(tree->v1);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/* What the kernel says then: no memory, no room for arguments, or nothing, as it has killed the child. */
int limit_tree_explain(const struct limit_tree *tree, int error, struct inbye_error *reterr)
{
        uint64_t n_bytes;

        if ((error != -ENOMEM && error != -E2BIG && error != -ESRCH) || !tree->group || !met_memory(tree))
                return error;
        n_bytes = smaller(tree->limits->memory_bytes, tree->group->limits.memory_bytes);
        error_set_plain(reterr, INBYE_STAGE_LIMIT, ENOMEM,
                "limit 'memory': %" PRIu64 " bytes are too few for the command to start", n_bytes);
        error_hint(reterr, "raise it: most programs need 1 MiB before they do anything");
        return -ENOMEM;
}

void limit_tree_read(
        const struct limit_tree *tree, struct inbye_usage *usage, struct limit_verdicts *verdicts)
{
        if (tree->dir_fd >= 0) {
                account_usage(tree->dir_fd, tree->group->on, usage);
                account_judge(tree, verdicts);
        }
        if (tree->v1)
                v1_tree_read(tree->v1, tree->limits, &tree->group->limits, usage, verdicts);
}
