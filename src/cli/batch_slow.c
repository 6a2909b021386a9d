/* SPDX-License-Identifier: MIT */
/*
 * Which jobs took long: a line for each that took as long as --slow says, as its result comes, and the five
 * slowest below the table at the end, where they took a second or that long.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/misc.h"
#include "base/str.h"
#include "cli/batch.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define N_SLOWEST 5
/* Terminals for which lines are cut: what is wider takes them whole. */
#define COLUMNS_MIN 20
#define COLUMNS_MAX 512

struct slow_job {
        uint64_t duration_ns, number;
        struct inbye_command *command; /* a reference */
};

struct observer {
        struct batch_view view;
        uint64_t shown_ns;                  /* what took less is not among the slowest */
        struct slow_job slowest[N_SLOWEST]; /* longest first */
        size_t n;
};

static void observer_free(void *userdata)
{
        struct observer *observer = userdata;

        for (size_t i = 0; i < observer->n; i++)
                inbye_command_unref(observer->slowest[i].command);
        free(observer);
}

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        uint64_t slow_ns = view->wishes->record.slow_ns;
        struct observer *observer;

        if (view->wishes->quiet)
                return 0;
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "list of slow jobs");
        observer->view = *view;
        observer->shown_ns = slow_ns != INBYE_FOREVER ? slow_ns : INBYE_SECOND;
        *ret_observer = observer;
        return 1;
}

static void append_job(struct buf *line, const struct slow_job *job)
{
        uint64_t ms = job->duration_ns / INBYE_MILLISECOND;

        buf_printf(line, "%" PRIu64 ".%02u s: ", ms / 1000, (unsigned)(ms % 1000 / 10));
        out_report_name(line, job->number, job->command);
        buf_append_str(line, ": ");
        out_report_command(line, job->command);
}

static void say_slow(const struct observer *observer, const struct slow_job *job)
{
        struct buf line = BUF_INIT;

        buf_append_str(&line, "SLOW after ");
        append_job(&line, job);
        if (!line.failed)
                out_say(observer->view.out, line.data);
        buf_deinit(&line);
}

static void keep(struct observer *observer, const struct slow_job *job)
{
        size_t at = observer->n;

        if (at == N_SLOWEST && observer->slowest[at - 1].duration_ns >= job->duration_ns)
                return;
        if (at == N_SLOWEST)
                inbye_command_unref(observer->slowest[--at].command);
        else
                observer->n++;
        for (; at > 0 && observer->slowest[at - 1].duration_ns < job->duration_ns; at--)
                observer->slowest[at] = observer->slowest[at - 1];
        observer->slowest[at] = *job;
        inbye_command_ref(job->command);
}

static void on_result(void *userdata, uint64_t number, struct inbye_result *result)
{
        struct observer *observer = userdata;
        const struct slow_job job = {
                .duration_ns = inbye_result_duration_ns(result),
                .number = number,
                .command = inbye_result_command(result),
        };

        if (inbye_result_attempts(result) == 0 || job.duration_ns < observer->shown_ns)
                return;
        if (observer->view.wishes->record.slow_ns != INBYE_FOREVER)
                say_slow(observer, &job);
        keep(observer, &job);
}

/* A row of the table: one line, on a terminal of whatever width. */
static void append_row(struct buf *text, const struct slow_job *job)
{
        unsigned n_columns = terminal_columns(STDERR_FILENO);
        struct buf line = BUF_INIT;
        char cut[COLUMNS_MAX];

        buf_append_str(&line, "  ");
        append_job(&line, job);
        if (!line.failed && n_columns > COLUMNS_MIN && n_columns < COLUMNS_MAX && line.n >= n_columns) {
                str_clean(line.data, cut, n_columns - 3);
                buf_printf(text, "%s...\n", cut);
        } else if (!line.failed) {
                buf_printf(text, "%s\n", line.data);
        }
        buf_deinit(&line);
}

static int on_finish(void *userdata, const struct out_summary *summary)
{
        const struct observer *observer = userdata;
        struct buf text = BUF_INIT;

        if (summary->counts.submitted > 1 && observer->n > 0)
                buf_append_str(&text, "inbye: the slowest:\n");
        for (size_t i = 0; text.n > 0 && i < observer->n; i++)
                append_row(&text, &observer->slowest[i]);
        if (text.n > 0 && !text.failed)
                (void)fd_write_all(STDERR_FILENO, text.data, text.n);
        buf_deinit(&text);
        return 0;
}

const struct batch_observer_ops batch_slow = {
        .open = observer_open,
        .on_result = on_result,
        .on_finish = on_finish,
        .free = observer_free,
};
