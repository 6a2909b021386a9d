/* SPDX-License-Identifier: MIT */
/*
 * A limit of time that follows the jobs themselves: a percentage of the median of what those that went well
 * took.
 *
 * The median is that of the last N_MEDIAN of them, kept sorted: exact, of a fixed size however many jobs
 * there are, and able to follow a list whose jobs change. With fewer than N_FOR_A_MEDIAN there is none yet.
 *
 * The limit is the same for all that run, so the one that was started first overruns it first: one timer for
 * the head of the list does. (A timer per job would have to be set anew whenever the median moves.)
 */
#include "batch/median.h"
#include "base/clock.h"
#include "batch/batch.h"
#include <string.h>

#define N_FOR_A_MEDIAN 3

static size_t place_of(const struct median *median, uint64_t value)
{
        size_t low = 0, high = median->n;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (median->sorted[middle] < value)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void forget_oldest(struct median *median)
{
        size_t place = place_of(median, median->ring[median->at]);

        median->n--;
        memmove(&median->sorted[place], &median->sorted[place + 1],
                (median->n - place) * sizeof(median->sorted[0]));
}

void median_add(struct median *median, uint64_t value)
{
        size_t place;

        if (median->n == N_MEDIAN)
                forget_oldest(median);
        place = place_of(median, value);
        memmove(&median->sorted[place + 1], &median->sorted[place],
                (median->n - place) * sizeof(median->sorted[0]));
        median->sorted[place] = value;
        median->n++;
        median->ring[median->at] = value;
        median->at = (median->at + 1) % N_MEDIAN;
}

uint64_t median_get(const struct median *median)
{
        if (median->n < N_FOR_A_MEDIAN)
                return CLOCK_FOREVER;
        return median->n % 2 ? median->sorted[median->n / 2]
                             : median->sorted[median->n / 2 - 1] / 2 + median->sorted[median->n / 2] / 2;
}

/* Overrunning it */

static uint64_t limit_of(const struct inbye_batch *batch)
{
        uint64_t median_ns = median_get(&batch->median), percent = batch->options.timeout_percent;

        if (percent == 0 || median_ns == CLOCK_FOREVER)
                return CLOCK_FOREVER;
        if (median_ns > UINT64_MAX / percent)
                return CLOCK_FOREVER;
        return median_ns * percent / 100 + 1;
}

static void on_overrun(struct loop_timer *timer)
{
        overrun_check(CONTAINER_OF(timer, struct inbye_batch, overrun_timer));
}

void overrun_check(struct inbye_batch *batch)
{
        uint64_t limit_ns = limit_of(batch), now_ns = loop_clock_ns(batch->loop), due_ns;
        struct job *job;

        loop_timer_stop(&batch->overrun_timer);
        if (batch->paused || limit_ns == CLOCK_FOREVER)
                return;
        LIST_FOREACH (job, &batch->running, struct job, link) {
                if (job->overran)
                        continue;
                due_ns = clock_deadline(job->started_ns, limit_ns);
                /* Without memory for the timer the next end of a job looks again. */
                if (due_ns > now_ns) {
                        (void)loop_timer_set(batch->loop, &batch->overrun_timer, due_ns, on_overrun);
                        return;
                }
                job->overran = true;
                process_overrun(job->process, INBYE_TIMEOUT);
        }
}

void overrun_note(struct inbye_batch *batch, const struct inbye_result *result)
{
        if (batch->options.timeout_percent && result->status == INBYE_OK)
                median_add(&batch->median, result->duration_ns);
}

void overrun_resume(struct inbye_batch *batch, uint64_t paused_ns)
{
        struct job *job;

        LIST_FOREACH (job, &batch->running, struct job, link)
                job->started_ns = clock_deadline(job->started_ns, paused_ns);
        overrun_check(batch);
}
