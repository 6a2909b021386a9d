/* SPDX-License-Identifier: MIT */
/*
 * What limits of memory, tasks and CPU add to one command: the same in a group whose leaves have controllers
 * and in one whose leaves have none. It is a difference that is asked for, not a ratio: how long the command
 * itself takes does not matter.
 */
#include "bench.h"
#include <inbye/inbye.h>
#include <stdio.h>
#include <sys/resource.h>

#define N_PER_ROUND 20
#define WANTED_US 100

static const char *const program[] = { "/bin/true", NULL };

struct sides {
        struct host limited, free;
        struct inbye_command *limited_command, *free_command;
};

/* The lower quartile: where others want the processor too, most runs wait for it, in a leaf longer than not.
 */
static double measure(struct host *host, struct inbye_command *command)
{
        struct samples samples = { 0 };
        double since, quartile;

        host_run(host, command);
        for (int i = 0; i < N_PER_ROUND; i++) {
                since = now();
                host_run(host, command);
                samples_add(&samples, (now() - since) * 1e6);
        }
        quartile = samples_quantile(&samples, 0.25);
        samples_free(&samples);
        return quartile;
}

static double run_limited(void *userdata)
{
        struct sides *sides = userdata;

        return measure(&sides->limited, sides->limited_command);
}

static double run_free(void *userdata)
{
        struct sides *sides = userdata;

        return measure(&sides->free, sides->free_command);
}

static struct inbye_command *limited_command(void)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_command *command = command_of(program);

        limits.memory_bytes = (uint64_t)1 << 30;
        limits.tasks = 64;
        limits.cpu_us_per_s = 1000000;
        if (inbye_command_set_limits(command, &limits) < 0)
                die("cannot set limits");
        return command;
}

/* Where a limit cannot be had there is nothing to measure. */
static bool is_had(struct sides *sides)
{
        struct inbye_process *process = NULL;
        struct inbye_error error;

        if (inbye_group_spawn(sides->limited.group, sides->limited_command, &process, &error) < 0) {
                printf("limits: not measured: %s\n", error.text);
                return false;
        }
        if (inbye_process_wait(process, INBYE_FOREVER, NULL) < 0)
                die("cannot wait");
        inbye_process_free(process);
        return true;
}

void bench_limits(const struct bench *bench)
{
        struct sides sides = { .limited_command = limited_command(), .free_command = command_of(program) };
        struct contest contest = { .ours = run_limited,
                .theirs = run_free,
                .userdata = &sides,
                .n_rounds = bench->quick ? 15 : 75 };
        struct outcome outcome;

        /* A leaf has the weight that it has, however high in rank its members are among themselves. */
        (void)setpriority(PRIO_PROCESS, 0, 0);
        host_open(&sides.limited);
        host_open(&sides.free);
        if (is_had(&sides)) {
                outcome = contest_run(&contest);
                row_print(&(struct row){ .what = "limits of memory, tasks and CPU, added to one run",
                        .unit = "us",
                        .ours = outcome.ours - outcome.theirs,
                        .wish = AT_MOST,
                        .wanted = WANTED_US });
                /* Where everything is slow, as in an emulated guest, the ratio still says something. */
                row_print(&(struct row){ .what = "one run with them, against one without",
                        .unit = "us",
                        .ours = outcome.ours,
                        .theirs = outcome.theirs,
                        .ratio = outcome.ratio,
                        .wish = WITHOUT_WISH });
        }
        host_close(&sides.limited);
        host_close(&sides.free);
        inbye_command_unref(sides.limited_command);
        inbye_command_unref(sides.free_command);
}
