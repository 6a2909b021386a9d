/* SPDX-License-Identifier: MIT */
/*
 * Another attempt for a job that failed.
 *
 * The wait doubles from one attempt to the next up to its cap, and a random half of it is taken off, so that
 * jobs that failed together for one reason do not come back together. A job that waits holds no slot, only
 * the result of its last attempt: when the batch is ended in the meantime that is what came of the job.
 */
#include "base/clock.h"
#include "batch/batch.h"

/* What is worth another try where the caller does not say: the same program cannot be missing by chance. */
#define DEFAULT_STATUSES                                                                                     \
        (1u << INBYE_NONZERO | 1u << INBYE_SIGNALED | 1u << INBYE_TIMEOUT | 1u << INBYE_IDLE_TIMEOUT |       \
                1u << INBYE_OUTPUT_LIMIT | 1u << INBYE_OOM | 1u << INBYE_LIMIT)

bool retry_is_wanted(const struct job *job, const struct inbye_result *result)
{
        const struct inbye_batch *batch = job->batch;
        uint32_t statuses = batch->options.retry_statuses;

        if (job->n_attempts > job->retries || batch->stopped || result->status == INBYE_CANCELLED ||
                result->status == INBYE_OK)
                return false;
        if (statuses == 0 && batch->options.n_retry_codes == 0)
                statuses = DEFAULT_STATUSES;
        if (statuses & 1u << result->status)
                return true;
        return result->status == INBYE_NONZERO && result->code >= 0 && result->code < 256 &&
               batch->retry_codes[result->code];
}

/* splitmix64 */
static uint64_t draw(struct inbye_batch *batch)
{
        uint64_t z = batch->random += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

static uint64_t delay_of(struct job *job)
{
        uint64_t delay = job->batch->options.retry_delay_ns, most = job->batch->options.retry_delay_max_ns;

        for (uint32_t i = 1; i < job->n_attempts && delay < most; i++)
                delay = delay > UINT64_MAX / 2 ? UINT64_MAX : delay * 2;
        if (delay > most)
                delay = most;
        return delay - (delay > 1 ? draw(job->batch) % (delay / 2 + 1) : 0);
}

static void become_due(struct job *job)
{
        list_unlink(&job->link);
        list_append(&job->batch->due, &job->link);
        batch_ask_for_turn(job->batch);
}

static void on_due(struct loop_timer *timer)
{
        become_due(CONTAINER_OF(timer, struct job, retry_timer));
}

/* Without memory for a timer the job is due at once: better early than never. */
static void arm(struct job *job)
{
        if (job->retry_ns == 0 ||
                loop_timer_set(job->batch->loop, &job->retry_timer, job->retry_ns, on_due) < 0)
                become_due(job);
}

void retry_wait(struct job *job, struct inbye_result *result)
{
        struct inbye_batch *batch = job->batch;
        uint64_t delay = delay_of(job);

        job->last = result;
        batch->n_waiting_bytes += order_weight(result);
        batch->n_waiting++;
        batch->n_retries++;
        job->retry_ns = delay ? clock_deadline(loop_clock_ns(batch->loop), delay) : 0;
        list_append(&batch->waiting, &job->link);
        if (!batch->paused)
                arm(job);
}

void retry_forget(struct job *job)
{
        if (!job->last)
                return;
        job->batch->n_waiting_bytes -= order_weight(job->last);
        inbye_result_unref(job->last);
        job->last = NULL;
}

void retry_pause(struct inbye_batch *batch)
{
        struct job *job;

        LIST_FOREACH (job, &batch->waiting, struct job, link)
                loop_timer_stop(&job->retry_timer);
}

void retry_resume(struct inbye_batch *batch, uint64_t paused_ns)
{
        struct job *job;

        LIST_FOREACH (job, &batch->waiting, struct job, link) {
                job->retry_ns = clock_deadline(job->retry_ns, paused_ns);
                arm(job);
        }
}
