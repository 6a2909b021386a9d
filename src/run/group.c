/* SPDX-License-Identifier: MIT */
/*
 * A group: several commands, each in a tree of its own, addressed as one.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/extensible.h"
#include "base/fd.h"
#include "limit/room.h"
#include "loop/cancel.h"
#include "run/run.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_FLAGS (INBYE_GROUP_ACCOUNT | INBYE_GROUP_MOVE_OWNER | INBYE_GROUP_MOVE_TO_SCOPE)

/* How long freeing a group waits for its trees; what is left then is unkillable. */
#define FREE_LIMIT (10 * INBYE_SECOND)

const struct contain_ops *group_ops(const struct inbye_group *group)
{
        return group->contain->ops;
}

static void end_all(struct inbye_group *group, int signo, uint64_t grace_ns)
{
        struct inbye_process *process;

        LIST_FOREACH (process, &group->processes, struct inbye_process, link)
                end_begin(process, INBYE_CANCELLED, signo, grace_ns);
}

static void on_cancel(struct loop_io *io, uint32_t events)
{
        struct inbye_group *group = CONTAINER_OF(io, struct inbye_group, cancel_io);
        struct inbye_process *process;

        (void)events;
        loop_io_remove(&group->cancel_io);
        LIST_FOREACH (process, &group->processes, struct inbye_process, link)
                inbye_process_cancel(process, 0, process->command->grace_ns);
}

/* Killed from outside, and what it watched over with it: no result of ours could promise anything now. */
static void on_unwatched(struct contain_group *contain)
{
        struct inbye_group *group = contain->userdata;
        struct inbye_process *process;

        LIST_FOREACH (process, &group->processes, struct inbye_process, link)
                end_begin(process, INBYE_LOST, SIGKILL, 0);
}

static int watch_cancel(struct inbye_group *group, struct inbye_cancel *cancel)
{
        if (!cancel)
                return 0;
        group->cancel_fd = cancel_dup_fd(cancel);
        if (group->cancel_fd < 0)
                return group->cancel_fd;
        group->cancel = cancel_ref(cancel);
        return loop_io_add(group->loop, &group->cancel_io, group->cancel_fd, LOOP_IN, on_cancel);
}

static int copy_options(struct inbye_group_options *to, const struct inbye_group_options *from)
{
        int r;

        *to = (struct inbye_group_options)INBYE_GROUP_OPTIONS_INIT;
        if (!from)
                return 0;
        r = extensible_copy(to, sizeof(*to), from, from->size);
        if (r < 0)
                return r;
        to->size = sizeof(*to);
        return to->flags & ~GROUP_FLAGS ? -EINVAL : 0;
}

DEFINE_SCOPED(group_freep, struct inbye_group, inbye_group_free)

int inbye_group_open(struct inbye_loop *loop, const struct inbye_group_options *options,
        struct inbye_group **ret_group, struct inbye_error *reterr)
{
        scoped(group_freep) struct inbye_group *group = NULL;
        struct inbye_group_options own;
        int r;

        if (!loop || !ret_group)
                return -EINVAL;
        r = copy_options(&own, options);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "options of the group");
        group = calloc(1, sizeof(*group));
        if (!group)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another group");
        group->loop = loop;
        group->cancel_fd = -1;
        list_init(&group->processes);
        limit_group_init(&group->limits, loop, own.flags);
        loop_group_add(loop, &group->link);
        r = contain_open(loop, own.mechanisms, &group->contain, reterr);
        if (r < 0)
                return r;
        group->limits.contain = group->contain;
        group->contain->on_unwatched = on_unwatched;
        group->contain->userdata = group;
        r = watch_cancel(group, own.cancel);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot watch the cancel token");
        if (own.limits)
                r = limit_group_set(&group->limits, own.limits, reterr);
        if (r < 0)
                return r;
        *ret_group = TAKE(group);
        return 0;
}

/* Whoever still is in the list then could not be ended in time; what held it is left behind. */
static void drop_processes(struct inbye_group *group)
{
        struct inbye_process *process;

        LIST_FOREACH (process, &group->processes, struct inbye_process, link)
                process_free_now(process);
}

static void group_release(struct inbye_group *group)
{
        loop_io_remove(&group->cancel_io);
        fd_close(group->cancel_fd);
        inbye_cancel_free(group->cancel);
        limit_group_deinit(&group->limits);
        contain_group_free(group->contain);
        room_leave();
        loop_group_remove(&group->link);
        free(group);
}

void inbye_group_free(struct inbye_group *group)
{
        if (!group)
                return;
        end_all(group, SIGKILL, 0);
        /* From inside a callback nothing can be waited for: the last process takes the group with it. */
        group->abandoned = loop_is_busy(group->loop) && !list_is_empty(&group->processes);
        if (group->abandoned)
                return;
        if (inbye_group_wait(group, FREE_LIMIT) < 0)
                drop_processes(group);
        group_release(group);
}

void group_process_gone(struct inbye_group *group)
{
        if (group->abandoned && list_is_empty(&group->processes))
                group_release(group);
}
int inbye_group_wait(struct inbye_group *group, uint64_t timeout_ns)
{
        uint64_t deadline_ns;

        if (!group)
                return -EINVAL;
        deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        while (!list_is_empty(&group->processes)) {
                uint64_t left_ns = clock_left(clock_now_ns(), deadline_ns);
                int r = inbye_loop_dispatch(group->loop, left_ns);

                if (r < 0)
                        return r;
                if (left_ns == 0 && !list_is_empty(&group->processes))
                        return -ETIMEDOUT;
        }
        return 0;
}

const char *inbye_group_mechanism(const struct inbye_group *group)
{
        return group_ops(group)->name;
}

const char *inbye_group_cannot(const struct inbye_group *group)
{
        return group_ops(group)->cannot;
}

/* Do it to every tree; the first failure is the answer, the others are still done. */
static int each(
        struct inbye_group *group, int (*fn)(struct inbye_process *process, int argument), int argument)
{
        struct inbye_process *process;
        int result = 0;

        LIST_FOREACH (process, &group->processes, struct inbye_process, link) {
                int r = fn(process, argument);

                if (r < 0 && r != -ESRCH && result == 0)
                        result = r;
        }
        return result;
}

int inbye_group_set_limits(
        struct inbye_group *group, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        return group ? limit_group_set(&group->limits, limits, reterr) : -EINVAL;
}

int inbye_group_signal(struct inbye_group *group, int signo)
{
        if (!group || signo < 1 || signo > 64)
                return -EINVAL;
        return each(group, inbye_process_signal, signo);
}

static int freeze_one(struct inbye_process *process, int frozen)
{
        return frozen ? inbye_process_pause(process) : inbye_process_resume(process);
}

static bool has_freezer(const struct inbye_group *group)
{
        return group_ops(group)->can_freeze;
}

int inbye_group_freeze(struct inbye_group *group)
{
        int r;

        if (!group)
                return -EINVAL;
        if (!has_freezer(group))
                return -EOPNOTSUPP;
        r = each(group, freeze_one, 1);
        if (r < 0)
                each(group, freeze_one, 0);
        else
                group->frozen = true;
        return r;
}

int inbye_group_thaw(struct inbye_group *group)
{
        if (!group)
                return -EINVAL;
        if (!has_freezer(group))
                return -EOPNOTSUPP;
        group->frozen = false;
        return each(group, freeze_one, 0);
}

int inbye_group_kill(struct inbye_group *group)
{
        return inbye_group_shutdown(group, SIGKILL, 0);
}

int inbye_group_shutdown(struct inbye_group *group, int signo, uint64_t grace_ns)
{
        if (!group || signo < 1 || signo > 64)
                return -EINVAL;
        group->frozen = false;
        end_all(group, signo, grace_ns);
        return 0;
}

/* --- members
 * ------------------------------------------------------------------------------------------------------ */

static void describe(pid_t pid, struct inbye_member *ret)
{
        struct proc_stat stat;

        *ret = (struct inbye_member){ .pid = pid, .state = '?' };
        if (proc_read_stat(pid, &stat) < 0)
                return;
        ret->ppid = stat.ppid;
        ret->start_ticks = stat.start_ticks;
        ret->state = stat.state;
        memcpy(ret->name, stat.name, sizeof(ret->name));
}

static int collect(struct inbye_group *group, struct contain_pids *pids)
{
        struct inbye_process *process;
        int r = 0;

        LIST_FOREACH (process, &group->processes, struct inbye_process, link)
                if (r == 0)
                        r = process->tree->ops->tree_pids(process->tree, pids);
        return r;
}

int inbye_group_members(struct inbye_group *group, struct inbye_member **ret_members, size_t *ret_n)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        struct inbye_member *members;
        int r;

        if (!group || !ret_members || !ret_n)
                return -EINVAL;
        r = collect(group, &pids);
        if (r < 0)
                return r;
        members = calloc(pids.n ? pids.n : 1, sizeof(*members));
        if (!members)
                return -ENOMEM;
        for (size_t i = 0; i < pids.n; i++)
                describe(pids.pids[i], &members[i]);
        *ret_members = members;
        *ret_n = pids.n;
        return 0;
}
