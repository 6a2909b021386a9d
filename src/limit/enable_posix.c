/* SPDX-License-Identifier: MIT */
/*
 * Limits of whole trees need cgroups.
 */
#include "base/error.h"
#include "limit/enable.h"
#include <errno.h>

int enable_controllers(
        struct contain_group *group, uint32_t controllers, bool may_move, struct inbye_error *reterr)
{
        (void)group;
        (void)controllers;
        (void)may_move;
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "this build is posix_only: it cannot limit a whole tree");
        error_hint(reterr, "limit each of its processes (--rlimit), or build it without -Dposix_only=true");
        return -EOPNOTSUPP;
}

uint32_t enable_available(int dir_fd)
{
        (void)dir_fd;
        return 0;
}

int enable_in(int dir_fd, uint32_t controllers)
{
        (void)dir_fd;
        return controllers ? -EOPNOTSUPP : 0;
}

bool enable_is_root(int dir_fd)
{
        (void)dir_fd;
        return false;
}
