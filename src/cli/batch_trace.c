/* SPDX-License-Identifier: MIT */
/*
 * inbye batch --trace: what ran when, as trace events that Perfetto and chrome://tracing open.
 *
 * A lane per slot, one complete event per attempt, a counter of how many run. The file is an array, and it is
 * whole at every moment: each write begins on the closing bracket of the one before and brings its own. So
 * it can be opened while the batch runs, and after inbye was killed it holds every attempt that had ended
 * (should the kernel cut that very write short, the bracket is missing, which readers of the array form
 * accept). To keep the events until the end, or to end the file only there, was rejected: it is the batch
 * that was killed that people want to see.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/scope.h"
#include "cli/batch.h"
#include "cli/batch_lanes.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_BYTES 4096

static const char closing[] = "\n]\n";
#define N_CLOSING (sizeof(closing) - 1)

struct trace {
        const char *name; /* of the file, as the user called it */
        int fd;
        int failed; /* negative errno of the first thing that failed: nothing is written after it */
        off_t at;   /* where the closing bracket stands */
        bool has_event;
        struct buf pending; /* events that wait for the next write */
        struct lanes lanes;
        size_t n_named; /* lanes that have their name */
};

/* Events */

static void begin(struct trace *trace, struct json *json, const char *phase, const char *name)
{
        buf_append_str(&trace->pending, trace->has_event ? ",\n" : "\n");
        trace->has_event = true;
        json_init(json, &trace->pending);
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, name);
        json_key(json, "ph");
        json_text(json, phase);
        json_key(json, "pid");
        json_signed(json, getpid());
}

/* Microseconds, as the format wants them, without losing the nanoseconds. */
static void write_us(struct json *json, const char *key, uint64_t ns)
{
        json_key(json, key);
        json_unsigned(json, ns / 1000);
        if (ns % 1000)
                buf_printf(json->out, ".%03" PRIu64, ns % 1000);
}

static void write_lane(struct json *json, size_t slot)
{
        json_key(json, "tid");
        json_unsigned(json, slot + 1);
}

static void begin_args(struct json *json)
{
        json_key(json, "args");
        json_object_begin(json);
}

static void end_with_args(struct json *json)
{
        json_object_end(json);
        json_object_end(json);
}

static void add_process(struct trace *trace)
{
        struct json json;

        begin(trace, &json, "M", "process_name");
        begin_args(&json);
        json_key(&json, "name");
        json_text(&json, "inbye batch");
        end_with_args(&json);
}

static void add_lane(struct trace *trace, size_t slot)
{
        char name[32];
        struct json json;

        snprintf(name, sizeof(name), "slot %zu", slot + 1);
        begin(trace, &json, "M", "thread_name");
        write_lane(&json, slot);
        begin_args(&json);
        json_key(&json, "name");
        json_text(&json, name);
        end_with_args(&json);
        begin(trace, &json, "M", "thread_sort_index");
        write_lane(&json, slot);
        begin_args(&json);
        json_key(&json, "sort_index");
        json_unsigned(&json, slot + 1);
        end_with_args(&json);
}

static void add_counter(struct trace *trace)
{
        struct json json;

        begin(trace, &json, "C", "running");
        write_us(&json, "ts", lanes_now(&trace->lanes));
        begin_args(&json);
        json_key(&json, "jobs");
        json_unsigned(&json, trace->lanes.n_running);
        end_with_args(&json);
}

static void write_usage(struct json *json, const struct inbye_result *result)
{
        struct inbye_usage usage = { .size = sizeof(usage) };

        if (inbye_result_usage(result, &usage) < 0)
                return;
        json_key(json, "cpu_user_us");
        json_known(json, usage.cpu_user_us);
        json_key(json, "cpu_system_us");
        json_known(json, usage.cpu_system_us);
        json_key(json, "peak_memory_bytes");
        json_known(json, usage.peak_memory_bytes);
}

static void write_end(struct json *json, const struct inbye_result *result)
{
        json_key(json, "status");
        json_text(json, inbye_status_name(inbye_result_status(result)));
        json_key(json, "code");
        if (inbye_result_code(result) >= 0)
                json_signed(json, inbye_result_code(result));
        else
                json_none(json);
        json_key(json, "signal");
        json_text(json, inbye_result_signal(result) ? signal_name(inbye_result_signal(result)) : NULL);
}

static void write_args(struct json *json, const struct inbye_batch_attempt *attempt)
{
        const struct inbye_result *result = attempt->result;
        const struct inbye_command *command = attempt->command;
        scoped(freep) char *words = NULL;

        begin_args(json);
        json_key(json, "job");
        json_unsigned(json, attempt->index + 1);
        json_key(json, "attempt");
        json_unsigned(json, attempt->number);
        json_key(json, "id");
        json_text(json, inbye_command_id(command));
        json_key(json, "command");
        if (inbye_quote(inbye_command_argv(command), &words) < 0)
                json_none(json);
        else
                json_legible(json, words, strnlen(words, COMMAND_BYTES));
        write_end(json, result);
        write_usage(json, result);
        json_key(json, "stdout_bytes");
        json_unsigned(json, inbye_result_bytes_seen(result, INBYE_STDOUT));
        json_key(json, "stderr_bytes");
        json_unsigned(json, inbye_result_bytes_seen(result, INBYE_STDERR));
        end_with_args(json);
}

/* The id, else the command as far as it can be recognised. */
static void begin_job(
        struct trace *trace, struct json *json, const char *phase, const struct inbye_result *result)
{
        const struct inbye_command *command = inbye_result_command(result);
        struct buf name = BUF_INIT;

        if (inbye_command_id(command))
                buf_append_str(&name, inbye_command_id(command));
        else
                out_report_command(&name, command);
        begin(trace, json, phase, name.failed || !name.data ? "?" : name.data);
        buf_deinit(&name);
        json_key(json, "cat");
        json_text(json, inbye_status_name(inbye_result_status(result)));
}

/* The file */

static int write_at(int fd, const char *data, size_t n, off_t at)
{
        while (n > 0) {
                ssize_t written = pwrite(fd, data, n, at);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -EIO;
                data += written;
                n -= (size_t)written;
                at += written;
        }
        return 0;
}

/* As it was before a write that did not fit: these bytes have their room already. */
static void cut_back(struct trace *trace)
{
        if (ftruncate(trace->fd, trace->at + (off_t)N_CLOSING) == 0)
                (void)write_at(trace->fd, closing, N_CLOSING, trace->at);
}

static void write_pending(struct trace *trace)
{
        size_t n = trace->pending.n;
        int r;

        if (trace->failed < 0)
                return;
        r = buf_append_str(&trace->pending, closing);
        if (r >= 0)
                r = write_at(trace->fd, trace->pending.data, trace->pending.n, trace->at);
        if (r >= 0)
                trace->at += (off_t)n;
        else
                cut_back(trace);
        trace->failed = r;
        trace->pending.n = 0;
}

/* Refused before it is opened: a pipe would wait there for a reader, and has no place to write to again. */
static int open_file(const char *name, struct inbye_error *reterr)
{
        struct stat st;
        int fd;

        if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' is no regular file: name one", name);
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
        if (fd < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write '%s'", name);
        return fd;
}

/* The observer */

static void free_trace(void *observer)
{
        struct trace *trace = observer;

        if (!trace)
                return;
        fd_close(trace->fd);
        buf_deinit(&trace->pending);
        lanes_deinit(&trace->lanes);
        free(trace);
}
DEFINE_SCOPED(free_tracep, struct trace, free_trace)

static int open_trace(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        scoped(free_tracep) struct trace *trace = NULL;
        const char *name = view->wishes->trace;

        if (!name)
                return 0;
        if (batch_refuse_input(view->jobs, name, reterr) < 0)
                return -EINVAL;
        trace = calloc(1, sizeof(*trace));
        if (!trace)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "trace");
        trace->name = name;
        lanes_init(&trace->lanes);
        trace->fd = open_file(name, reterr);
        if (trace->fd < 0)
                return trace->fd;
        buf_append_char(&trace->pending, '[');
        add_process(trace);
        write_pending(trace);
        if (trace->failed < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -trace->failed, "cannot write '%s'", name);
        *ret_observer = TAKE(trace);
        return 1;
}

static void on_start(void *observer, const struct inbye_batch_attempt *attempt)
{
        struct trace *trace = observer;

        if (trace->failed < 0)
                return;
        if (lanes_start(&trace->lanes, attempt) < 0) {
                trace->failed = -ENOMEM;
                return;
        }
        for (; trace->n_named < trace->lanes.n; trace->n_named++)
                add_lane(trace, trace->n_named);
        add_counter(trace);
}

/* One that never had a slot is a moment of the whole batch. */
static void on_end(void *observer, const struct inbye_batch_attempt *attempt)
{
        bool has_lane = attempt->slot != INBYE_BATCH_NO_SLOT;
        struct trace *trace = observer;
        struct lane_span span;
        struct json json;

        if (trace->failed < 0)
                return;
        lanes_end(&trace->lanes, attempt, &span);
        begin_job(trace, &json, has_lane ? "X" : "i", attempt->result);
        write_us(&json, "ts", span.start_ns);
        if (has_lane) {
                write_us(&json, "dur", span.duration_ns);
                write_lane(&json, attempt->slot);
        } else {
                json_key(&json, "s");
                json_text(&json, "p");
        }
        write_args(&json, attempt);
        if (has_lane)
                add_counter(trace);
        write_pending(trace);
}

static int on_finish(void *observer, const struct out_summary *summary)
{
        struct trace *trace = observer;

        (void)summary;
        if (trace->pending.n > 0)
                write_pending(trace);
        if (close(TAKE_FD(trace->fd)) < 0 && trace->failed == 0)
                trace->failed = -errno;
        if (trace->failed < 0)
                cli_say("cannot write '%s': %s", trace->name, strerror(-trace->failed));
        return trace->failed;
}

const struct batch_observer_ops batch_trace = {
        .open = open_trace,
        .on_start = on_start,
        .on_end = on_end,
        .on_finish = on_finish,
        .free = free_trace,
};
