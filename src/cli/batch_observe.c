/* SPDX-License-Identifier: MIT */
/*
 * Who watches a batch run: one row per kind in a table, so that a log or a picture is a file of its own and
 * the run itself (cmd_batch.c) knows none of them.
 */
#include "base/error.h"
#include "base/scope.h"
#include "cli/batch.h"
#include <errno.h>

static const struct batch_observer_ops *const kinds[] = {
        &batch_live, /* before those that speak of an attempt that has ended */
        &batch_joblog,
        &batch_junit,
        &batch_tap,
        &batch_running,
        &batch_slow,
        &batch_progress,
        &batch_trace,
        &batch_html,
};
_Static_assert(ARRAY_SIZE(kinds) <= BATCH_N_OBSERVERS_MAX, "a place for each kind");

int batch_observers_open(
        struct batch_observers *observers, const struct batch_view *view, struct inbye_error *reterr)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                void *observer = NULL;
                int r = kinds[i]->open(view, &observer, reterr);

                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                observers->open[observers->n].ops = kinds[i];
                observers->open[observers->n++].observer = observer;
        }
        return 0;
}

bool batch_observers_pass_over(
        struct batch_observers *observers, uint64_t number, struct inbye_command *command)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops->passes_over &&
                        observers->open[i].ops->passes_over(observers->open[i].observer, number, command))
                        return true;
        return false;
}

void batch_observers_start(struct batch_observers *observers, const struct inbye_batch_attempt *attempt)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops->on_start)
                        observers->open[i].ops->on_start(observers->open[i].observer, attempt);
}

void batch_observers_end(struct batch_observers *observers, const struct inbye_batch_attempt *attempt)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops->on_end)
                        observers->open[i].ops->on_end(observers->open[i].observer, attempt);
}

void batch_observers_result(struct batch_observers *observers, uint64_t number, struct inbye_result *result)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops->on_result)
                        observers->open[i].ops->on_result(observers->open[i].observer, number, result);
}

void batch_observers_drain(struct batch_observers *observers, const struct out_summary *summary)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops->on_drain)
                        observers->open[i].ops->on_drain(observers->open[i].observer, summary);
}

int batch_observers_finish(struct batch_observers *observers, const struct out_summary *summary)
{
        int failed = 0;

        for (size_t i = 0; i < observers->n; i++) {
                int r = 0;

                if (observers->open[i].ops->on_finish)
                        r = observers->open[i].ops->on_finish(observers->open[i].observer, summary);
                if (r < 0 && failed == 0)
                        failed = r;
        }
        return failed;
}

void batch_observers_deinit(struct batch_observers *observers)
{
        for (size_t i = 0; i < observers->n; i++)
                observers->open[i].ops->free(observers->open[i].observer);
        observers->n = 0;
}

void *batch_observers_find(const struct batch_observers *observers, const struct batch_observer_ops *ops)
{
        for (size_t i = 0; i < observers->n; i++)
                if (observers->open[i].ops == ops)
                        return observers->open[i].observer;
        return NULL;
}

int batch_refuse_input(const struct jobs *jobs, const char *name, struct inbye_error *reterr)
{
        if (!name || !jobs_reads_file(jobs, name))
                return 0;
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                "'%s' is the file that the jobs are read from: nothing can be written there", name);
}
