/* SPDX-License-Identifier: MIT */
/*
 * Holders need Linux; the mechanisms that would ask for one are not part of this build.
 */
#include "spawn/child.h"
#include "spawn/spawn.h"
#include <errno.h>

int spawn_attempt_held(struct spawn_child *child, int cgroup_fd, struct spawned *ret)
{
        (void)child;
        (void)cgroup_fd;
        (void)ret;
        return -EOPNOTSUPP;
}

int spawn_try_holder(const struct spawn_holder *holder, enum spawn_holder_step *ret_step)
{
        (void)holder;
        (void)ret_step;
        return -EOPNOTSUPP;
}
