/* SPDX-License-Identifier: MIT */
/*
 * Limits as they are written into directories of v1, which has other files, units and defaults than v2.
 *
 * All files of a controller are written each time, in whatever state they were: a leaf that is used again
 * gets its full quota back by that, and what a member has changed there is gone.
 */
#include "base/error.h"
#include "limit/v1_place.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static int write_number(struct v1_dir *dir, enum inbye_limit limit, const char *name, uint64_t number,
        struct inbye_error *reterr)
{
        char value[32];
        int r;

        if (number == INBYE_UNLIMITED)
                snprintf(value, sizeof(value), "%s", limit == INBYE_LIMIT_TASKS ? "max" : "-1");
        else
                snprintf(value, sizeof(value), "%" PRIu64, number);
        r = v1_dir_write(dir, name, value);
        if (r == 0)
                return 0;
        error_set(reterr, INBYE_STAGE_LIMIT, -r, "limit '%s': cannot write '%s' to %s",
                inbye_limit_name(limit), value, name);
        if (r != -ENOENT)
                return r;
        error_hint(reterr, "%s",
                limit == INBYE_LIMIT_SWAP ? "boot with swapaccount=1" : "a kernel built with that feature");
        return -EOPNOTSUPP;
}

/* Memory and swap are limited as one, which may never be less than the memory alone: up first, then down. */
static int apply_memory(struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        static const char both[] = "memory.memsw.limit_in_bytes";
        bool limited = limits_has(limits, INBYE_LIMIT_MEMORY),
             implied = limits->swap_bytes == INBYE_SWAP_DEFAULT;
        uint64_t swap = implied ? limited ? 0 : INBYE_UNLIMITED : limits->swap_bytes;
        int r;

        if (faccessat(dir->fd, both, F_OK, 0) < 0 && (implied || swap == INBYE_UNLIMITED))
                return write_number(
                        dir, INBYE_LIMIT_MEMORY, "memory.limit_in_bytes", limits->memory_bytes, reterr);
        r = write_number(dir, INBYE_LIMIT_SWAP, both, INBYE_UNLIMITED, reterr);
        if (r == 0)
                r = write_number(
                        dir, INBYE_LIMIT_MEMORY, "memory.limit_in_bytes", limits->memory_bytes, reterr);
        if (r < 0 || swap == INBYE_UNLIMITED)
                return r;
        if (!limited) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                        "limit 'swap': cgroup v1 limits swap only together with memory");
                error_hint(reterr, "limit the memory too");
                return -EOPNOTSUPP;
        }
        /* A page more than both: so it is the memory that is found full first, whose failures are counted. */
        return write_number(dir, INBYE_LIMIT_SWAP, both,
                limits->memory_bytes + swap + (uint64_t)sysconf(_SC_PAGESIZE), reterr);
}

static int apply_tasks(struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        return write_number(dir, INBYE_LIMIT_TASKS, "pids.max", limits->tasks, reterr);
}

static int apply_cpu(struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        uint64_t quota_us = INBYE_UNLIMITED, period_us = 100000;
        int r;

        if (limits->cpu_us_per_s != INBYE_UNLIMITED)
                limit_cpu_quota(limits->cpu_us_per_s, &quota_us, &period_us);
        r = write_number(dir, INBYE_LIMIT_CPU, "cpu.cfs_period_us", period_us, reterr);
        if (r == 0)
                r = write_number(dir, INBYE_LIMIT_CPU, "cpu.cfs_quota_us", quota_us, reterr);
        if (r == 0)
                r = write_number(dir, INBYE_LIMIT_CPU_WEIGHT, "cpu.shares",
                        limits->cpu_weight ? ((uint64_t)limits->cpu_weight * 1024 + 50) / 100 : 1024, reterr);
        return r;
}

static int (*const appliers[V1_N])(
        struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr) = {
        [V1_MEMORY] = apply_memory,
        [V1_PIDS] = apply_tasks,
        [V1_CPU] = apply_cpu,
};

int v1_apply(
        enum v1_place at, struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        return appliers[at](dir, limits, reterr);
}
