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
        struct v1_leaf kept;
};

/* The lower quartile: where others want the processor too, most runs wait for it, in a leaf longer than not.
 */
static double quartile_of(void (*run)(struct sides *sides), struct sides *sides)
{
        struct samples samples = { 0 };
        double since, quartile;

        run(sides);
        for (int i = 0; i < N_PER_ROUND; i++) {
                since = now();
                run(sides);
                samples_add(&samples, (now() - since) * 1e6);
        }
        quartile = samples_quantile(&samples, 0.25);
        samples_free(&samples);
        return quartile;
}

static void limited(struct sides *sides)
{
        host_run(&sides->limited, sides->limited_command);
}

static void unlimited(struct sides *sides)
{
        host_run(&sides->free, sides->free_command);
}

static void bare_limited(struct sides *sides)
{
        struct v1_leaf leaf;

        (void)sides;
        v1_leaf_open(&leaf);
        v1_leaf_run(&leaf, program);
        v1_leaf_close(&leaf);
}

static void bare_entered(struct sides *sides)
{
        v1_leaf_run(&sides->kept, program);
}

static void bare_unlimited(struct sides *sides)
{
        (void)sides;
        (void)finish(start(&(struct start){ .argv = program, .in_fd = -1, .out_fd = -1, .procs_fd = -1 }));
}

/* What the second adds to the first. */
struct addition {
        struct sides *sides;
        void (*with)(struct sides *sides);
        void (*without)(struct sides *sides);
};

static double run_with(void *userdata)
{
        const struct addition *addition = userdata;

        return quartile_of(addition->with, addition->sides);
}

static double run_without(void *userdata)
{
        const struct addition *addition = userdata;

        return quartile_of(addition->without, addition->sides);
}

static struct outcome compare(const struct bench *bench, struct addition addition)
{
        return contest_run(&(struct contest){ .ours = run_with,
                .theirs = run_without,
                .userdata = &addition,
                .n_rounds = bench->quick ? 15 : 75 });
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

static double added(const struct bench *bench, struct addition addition)
{
        struct outcome outcome = compare(bench, addition);

        return outcome.ours - outcome.theirs;
}

/* By bare system calls, where the controllers are in v1: with leaves made for each run, and with leaves that
 * are only entered, which nobody can do for less. */
static void hold_against_bare(const struct bench *bench, struct sides *sides, double ours)
{
        double made, entered;

        made = added(bench, (struct addition){ sides, bare_limited, bare_unlimited });
        v1_leaf_open(&sides->kept);
        entered = added(bench, (struct addition){ sides, bare_entered, bare_unlimited });
        v1_leaf_close(&sides->kept);
        row_print(&(struct row){ .what = "the same, by bare calls that make a leaf each time",
                .unit = "us",
                .ours = ours,
                .theirs = made,
                .ratio = ours / made,
                .wish = AT_MOST,
                .wanted = 1 });
        row_print(&(struct row){ .what = "the same, by bare calls that enter one that is there",
                .unit = "us",
                .ours = ours,
                .theirs = entered,
                .ratio = ours / entered,
                .wish = WITHOUT_WISH });
}

void bench_limits(const struct bench *bench)
{
        struct sides sides = { .limited_command = limited_command(), .free_command = command_of(program) };
        struct outcome outcome;
        double ours;

        /* A leaf has the weight that it has, however high in rank its members are among themselves. */
        (void)setpriority(PRIO_PROCESS, 0, 0);
        host_open(&sides.limited);
        host_open(&sides.free);
        if (is_had(&sides)) {
                outcome = compare(bench, (struct addition){ &sides, limited, unlimited });
                ours = outcome.ours - outcome.theirs;
                row_print(&(struct row){ .what = "limits of memory, tasks and CPU, added to one run",
                        .unit = "us",
                        .ours = ours,
                        .wish = AT_MOST,
                        .wanted = WANTED_US });
                /* Where everything is slow, as in an emulated guest, the ratio still says something. */
                row_print(&(struct row){ .what = "one run with them, against one without",
                        .unit = "us",
                        .ours = outcome.ours,
                        .theirs = outcome.theirs,
                        .ratio = outcome.ratio,
                        .wish = WITHOUT_WISH });
                if (v1_base_open())
                        hold_against_bare(bench, &sides, ours);
                v1_base_close();
        }
        host_close(&sides.limited);
        host_close(&sides.free);
        inbye_command_unref(sides.limited_command);
        inbye_command_unref(sides.free_command);
}
