/* SPDX-License-Identifier: MIT */
/*
 * One job of a batch, and its place among those that run.
 *
 * The jobs that run are kept by their slot: the lowest free one is the first gap in the list. A bitmap would
 * find it faster, and would have to grow in the middle of a start, where running out of memory is bad news;
 * a start costs a hundred times what walking over the few dozen that run does.
 */
#include "batch/batch.h"
#include <errno.h>
#include <inbye/process.h>
#include <stdlib.h>

void job_drop_process(struct job *job)
{
        if (!job->process)
                return;
        inbye_process_on_end(job->process, NULL, NULL);
        inbye_process_free(job->process);
        jobserver_leave(job->seat); /* the tree is gone */
        job->process = NULL;
        job->seat = NULL;
}

void job_free(struct job *job)
{
        if (!job)
                return;
        list_unlink(&job->link);
        list_unlink(&job->slot_link);
        loop_timer_stop(&job->retry_timer);
        job_drop_process(job);
        if (job->last)
                inbye_result_unref(job->last);
        inbye_command_unref(job->command);
        free(job);
}

/* Takes the reference of the command over, once it succeeds. */
int job_new(struct inbye_batch *batch, const struct inbye_batch_job *given, struct job **ret_job)
{
        struct job *job;

        if (!given->command || given->pool >= batch->n_pools)
                return -EINVAL;
        job = calloc(1, sizeof(*job));
        if (!job)
                return -ENOMEM;
        list_init(&job->link);
        list_init(&job->slot_link);
        job->batch = batch;
        job->command = given->command;
        job->pool = &batch->pools[given->pool];
        job->slot = INBYE_BATCH_NO_SLOT;
        job->weight = given->weight ? given->weight : 1;
        job->retries = given->retries == INBYE_BATCH_RETRIES ? batch->options.retries : given->retries;
        job->place = batch->n_submitted++;
        job->index = given->index == INBYE_BATCH_INDEX ? job->place : given->index;
        *ret_job = job;
        return 0;
}

/* What is heavier than everything there is runs alone. */
uint32_t job_units(const struct job *job)
{
        uint64_t units = job->weight;

        if (units > job->batch->width)
                units = job->batch->width;
        return (uint32_t)(units > job->pool->width ? job->pool->width : units);
}

bool job_fits_pool(const struct job *job)
{
        return job->pool->n_used + job_units(job) <= job->pool->width;
}

void job_take_slot(struct job *job)
{
        struct inbye_batch *batch = job->batch;
        struct list *place = &batch->slots;
        struct job *other;
        uint32_t slot = 0;

        LIST_FOREACH (other, &batch->slots, struct job, slot_link) {
                if (other->slot > slot) {
                        place = &other->slot_link;
                        break;
                }
                slot = other->slot + 1;
        }
        job->slot = slot;
        list_append(place, &job->slot_link);
        job->n_units = job_units(job);
        batch->n_used += job->n_units;
        job->pool->n_used += job->n_units;
        batch->n_running++;
}

void job_leave_slot(struct job *job)
{
        list_unlink(&job->slot_link);
        job->batch->n_used -= job->n_units;
        job->pool->n_used -= job->n_units;
        job->batch->n_running--;
}
