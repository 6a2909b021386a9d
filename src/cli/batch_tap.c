/* SPDX-License-Identifier: MIT */
/*
 * Results of a batch in the Test Anything Protocol, version 13, as prove(1) and meson read it: a line for
 * each job as it ends, with a block of YAML below what is not ok, and the plan at the end.
 *
 * Harnesses want the numbers to count up, so they are those of completion and the job is in the description.
 * Jobs that were never started stand in the plan, where it is known how many there are: the harness then says
 * that they are missing.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/batch.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct observer {
        struct batch_view view;
        uint64_t n;
};

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        struct observer *observer = NULL;
        char *first;

        if (!view->wishes->record.tap)
                return 0;
        observer = calloc(1, sizeof(*observer));
        first = strdup("TAP version 13\n");
        if (!observer || !first) {
                free(observer);
                free(first);
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "TAP");
        }
        observer->view = *view;
        out_text(view->out, OUT_TAP, first);
        *ret_observer = observer;
        return 1;
}

/* A '#' would begin a directive, and a line is a line. */
static void append_description(struct buf *text, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);
        struct buf raw = BUF_INIT, clean = BUF_INIT;

        if (id)
                buf_append_str(&raw, id);
        else
                out_report_command(&raw, command);
        str_append_clean(&clean, raw.data ? raw.data : "");
        for (const char *c = clean.data; c && *c; c++) {
                if (*c == '#' || *c == '\\')
                        buf_append_char(text, '\\');
                buf_append_char(text, *c);
        }
        text->failed |= raw.failed | clean.failed;
        buf_deinit(&raw);
        buf_deinit(&clean);
}

/* JSON is YAML, and its strings need no rules of their own. */
static void append_field(struct buf *text, const char *key, const char *value)
{
        struct json json;

        buf_printf(text, "  %s: ", key);
        json_init(&json, text);
        json_text(&json, value);
        buf_append_char(text, '\n');
}

static void append_block(struct buf *text, uint64_t number, const struct inbye_result *result)
{
        struct buf line = BUF_INIT;
        uint64_t ms = inbye_result_duration_ns(result) / INBYE_MILLISECOND;

        buf_append_str(text, "  ---\n");
        out_report_outcome(&line, result);
        append_field(text, "message", line.data ? line.data : "");
        line.n = 0;
        out_report_command(&line, inbye_result_command(result));
        append_field(text, "command", line.data ? line.data : "");
        append_field(text, "status", inbye_status_name(inbye_result_status(result)));
        buf_printf(text, "  job: %" PRIu64 "\n  duration: %" PRIu64 ".%03u\n  ...\n", number, ms / 1000,
                (unsigned)(ms % 1000));
        buf_deinit(&line);
}

static void hand_on(struct observer *observer, struct buf *text)
{
        char *owned;

        if (buf_steal(text, &owned, NULL) < 0)
                batch_cannot_write(observer->view.session, observer->view.wishes->record.tap, -ENOMEM);
        else
                out_text(observer->view.out, OUT_TAP, owned);
}

static void on_result(void *userdata, uint64_t number, struct inbye_result *result)
{
        bool is_ok = inbye_result_status(result) == INBYE_OK;
        struct observer *observer = userdata;
        struct buf text = BUF_INIT;

        if (inbye_result_attempts(result) == 0)
                return; /* never started: missing from the plan */
        buf_printf(&text, "%sok %" PRIu64 " - ", is_ok ? "" : "not ", ++observer->n);
        append_description(&text, inbye_result_command(result));
        buf_append_char(&text, '\n');
        if (!is_ok)
                append_block(&text, number, result);
        hand_on(observer, &text);
}

static void on_drain(void *userdata, const struct out_summary *summary)
{
        struct observer *observer = userdata;
        struct buf text = BUF_INIT;

        if (summary->not_started == INBYE_UNKNOWN)
                buf_append_str(&text, "Bail out! The list of jobs was not read to its end\n");
        else
                buf_printf(&text, "1..%" PRIu64 "\n", observer->n + summary->not_started);
        hand_on(observer, &text);
}

const struct batch_observer_ops batch_tap = {
        .open = observer_open,
        .on_result = on_result,
        .on_drain = on_drain,
        .free = free,
};
