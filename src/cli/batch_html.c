/* SPDX-License-Identifier: MIT */
/*
 * inbye batch --html: the run as one page that needs nothing but a browser.
 *
 * The page (page/) is a constant with a gap for the data: its first part is written when the batch begins,
 * then a row of JSON per attempt as it ends, then the sums and the rest. So a batch of any length costs a
 * buffer of memory, and the file is never written twice; it takes its name when it is whole (replace.c). To
 * keep the results and write all at the end was rejected for the memory, the results in a file of their own
 * beside the page because browsers let no page read one.
 *
 * What a job wrote is there by its end only, and the page has a bound, because a browser holds it as a whole:
 * near it, first the output of jobs that are ok is left out, then all output, then jobs that are ok, then
 * all; the page says how many. The JSON stands in a script element, which ends at the next "</script": no '<'
 * is left in it.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/batch.h"
#include "cli/batch_lanes.h"
#include "cli/page/page.h"
#include "cli/replace.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Kept of each stream, its last bytes. */
#define OUTPUT_OK ((size_t)1 << 10)
#define OUTPUT_NOT_OK ((size_t)4 << 10)
#define COMMAND_BYTES ((size_t)2 << 10)
/* Bytes of the page up to which something is still put in. */
#define PAGE_OUTPUT_OK ((uint64_t)12 << 20)
#define PAGE_OUTPUT ((uint64_t)32 << 20)
#define PAGE_OK ((uint64_t)48 << 20)
#define PAGE_ALL ((uint64_t)64 << 20)
/* Written in one go. */
#define PIECE ((size_t)64 << 10)

struct html {
        const char *name; /* as the user called it */
        struct replace file;
        int failed; /* negative errno of the first thing that failed: nothing is written after it */
        struct buf piece, row;
        uint64_t n_bytes; /* of the page so far */
        bool has_row;
        uint64_t n_unlisted, n_outputs_left_out;
        char started[CLOCK_TEXT_SIZE];
        struct lanes lanes;
};

/* The file */

static void flush(struct html *html)
{
        if (html->failed == 0)
                html->failed = html->piece.failed;
        if (html->failed == 0)
                html->failed = fd_write_all(html->file.fd, html->piece.data, html->piece.n);
        html->n_bytes += html->piece.n;
        html->piece.n = 0;
}

/* In JSON these stand in strings only. The two separators are line ends to older readers of scripts. */
static const char *script_escape(const char *p, size_t n, size_t *ret_taken)
{
        *ret_taken = 1;
        if (*p == '<')
                return "\\u003c";
        *ret_taken = 3;
        if (n >= 3 && memcmp(p, "\xe2\x80\xa8", 3) == 0)
                return "\\u2028";
        if (n >= 3 && memcmp(p, "\xe2\x80\xa9", 3) == 0)
                return "\\u2029";
        return NULL;
}

static void write_json(struct html *html, const struct buf *json)
{
        size_t start = 0, taken;

        for (size_t i = 0; i < json->n; i++) {
                const char *escape = NULL;

                if (json->data[i] == '<' || json->data[i] == '\xe2')
                        escape = script_escape(json->data + i, json->n - i, &taken);
                if (!escape)
                        continue;
                buf_append(&html->piece, json->data + start, i - start);
                buf_append_str(&html->piece, escape);
                start = i + taken;
                i = start - 1;
        }
        buf_append(&html->piece, json->data + start, json->n - start);
        if (json->failed < 0)
                html->failed = json->failed;
        if (html->piece.n >= PIECE)
                flush(html);
}

/* A row: page.js takes it apart in this order */

static void write_us(struct json *json, uint64_t ns)
{
        json_unsigned(json, ns / 1000);
}

static void write_command(struct json *json, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);
        scoped(freep) char *words = NULL;

        json_text(json, id);
        if (inbye_quote(inbye_command_argv(command), &words) < 0)
                json_text(json, "?");
        else
                json_legible(json, words, strnlen(words, COMMAND_BYTES));
}

static void write_status(struct json *json, const struct inbye_result *result)
{
        int signal = inbye_result_signal(result);

        json_text(json, inbye_status_name(inbye_result_status(result)));
        if (inbye_result_code(result) >= 0)
                json_signed(json, inbye_result_code(result));
        else
                json_none(json);
        json_text(json, signal ? signal_name(signal) : NULL);
}

static void write_usage(struct json *json, const struct inbye_result *result)
{
        struct inbye_usage usage = { .size = sizeof(usage) };

        if (inbye_result_usage(result, &usage) < 0)
                usage.cpu_user_us = usage.cpu_system_us = usage.peak_memory_bytes = INBYE_UNKNOWN;
        json_known(json, usage.cpu_user_us);
        json_known(json, usage.cpu_system_us);
        json_known(json, usage.peak_memory_bytes);
        json_unsigned(json, inbye_result_bytes_seen(result, INBYE_STDOUT));
        json_unsigned(json, inbye_result_bytes_seen(result, INBYE_STDERR));
}

static bool is_ok(const struct inbye_result *result)
{
        return inbye_result_status(result) == INBYE_OK;
}

/* The last bytes, from the beginning of a character on. @return is something missing? */
static bool write_stream(struct json *json, const struct inbye_result *result, enum inbye_stream stream)
{
        size_t n, skip, n_max = is_ok(result) ? OUTPUT_OK : OUTPUT_NOT_OK;
        const char *data = inbye_result_output(result, stream, &n);

        if (!data || n == 0) {
                json_none(json);
                return false;
        }
        skip = n > n_max ? n - n_max : 0;
        while (skip > 0 && skip < n && ((unsigned char)data[skip] & 0xc0) == 0x80)
                skip++;
        json_legible(json, data + skip, n - skip);
        return skip > 0 || inbye_result_truncated(result, stream);
}

static void write_output(struct html *html, struct json *json, const struct inbye_result *result)
{
        unsigned cut = 0;

        if (html->n_bytes < (is_ok(result) ? PAGE_OUTPUT_OK : PAGE_OUTPUT)) {
                cut |= write_stream(json, result, INBYE_STDOUT) ? 1 : 0;
                cut |= write_stream(json, result, INBYE_STDERR) ? 2 : 0;
        } else {
                json_none(json);
                json_none(json);
                html->n_outputs_left_out += inbye_result_bytes_seen(result, INBYE_STDOUT) > 0 ||
                                            inbye_result_bytes_seen(result, INBYE_STDERR) > 0;
        }
        json_unsigned(json, cut);
}

static void write_error(struct json *json, const struct inbye_result *result)
{
        const struct inbye_error *error = inbye_result_error(result);
        struct buf text = BUF_INIT;

        if (error && error->text[0])
                buf_printf(&text, "%s%s%s", error->text, error->hint[0] ? "; " : "", error->hint);
        json_text(json, text.data);
        buf_deinit(&text);
}

static void add_row(
        struct html *html, const struct inbye_batch_attempt *attempt, const struct lane_span *span)
{
        const struct inbye_result *result = attempt->result;
        bool has_slot = attempt->slot != INBYE_BATCH_NO_SLOT;
        struct json json;

        if (html->failed < 0)
                return;
        if (html->n_bytes >= (is_ok(result) ? PAGE_OK : PAGE_ALL)) {
                html->n_unlisted++;
                return;
        }
        html->row.n = 0;
        json_init(&json, &html->row);
        buf_append_str(&html->row, html->has_row ? ",\n" : "\n");
        html->has_row = true;
        json_array_begin(&json);
        json_unsigned(&json, attempt->index + 1);
        json_unsigned(&json, attempt->number);
        write_command(&json, inbye_result_command(result));
        write_status(&json, result);
        json_known(&json, has_slot ? attempt->slot + UINT64_C(1) : INBYE_UNKNOWN);
        write_us(&json, span->start_ns);
        write_us(&json, inbye_result_duration_ns(result));
        write_usage(&json, result);
        write_output(html, &json, result);
        write_error(&json, result);
        json_unsigned(&json, inbye_result_n_leftovers(result));
        json_array_end(&json);
        write_json(html, &html->row);
}

static void add_sums(struct html *html, const struct out_summary *summary)
{
        struct json json;

        html->row.n = 0;
        buf_append_str(&html->row, "\n],\"summary\":");
        out_report_json(&html->row, summary);
        json_init(&json, &html->row);
        buf_append_str(&html->row, ",\"started\":");
        json_text(&json, html->started);
        buf_append_str(&html->row, ",\"unlisted\":");
        json_unsigned(&json, html->n_unlisted);
        buf_append_str(&html->row, ",\"outputs_left_out\":");
        json_unsigned(&json, html->n_outputs_left_out);
        buf_append_char(&html->row, '}');
        write_json(html, &html->row);
}

/* The observer */

static void free_html(void *observer)
{
        struct html *html = observer;

        if (!html)
                return;
        replace_discard(&html->file);
        buf_deinit(&html->piece);
        buf_deinit(&html->row);
        lanes_deinit(&html->lanes);
        free(html);
}
DEFINE_SCOPED(free_htmlp, struct html, free_html)

static int open_html(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        scoped(free_htmlp) struct html *html = NULL;
        const char *name = view->wishes->html;
        int r;

        if (!name)
                return 0;
        if (batch_refuse_input(view->jobs, name, reterr) < 0)
                return -EINVAL;
        html = calloc(1, sizeof(*html));
        if (!html)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "page");
        html->name = name;
        html->file = (struct replace)REPLACE_INIT;
        r = replace_open(&html->file, name, reterr);
        if (r < 0)
                return r;
        clock_format_wall(clock_wall_ns(), html->started);
        lanes_init(&html->lanes);
        buf_append(&html->piece, page_before_data, page_before_data_n_bytes);
        buf_append_str(&html->piece, "{\"jobs\":[");
        flush(html);
        if (html->failed < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -html->failed, "cannot write '%s'", name);
        *ret_observer = TAKE(html);
        return 1;
}

static void on_start(void *observer, const struct inbye_batch_attempt *attempt)
{
        struct html *html = observer;

        if (html->failed == 0 && lanes_start(&html->lanes, attempt) < 0)
                html->failed = -ENOMEM;
}

static void on_end(void *observer, const struct inbye_batch_attempt *attempt)
{
        struct html *html = observer;
        struct lane_span span;

        lanes_end(&html->lanes, attempt, &span);
        add_row(html, attempt, &span);
}

static int on_finish(void *observer, const struct out_summary *summary)
{
        struct html *html = observer;

        add_sums(html, summary);
        buf_append(&html->piece, page_after_data, page_after_data_n_bytes);
        flush(html);
        if (html->failed == 0)
                html->failed = replace_commit(&html->file);
        if (html->failed < 0)
                cli_say("cannot write '%s': %s", html->name, strerror(-html->failed));
        return html->failed;
}

const struct batch_observer_ops batch_html = {
        .open = open_html,
        .on_start = on_start,
        .on_end = on_end,
        .on_finish = on_finish,
        .free = free_html,
};
