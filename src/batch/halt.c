/* SPDX-License-Identifier: MIT */
/*
 * Ending a batch before its list is: because enough jobs failed or succeeded, or because its time is up.
 *
 * A share is one of the jobs that have ended, since nobody knows how many a stream will bring; so that the
 * first failure of a thousand jobs is not "100 %", it takes three of the kind.
 */
#include "base/clock.h"
#include "batch/batch.h"

#define N_FOR_A_SHARE 3

static bool is_reached(const struct inbye_batch_options *options, uint64_t n, uint64_t n_ended)
{
        if (options->halt_percent)
                return n >= N_FOR_A_SHARE && n * 100 >= n_ended * options->halt_percent;
        return n >= (options->halt_count ? options->halt_count : 1);
}

void halt_check(struct inbye_batch *batch)
{
        const struct inbye_batch_options *options = &batch->options;
        uint64_t n_ok = batch->by_status[INBYE_OK], n_ended = 0, n;

        if (options->halt == INBYE_BATCH_HALT_NEVER || batch->stopped)
                return;
        for (int i = 0; i < INBYE_STATUS_N; i++)
                n_ended += batch->by_status[i];
        n = options->halt_on == INBYE_BATCH_ON_FAIL      ? n_ended - n_ok
            : options->halt_on == INBYE_BATCH_ON_SUCCESS ? n_ok
                                                         : n_ended;
        if (!is_reached(options, n, n_ended))
                return;
        batch_set_cause(batch, INBYE_BATCH_HALTED);
        if (options->halt == INBYE_BATCH_HALT_NOW)
                inbye_batch_cancel(batch, 0, options->grace_ns);
        else
                inbye_batch_stop(batch);
}

static void on_deadline(struct loop_timer *timer)
{
        struct inbye_batch *batch = CONTAINER_OF(timer, struct inbye_batch, deadline_timer);

        batch_set_cause(batch, INBYE_BATCH_DEADLINE);
        inbye_batch_cancel(batch, 0, batch->options.grace_ns);
}

int deadline_set(struct inbye_batch *batch)
{
        batch->deadline_ns = CLOCK_FOREVER;
        if (batch->options.deadline_ns)
                batch->deadline_ns = clock_deadline(loop_clock_ns(batch->loop), batch->options.deadline_ns);
        return loop_timer_set(batch->loop, &batch->deadline_timer, batch->deadline_ns, on_deadline);
}

void deadline_pause(struct inbye_batch *batch)
{
        loop_timer_stop(&batch->deadline_timer);
}

void deadline_resume(struct inbye_batch *batch, uint64_t paused_ns)
{
        if (batch->cancelled)
                return;
        batch->deadline_ns = clock_deadline(batch->deadline_ns, paused_ns);
        if (loop_timer_set(batch->loop, &batch->deadline_timer, batch->deadline_ns, on_deadline) < 0)
                on_deadline(&batch->deadline_timer); /* sooner, but not never */
}
