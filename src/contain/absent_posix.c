/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the mechanisms that need Linux, and says so.
 */
#include "base/error.h"
#include "contain/contain.h"
#include <errno.h>
#include <stdio.h>

#define REASON "this build is posix_only"
#define HINT "build it without -Dposix_only=true"

static int probe(struct contain_probe *ret)
{
        (void)snprintf(ret->reason, sizeof(ret->reason), REASON);
        (void)snprintf(ret->hint, sizeof(ret->hint), HINT);
        return -EOPNOTSUPP;
}

/* One for each mechanism: the call knows no table. */
static int refuse(const struct contain_ops *ops, struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP, "mechanism %s: " REASON, ops->name);
        error_hint(reterr, HINT);
        return -EOPNOTSUPP;
}

#define ABSENT(ops, text, mechanism)                                                                         \
        static int ops##_open(                                                                               \
                struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)             \
        {                                                                                                    \
                (void)loop;                                                                                  \
                (void)ret;                                                                                   \
                return refuse(&(ops), reterr);                                                               \
        }                                                                                                    \
        const struct contain_ops ops = {                                                                     \
                .name = text,                                                                                \
                .bit = mechanism,                                                                            \
                .on_owner_death = "nothing",                                                                 \
                .probe = probe,                                                                              \
                .group_open = ops##_open,                                                                    \
        }

ABSENT(contain_cgroup_pidns, "cgroup+pidns", INBYE_MECHANISM_CGROUP_PIDNS);
ABSENT(contain_cgroup, "cgroup", INBYE_MECHANISM_CGROUP);
ABSENT(contain_pidns, "pidns", INBYE_MECHANISM_PIDNS);
ABSENT(contain_reaper, "reaper", INBYE_MECHANISM_REAPER);
