/* SPDX-License-Identifier: MIT */
/*
 * What v2 directories tell of a tree: what it used, and which limit it met.
 *
 * Everything is read when the tree is empty and before its leaf is removed; counters outlive the members.
 *
 * Who is to blame for the OOM killer is told by the .local files alone: memory.events counts what happened
 * below too, and its oom_kill also what a limit above, or the whole host, brought about. So: kills here and
 * an own `oom` is the command's limit; none here but one in the group's directory since we began is the
 * group's; an `oom` below is a limit that the command set itself in a cgroup it made; anything else is from
 * outside.
 */
#include "limit/account.h"
#include "base/fd.h"
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE 1024
#define LIMIT_COUNTS_UNKNOWN                                                                                 \
        ((struct limit_counts){ INBYE_UNKNOWN, INBYE_UNKNOWN, INBYE_UNKNOWN, INBYE_UNKNOWN, INBYE_UNKNOWN })

/* The number behind a key at the start of a line. UINT64_MAX: it is not there. */
static uint64_t find_number(const char *text, const char *key)
{
        size_t n = strlen(key);

        for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0)
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return strtoull(line + n + 1, NULL, 10);
        return INBYE_UNKNOWN;
}

static uint64_t read_key(int dir_fd, const char *file, const char *key)
{
        char text[FILE_SIZE];

        return fd_read_file_at(dir_fd, file, text, sizeof(text)) < 0 ? INBYE_UNKNOWN : find_number(text, key);
}

/* As it counts without what is below it, where the kernel tells that apart. Most often there is nothing to
 * tell apart: what did not happen below and here did not happen here. */
static uint64_t count_own(int dir_fd, const char *local, const char *file, const char *key)
{
        uint64_t n = read_key(dir_fd, file, key), own;

        if (n == 0)
                return 0;
        own = read_key(dir_fd, local, key);
        return own == INBYE_UNKNOWN ? n : own;
}

static void count_oom(int dir_fd, struct limit_counts *ret)
{
        char text[FILE_SIZE];

        if (fd_read_file_at(dir_fd, "memory.events", text, sizeof(text)) < 0)
                return;
        ret->oom_kill = find_number(text, "oom_kill");
        ret->oom = find_number(text, "oom");
        if (ret->oom != 0)
                ret->oom = read_key(dir_fd, "memory.events.local", "oom");
}

static bool is_asked(const struct inbye_limits *limits, enum inbye_limit limit)
{
        return !limits || limits_has(limits, limit);
}

/* Each file that is read costs some microseconds, of every command: so only what somebody asks for. */
void account_counts(
        int dir_fd, uint32_t controllers, const struct inbye_limits *limits, struct limit_counts *ret)
{
        *ret = LIMIT_COUNTS_UNKNOWN;
        if (controllers & CONTROLLER_MEMORY)
                count_oom(dir_fd, ret);
        if (is_asked(limits, INBYE_LIMIT_SWAP))
                ret->swap_max = read_key(dir_fd, "memory.swap.events", "max");
        if (is_asked(limits, INBYE_LIMIT_TASKS))
                ret->tasks_max = count_own(dir_fd, "pids.events.local", "pids.events", "max");
        if (is_asked(limits, INBYE_LIMIT_CPU))
                ret->throttled = read_key(dir_fd, "cpu.stat", "nr_throttled");
}

bool account_met_memory(int dir_fd)
{
        uint64_t n = read_key(dir_fd, "memory.events.local", "max");

        return n != INBYE_UNKNOWN && n > 0;
}

/* --- use --------------------------------------------------------------------------------------------------
 */

static bool read_number(int dir_fd, const char *file, uint64_t *ret)
{
        char text[32];

        if (fd_read_file_at(dir_fd, file, text, sizeof(text)) <= 0)
                return false;
        *ret = strtoull(text, NULL, 10);
        return true;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" */
static void read_stall(int dir_fd, const char *file, uint64_t *ret)
{
        char text[FILE_SIZE];
        const char *total;

        if (fd_read_file_at(dir_fd, file, text, sizeof(text)) < 0)
                return;
        total = strstr(text, "total=");
        if (total)
                *ret = strtoull(total + strlen("total="), NULL, 10);
}

static uint64_t sum_of(const char *text, const char *key)
{
        uint64_t sum = 0;

        while ((text = strstr(text, key))) {
                text += strlen(key);
                sum += strtoull(text, NULL, 10);
        }
        return sum;
}

/* A line for each device: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6". */
static void read_io(int dir_fd, struct inbye_usage *usage)
{
        char text[4 * FILE_SIZE];

        if (fd_read_file_at(dir_fd, "io.stat", text, sizeof(text)) < 0)
                return;
        usage->io_read_bytes = sum_of(text, "rbytes=");
        usage->io_written_bytes = sum_of(text, "wbytes=");
}

void account_usage(int dir_fd, uint32_t controllers, struct inbye_usage *usage)
{
        if (controllers & CONTROLLER_MEMORY && read_number(dir_fd, "memory.peak", &usage->peak_memory_bytes))
                usage->memory_source = "cgroup";
        if (controllers & CONTROLLER_PIDS)
                read_number(dir_fd, "pids.peak", &usage->peak_processes);
        if (controllers & CONTROLLER_IO)
                read_io(dir_fd, usage);
        read_stall(dir_fd, "cpu.pressure", &usage->cpu_stall_us);
        read_stall(dir_fd, "memory.pressure", &usage->memory_stall_us);
        read_stall(dir_fd, "io.pressure", &usage->io_stall_us);
}

/* --- verdicts ---------------------------------------------------------------------------------------------
 */

static enum inbye_verdict verdict_of(uint64_t count)
{
        if (count == INBYE_UNKNOWN)
                return INBYE_VERDICT_UNKNOWN;
        return count > 0 ? INBYE_VERDICT_TRIPPED : INBYE_VERDICT_NOT_TRIPPED;
}

/* A limit of the command and one of the group: what either met counts, and then what is not known. */
static enum inbye_verdict stronger(enum inbye_verdict a, enum inbye_verdict b)
{
        if (a == INBYE_VERDICT_TRIPPED || b == INBYE_VERDICT_TRIPPED)
                return INBYE_VERDICT_TRIPPED;
        return a > b ? a : b;
}

static void judge_one(
        const struct inbye_limits *limits, const struct limit_counts *counts, struct limit_verdicts *ret)
{
        const struct {
                enum inbye_limit limit;
                uint64_t count;
        } counted[] = {
                { INBYE_LIMIT_MEMORY, counts->oom },
                { INBYE_LIMIT_SWAP, counts->swap_max },
                { INBYE_LIMIT_TASKS, counts->tasks_max },
                { INBYE_LIMIT_CPU, counts->throttled },
                { INBYE_LIMIT_IO_MAX, INBYE_UNKNOWN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
                if (limits_has(limits, counted[i].limit))
                        ret->of[counted[i].limit] =
                                stronger(ret->of[counted[i].limit], verdict_of(counted[i].count));
}

static uint64_t since(uint64_t now, uint64_t before)
{
        return now == INBYE_UNKNOWN || before == INBYE_UNKNOWN ? INBYE_UNKNOWN : now - before;
}

static void counts_since(struct limit_counts *counts, const struct limit_counts *before)
{
        counts->oom = since(counts->oom, before->oom);
        counts->oom_kill = since(counts->oom_kill, before->oom_kill);
        counts->tasks_max = since(counts->tasks_max, before->tasks_max);
        counts->swap_max = since(counts->swap_max, before->swap_max);
        counts->throttled = since(counts->throttled, before->throttled);
}

static bool is_some(uint64_t count)
{
        return count != INBYE_UNKNOWN && count > 0;
}

static enum limit_oom blame(
        const struct limit_tree *tree, const struct limit_counts *own, const struct limit_counts *group)
{
        if (!is_some(own->oom_kill))
                return LIMIT_OOM_NONE;
        if (is_some(own->oom))
                return LIMIT_OOM_COMMAND;
        if (is_some(group->oom))
                return LIMIT_OOM_GROUP;
        return is_some(read_key(tree->dir_fd, "memory.events", "oom")) ? LIMIT_OOM_INSIDE : LIMIT_OOM_OUTSIDE;
}

void account_judge(const struct limit_tree *tree, struct limit_verdicts *ret)
{
        struct limit_counts own, group = { 0 };
        uint32_t controllers = tree->group->on;

        account_counts(tree->dir_fd, controllers, tree->limits, &own);
        if (tree->group_dir_fd >= 0) {
                account_counts(tree->group_dir_fd, controllers, NULL, &group);
                counts_since(&group, &tree->group_before);
                judge_one(&tree->group->limits, &group, ret);
        }
        judge_one(tree->limits, &own, ret);
        ret->oom = blame(tree, &own, &group);
}
