/* SPDX-License-Identifier: MIT */
/*
 * Telling the life of a command, to programs (--events, one JSON object per line) and to people (--verbose).
 *
 * Each object has "event" and "since_start" in seconds; inbye-report(5) names the rest. The last line holds
 * the whole result without output, so that whoever follows the events needs no second file. Where the reader
 * is too slow, output events are dropped and counted; all others are kept.
 */
#include "cli/tell.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/scope.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "1.234s": for people. */
#define SECONDS "%" PRIu64 ".%03" PRIu64 "s"
#define SECONDS_OF(ns) (ns) / INBYE_SECOND, (ns) / INBYE_MILLISECOND % 1000

static void begin(struct json *json, struct buf *out, const char *event, uint64_t since_start_ns)
{
        json_init(json, out);
        json_object_begin(json);
        json_key(json, "event");
        json_text(json, event);
        json_key(json, "since_start");
        json_seconds(json, since_start_ns);
}

static void send_line(struct tell *tell, struct buf *out)
{
        if (!out->failed && out->data)
                cli_sink_line(&tell->events, out->data, out->n);
        buf_deinit(out);
}

/* The reader gets the rest as long as it goes on reading; it must not keep us from ending. */
#define FLUSH_NS INBYE_SECOND

static void end(struct tell *tell, struct json *json)
{
        json_object_end(json);
        send_line(tell, json->out);
}

static void write_command(struct json *json, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);

        json_key(json, "id");
        if (id)
                json_bytes(json, id, strlen(id));
        else
                json_none(json);
        json_key(json, "argv");
        json_array_begin(json);
        for (const char *const *arg = inbye_command_argv(command); *arg; arg++)
                json_bytes(json, *arg, strlen(*arg));
        json_array_end(json);
}

static void say_started(
        struct inbye_group *group, struct inbye_process *process, struct inbye_command *command)
{
        scoped(freep) char *line = NULL;
        const char *cannot = inbye_group_cannot(group);

        if (inbye_quote(inbye_command_argv(command), &line) < 0)
                return;
        cli_say("started %s as %d, held by %s", line, (int)inbye_process_pid(process),
                inbye_group_mechanism(group));
        if (cannot)
                cli_say("%s cannot %s", inbye_group_mechanism(group), cannot);
}

void tell_started(struct tell *tell, struct inbye_group *group, struct inbye_process *process,
        struct inbye_command *command)
{
        char time[CLOCK_TEXT_SIZE];
        struct buf out = BUF_INIT;
        struct json json;

        if (tell->verbose)
                say_started(group, process, command);
        if (tell->events.fd < 0)
                return;
        begin(&json, &out, "started", 0);
        clock_format_wall(clock_wall_ns(), time);
        json_key(&json, "time");
        json_text(&json, time);
        write_command(&json, command);
        json_key(&json, "pid");
        json_signed(&json, inbye_process_pid(process));
        json_key(&json, "mechanism");
        json_text(&json, inbye_group_mechanism(group));
        end(tell, &json);
}

static void say_event(const struct inbye_event *event)
{
        uint64_t ns = event->since_start_ns;

        switch (event->kind) {
        case INBYE_EVENT_SIGNAL:
                cli_say("sent SIG%s to the tree after " SECONDS, signal_name(event->signal), SECONDS_OF(ns));
                break;
        case INBYE_EVENT_LIMIT:
                cli_say("%s after " SECONDS, inbye_status_name(event->status), SECONDS_OF(ns));
                break;
        case INBYE_EVENT_KILLED:
                cli_say("sent SIGKILL to the tree after " SECONDS, SECONDS_OF(ns));
                break;
        case INBYE_EVENT_EXITED:
                cli_say("the command itself ended after " SECONDS, SECONDS_OF(ns));
                break;
        default:
                break;
        }
}

static void write_event(struct json *json, const struct inbye_event *event)
{
        switch (event->kind) {
        case INBYE_EVENT_OUTPUT:
                json_key(json, "stream");
                json_text(json, event->stream == INBYE_STDOUT ? "stdout" : "stderr");
                json_key(json, "data");
                json_bytes(json, event->data, event->n_bytes);
                break;
        case INBYE_EVENT_SIGNAL:
                json_key(json, "signal");
                json_text(json, signal_name(event->signal));
                break;
        case INBYE_EVENT_LIMIT:
                json_key(json, "status");
                json_text(json, inbye_status_name(event->status));
                break;
        default:
                break;
        }
}

void tell_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct tell *tell = userdata;
        struct buf out = BUF_INIT;
        struct json json;

        (void)process;
        if (tell->verbose)
                say_event(event);
        if (tell->events.fd < 0)
                return;
        if (event->kind == INBYE_EVENT_OUTPUT && !cli_sink_has_room(&tell->events, event->n_bytes)) {
                tell->n_dropped++; /* its line would be longer still: not worth making */
                return;
        }
        begin(&json, &out, inbye_event_name(event->kind), event->since_start_ns);
        write_event(&json, event);
        json_object_end(&json);
        if (event->kind == INBYE_EVENT_OUTPUT && !cli_sink_has_room(&tell->events, out.n + 1)) {
                tell->n_dropped++;
                buf_deinit(&out);
                return;
        }
        send_line(tell, &out);
}

static void say_leftovers(const struct inbye_result *result)
{
        const struct inbye_leftover *leftover;

        for (size_t i = 0; (leftover = inbye_result_leftover(result, i)); i++)
                cli_say("%s %d (%s)", leftover->unkillable ? "cannot end" : "leftover", (int)leftover->pid,
                        leftover->name);
        for (size_t i = 0; (leftover = inbye_result_escaped(result, i)); i++)
                cli_say("%s %d (%s)", leftover->unkillable ? "cannot end escaped" : "escaped",
                        (int)leftover->pid, leftover->name);
}

static void say_skipped(const struct inbye_result *result)
{
        const char *part, *reason;

        for (size_t i = 0; (part = inbye_result_sandbox_skipped(result, i, &reason)); i++)
                cli_say("the sandbox did without %s: %s", part, reason);
}

static void say_ended(const struct inbye_result *result)
{
        uint64_t ns = inbye_result_duration_ns(result);

        say_skipped(result);
        say_leftovers(result);
        if (inbye_result_signal(result))
                cli_say("%s after " SECONDS ", died of SIG%s", inbye_status_name(inbye_result_status(result)),
                        SECONDS_OF(ns), signal_name(inbye_result_signal(result)));
        else
                cli_say("%s after " SECONDS ", exit code %d", inbye_status_name(inbye_result_status(result)),
                        SECONDS_OF(ns), inbye_result_code(result));
}

static void end_events(struct tell *tell, uint64_t since_start_ns, const char *result_json)
{
        struct buf out = BUF_INIT;
        struct json json;

        begin(&json, &out, "ended", since_start_ns);
        if (tell->n_dropped)
                buf_printf(&out, ",\"dropped\":%" PRIu64, tell->n_dropped);
        buf_printf(&out, ",\"result\":%s}", result_json);
        send_line(tell, &out);
        (void)cli_sink_flush(&tell->events, FLUSH_NS);
}

void tell_ended(struct tell *tell, const struct inbye_result *result)
{
        scoped(freep) char *text = NULL;

        /* Why it never started has been said. */
        if (tell->verbose && !inbye_result_error(result))
                say_ended(result);
        if (tell->events.fd >= 0 && inbye_result_json(result, INBYE_JSON_NO_OUTPUT, &text, NULL) >= 0)
                end_events(tell, inbye_result_duration_ns(result), text);
}
