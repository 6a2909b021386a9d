/* SPDX-License-Identifier: MIT */
/*
 * run --summary: one line for people, in a fixed order, with "unknown" for what could not be read.
 *
 *   inbye: ok in 1.204 s; CPU 0.310 s user, 0.020 s system; peak memory 12.4M; peak tasks 5; I/O 0 read, 4K
 * written
 */
#include "cli/summary.h"
#include <inttypes.h>
#include <string.h>

static void append_seconds(struct buf *line, uint64_t us)
{
        if (us == INBYE_UNKNOWN)
                buf_append_str(line, "unknown");
        else
                buf_printf(line, "%" PRIu64 ".%03" PRIu64 " s", us / 1000000, us / 1000 % 1000);
}

static void append_number(struct buf *line, uint64_t n)
{
        if (n == INBYE_UNKNOWN)
                buf_append_str(line, "unknown");
        else
                buf_printf(line, "%" PRIu64, n);
}

/* "123", "4.0K", "64.0M": as ls -h has it. */
static void append_bytes(struct buf *line, uint64_t n)
{
        static const char units[] = "KMGTPE";
        uint64_t tenths = n;
        int unit = -1;

        if (n == INBYE_UNKNOWN || n < 1024) {
                append_number(line, n);
                return;
        }
        for (; n >= 1024; n /= 1024) {
                tenths = n * 10 / 1024;
                unit++;
        }
        buf_printf(line, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
}

static void append_usage(struct buf *line, const struct inbye_usage *usage)
{
        buf_append_str(line, "; CPU ");
        append_seconds(line, usage->cpu_user_us);
        buf_append_str(line, " user, ");
        append_seconds(line, usage->cpu_system_us);
        buf_append_str(line, " system; peak memory ");
        append_bytes(line, usage->peak_memory_bytes);
        if (strcmp(usage->memory_source, "rusage") == 0)
                buf_append_str(line, " (of its largest process)");
        buf_append_str(line, "; peak tasks ");
        append_number(line, usage->peak_processes);
        buf_append_str(line, "; I/O ");
        append_bytes(line, usage->io_read_bytes);
        buf_append_str(line, " read, ");
        append_bytes(line, usage->io_written_bytes);
        buf_append_str(line, " written");
}

static void append_limits(struct buf *line, const struct inbye_result *result)
{
        const char *before = "; met its limit of ";

        for (int i = 0; i < INBYE_LIMIT_N; i++)
                if (inbye_result_verdict(result, (enum inbye_limit)i) == INBYE_VERDICT_TRIPPED) {
                        buf_printf(line, "%s%s", before, inbye_limit_name((enum inbye_limit)i));
                        before = ", ";
                }
}

void summary_say(const struct inbye_result *result)
{
        struct inbye_usage usage = { .size = sizeof(usage) };
        struct buf line = BUF_INIT;

        if (inbye_result_usage(result, &usage) < 0)
                return;
        buf_printf(&line, "%s in ", inbye_status_name(inbye_result_status(result)));
        append_seconds(&line, inbye_result_duration_ns(result) / 1000);
        append_usage(&line, &usage);
        append_limits(&line, result);
        if (!line.failed)
                cli_say("%s", line.data);
        buf_deinit(&line);
}
