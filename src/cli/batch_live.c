/* SPDX-License-Identifier: MIT */
/*
 * --live: the lines of the jobs as they come, each whole and behind the tag of its job.
 *
 * Lines are cut from the output events of every attempt. Of a job of which more than its share waits to be
 * written nothing more is read, until a mark in the queue says that this is written: so a flood waits at its
 * own pipe, as before any slow reader, memory is bounded by the number of jobs that run, and the jobs have
 * their turns, since in a queue that is written in its order each has no more than a share.
 *
 * A pipe of ours as a tee of each stream was rejected: we would read it in the same loop in which the library
 * waits, when the tree is gone, for its last bytes to be taken, and drops what is not taken in time. Such a
 * pipe in place of the captured stream was, too: no idle timeout, no output in results and reports.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/list.h"
#include "base/scope.h"
#include "cli/batch.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A longer line is passed on in pieces. */
#define LINE_BYTES ((size_t)16 << 10)
#define SHARE_BYTES ((size_t)64 << 10)

struct observer {
        struct batch_view view;
        struct list attempts;
};

struct attempt {
        struct list link;
        struct out_mark mark;
        struct observer *observer;
        struct inbye_process *process; /* NULL: ended, and only its mark is waited for */
        uint64_t index;
        char *tag;           /* NULL: none */
        struct buf begun[2]; /* lines without their end yet: stdout, stderr */
        size_t n_waiting;    /* bytes handed on since nothing waited */
        bool is_marked;
};

static void attempt_free(struct attempt *attempt)
{
        list_unlink(&attempt->link);
        for (int i = 0; i < 2; i++)
                buf_deinit(&attempt->begun[i]);
        free(attempt->tag);
        free(attempt);
}

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        struct observer *observer;

        if (!view->wishes->live)
                return 0;
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "live output");
        observer->view = *view;
        list_init(&observer->attempts);
        *ret_observer = observer;
        return 1;
}

static void observer_free(void *userdata)
{
        struct observer *observer = userdata;

        while (!list_is_empty(&observer->attempts))
                attempt_free(LIST_ENTRY(observer->attempts.next, struct attempt, link));
        free(observer);
}

static void fail(const struct observer *observer)
{
        batch_cannot_write(observer->view.session, "the output", -ENOMEM);
}

/* Lines */

static void end_line(const struct attempt *attempt, struct buf *begun, struct buf *text)
{
        if (attempt->tag) {
                buf_append_str(text, attempt->tag);
                buf_append_char(text, '\t');
        }
        buf_append(text, begun->data, begun->n);
        buf_append_char(text, '\n');
        text->failed |= begun->failed;
        begun->n = 0;
}

static void cut_lines(
        const struct attempt *attempt, struct buf *begun, const char *data, size_t n, struct buf *text)
{
        while (n > 0) {
                const char *end = memchr(data, '\n', n);
                size_t n_line = end ? (size_t)(end - data) : n, n_room = LINE_BYTES - begun->n;
                bool is_long = n_line > n_room;
                size_t n_taken = is_long ? n_room : n_line;

                buf_append(begun, data, n_taken);
                n_taken += end && !is_long;
                if (end || is_long)
                        end_line(attempt, begun, text);
                data += n_taken;
                n -= n_taken;
        }
}

static void hand_on(struct attempt *attempt, enum out_place place, struct buf *text)
{
        struct observer *observer = attempt->observer;
        char *owned;
        size_t n;

        if (text->n == 0 && !text->failed)
                return;
        if (buf_steal(text, &owned, &n) < 0) {
                fail(observer);
                return;
        }
        out_bytes(observer->view.out, place, owned, n);
        attempt->n_waiting = out_is_empty(observer->view.out) ? 0 : attempt->n_waiting + n;
}

/* Shares */

static void on_written(struct out_mark *mark, bool is_written)
{
        struct attempt *attempt = CONTAINER_OF(mark, struct attempt, mark);

        (void)is_written; /* where it failed all jobs are being ended, and may say so */
        attempt->is_marked = false;
        attempt->n_waiting = 0;
        if (!attempt->process)
                attempt_free(attempt);
        else if (attempt->observer->view.session->batch)
                (void)inbye_process_resume_output(attempt->process);
}

/* What a tree that is gone had left in its pipes comes all the same: that is no more than a pipe holds. */
static void keep_to_share(struct attempt *attempt)
{
        if (attempt->is_marked || attempt->n_waiting < SHARE_BYTES ||
                inbye_process_pause_output(attempt->process) < 0)
                return;
        attempt->is_marked = true;
        attempt->mark.fn = on_written;
        out_after(attempt->observer->view.out, &attempt->mark);
}

/* Life */

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct attempt *attempt = userdata;
        bool is_stderr = event->stream == INBYE_STDERR;
        struct buf text = BUF_INIT;

        (void)process;
        if (event->kind != INBYE_EVENT_OUTPUT)
                return;
        cut_lines(attempt, &attempt->begun[is_stderr], event->data, event->n_bytes, &text);
        hand_on(attempt, is_stderr ? OUT_STDERR : OUT_STDOUT, &text);
        buf_deinit(&text);
        keep_to_share(attempt);
}

static void on_start(void *userdata, const struct inbye_batch_attempt *started)
{
        struct observer *observer = userdata;
        struct attempt *attempt = calloc(1, sizeof(*attempt));

        if (attempt && observer->view.wishes->tag)
                attempt->tag = out_tag(started->index + 1, started->command);
        if (!attempt || (observer->view.wishes->tag && !attempt->tag)) {
                free(attempt);
                fail(observer);
                return;
        }
        attempt->observer = observer;
        attempt->process = started->process;
        attempt->index = started->index;
        list_append(&observer->attempts, &attempt->link);
        inbye_process_on_event(started->process, on_event, attempt);
}

static struct attempt *find(struct observer *observer, uint64_t index)
{
        struct attempt *attempt;

        LIST_FOREACH (attempt, &observer->attempts, struct attempt, link)
                if (attempt->process && attempt->index == index)
                        return attempt;
        return NULL;
}

static void on_end(void *userdata, const struct inbye_batch_attempt *ended)
{
        struct attempt *attempt = find(userdata, ended->index);

        if (!attempt)
                return;
        attempt->process = NULL;
        for (int i = 0; i < 2; i++) {
                struct buf text = BUF_INIT;

                if (attempt->begun[i].n > 0)
                        end_line(attempt, &attempt->begun[i], &text);
                hand_on(attempt, i ? OUT_STDERR : OUT_STDOUT, &text);
                buf_deinit(&text);
        }
        if (!attempt->is_marked)
                attempt_free(attempt);
}

const struct batch_observer_ops batch_live = {
        .open = observer_open,
        .on_start = on_start,
        .on_end = on_end,
        .free = observer_free,
};
