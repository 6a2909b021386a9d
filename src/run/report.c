/* SPDX-License-Identifier: MIT */
/*
 * A result as one line of JSON. The keys are those of inbye-report(5) and stay.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "run/run.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void write_bytes_key(struct json *json, const char *key, const char *text)
{
        json_key(json, key);
        if (text)
                json_bytes(json, text, strlen(text));
        else
                json_none(json);
}

static void write_number(struct json *json, const char *key, uint64_t number)
{
        json_key(json, key);
        json_known(json, number);
}

static void write_flag(struct json *json, const char *key, bool yes)
{
        json_key(json, key);
        json_bool(json, yes);
}

static void write_seconds(struct json *json, const char *key, uint64_t us)
{
        json_key(json, key);
        if (us == INBYE_UNKNOWN)
                json_none(json);
        else
                json_seconds(json, us * 1000);
}

static void write_command(struct json *json, const struct inbye_result *result)
{
        write_bytes_key(json, "id", result->command->id);
        json_key(json, "argv");
        json_array_begin(json);
        for (char **arg = result->command->argv; *arg; arg++)
                json_bytes(json, *arg, strlen(*arg));
        json_array_end(json);
}

static void write_outcome(struct json *json, const struct inbye_result *result)
{
        char start[CLOCK_TEXT_SIZE];

        json_key(json, "status");
        json_text(json, inbye_status_name(result->status));
        json_key(json, "code");
        if (result->code < 0)
                json_none(json);
        else
                json_signed(json, result->code);
        json_key(json, "signal");
        json_text(json, result->signal ? signal_name(result->signal) : NULL);
        write_flag(json, "core_dumped", result->core_dumped);
        write_number(json, "attempts", result->n_attempts);
        json_key(json, "pid");
        if (result->pid > 0)
                json_signed(json, result->pid);
        else
                json_none(json);
        json_key(json, "start");
        clock_format_wall(result->wall_ns, start);
        json_text(json, result->wall_ns ? start : NULL);
        json_key(json, "duration");
        json_seconds(json, result->wall_ns ? result->duration_ns : INBYE_UNKNOWN); /* unknown: null */
}

static void write_stream(
        struct json *json, const char *key, const struct result_stream *stream, uint32_t flags)
{
        json_key(json, key);
        if (!stream->captured) {
                json_none(json);
                return;
        }
        json_object_begin(json);
        write_number(json, "bytes", stream->n_seen);
        write_flag(json, "truncated", stream->truncated);
        if (stream->tee_error)
                write_bytes_key(json, "tee_error", strerror(stream->tee_error));
        if (stream->error)
                write_bytes_key(json, "error", strerror(stream->error));
        if (!(flags & INBYE_JSON_NO_OUTPUT)) {
                write_number(json, "gap", stream->truncated ? stream->kept.gap : INBYE_UNKNOWN);
                json_key(json, "data");
                json_bytes(json, stream->kept.data ? stream->kept.data : "", stream->kept.n);
        }
        json_object_end(json);
}

/* The path that a stream went to. */
static void write_file(
        struct json *json, const char *key, const struct inbye_result *result, enum inbye_stream stream)
{
        const struct command_output *output = &result->command->output[stream == INBYE_STDERR];

        if (output->kind == OUTPUT_FILE)
                write_bytes_key(json, key, output->path);
}

static void write_usage(struct json *json, const struct inbye_usage *usage)
{
        json_key(json, "usage");
        json_object_begin(json);
        write_seconds(json, "cpu_user", usage->cpu_user_us);
        write_seconds(json, "cpu_system", usage->cpu_system_us);
        write_bytes_key(json, "cpu_source", usage->cpu_source);
        write_number(json, "peak_memory", usage->peak_memory_bytes);
        write_bytes_key(json, "memory_source", usage->memory_source);
        write_number(json, "peak_processes", usage->peak_processes);
        write_number(json, "io_read", usage->io_read_bytes);
        write_number(json, "io_written", usage->io_written_bytes);
        write_seconds(json, "cpu_stall", usage->cpu_stall_us);
        write_seconds(json, "memory_stall", usage->memory_stall_us);
        write_seconds(json, "io_stall", usage->io_stall_us);
        json_object_end(json);
}

/* Those that there were, by name. */
static void write_limits(struct json *json, const struct inbye_result *result)
{
        json_key(json, "limits");
        json_object_begin(json);
        for (int i = 0; i < INBYE_LIMIT_N; i++)
                if (result->verdicts.of[i] != INBYE_VERDICT_NONE) {
                        json_key(json, inbye_limit_name((enum inbye_limit)i));
                        json_text(json, inbye_verdict_name(result->verdicts.of[i]));
                }
        json_object_end(json);
        json_key(json, "oom");
        json_text(json, inbye_result_oom(result));
}

static void write_held(struct json *json, uint32_t held)
{
        json_key(json, "held");
        json_array_begin(json);
        if (held & INBYE_STDOUT)
                json_text(json, "stdout");
        if (held & INBYE_STDERR)
                json_text(json, "stderr");
        json_array_end(json);
}

static void write_leftover(struct json *json, const struct inbye_leftover *leftover)
{
        char state[2] = { leftover->state, '\0' };

        json_object_begin(json);
        json_key(json, "pid");
        json_signed(json, leftover->pid);
        write_bytes_key(json, "name", leftover->name);
        write_seconds(
                json, "age", leftover->age_ns == INBYE_UNKNOWN ? INBYE_UNKNOWN : leftover->age_ns / 1000);
        json_key(json, "state");
        json_text(json, state);
        write_held(json, leftover->held);
        write_flag(json, "unkillable", leftover->unkillable);
        json_object_end(json);
}

static void write_list(struct json *json, const char *key, const struct leftover *list, size_t n)
{
        json_key(json, key);
        json_array_begin(json);
        for (size_t i = 0; i < n; i++)
                write_leftover(json, &list[i].public);
        json_array_end(json);
}

static void write_leftovers(struct json *json, const struct inbye_result *result)
{
        write_number(json, "n_leftovers", result->n_leftovers);
        write_list(json, "leftovers", result->leftovers, result->n_leftovers_known);
        write_number(json, "n_escaped", result->n_escaped);
        write_list(json, "escaped", result->escaped, result->n_escaped_known);
}

static void write_denial(struct json *json, const struct inbye_denial *denial)
{
        json_object_begin(json);
        json_key(json, "call");
        json_text(json, denial->call);
        json_key(json, "number");
        json_signed(json, denial->number);
        write_number(json, "machine", denial->machine);
        json_key(json, "arguments");
        json_array_begin(json);
        for (size_t i = 0; i < ARRAY_SIZE(denial->arguments); i++)
                json_unsigned(json, denial->arguments[i]);
        json_array_end(json);
        write_number(json, "errno", (uint64_t)denial->error);
        write_flag(json, "done", denial->done);
        write_number(json, "times", denial->n_times);
        write_bytes_key(json, "rule", denial->rule);
        write_bytes_key(json, "program", denial->program);
        json_object_end(json);
}

static void write_denials(struct json *json, const struct inbye_result *result)
{
        const struct inbye_denial *denial;

        write_number(json, "n_denials", inbye_result_n_denials(result));
        json_key(json, "denials");
        json_array_begin(json);
        for (size_t i = 0; (denial = inbye_result_denial(result, i)); i++)
                write_denial(json, denial);
        json_array_end(json);
}

static void write_error(struct json *json, const struct inbye_error *error)
{
        json_key(json, "error");
        if (!error) {
                json_none(json);
                return;
        }
        json_object_begin(json);
        write_bytes_key(json, "stage", inbye_stage_name(error->stage));
        write_number(json, "errno", (uint64_t)error->number);
        write_bytes_key(json, "text", error->text);
        write_bytes_key(json, "hint", error->hint[0] ? error->hint : NULL);
        json_object_end(json);
}

static void write_skips(struct json *json, const struct inbye_result *result)
{
        const char *part, *reason;

        json_key(json, "sandbox_skipped");
        json_array_begin(json);
        for (size_t i = 0; (part = inbye_result_sandbox_skipped(result, i, &reason)); i++) {
                json_object_begin(json);
                write_bytes_key(json, "part", part);
                write_bytes_key(json, "reason", reason);
                json_object_end(json);
        }
        json_array_end(json);
}

static void write_mechanism(struct json *json, const struct inbye_result *result)
{
        const char *name, *reason;

        write_bytes_key(json, "mechanism", inbye_result_mechanism(result));
        write_bytes_key(json, "cannot", inbye_result_cannot(result));
        write_bytes_key(json, "on_owner_death", inbye_result_on_owner_death(result));
        json_key(json, "passed_over");
        json_array_begin(json);
        for (size_t i = 0; (name = inbye_result_passed_over(result, i, &reason)); i++) {
                json_object_begin(json);
                write_bytes_key(json, "mechanism", name);
                write_bytes_key(json, "reason", reason);
                json_object_end(json);
        }
        json_array_end(json);
}

int inbye_result_json(const struct inbye_result *result, uint32_t flags, char **ret_json, size_t *ret_n_bytes)
{
        struct buf out = BUF_INIT;
        struct json json;
        size_t n;
        int r;

        if (!result || !ret_json || flags & ~INBYE_JSON_NO_OUTPUT)
                return -EINVAL;
        json_init(&json, &out);
        json_object_begin(&json);
        write_number(&json, "version", 1);
        write_command(&json, result);
        write_outcome(&json, result);
        write_stream(&json, "stdout", &result->streams[0], flags);
        write_stream(&json, "stderr", &result->streams[1], flags);
        write_file(&json, "stdout_file", result, INBYE_STDOUT);
        write_file(&json, "stderr_file", result, INBYE_STDERR);
        write_usage(&json, &result->usage);
        write_limits(&json, result);
        write_mechanism(&json, result);
        write_skips(&json, result);
        write_leftovers(&json, result);
        write_denials(&json, result);
        write_error(&json, result->error);
        json_object_end(&json);
        r = buf_steal(&out, ret_json, &n);
        buf_deinit(&out);
        if (r == 0 && ret_n_bytes)
                *ret_n_bytes = n;
        return r;
}
