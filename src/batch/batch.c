/* SPDX-License-Identifier: MIT */
/*
 * Many commands under a cap: the life of a batch, and the calls that steer it.
 *
 * A job is a list node: queued, running, ended, or waiting for its next attempt. What moves it from list to
 * list happens in turns (turn.c); the calls here only note what is wanted and ask for one.
 *
 * `next` is asked only when a slot is free, so jobs that have not started cost nothing. The batch is one
 * group; each spawn has a leaf of its own in it.
 */
#include "batch/batch.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/extensible.h"
#include "base/fd.h"
#include "loop/cancel.h"
#include "sys/misc.h"
#include <errno.h>
#include <inbye/process.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS_KNOWN                                                                                          \
        (INBYE_BATCH_KEEP_ORDER | INBYE_BATCH_TELL_UNSTARTED | INBYE_BATCH_JOBSERVER_CLIENT |                \
                INBYE_BATCH_JOBSERVER_SERVER)

void batch_ask_for_turn(struct inbye_batch *batch)
{
        if (!batch->dead)
                loop_defer(batch->loop, &batch->defer, batch_turn);
}

void batch_unpin(struct inbye_batch *batch)
{
        if (--batch->n_pins > 0)
                return;
        free(batch->pools);
        free(batch);
}

void batch_fail(struct inbye_batch *batch, int error)
{
        batch->exhausted = true;
        if (!batch->error)
                batch->error = error;
}

void batch_set_cause(struct inbye_batch *batch, enum inbye_batch_cause cause)
{
        if (batch->cause == INBYE_BATCH_RAN_OUT)
                batch->cause = cause;
}

/* Life */

static bool options_make_sense(const struct inbye_batch_options *options)
{
        for (size_t i = 0; i < options->n_pools; i++)
                if (!options->pool_widths || options->pool_widths[i] == 0)
                        return false;
        if (options->n_retry_codes > 0 && !options->retry_codes)
                return false;
        return !(options->flags & ~FLAGS_KNOWN) && !(options->retry_statuses >> INBYE_STATUS_N) &&
               options->halt_percent <= 100 && options->max_cpu_pressure <= 100 &&
               options->max_memory_pressure <= 100 && options->max_io_pressure <= 100 &&
               (unsigned)options->halt <= INBYE_BATCH_HALT_NOW &&
               (unsigned)options->halt_on <= INBYE_BATCH_ON_END;
}

static int copy_options(struct inbye_batch_options *ret, const struct inbye_batch_options *options)
{
        int r = 0;

        *ret = (struct inbye_batch_options)INBYE_BATCH_OPTIONS_INIT;
        if (options)
                r = extensible_copy(ret, sizeof(*ret), options, options->size);
        if (r < 0)
                return r;
        return options_make_sense(ret) ? 0 : -EINVAL;
}

static void on_token(void *userdata)
{
        batch_ask_for_turn(userdata);
}

static int open_jobserver(struct inbye_batch *batch, struct inbye_error *reterr)
{
        const struct inbye_batch_options *options = &batch->options;
        const struct jobserver_options wanted = {
                .connect = options->flags & INBYE_BATCH_JOBSERVER_CLIENT,
                .serve = options->flags & INBYE_BATCH_JOBSERVER_SERVER,
                .n_tokens = options->jobserver_tokens ? options->jobserver_tokens : batch->width,
                .on_room = on_token,
                .userdata = batch,
        };

        return jobserver_open(batch->loop, &wanted, &batch->jobserver, reterr);
}

static void on_cancel(struct loop_io *io, uint32_t events)
{
        struct inbye_batch *batch = CONTAINER_OF(io, struct inbye_batch, cancel_io);

        (void)events;
        loop_io_remove(io); /* the token stays fired: once is enough */
        inbye_batch_cancel(batch, 0, 0);
}

static int watch_cancel(struct inbye_batch *batch, struct inbye_cancel *cancel)
{
        if (!cancel)
                return 0;
        batch->cancel = cancel_ref(cancel);
        batch->cancel_fd = cancel_dup_fd(cancel);
        if (batch->cancel_fd < 0)
                return batch->cancel_fd;
        return loop_io_add(batch->loop, &batch->cancel_io, batch->cancel_fd, LOOP_IN, on_cancel);
}

static int make_pools(struct inbye_batch *batch)
{
        batch->n_pools = batch->options.n_pools + 1;
        batch->pools = calloc(batch->n_pools, sizeof(*batch->pools));
        if (!batch->pools)
                return -ENOMEM;
        for (size_t i = 0; i < batch->n_pools; i++) {
                batch->pools[i].width = i > 0 ? batch->options.pool_widths[i - 1] : UINT64_MAX;
                list_init(&batch->pools[i].queue);
        }
        return 0;
}

/* What points to the caller's memory is copied here. */
static int take_options(struct inbye_batch *batch, const struct inbye_batch_options *options)
{
        int r;

        batch->options = *options;
        batch->width = options->width ? options->width : sys_usable_cpus();
        batch->exhausted = !options->next;
        for (size_t i = 0; i < options->n_retry_codes; i++)
                batch->retry_codes[options->retry_codes[i]] = 1;
        if (!options->retry_delay_max_ns)
                batch->options.retry_delay_max_ns = UINT64_MAX;
        r = make_pools(batch);
        if (r < 0)
                return r;
        return options->retries ? sys_random(&batch->random, sizeof(batch->random)) : 0;
}

static struct inbye_batch *batch_new(struct inbye_loop *loop)
{
        struct inbye_batch *batch = calloc(1, sizeof(*batch));

        if (!batch)
                return NULL;
        batch->loop = loop;
        batch->cancel_fd = -1;
        batch->n_pins = 1;
        list_init(&batch->waiting);
        list_init(&batch->due);
        list_init(&batch->running);
        list_init(&batch->ended);
        list_init(&batch->slots);
        return batch;
}

DEFINE_SCOPED(batch_freep, struct inbye_batch, inbye_batch_free)

int inbye_batch_open(struct inbye_loop *loop, const struct inbye_batch_options *given,
        struct inbye_batch **ret_batch, struct inbye_error *reterr)
{
        scoped(batch_freep) struct inbye_batch *batch = NULL;
        struct inbye_group_options group_options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_batch_options options;
        int r;

        if (!loop || !ret_batch)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, EINVAL, "no loop");
        r = copy_options(&options, given);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "options of the batch");
        batch = batch_new(loop);
        r = batch ? take_options(batch, &options) : -ENOMEM;
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "batch");
        group_options.mechanisms = options.mechanisms;
        group_options.flags = options.group_flags;
        group_options.limits = options.limits;
        r = inbye_group_open(loop, &group_options, &batch->group, reterr);
        if (r < 0)
                return r;
        r = watch_cancel(batch, options.cancel);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "watching the cancel token");
        r = pace_open(batch, reterr);
        if (r < 0)
                return r;
        r = deadline_set(batch);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "timer of the batch");
        r = open_jobserver(batch, reterr);
        if (r < 0)
                return r;
        batch_ask_for_turn(batch);
        *ret_batch = TAKE(batch);
        return 0;
}

void inbye_batch_free(struct inbye_batch *batch)
{
        if (!batch)
                return;
        batch->dead = true;
        loop_defer_cancel(&batch->defer);
        loop_io_remove(&batch->cancel_io);
        loop_timer_stop(&batch->deadline_timer);
        loop_timer_stop(&batch->overrun_timer);
        pace_close(batch);
        fd_close(batch->cancel_fd);
        inbye_cancel_free(batch->cancel);
        batch->cancel = NULL;
        if (batch->n_running > 0)
                inbye_group_kill(batch->group); /* all at once: each is then waited for in turn */
        batch_drop_all(batch);
        inbye_group_free(batch->group);
        batch->group = NULL;
        jobserver_free(batch->jobserver);
        batch->jobserver = NULL;
        order_deinit(&batch->order);
        batch_unpin(batch);
}

int inbye_batch_submit_job(
        struct inbye_batch *batch, const struct inbye_batch_job *given, uint64_t *ret_index)
{
        struct inbye_batch_job copy = INBYE_BATCH_JOB_INIT;
        struct job *job;
        int r;

        if (!batch || !given)
                return -EINVAL;
        r = extensible_copy(&copy, sizeof(copy), given, given->size);
        if (r < 0)
                return r;
        if (!copy.command)
                return -EINVAL;
        if (batch->stopped)
                return -ECANCELED;
        r = job_new(batch, &copy, &job);
        if (r < 0)
                return r;
        inbye_command_ref(copy.command);
        queue_add(job);
        batch_ask_for_turn(batch);
        if (ret_index)
                *ret_index = job->index;
        return 0;
}

int inbye_batch_submit(struct inbye_batch *batch, struct inbye_command *command, uint64_t *ret_index)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

        job.command = command;
        return inbye_batch_submit_job(batch, &job, ret_index);
}

void inbye_batch_poke(struct inbye_batch *batch)
{
        batch->poked = true;
        if (!batch->starved)
                return;
        batch->starved = false;
        batch_ask_for_turn(batch);
}

int inbye_batch_set_width(struct inbye_batch *batch, uint32_t width)
{
        if (!batch || width == 0)
                return -EINVAL;
        batch->width = width;
        if (!batch->options.jobserver_tokens)
                jobserver_set_tokens(batch->jobserver, width);
        batch_ask_for_turn(batch);
        return 0;
}

/* Ending and pausing */

void inbye_batch_stop(struct inbye_batch *batch)
{
        batch_set_cause(batch, INBYE_BATCH_STOPPED);
        batch->stopped = true;
        batch_ask_for_turn(batch); /* who waits may have nothing left to wait for */
}

void inbye_batch_cancel(struct inbye_batch *batch, int signo, uint64_t grace_ns)
{
        struct job *job;

        batch_set_cause(batch, INBYE_BATCH_CANCELLED);
        batch->cancelled = true;
        loop_timer_stop(&batch->deadline_timer);
        inbye_batch_stop(batch);
        inbye_batch_resume(
                batch); /* a frozen tree cannot act on its soft signal, and its grace stands still */
        LIST_FOREACH (job, &batch->running, struct job, link)
                inbye_process_cancel(job->process, signo, grace_ns);
}

static void pause_one_by_one(struct inbye_batch *batch)
{
        struct job *job;

        LIST_FOREACH (job, &batch->running, struct job, link) {
                inbye_process_pause(job->process);
                inbye_process_signal(job->process, SIGSTOP);
        }
}

static void resume_one_by_one(struct inbye_batch *batch)
{
        struct job *job;

        LIST_FOREACH (job, &batch->running, struct job, link) {
                inbye_process_signal(job->process, SIGCONT);
                inbye_process_resume(job->process);
        }
}

void inbye_batch_pause(struct inbye_batch *batch)
{
        if (batch->paused)
                return;
        batch->paused = true;
        batch->paused_ns = loop_clock_ns(batch->loop);
        retry_pause(batch);
        deadline_pause(batch);
        loop_timer_stop(&batch->overrun_timer);
        batch->frozen = inbye_group_freeze(batch->group) >= 0;
        if (!batch->frozen)
                pause_one_by_one(batch); /* no freezer */
}

void inbye_batch_resume(struct inbye_batch *batch)
{
        uint64_t paused_ns;

        if (!batch->paused)
                return;
        batch->paused = false;
        paused_ns = loop_clock_ns(batch->loop) - batch->paused_ns;
        retry_resume(batch, paused_ns);
        deadline_resume(batch, paused_ns);
        overrun_resume(batch, paused_ns);
        if (batch->frozen)
                inbye_group_thaw(batch->group);
        else
                resume_one_by_one(batch);
        batch_ask_for_turn(batch);
}

/* Looking */

int inbye_batch_counts(const struct inbye_batch *batch, struct inbye_batch_counts *counts)
{
        struct inbye_batch_counts full = { 0 };

        if (!batch || !counts || counts->size < sizeof(counts->size))
                return -EINVAL;
        if (counts->size > sizeof(full))
                return -E2BIG;
        full.size = counts->size;
        full.submitted = batch->n_submitted;
        memcpy(full.by_status, batch->by_status, sizeof(full.by_status));
        full.running = batch->n_running;
        full.not_started = batch->n_queue + batch->n_unstarted;
        full.leftovers = batch->n_leftovers;
        full.waiting = batch->n_waiting;
        full.retries = batch->n_retries;
        full.cause = batch->cause;
        full.escaped = batch->n_escaped;
        full.held = batch->held;
        memcpy(counts, &full, full.size);
        return 0;
}

size_t inbye_batch_running(const struct inbye_batch *batch, struct inbye_process **processes, size_t n)
{
        struct job *job;
        size_t i = 0;

        LIST_FOREACH (job, &batch->running, struct job, link) {
                if (i < n)
                        processes[i] = job->process;
                i++;
        }
        return i;
}

static bool is_done(const struct inbye_batch *batch)
{
        bool asks_all = !batch->stopped || batch->options.flags & INBYE_BATCH_TELL_UNSTARTED;

        return batch->n_running == 0 && batch->n_waiting == 0 && batch->n_queue == 0 &&
               (batch->exhausted || !asks_all);
}

int inbye_batch_wait(struct inbye_batch *batch, uint64_t timeout_ns)
{
        uint64_t deadline_ns;
        int r = 0;

        if (!batch)
                return -EINVAL;
        deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        batch->n_pins++;
        while (!batch->dead && !is_done(batch)) {
                r = inbye_loop_dispatch(batch->loop, clock_left(clock_now_ns(), deadline_ns));
                if (r < 0)
                        break;
                r = 0;
                if (!batch->dead && !is_done(batch) && clock_left(clock_now_ns(), deadline_ns) == 0) {
                        r = -ETIMEDOUT;
                        break;
                }
        }
        if (r == 0)
                r = batch->dead ? -ECANCELED : batch->error;
        batch_unpin(batch);
        return r;
}
