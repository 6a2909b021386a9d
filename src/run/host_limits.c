/* SPDX-License-Identifier: MIT */
/*
 * Which limits can be enforced here: each is set, as high as it goes, for a group that holds nothing.
 */
#include "base/error.h"
#include "base/fd.h"
#include "run/host.h"
#include "run/run.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUCH (UINT64_C(1) << 50)

/* One that this process may use. */
static const char *first_cpu(char text[static 12])
{
        static const char key[] = "Cpus_allowed_list:";
        char status[4096];
        const char *line;
        unsigned cpu = 0;

        if (fd_read_file_at(AT_FDCWD, "/proc/self/status", status, sizeof(status)) > 0) {
                line = strstr(status, key);
                if (line)
                        cpu = (unsigned)strtoul(line + strlen(key), NULL, 10);
        }
        snprintf(text, 12, "%u", cpu);
        return text;
}

static struct inbye_limits limits_of(enum inbye_limit limit, char cpu[static 12])
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;

        switch (limit) {
        case INBYE_LIMIT_SWAP: /* v1 has it only together with memory */
                limits.swap_bytes = MUCH;
                limits.memory_bytes = MUCH;
                break;
        case INBYE_LIMIT_MEMORY:
                limits.memory_bytes = MUCH;
                break;
        case INBYE_LIMIT_TASKS:
                limits.tasks = 1u << 20;
                break;
        case INBYE_LIMIT_CPU:
                limits.cpu_us_per_s = 1000000000;
                break;
        case INBYE_LIMIT_CPU_WEIGHT:
                limits.cpu_weight = 100;
                break;
        case INBYE_LIMIT_IO_WEIGHT:
                limits.io_weight = 100;
                break;
        case INBYE_LIMIT_CPUS:
                limits.cpus = first_cpu(cpu);
                break;
        default:
                break;
        }
        return limits;
}

/* A limit of a disk needs a disk: that the controller is there has to do. */
static int try_one(struct inbye_group *group, enum inbye_limit limit, struct inbye_error *reterr)
{
        struct inbye_limits limits;
        char cpu[12];

        if (limit == INBYE_LIMIT_IO_MAX)
                return limit_group_have(&group->limits, limit_controller(limit), reterr);
        limits = limits_of(limit, cpu);
        return limit_group_set(&group->limits, &limits, reterr);
}

static void note(struct inbye_host *host, struct inbye_group *group, enum inbye_limit limit)
{
        struct inbye_error *error = &host->limit_errors[limit];
        int r = try_one(group, limit, error);
        bool v2 = group->limits.on & limit_controller(limit);

        host->limits[limit] = (struct inbye_host_limit){
                .limit = limit,
                .name = inbye_limit_name(limit),
                .number = -r,
                .version = r < 0 ? 0
                           : v2  ? 2
                                 : 1,
                .reason = r < 0 && error->text[0] ? error->text : NULL,
                .hint = r < 0 && error->hint[0] ? error->hint : NULL,
        };
}

int inbye_host_try_limits(struct inbye_host *host, uint32_t group_flags, struct inbye_error *reterr)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_group *group = NULL;
        struct inbye_loop *loop;
        int r;

        if (!host)
                return -EINVAL;
        options.flags = group_flags;
        r = inbye_loop_open(&loop);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot make an event loop");
        r = inbye_group_open(loop, &options, &group, reterr);
        for (int i = 0; r == 0 && i < INBYE_LIMIT_N; i++)
                note(host, group, (enum inbye_limit)i);
        host->limits_tried |= r == 0;
        inbye_group_free(group);
        inbye_loop_free(loop);
        return r;
}

const struct inbye_host_limit *inbye_host_limit(const struct inbye_host *host, size_t index)
{
        return host->limits_tried && index < INBYE_LIMIT_N ? &host->limits[index] : NULL;
}
