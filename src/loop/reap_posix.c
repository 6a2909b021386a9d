/* SPDX-License-Identifier: MIT */
/*
 * POSIX has no subreapers: orphans go to the process 1, and nobody here can have any.
 */
#include "loop/internal.h"
#include <errno.h>

bool loop_reaps_orphans(const struct inbye_loop *loop)
{
        (void)loop;
        return false;
}

bool loop_may_have_orphans(struct inbye_loop *loop)
{
        (void)loop;
        return true;
}

void loop_reap_now(struct inbye_loop *loop)
{
        (void)loop;
}

int inbye_loop_reap_orphans(struct inbye_loop *loop)
{
        return loop ? -EOPNOTSUPP : -EINVAL;
}

void reaper_deinit(struct inbye_loop *loop)
{
        (void)loop;
}

void loop_note_stranger(void)
{
}

void loop_group_add(struct inbye_loop *loop, struct list *link)
{
        list_append(&loop->groups, link);
}

void loop_group_remove(struct list *link)
{
        list_unlink(link);
}

struct list *loop_groups(struct inbye_loop *loop)
{
        return &loop->groups;
}

ssize_t loop_list_orphans(struct inbye_loop *loop, pid_t **ret_pids)
{
        (void)loop;
        (void)ret_pids;
        return -EOPNOTSUPP;
}
