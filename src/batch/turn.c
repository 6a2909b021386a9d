/* SPDX-License-Identifier: MIT */
/*
 * A turn of a batch: everything that moves a job happens here, deferred, between two waits of the loop.
 *
 * It settles what has ended (free the process, tell the result), then fills the slots that are free. The
 * callbacks of processes and timers, and every public call, only put things on lists and ask for a turn. So
 * whatever a caller does from inside its callbacks (submit, stop, cancel, pause, even free the batch),
 * nothing recurses and no list changes under somebody's feet. Starting the next job from the end callback of
 * the last one was rejected: 20 000 jobs that fail to start would be 20 000 frames deep.
 *
 * When the system runs short of something while jobs of ours run (processes, descriptors), the job is put
 * back and the batch waits for one of them to end; only when nothing runs is the shortage the job's own
 * result. Under a jobserver, or as one, a job needs a token besides the slot (jobserver.c): where there is
 * none it is put back too, and a turn is asked for when there may be one.
 */
#include "base/error.h"
#include "batch/batch.h"
#include "loop/cancel.h"
#include <errno.h>
#include <inbye/process.h>

/* Jobs that one turn starts (or fails to): between two turns signals, timers and output have their say. */
#define N_STARTS_PER_TURN 16
/* The same for those that are only told. */
#define N_UNSTARTED_PER_TURN 256

static void settle_one(struct job *job)
{
        struct inbye_batch *batch = job->batch;
        struct inbye_result *result = inbye_result_ref(inbye_process_result(job->process));

        list_unlink(&job->link);
        job_leave_slot(job);
        job_drop_process(job);
        batch->short_of = false;
        if (result)
                overrun_note(batch, result);
        outcome_ended(job, result);
}

static void settle(struct inbye_batch *batch)
{
        while (!batch->dead && !list_is_empty(&batch->ended))
                settle_one(LIST_ENTRY(batch->ended.next, struct job, link));
}

/* Starting */

static void on_end(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        struct job *job = userdata;

        (void)process;
        (void)result;
        list_unlink(&job->link);
        list_append(&job->batch->ended, &job->link);
        batch_ask_for_turn(job->batch);
}

static bool has_more(const struct inbye_batch *batch)
{
        return batch->n_queue > 0 || batch->next_up || !list_is_empty(&batch->due) ||
               !(batch->exhausted || batch->starved);
}

static bool may_start(struct inbye_batch *batch)
{
        if (batch->dead || batch->stopped || batch->paused || batch->short_of ||
                batch->n_used >= batch->width)
                return false;
        return has_more(batch);
}

static bool is_shortage(int r)
{
        return r == -EAGAIN || r == -EMFILE || r == -ENFILE;
}

/* The room in the ring of results is there: reserved before the start. */
static void fail_to_start(struct job *job, int r, const struct inbye_error *error)
{
        enum inbye_status status = r == -ECANCELED ? INBYE_CANCELLED : INBYE_SPAWN_ERROR;
        struct inbye_result *result = NULL;

        if (result_new_failed(job->command, status, error, job->batch->group, &result) < 0)
                result = NULL;
        outcome_ended(job, result);
}

static void has_started(struct job *job)
{
        retry_forget(job);
        job->started_ns = loop_clock_ns(job->batch->loop);
        job->overran = false;
        list_append(&job->batch->running, &job->link);
        job_take_slot(job);
        pace_started(job->batch);
        inbye_process_on_end(job->process, on_end, job);
        outcome_started(job);
}

/* In order, the room for the result is made while running out of memory can still be told. */
static int reserve(struct job *job)
{
        struct inbye_batch *batch = job->batch;

        if (!(batch->options.flags & INBYE_BATCH_KEEP_ORDER) || order_reserve(&batch->order, job->place) >= 0)
                return 0;
        batch_fail(batch, -ENOMEM);
        queue_put_back(job);
        batch->stopped = true;
        return -ENOMEM;
}

/* false: it was put back, for something that must come first. */
static bool start_job(struct job *job)
{
        struct inbye_batch *batch = job->batch;
        struct inbye_error error = { 0 };
        int r;

        if (reserve(job) < 0)
                return false;
        r = jobserver_spawn(batch->jobserver, batch->group, job->command, &job->seat, &job->process, &error);
        if (r == 0 || (is_shortage(r) && batch->n_running > 0)) {
                batch->short_of = r < 0;
                queue_put_back(job);
                return false;
        }
        job->n_attempts++;
        if (r < 0)
                fail_to_start(job, r, &error);
        else
                has_started(job);
        return true;
}

static void fill(struct inbye_batch *batch)
{
        for (int i = 0; may_start(batch); i++) {
                struct job *job;
                int r;

                if (i == N_STARTS_PER_TURN) {
                        batch_ask_for_turn(batch);
                        return;
                }
                r = queue_take(batch, &job);
                if (r < 0)
                        batch_fail(batch, r);
                if (r <= 0)
                        return;
                /* The pace is asked with a job in hand: where nobody is left it would hold up the end. */
                if (batch->stopped || batch->dead || batch->n_used + job_units(job) > batch->width ||
                        !pace_allows(batch)) {
                        queue_put_back(job); /* stopped by `next` itself; too heavy, or too early, for now */
                        return;
                }
                if (!start_job(job))
                        return;
        }
}

/* Ending early: every job that is known has its result all the same. */

static void flush_waiting(struct inbye_batch *batch)
{
        while (!batch->dead && batch->n_waiting > 0) {
                struct list *list = list_is_empty(&batch->due) ? &batch->waiting : &batch->due;
                struct job *job = batch->next_up;

                if (job && job->last)
                        batch->next_up = NULL;
                else
                        job = LIST_ENTRY(list->next, struct job, link);
                list_unlink(&job->link);
                batch->n_waiting--;
                outcome_last(job);
        }
}

static bool tells_unstarted(const struct inbye_batch *batch)
{
        return batch->stopped && (batch->cancelled || batch->options.flags & INBYE_BATCH_TELL_UNSTARTED);
}

static void flush_unstarted(struct inbye_batch *batch)
{
        struct job *job;
        int r = 1;

        /* What is held while nothing runs waits for one of those here. */
        for (int i = 0; !batch->dead && (batch->order.n_bytes <= HELD_BYTES_MAX || batch->n_running == 0);
                i++) {
                if (i == N_UNSTARTED_PER_TURN) {
                        batch_ask_for_turn(batch);
                        return;
                }
                r = queue_take_unstarted(batch, &job);
                if (r < 0)
                        batch_fail(batch, r);
                if (r <= 0)
                        return;
                if (tells_unstarted(batch))
                        outcome_unstarted(job);
                else
                        outcome_passed_over(job);
        }
}

/* What is not told is passed over when all else has ended: until then a cancel may come, and tell it. */
static bool is_flushed(const struct inbye_batch *batch)
{
        return tells_unstarted(batch) || (batch->stopped && batch->n_running == 0);
}

/* Freeing a job may turn the loop until its tree is gone, and other jobs then change lists: hence no
 * iterator. */
static void drop_list(struct list *list)
{
        while (!list_is_empty(list))
                job_free(LIST_ENTRY(list->next, struct job, link));
}

void batch_drop_all(struct inbye_batch *batch)
{
        job_free(batch->next_up);
        batch->next_up = NULL;
        drop_list(&batch->running);
        drop_list(&batch->ended);
        drop_list(&batch->due);
        drop_list(&batch->waiting);
        for (size_t i = 0; i < batch->n_pools; i++)
                drop_list(&batch->pools[i].queue);
        batch->n_running = batch->n_queue = batch->n_waiting = 0;
}

void batch_turn(struct loop_defer *defer)
{
        struct inbye_batch *batch = CONTAINER_OF(defer, struct inbye_batch, defer);

        batch->n_pins++;
        if (batch->cancel && inbye_cancel_is_fired(batch->cancel))
                inbye_batch_cancel(batch, 0, 0);
        settle(batch);
        if (batch->stopped)
                flush_waiting(batch);
        if (is_flushed(batch))
                flush_unstarted(batch);
        jobserver_begin(batch->jobserver);
        fill(batch);
        jobserver_share(batch->jobserver);
        if (!batch->dead && batch->options.timeout_percent)
                overrun_check(batch);
        if (batch->dead)
                batch_drop_all(batch); /* a job that was in our hands when a callback freed the batch */
        batch_unpin(batch);
}
