/* SPDX-License-Identifier: MIT */
/*
 * How far a batch is: a bar at the foot of the terminal, or a plain line now and then.
 *
 * The bar is drawn when a result comes, at most ten times a second, once a second for its clock, and when the
 * terminal changes its width, which is asked for each time. It is cut to what fits, in ASCII and without
 * colours, so NO_COLOR has nothing to turn off. Where it is not wanted (no terminal, TERM=dumb, --quiet)
 * there is no observer at all: no timer, no work per job. A log gets lines only where they are asked for:
 * nobody reads the ten thousandth.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/misc.h"
#include "cli/batch.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_NS INBYE_SECOND
#define PLAIN_TICK_NS (10 * INBYE_SECOND)
#define DRAW_NS (100 * INBYE_MILLISECOND)
#define BAR_MAX 40
#define COLUMNS_DEFAULT 80

struct observer {
        struct batch_view view;
        bool is_bar;
        uint64_t n_done, n_not_ok, n_running, n_told;
        uint64_t started_ns, drawn_ns;
        struct inbye_watch *timer, *winch;
};

static bool terminal_can(void)
{
        const char *term = getenv("TERM");

        return isatty(STDERR_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

static uint64_t n_all(const struct observer *observer)
{
        const struct batch_session *session = observer->view.session;
        uint64_t left = jobs_n_left(observer->view.jobs);

        return left == INBYE_UNKNOWN ? left : session->n_taken - session->n_passed + left;
}

static void append_clock(struct buf *text, uint64_t ns)
{
        uint64_t s = ns / INBYE_SECOND;

        if (s >= 3600)
                buf_printf(
                        text, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
        else
                buf_printf(text, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
}

/* "12/40 jobs, 3 running, 1 not ok, 0:05, ETA 0:12" */
static void append_state(struct buf *text, const struct observer *observer)
{
        uint64_t all = n_all(observer), ran_ns = clock_now_ns() - observer->started_ns;

        buf_printf(text, "%" PRIu64, observer->n_done);
        if (all != INBYE_UNKNOWN)
                buf_printf(text, "/%" PRIu64, all);
        buf_printf(text, " jobs, %" PRIu64 " running", observer->n_running);
        if (observer->n_not_ok)
                buf_printf(text, ", %" PRIu64 " not ok", observer->n_not_ok);
        buf_append_str(text, ", ");
        append_clock(text, ran_ns);
        if (all == INBYE_UNKNOWN || observer->n_done == 0 || all < observer->n_done)
                return;
        buf_append_str(text, ", ETA ");
        append_clock(text,
                (uint64_t)((double)ran_ns / (double)observer->n_done * (double)(all - observer->n_done)));
}

static size_t columns_of_terminal(void)
{
        unsigned columns = terminal_columns(STDERR_FILENO);

        return columns > 0 ? columns : COLUMNS_DEFAULT;
}

/* In front of the state, where there is room. */
static void append_bar(struct buf *text, const struct observer *observer, size_t n_room)
{
        uint64_t all = n_all(observer);
        size_t n = n_room < BAR_MAX ? n_room : BAR_MAX, n_full;

        if (all == INBYE_UNKNOWN || all == 0 || n < 8)
                return;
        n -= 3; /* brackets, a space */
        n_full = (size_t)((double)n * (double)observer->n_done / (double)all);
        buf_append_char(text, '[');
        for (size_t i = 0; i < n; i++)
                buf_append_char(text, i < n_full ? '#' : '.');
        buf_append_str(text, "] ");
}

static void draw(struct observer *observer)
{
        size_t n_columns = columns_of_terminal() - 1; /* in the last one some terminals wrap */
        struct buf line = BUF_INIT, state = BUF_INIT;

        append_state(&state, observer);
        if (state.n < n_columns)
                append_bar(&line, observer, n_columns - state.n);
        buf_append(&line, state.data, state.n);
        if (!state.failed && !line.failed) {
                if (line.n > n_columns)
                        line.data[n_columns] = '\0';
                out_set_foot(observer->view.out, line.data);
        }
        buf_deinit(&state);
        buf_deinit(&line);
        observer->drawn_ns = clock_now_ns();
}

static void say(struct observer *observer)
{
        struct buf line = BUF_INIT;

        if (observer->n_told == observer->n_done)
                return;
        observer->n_told = observer->n_done;
        append_state(&line, observer);
        if (!line.failed)
                out_say(observer->view.out, line.data);
        buf_deinit(&line);
}

static void on_tick(void *userdata)
{
        struct observer *observer = userdata;

        (observer->is_bar ? draw : say)(observer);
        (void)inbye_watch_rearm(observer->timer, observer->is_bar ? TICK_NS : PLAIN_TICK_NS);
}

static void on_winch(void *userdata, int signo, pid_t sender)
{
        (void)signo;
        (void)sender;
        draw(userdata);
}

static void observer_free(void *userdata)
{
        struct observer *observer = userdata;

        inbye_watch_free(observer->timer);
        inbye_watch_free(observer->winch);
        free(observer);
}

static int start(struct observer *observer)
{
        struct inbye_loop *loop = observer->view.loop;
        int r;

        r = inbye_watch_timer(
                loop, observer->is_bar ? TICK_NS : PLAIN_TICK_NS, on_tick, observer, &observer->timer);
        if (r >= 0 && observer->is_bar)
                r = inbye_watch_signal(loop, SIGWINCH, on_winch, observer, &observer->winch);
        return r;
}

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        enum record_progress wanted = view->wishes->record.progress;
        struct observer *observer;
        int r;

        if (wanted == RECORD_NONE || (wanted == RECORD_AUTO && (view->wishes->quiet || !terminal_can())))
                return 0;
        if (wanted == RECORD_BAR && !terminal_can())
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, ENOTTY,
                        "--progress=bar: standard error is no terminal that could show it; try plain");
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "progress");
        observer->view = *view;
        observer->is_bar = wanted != RECORD_PLAIN;
        observer->started_ns = clock_now_ns();
        r = start(observer);
        if (r < 0) {
                observer_free(observer);
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "progress");
        }
        *ret_observer = observer;
        return 1;
}

static void on_start(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct observer *observer = userdata;

        (void)attempt;
        observer->n_running++;
}

static void on_end(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct observer *observer = userdata;

        (void)attempt;
        observer->n_running--;
}

static void on_result(void *userdata, uint64_t number, struct inbye_result *result)
{
        struct observer *observer = userdata;

        (void)number;
        observer->n_done++;
        observer->n_not_ok += inbye_result_status(result) != INBYE_OK;
        if (observer->is_bar && clock_now_ns() - observer->drawn_ns >= DRAW_NS)
                draw(observer);
}

static void on_drain(void *userdata, const struct out_summary *summary)
{
        struct observer *observer = userdata;

        (void)summary;
        if (observer->is_bar)
                out_set_foot(observer->view.out, "");
        else
                say(observer);
        inbye_watch_free(observer->timer);
        inbye_watch_free(observer->winch);
        observer->timer = observer->winch = NULL;
}

const struct batch_observer_ops batch_progress = {
        .open = observer_open,
        .on_start = on_start,
        .on_end = on_end,
        .on_result = on_result,
        .on_drain = on_drain,
        .free = observer_free,
};
