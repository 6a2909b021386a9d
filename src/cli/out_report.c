/* SPDX-License-Identifier: MIT */
/*
 * What a batch says of its jobs: a line for each that did not go well, and the sum at the end, as a table for
 * people and as JSON for scripts.
 */
#include "base/json.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/out.h"
#include <inttypes.h>

/* A command is shown up to here: it is there to be recognised. */
#define COMMAND_BYTES 160
#define ID_BYTES 80

void out_report_name(struct buf *line, uint64_t number, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);
        char shown[ID_BYTES + 1];

        buf_printf(line, "job %" PRIu64, number);
        if (!id)
                return;
        str_clean(id, shown, sizeof(shown));
        buf_printf(line, " (%s)", shown);
}

void out_report_command(struct buf *line, const struct inbye_command *command)
{
        struct buf words = BUF_INIT;

        for (const char *const *word = inbye_command_argv(command); *word && words.n <= COMMAND_BYTES;
                word++) {
                if (words.n)
                        buf_append_char(&words, ' ');
                str_quote(&words, *word);
        }
        if (words.n > COMMAND_BYTES) {
                buf_append(line, words.data, COMMAND_BYTES - 3);
                buf_append_str(line, "...");
        } else if (words.n) {
                buf_append(line, words.data, words.n);
        }
        buf_deinit(&words);
}

static void append_seconds(struct buf *line, uint64_t ns)
{
        uint64_t ms = ns / INBYE_MILLISECOND;

        buf_printf(line, "%" PRIu64 ".%02" PRIu64 " s", ms / 1000, ms % 1000 / 10);
}

static void append_end(struct buf *line, const struct inbye_result *result)
{
        const struct inbye_error *error = inbye_result_error(result);

        if (error && error->text[0]) {
                buf_printf(line, ": %s%s%s", error->text, error->hint[0] ? "; " : "", error->hint);
                return;
        }
        if (inbye_result_pid(result) <= 0)
                return;
        if (inbye_result_signal(result))
                buf_printf(line, ", SIG%s%s", signal_name(inbye_result_signal(result)),
                        inbye_result_core_dumped(result) ? " (core dumped)" : "");
        else if (inbye_result_code(result) >= 0)
                buf_printf(line, ", exit %d", inbye_result_code(result));
        buf_append_str(line, " after ");
        append_seconds(line, inbye_result_duration_ns(result));
}

typedef const struct inbye_leftover *(*leftover_fn)(const struct inbye_result *result, size_t index);

static void append_processes(
        struct buf *line, const char *what, const struct inbye_result *result, uint64_t n, leftover_fn get)
{
        const struct inbye_leftover *one;
        bool stuck = false;

        if (n == 0 || n == INBYE_UNKNOWN)
                return;
        buf_printf(line, "; %s: %" PRIu64 " (", what, n);
        for (size_t i = 0; i < 3 && (one = get(result, i)); i++)
                buf_printf(line, "%s%s %d", i ? ", " : "", one->name[0] ? one->name : "?", (int)one->pid);
        for (size_t i = 0; (one = get(result, i)); i++)
                stuck |= one->unkillable;
        buf_printf(line, "%s), %s", n > 3 ? ", ..." : "", stuck ? "not all could be ended" : "ended");
}

static bool left_nobody(const struct inbye_result *result)
{
        uint64_t n_escaped = inbye_result_n_escaped(result);

        return !inbye_result_n_leftovers(result) && (n_escaped == 0 || n_escaped == INBYE_UNKNOWN);
}

static void append_cut(
        struct buf *line, const struct inbye_result *result, enum inbye_stream stream, const char *name)
{
        size_t n_kept;

        if (!inbye_result_truncated(result, stream))
                return;
        inbye_result_output(result, stream, &n_kept);
        buf_printf(line, "; %s: %" PRIu64 " bytes left out after the first %zu", name,
                inbye_result_bytes_seen(result, stream) - n_kept, inbye_result_gap(result, stream));
}

static bool is_truncated(const struct inbye_result *result)
{
        return inbye_result_truncated(result, INBYE_STDOUT) || inbye_result_truncated(result, INBYE_STDERR);
}

/* With capture-keep=fail the cut is the status of the job, not a loss behind its back. */
bool out_report_is_cut(const struct inbye_result *result)
{
        return is_truncated(result) && inbye_result_status(result) != INBYE_OUTPUT_LIMIT;
}

void out_report_cut(struct buf *text, const struct out_summary *summary)
{
        if (summary->n_cut > 0)
                buf_printf(text,
                        "inbye: the output of %" PRIu64 " job%s was cut to fit; raise --capture-limit\n",
                        summary->n_cut, summary->n_cut == 1 ? "" : "s");
}

void out_report_outcome(struct buf *line, const struct inbye_result *result)
{
        buf_append_str(line, inbye_status_name(inbye_result_status(result)));
        if (inbye_result_attempts(result) > 1)
                buf_printf(line, ", attempt %" PRIu32, inbye_result_attempts(result));
        append_end(line, result);
        append_processes(line, "left over", result, inbye_result_n_leftovers(result), inbye_result_leftover);
        append_processes(line, "escaped", result, inbye_result_n_escaped(result), inbye_result_escaped);
}

bool out_report_job(struct buf *line, uint64_t number, const struct inbye_result *result, bool is_shown_whole)
{
        const struct inbye_command *command = inbye_result_command(result);

        if (inbye_result_attempts(result) == 0)
                return false; /* it did nothing wrong; the summary counts it */
        if (inbye_result_status(result) == INBYE_OK && left_nobody(result) &&
                (is_shown_whole || !is_truncated(result)))
                return false;
        out_report_name(line, number, command);
        buf_append_str(line, ": ");
        out_report_outcome(line, result);
        if (!is_shown_whole) {
                append_cut(line, result, INBYE_STDOUT, "stdout");
                append_cut(line, result, INBYE_STDERR, "stderr");
        }
        buf_append_str(line, ": ");
        out_report_command(line, command);
        return true;
}

static void append_row(struct buf *text, const char *name, uint64_t n, const char *note)
{
        if (n == INBYE_UNKNOWN)
                buf_printf(text, "  %-14s %8s%s\n", name, "unknown", note);
        else if (n > 0)
                buf_printf(text, "  %-14s %8" PRIu64 "%s\n", name, n, note);
}

static const char *const cause_names[] = {
        [INBYE_BATCH_RAN_OUT] = NULL,
        [INBYE_BATCH_STOPPED] = "stopped",
        [INBYE_BATCH_CANCELLED] = "cancelled",
        [INBYE_BATCH_HALTED] = "halted",
        [INBYE_BATCH_DEADLINE] = "deadline",
};

void out_report_table(struct buf *text, const struct out_summary *summary)
{
        uint64_t n = summary->counts.submitted - summary->counts.not_started;

        buf_printf(text, "inbye: %" PRIu64 " job%s in ", n, n == 1 ? "" : "s");
        append_seconds(text, summary->duration_ns);
        if (summary->mechanism)
                buf_printf(text, ", held by %s", summary->mechanism);
        if (summary->signal)
                buf_printf(text, ", ended by SIG%s", signal_name(summary->signal));
        else if (summary->counts.cause != INBYE_BATCH_RAN_OUT)
                buf_printf(text, ", %s", cause_names[summary->counts.cause]);
        buf_append_char(text, '\n');
        for (int status = 0; status < INBYE_STATUS_N; status++)
                append_row(text, inbye_status_name((enum inbye_status)status),
                        summary->counts.by_status[status], "");
        append_row(text, "retries", summary->counts.retries, "");
        append_row(text, "ended earlier", summary->n_passed, "");
        append_row(text, "not started", summary->not_started, "");
        append_row(text, "invalid lines", summary->skipped, "");
        append_row(text, "left over", summary->counts.leftovers, " (processes, ended)");
        append_row(text, "escaped", summary->counts.escaped, " (processes, found and ended)");
}

void out_report_json(struct buf *line, const struct out_summary *summary)
{
        struct json json;

        json_init(&json, line);
        json_object_begin(&json);
        json_key(&json, "jobs");
        json_unsigned(&json, summary->counts.submitted - summary->counts.not_started);
        json_key(&json, "by_status");
        json_object_begin(&json);
        for (int status = 0; status < INBYE_STATUS_N; status++) {
                json_key(&json, inbye_status_name((enum inbye_status)status));
                json_unsigned(&json, summary->counts.by_status[status]);
        }
        json_object_end(&json);
        json_key(&json, "not_started");
        json_known(&json, summary->not_started);
        json_key(&json, "skipped");
        json_unsigned(&json, summary->skipped);
        json_key(&json, "ended_earlier");
        json_unsigned(&json, summary->n_passed);
        json_key(&json, "retries");
        json_unsigned(&json, summary->counts.retries);
        json_key(&json, "cause");
        json_text(&json, cause_names[summary->counts.cause]);
        json_key(&json, "leftovers");
        json_unsigned(&json, summary->counts.leftovers);
        json_key(&json, "escaped");
        json_unsigned(&json, summary->counts.escaped);
        json_key(&json, "duration");
        json_seconds(&json, summary->duration_ns);
        json_key(&json, "mechanism");
        json_text(&json, summary->mechanism);
        json_key(&json, "signal");
        json_text(&json, summary->signal ? signal_name(summary->signal) : NULL);
        json_object_end(&json);
}
