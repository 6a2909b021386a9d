/* SPDX-License-Identifier: MIT */
/*
 * Who is next. Nobody is passed over for ever: a job whose retry is due has waited longest and goes first;
 * then what was submitted and what `next` gives take turns, and among what was submitted the pools do.
 *
 * A job that was taken and does not fit (it weighs more than is free, the system is short of something) keeps
 * its turn: nothing else is started until it is. To let lighter ones pass was rejected: a heavy job would
 * wait until the list is empty.
 *
 * A job of `next` whose pool is full is parked in the queue of its pool, so that those behind it go on; not
 * more than N_PARKED_MAX of them, or a list of millions that all belong to one pool would end up in memory.
 *
 * In order: while much output is held back for an earlier job only that job, if it does not run, may start.
 */
#include "batch/batch.h"
#include <errno.h>
#include <inbye/process.h>

#define N_PARKED_MAX 256

static void count(const struct job *job, int n)
{
        struct inbye_batch *batch = job->batch;

        if (job->n_attempts == 0)
                batch->n_queue += (size_t)n;
        else
                batch->n_waiting += (size_t)n;
}

void queue_add(struct job *job)
{
        list_append(&job->pool->queue, &job->link);
        count(job, 1);
}

void queue_put_back(struct job *job)
{
        job->batch->next_up = job;
        count(job, 1);
}

static int take(struct job *job, struct job **ret_job)
{
        list_unlink(&job->link);
        count(job, -1);
        job->batch->n_parked -= job->parked;
        job->parked = false;
        *ret_job = job;
        return 1;
}

static struct job *first_of(const struct pool *pool)
{
        return list_is_empty(&pool->queue) ? NULL : LIST_ENTRY(pool->queue.next, struct job, link);
}

static int take_due(struct inbye_batch *batch, struct job **ret_job)
{
        struct job *job;

        LIST_FOREACH (job, &batch->due, struct job, link)
                if (job_fits_pool(job))
                        return take(job, ret_job);
        return 0;
}

static int take_submitted(struct inbye_batch *batch, struct job **ret_job)
{
        for (size_t i = 0; batch->n_queue > 0 && i < batch->n_pools; i++) {
                size_t turn = (batch->pool_turn + i) % batch->n_pools;
                struct job *job = first_of(&batch->pools[turn]);

                if (!job || !job_fits_pool(job))
                        continue;
                batch->pool_turn = turn + 1;
                return take(job, ret_job);
        }
        return 0;
}

/* 1 a fresh job; 0; or an error. */
static int ask_next(struct inbye_batch *batch, struct job **ret_job)
{
        struct inbye_batch_job given = INBYE_BATCH_JOB_INIT;
        int r;

        if (batch->exhausted || batch->starved)
                return 0;
        batch->poked = false;
        r = batch->options.next(batch->options.userdata, &given);
        if (r > 0) {
                r = job_new(batch, &given, ret_job);
                if (r >= 0)
                        return 1;
                if (given.command)
                        inbye_command_unref(given.command);
        }
        if (r == -EAGAIN) {
                batch->starved = !batch->poked;
                if (batch->poked)
                        batch_ask_for_turn(batch);
                return 0;
        }
        batch->exhausted = true;
        return r;
}

static int take_from_source(struct inbye_batch *batch, struct job **ret_job)
{
        struct job *job;
        int r;

        while (batch->n_parked < N_PARKED_MAX) {
                r = ask_next(batch, &job);
                if (r <= 0)
                        return r;
                if (!first_of(job->pool) && job_fits_pool(job)) {
                        *ret_job = job;
                        return 1;
                }
                job->parked = true;
                batch->n_parked++;
                queue_add(job);
                if (batch->stopped || batch->dead)
                        return 0;
        }
        return 0;
}

static int take_fresh(struct inbye_batch *batch, struct job **ret_job)
{
        bool source_first = batch->source_turn;
        int r;

        r = source_first ? take_from_source(batch, ret_job) : take_submitted(batch, ret_job);
        if (r != 0) {
                batch->source_turn = !source_first;
                return r;
        }
        return source_first ? take_submitted(batch, ret_job) : take_from_source(batch, ret_job);
}

/* The one that the results of others wait for. */
static int take_first_in_order(struct inbye_batch *batch, struct job **ret_job)
{
        struct job *job;

        LIST_FOREACH (job, &batch->due, struct job, link)
                if (job->place == batch->order.first)
                        return take(job, ret_job);
        for (size_t i = 0; i < batch->n_pools; i++) {
                job = first_of(&batch->pools[i]);
                if (job && job->place == batch->order.first && job_fits_pool(job))
                        return take(job, ret_job);
        }
        return 0;
}

int queue_take(struct inbye_batch *batch, struct job **ret_job)
{
        bool is_held = batch->order.n_bytes > HELD_BYTES_MAX;
        struct job *job = batch->next_up;
        int r;

        if (job && (!is_held || job->place == batch->order.first)) {
                batch->next_up = NULL;
                return take(job, ret_job);
        }
        if (is_held)
                return take_first_in_order(batch, ret_job);
        r = take_due(batch, ret_job);
        if (r != 0 || batch->n_waiting_bytes > HELD_BYTES_MAX)
                return r;
        return take_fresh(batch, ret_job);
}

int queue_take_unstarted(struct inbye_batch *batch, struct job **ret_job)
{
        struct job *job = batch->next_up;

        if (job && job->n_attempts == 0) {
                batch->next_up = NULL;
                return take(job, ret_job);
        }
        for (size_t i = 0; batch->n_queue > 0 && i < batch->n_pools; i++) {
                job = first_of(&batch->pools[i]);
                if (job)
                        return take(job, ret_job);
        }
        if (!(batch->options.flags & INBYE_BATCH_TELL_UNSTARTED))
                return 0;
        return ask_next(batch, ret_job);
}
