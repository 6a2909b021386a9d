/* SPDX-License-Identifier: MIT */
/*
 * What a batch writes: one queue for stdout, stderr and the results, in the order in which it came, so that
 * the output of a job stands in one piece and its stderr beside its stdout, whoever reads them.
 *
 * The queue holds results, not texts: the JSON of a result (its output once more, perhaps six times as
 * long) and its tagged lines are made when it is their turn, a piece at a time. While more than 1 MiB waits,
 * out_is_full() keeps new jobs from starting, so that a slow reader slows the batch down instead of filling
 * our memory; jobs that already run can add at most what they may capture anyway.
 *
 * The first write to a place that fails is told once and ends the writing to that place. A queue per
 * descriptor was rejected: with stdout and stderr on one terminal the jobs would mix.
 */
#include "cli/out.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/out_foot.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL_BYTES ((size_t)1 << 20)
/* Made at a time of what is not written as it stands. */
#define STAGE_BYTES ((size_t)64 << 10)
/* Written in one go before the loop has its turn again. */
#define TURN_BYTES ((size_t)4 << 20)

enum chunk_kind { CHUNK_OUTPUT, CHUNK_RESULT, CHUNK_TEXT, CHUNK_MARK };

struct chunk {
        struct list link;
        enum chunk_kind kind;
        enum out_place place;
        uint64_t number;
        struct inbye_result *result; /* a reference; NULL: CHUNK_TEXT */
        enum inbye_stream stream;
        char *text;            /* owned: of CHUNK_TEXT, or the tag */
        size_t n_text;         /* of CHUNK_TEXT */
        struct out_mark *mark; /* borrowed: of CHUNK_MARK, whose place is none */
        size_t at;             /* how much of it was written, or staged */
        bool in_line;          /* tagged: the last byte staged was not a newline */
        size_t weight;         /* of what waits */
};

struct out {
        struct out_options options;
        struct out_target targets[OUT_N_PLACES];
        bool is_file[OUT_N_PLACES];
        struct out_foot foot;
        struct list queue;
        size_t n_bytes;
        bool was_full;
        struct buf stage; /* of the first chunk */
        size_t stage_at;
        struct inbye_watch *watch;
};

static void chunk_free(struct out *out, struct chunk *chunk)
{
        list_unlink(&chunk->link);
        out->n_bytes -= chunk->weight;
        if (chunk->result)
                inbye_result_unref(chunk->result);
        free(chunk->text);
        free(chunk);
}

static struct chunk *first_chunk(const struct out *out)
{
        return list_is_empty(&out->queue) ? NULL : LIST_ENTRY(out->queue.next, struct chunk, link);
}

static bool has_failed(const struct out *out)
{
        for (enum out_place place = OUT_STDOUT; place < OUT_N_PLACES; place++)
                if (out->targets[place].error < 0)
                        return true;
        return false;
}

static void finish_chunk(struct out *out, struct chunk *chunk)
{
        struct out_mark *mark = chunk->mark;

        chunk_free(out, chunk);
        if (mark)
                mark->fn(mark, !has_failed(out));
        out->stage.n = out->stage_at = 0;
        if (out->stage.allocated > 4 * STAGE_BYTES) /* the JSON of a large one: not kept */
                buf_deinit(&out->stage);
}

/* Making what is to be written */

/* Each line with the tag in front; a last line without a newline gets one, or the next job's would hang on.
 */
static void stage_tagged(struct out *out, struct chunk *chunk, const char *data, size_t n)
{
        while (chunk->at < n && out->stage.n < STAGE_BYTES) {
                const char *line = data + chunk->at;
                size_t n_left = n - chunk->at < STAGE_BYTES ? n - chunk->at : STAGE_BYTES;
                const char *end = memchr(line, '\n', n_left);
                size_t n_line = end ? (size_t)(end - line) + 1 : n_left;

                if (!chunk->in_line) {
                        buf_append_str(&out->stage, chunk->text);
                        buf_append_char(&out->stage, '\t');
                }
                buf_append(&out->stage, line, n_line);
                chunk->in_line = !end;
                chunk->at += n_line;
        }
        if (chunk->at == n && chunk->in_line) {
                buf_append_char(&out->stage, '\n');
                chunk->in_line = false;
        }
}

/*
 * {"job":3, and then the result as the library writes it. Put together in the library's own block: the JSON
 * of a large output is not to be in memory twice.
 */
static int stage_result(struct out *out, struct chunk *chunk)
{
        scoped(freep) char *json = NULL;
        bool is_slow = inbye_result_duration_ns(chunk->result) >= out->options.slow_ns;
        char start[60], *grown;
        size_t n, n_start;
        int r;

        if (chunk->at++)
                return 0;
        r = inbye_result_json(chunk->result, 0, &json, &n);
        if (r < 0)
                return r;
        n_start = (size_t)snprintf(start, sizeof(start), "{\"job\":%" PRIu64 ",%s", chunk->number,
                is_slow ? "\"slow\":true," : "");
        grown = realloc(json, n + n_start + 1);
        if (!grown)
                return -ENOMEM;
        json = grown;
        memmove(json + n_start, json + 1, n - 1);
        memcpy(json, start, n_start);
        json[n_start + n - 1] = '\n';
        json[n_start + n] = '\0';
        buf_deinit(&out->stage);
        out->stage = (struct buf){ .data = TAKE(json), .n = n_start + n, .allocated = n + n_start + 1 };
        return 0;
}

/* What comes next of the chunk: 1; 0: it is written; -ENOMEM. */
static int next_piece(struct out *out, struct chunk *chunk, const char **ret_data, size_t *ret_n)
{
        const char *data = chunk->text;
        int r = 0;
        size_t n;

        if (chunk->kind == CHUNK_MARK)
                return 0;
        if (chunk->kind == CHUNK_OUTPUT)
                data = inbye_result_output(chunk->result, chunk->stream, &n);
        else
                n = chunk->kind == CHUNK_TEXT ? chunk->n_text : 0;
        if (chunk->kind == CHUNK_TEXT || (chunk->kind == CHUNK_OUTPUT && !chunk->text)) {
                *ret_data = data + chunk->at;
                *ret_n = n - chunk->at;
                return *ret_n > 0;
        }
        if (out->stage_at == out->stage.n) {
                out->stage.n = out->stage_at = 0;
                if (chunk->kind == CHUNK_RESULT)
                        r = stage_result(out, chunk);
                else
                        stage_tagged(out, chunk, data, n);
        }
        if (r < 0 || out->stage.failed)
                return -ENOMEM;
        *ret_data = out->stage.data + out->stage_at;
        *ret_n = out->stage.n - out->stage_at;
        return *ret_n > 0;
}

static void advance(struct out *out, struct chunk *chunk, size_t n)
{
        if (chunk->kind == CHUNK_RESULT || (chunk->kind == CHUNK_OUTPUT && chunk->text))
                out->stage_at += n;
        else
                chunk->at += n;
}

/* Writing */

static void drop_place(struct out *out, enum out_place place)
{
        struct chunk *chunk;

        LIST_FOREACH (chunk, &out->queue, struct chunk, link)
                if (chunk->place == place)
                        chunk_free(out, chunk);
        buf_deinit(&out->stage);
        out->stage_at = 0;
}

static void fail_place(struct out *out, enum out_place place, int error)
{
        struct out_target *target = &out->targets[place];

        target->error = error;
        drop_place(out, place);
        out->options.on_error(out->options.userdata, target);
}

/* A line of results in a file is whole, or not there: what was written of it is cut off again. */
static ssize_t write_whole(int fd, const char *data, size_t n)
{
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        r = fd_write_all(fd, data, n);
        if (r < 0 && ftruncate(fd, st.st_size) < 0)
                return r; /* half a line stays; that the results failed is told all the same */
        return r < 0 ? r : (ssize_t)n;
}

static ssize_t write_piece(struct out *out, struct chunk *chunk, const char *data, size_t n)
{
        const struct out_target *target = &out->targets[chunk->place];

        if (out->is_file[chunk->place] && chunk->place >= OUT_RESULTS)
                return write_whole(target->fd, data, n);
        out_foot_lift(&out->foot, target, data, n);
        return out_target_write(target, data, n);
}

/* > 0 bytes written; 0: the chunk is done; -EAGAIN; -errno. */
static ssize_t write_some(struct out *out, struct chunk *chunk)
{
        const char *data = NULL;
        ssize_t written;
        size_t n = 0;
        int r;

        r = next_piece(out, chunk, &data, &n);
        if (r <= 0)
                return r;
        written = write_piece(out, chunk, data, n);
        if (written > 0)
                advance(out, chunk, (size_t)written);
        return written;
}

static void pump(struct out *out);

static void on_writable(void *userdata, uint32_t events)
{
        struct out *out = userdata;

        (void)events;
        inbye_watch_free(out->watch);
        out->watch = NULL;
        pump(out);
}

static void wait_writable(struct out *out, enum out_place place)
{
        int r;

        r = inbye_watch_fd(out->options.loop, out_target_wait_fd(&out->targets[place]), POLLOUT, on_writable,
                out, &out->watch);
        if (r < 0)
                fail_place(out, place, r);
}

static void pump(struct out *out)
{
        size_t n_written = 0;
        struct chunk *chunk;

        while (!out->watch && (chunk = first_chunk(out))) {
                enum out_place place = chunk->place;
                bool yields = place < OUT_N_PLACES && out->targets[place].how != OUT_DIRECT &&
                              n_written > TURN_BYTES;
                ssize_t n = yields ? -EAGAIN : write_some(out, chunk);

                if (n == -EAGAIN)
                        wait_writable(out, place);
                else if (n < 0)
                        fail_place(out, place, (int)n);
                else if (n == 0)
                        finish_chunk(out, chunk);
                else
                        n_written += (size_t)n;
        }
        if (list_is_empty(&out->queue))
                out_foot_put(&out->foot, &out->targets[OUT_STDERR]);
        if (out->was_full && !out_is_full(out)) {
                out->was_full = false;
                out->options.on_room(out->options.userdata);
        }
}

/* Queueing */

static void queue_chunk(struct out *out, const struct chunk *like)
{
        struct chunk *chunk;

        if (like->place < OUT_N_PLACES && out->targets[like->place].error < 0) {
                free(like->text);
                return;
        }
        chunk = malloc(sizeof(*chunk));
        if (!chunk) {
                free(like->text);
                fail_place(out, like->mark ? OUT_STDERR : like->place, -ENOMEM);
                if (like->mark)
                        like->mark->fn(like->mark, false);
                return;
        }
        *chunk = *like;
        list_init(&chunk->link);
        if (chunk->result)
                inbye_result_ref(chunk->result);
        list_append(&out->queue, &chunk->link);
        out->n_bytes += chunk->weight;
        out->was_full |= out_is_full(out);
}

char *out_tag(uint64_t number, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);
        struct buf tag = BUF_INIT;
        char *text;

        if (id)
                str_append_clean(&tag, id);
        else
                buf_printf(&tag, "%" PRIu64, number);
        return buf_steal(&tag, &text, NULL) < 0 ? NULL : text;
}

static void queue_output(struct out *out, uint64_t number, struct inbye_result *result,
        enum inbye_stream stream, enum out_place place)
{
        struct chunk chunk = { .kind = CHUNK_OUTPUT, .place = place, .number = number, .result = result };

        chunk.stream = stream;
        inbye_result_output(result, stream, &chunk.weight);
        if (chunk.weight == 0)
                return;
        if (out->options.tag) {
                chunk.text = out_tag(number, inbye_result_command(result));
                if (!chunk.text) {
                        fail_place(out, place, -ENOMEM);
                        return;
                }
        }
        queue_chunk(out, &chunk);
}

void out_result(struct out *out, uint64_t number, struct inbye_result *result)
{
        struct chunk chunk = { .kind = CHUNK_RESULT, .place = OUT_RESULTS, .number = number };
        size_t n_out, n_err;

        if (out->options.print) {
                queue_output(out, number, result, INBYE_STDOUT, OUT_STDOUT);
                queue_output(out, number, result, INBYE_STDERR, OUT_STDERR);
        }
        if (out->options.results) {
                inbye_result_output(result, INBYE_STDOUT, &n_out);
                inbye_result_output(result, INBYE_STDERR, &n_err);
                chunk.result = result;
                chunk.weight = 1024 + n_out + n_err;
                queue_chunk(out, &chunk);
        }
        pump(out);
}

void out_bytes(struct out *out, enum out_place place, char *data, size_t n)
{
        struct chunk chunk = { .kind = CHUNK_TEXT, .place = place, .text = data, .n_text = n, .weight = n };

        queue_chunk(out, &chunk);
        pump(out);
}

void out_text(struct out *out, enum out_place place, char *text)
{
        out_bytes(out, place, text, strlen(text));
}

void out_say(struct out *out, const char *text)
{
        struct buf line = BUF_INIT;
        char *owned;
        size_t n;

        buf_append_str(&line, "inbye: ");
        str_append_clean(&line, text);
        buf_append_char(&line, '\n');
        if (buf_steal(&line, &owned, &n) < 0)
                fail_place(out, OUT_STDERR, -ENOMEM);
        else
                out_bytes(out, OUT_STDERR, owned, n);
}

void out_after(struct out *out, struct out_mark *mark)
{
        struct chunk chunk = { .kind = CHUNK_MARK, .place = OUT_N_PLACES, .mark = mark };

        chunk.weight = sizeof(chunk);
        queue_chunk(out, &chunk);
        pump(out);
}

void out_set_foot(struct out *out, const char *text)
{
        if (out_foot_set(&out->foot, text) && list_is_empty(&out->queue))
                out_foot_put(&out->foot, &out->targets[OUT_STDERR]);
}

bool out_is_full(const struct out *out)
{
        return out->n_bytes > FULL_BYTES;
}

bool out_is_empty(const struct out *out)
{
        return list_is_empty(&out->queue);
}

void out_drop(struct out *out)
{
        struct chunk *chunk;

        for (enum out_place place = OUT_STDOUT; place < OUT_N_PLACES; place++)
                drop_place(out, place);
        while ((chunk = first_chunk(out))) { /* marks */
                struct out_mark *mark = chunk->mark;

                chunk_free(out, chunk);
                mark->fn(mark, false);
        }
        inbye_watch_free(out->watch);
        out->watch = NULL;
}

void out_free(struct out *out)
{
        if (!out)
                return;
        out_drop(out);
        out_foot_deinit(&out->foot, &out->targets[OUT_STDERR]);
        for (enum out_place place = OUT_STDOUT; place < OUT_N_PLACES; place++)
                out_target_deinit(&out->targets[place]);
        buf_deinit(&out->stage);
        free(out);
}

static void init_sink(struct out *out, enum out_place place, const struct cli_sink *sink)
{
        bool is_stdout = sink && sink->fd == STDOUT_FILENO;
        struct stat st;

        out_target_init(&out->targets[place], sink ? sink->fd : -1,
                is_stdout ? "standard output"
                : sink    ? sink->name
                          : "");
        out->is_file[place] = sink && fstat(sink->fd, &st) == 0 && S_ISREG(st.st_mode);
}

int out_open(const struct out_options *options, struct out **ret_out)
{
        struct out *out = calloc(1, sizeof(*out));

        if (!out)
                return -ENOMEM;
        out->options = *options;
        list_init(&out->queue);
        out_target_init(&out->targets[OUT_STDOUT], STDOUT_FILENO, "standard output");
        out_target_init(&out->targets[OUT_STDERR], STDERR_FILENO, "standard error");
        init_sink(out, OUT_RESULTS, options->results);
        init_sink(out, OUT_TAP, options->tap);
        *ret_out = out;
        return 0;
}
