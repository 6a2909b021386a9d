/* SPDX-License-Identifier: MIT */
/*
 * What comes out of a batch: attempts as they begin and end, one result per job, and the counts.
 */
#include "batch/batch.h"
#include <errno.h>

static void tell_attempt(const struct job *job, inbye_batch_attempt_fn fn, struct inbye_result *result)
{
        struct inbye_batch_attempt attempt = {
                .size = sizeof(attempt),
                .index = job->index,
                .number = job->n_attempts,
                .slot = job->slot,
                .command = job->command,
                .process = job->process,
                .result = result,
                .is_retried = result && retry_is_wanted(job, result),
        };

        if (fn && !job->batch->dead)
                fn(job->batch->options.userdata, &attempt);
}

void outcome_started(const struct job *job)
{
        tell_attempt(job, job->batch->options.started, NULL);
}

static void tell_result(struct inbye_batch *batch, uint64_t index, struct inbye_result *result)
{
        if (!result)
                return;
        if (batch->options.result && !batch->dead)
                batch->options.result(batch->options.userdata, index, result);
        inbye_result_unref(result);
}

static void tell_in_order(struct inbye_batch *batch)
{
        struct inbye_result *result;
        uint64_t index;

        while (!batch->dead && order_take(&batch->order, &index, &result))
                tell_result(batch, index, result);
}

static void count(struct inbye_batch *batch, const struct inbye_result *result)
{
        if (result->n_attempts == 0)
                batch->n_unstarted++;
        else
                batch->by_status[result->status]++;
        batch->n_leftovers += result->n_leftovers == SIZE_MAX ? 1 : result->n_leftovers; /* at least */
        if (result->n_escaped != INBYE_UNKNOWN)
                batch->n_escaped += result->n_escaped;
        halt_check(batch);
}

/* Takes both. */
static void finish(struct job *finished, struct inbye_result *result)
{
        scoped(job_freep) struct job *job = finished;
        struct inbye_batch *batch = job->batch;

        if (result)
                count(batch, result);
        else
                batch_fail(batch, -ENOMEM);
        if (!(batch->options.flags & INBYE_BATCH_KEEP_ORDER)) {
                tell_result(batch, job->index, result);
                return;
        }
        order_put(&batch->order, job->place, job->index, result);
        tell_in_order(batch);
}

void outcome_ended(struct job *job, struct inbye_result *result)
{
        bool is_retried = result && retry_is_wanted(job, result);

        if (result) {
                result->n_attempts = job->n_attempts;
                tell_attempt(job, job->batch->options.ended, result);
        }
        job->slot = INBYE_BATCH_NO_SLOT;
        if (is_retried && !job->batch->stopped && !job->batch->dead)
                retry_wait(job, result);
        else
                finish(job, result);
}

void outcome_last(struct job *job)
{
        struct inbye_result *result = inbye_result_ref(job->last);

        retry_forget(job);
        finish(job, result);
}

static int reserve(const struct job *job)
{
        struct inbye_batch *batch = job->batch;

        if (!(batch->options.flags & INBYE_BATCH_KEEP_ORDER) || order_reserve(&batch->order, job->place) >= 0)
                return 0;
        batch_fail(batch, -ENOMEM);
        return -ENOMEM;
}

void outcome_passed_over(struct job *passed)
{
        scoped(job_freep) struct job *job = passed;
        struct inbye_batch *batch = job->batch;

        batch->n_unstarted++;
        if (!(batch->options.flags & INBYE_BATCH_KEEP_ORDER) || reserve(job) < 0)
                return;
        order_put(&batch->order, job->place, job->index, NULL);
        tell_in_order(batch);
}

void outcome_unstarted(struct job *job)
{
        struct inbye_batch *batch = job->batch;
        struct inbye_result *result = NULL;

        if (reserve(job) < 0) {
                job_free(job);
                return;
        }
        if (result_new_failed(job->command, INBYE_CANCELLED, NULL, batch->group, &result) < 0)
                result = NULL;
        else
                result->n_attempts = 0;
        finish(job, result);
}
