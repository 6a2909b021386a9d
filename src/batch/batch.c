/* SPDX-License-Identifier: MIT */
/*
 * Many commands under a cap.
 *
 * A job is a list node: queued (submitted, or put back), running, or ended. Everything that moves a job
 * happens in one place, batch_turn(), which runs deferred, between two waits of the loop: it settles what has
 * ended (free the process, tell the result), then fills the slots that are free. The callbacks of processes,
 * and every public call, only put things on lists and ask for a turn. So whatever a caller does from inside
 * its callbacks (submit, stop, cancel, pause, even free the batch), nothing recurses and no list changes
 * under somebody's feet. Starting the next job from the end callback of the last one was rejected: 20 000
 * jobs that fail to start would be 20 000 frames deep.
 *
 * `next` is asked only when a slot is free, so jobs that have not started cost nothing. When the system runs
 * short of something while jobs of ours run (processes, descriptors), the job is put back and the batch
 * waits for one of them to end; only when nothing runs is the shortage the job's own result.
 *
 * The batch is one group; each spawn has a leaf of its own in it.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/scope.h"
#include "batch/order.h"
#include "loop/cancel.h"
#include "loop/loop.h"
#include "run/run.h"
#include "sys/misc.h"
#include <errno.h>
#include <inbye/batch.h>
#include <inbye/process.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Jobs that one turn starts (or fails to): between two turns signals, timers and output have their say. */
#define N_STARTS_PER_TURN 16

/* With KEEP_ORDER: while more than this waits for an earlier job, nothing new is started. */
#define HELD_BYTES_MAX ((size_t)16 << 20)

struct job {
        struct list link;      /* of queue, running or ended */
        struct list slot_link; /* of the slots in use: from the start until the end is settled */
        uint32_t slot;
        uint32_t n_attempts;
        struct inbye_batch *batch;
        uint64_t place; /* in the order of submission */
        uint64_t index; /* what the callbacks call it */
        struct inbye_command *command;
        struct inbye_process *process; /* NULL: not started */
};

struct inbye_batch {
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_cancel *cancel;
        struct loop_io cancel_io;
        int cancel_fd;
        uint32_t width, flags;
        inbye_batch_next_fn next;
        inbye_batch_result_fn result;
        inbye_batch_attempt_fn started_fn, ended_fn;
        void *userdata;

        struct loop_defer defer;
        struct list queue, running, ended;
        struct list slots; /* jobs by their slots */
        size_t n_queue, n_running;
        struct order order;
        uint64_t n_submitted;
        uint64_t by_status[INBYE_STATUS_N];
        uint64_t n_leftovers;
        unsigned n_pins; /* who must still find the struct after calling out; the owner is one */
        int error;       /* of `next`, or of ours; inbye_batch_wait() returns it */
        bool exhausted;  /* `next` has no more */
        bool starved;    /* `next` has none now */
        bool poked;      /* while `next` was being asked */
        bool short_of;   /* the system is short of something: wait until a job ends */
        bool stopped, cancelled, paused, dead;
        bool frozen; /* paused by the group's freezer, not one by one */
};

static void batch_turn(struct loop_defer *defer);

static void ask_for_turn(struct inbye_batch *batch)
{
        if (!batch->dead)
                loop_defer(batch->loop, &batch->defer, batch_turn);
}

static void unpin(struct inbye_batch *batch)
{
        if (--batch->n_pins == 0)
                free(batch);
}

static void job_drop_process(struct job *job)
{
        if (!job->process)
                return;
        inbye_process_on_end(job->process, NULL, NULL);
        inbye_process_free(job->process);
        job->process = NULL;
}

static void job_free(struct job *job)
{
        if (!job)
                return;
        list_unlink(&job->link);
        list_unlink(&job->slot_link);
        job_drop_process(job);
        if (job->command)
                inbye_command_unref(job->command);
        free(job);
}
DEFINE_SCOPED(job_freep, struct job, job_free)

static int job_new(struct inbye_batch *batch, struct job **ret_job)
{
        struct job *job = calloc(1, sizeof(*job));

        if (!job)
                return -ENOMEM;
        list_init(&job->link);
        list_init(&job->slot_link);
        job->slot = INBYE_BATCH_NO_SLOT;
        job->batch = batch;
        *ret_job = job;
        return 0;
}

static void fail(struct inbye_batch *batch, int error)
{
        batch->exhausted = true;
        if (!batch->error)
                batch->error = error;
}

/* Results */

static void tell(struct inbye_batch *batch, uint64_t index, struct inbye_result *result)
{
        if (!result)
                return;
        if (batch->result && !batch->dead)
                batch->result(batch->userdata, index, result);
        inbye_result_unref(result);
}

static void tell_in_order(struct inbye_batch *batch)
{
        struct inbye_result *result;
        uint64_t index;

        while (!batch->dead && order_take(&batch->order, &index, &result))
                tell(batch, index, result);
}

static void tell_attempt(struct inbye_batch *batch, const struct job *job, inbye_batch_attempt_fn fn,
        struct inbye_result *result)
{
        struct inbye_batch_attempt attempt = {
                .size = sizeof(attempt),
                .index = job->index,
                .number = job->n_attempts,
                .slot = job->slot,
                .command = job->command,
                .process = job->process,
                .result = result,
        };

        if (fn && !batch->dead && !(fn == batch->ended_fn && !result))
                fn(batch->userdata, &attempt);
}

/* Takes the reference; NULL: the result was lost for want of memory. */
static void finish(struct inbye_batch *batch, const struct job *job, struct inbye_result *result)
{
        if (result) {
                batch->by_status[inbye_result_status(result)]++;
                batch->n_leftovers += inbye_result_n_leftovers(result);
        } else {
                fail(batch, -ENOMEM);
        }
        if (!(batch->flags & INBYE_BATCH_KEEP_ORDER)) {
                tell(batch, job->index, result);
                return;
        }
        order_put(&batch->order, job->place, job->index, result);
        tell_in_order(batch);
}

/* A job that was never started. The room in the ring is there: reserved when it was taken from the queue. */
static void finish_unstarted(
        struct inbye_batch *batch, struct job *job, enum inbye_status status, const struct inbye_error *error)
{
        struct inbye_result *result = NULL;

        if (result_new_failed(job->command, status, error, batch->group, &result) < 0)
                result = NULL;
        if (status == INBYE_SPAWN_ERROR)
                tell_attempt(batch, job, batch->ended_fn, result);
        finish(batch, job, result);
}

static void settle_one(struct inbye_batch *batch, struct job *ended)
{
        scoped(job_freep) struct job *job = ended;
        struct inbye_result *result = inbye_result_ref(inbye_process_result(job->process));

        list_unlink(&job->link);
        list_unlink(&job->slot_link);
        job_drop_process(job);
        batch->n_running--;
        batch->short_of = false;
        tell_attempt(batch, job, batch->ended_fn, result);
        finish(batch, job, result);
}

static void settle(struct inbye_batch *batch)
{
        while (!batch->dead && !list_is_empty(&batch->ended))
                settle_one(batch, LIST_ENTRY(batch->ended.next, struct job, link));
}

/* Starting */

static void on_end(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        struct job *job = userdata;

        (void)process;
        (void)result;
        list_unlink(&job->link);
        list_append(&job->batch->ended, &job->link);
        ask_for_turn(job->batch);
}

static bool may_start(const struct inbye_batch *batch)
{
        if (batch->dead || batch->stopped || batch->paused || batch->short_of ||
                batch->n_running >= batch->width)
                return false;
        /* What is held back waits for a job that runs, or for one that was put back: that one must start. */
        return batch->order.n_bytes <= HELD_BYTES_MAX || batch->n_running == 0;
}

static void number_job(struct inbye_batch *batch, struct job *job, uint64_t index)
{
        job->place = batch->n_submitted++;
        job->index = index == INBYE_BATCH_INDEX ? job->place : index;
}

static int ask_next(struct inbye_batch *batch, struct job *job)
{
        struct inbye_batch_job given = INBYE_BATCH_JOB_INIT;
        int r;

        batch->poked = false;
        r = batch->next(batch->userdata, &given);
        if (r > 0 && given.command) {
                job->command = given.command;
                number_job(batch, job, given.index);
                return 1;
        }
        if (r > 0)
                r = -EINVAL; /* a job without a command */
        if (r == -EAGAIN) {
                batch->starved = !batch->poked;
                if (batch->poked)
                        ask_for_turn(batch);
                return 0;
        }
        batch->exhausted = true;
        return r;
}

/* The oldest job of the queue, else the next one of the source. 1; 0: none now; or an error. */
static int take_job(struct inbye_batch *batch, struct job **ret_job)
{
        scoped(job_freep) struct job *job = NULL;
        int r;

        if (batch->n_queue > 0) {
                job = LIST_ENTRY(batch->queue.next, struct job, link);
                list_unlink(&job->link);
                batch->n_queue--;
                *ret_job = TAKE(job);
                return 1;
        }
        if (batch->exhausted || batch->starved)
                return 0;
        r = job_new(batch, &job);
        if (r < 0)
                return r;
        r = ask_next(batch, job);
        if (r <= 0)
                return r;
        *ret_job = TAKE(job);
        return 1;
}

static bool is_shortage(int r)
{
        return r == -EAGAIN || r == -EMFILE || r == -ENFILE;
}

/* To the front: it keeps its turn. */
static void put_back(struct inbye_batch *batch, struct job *job)
{
        list_append(batch->queue.next, &job->link);
        batch->n_queue++;
}

/* The lowest that is free: a gap in the list of those in use, or its end. As many steps as jobs run. */
static void take_slot(struct inbye_batch *batch, struct job *job)
{
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
}

static void start_job(struct inbye_batch *batch, struct job *taken)
{
        scoped(job_freep) struct job *job = taken;
        struct inbye_error error = { 0 };
        int r;

        if (batch->flags & INBYE_BATCH_KEEP_ORDER && order_reserve(&batch->order, job->place) < 0) {
                fail(batch, -ENOMEM);
                put_back(batch, TAKE(job));
                batch->stopped = true;
                return;
        }
        job->n_attempts++;
        r = inbye_group_spawn(batch->group, job->command, &job->process, &error);
        if (is_shortage(r) && batch->n_running > 0) {
                batch->short_of = true;
                job->n_attempts--;
                put_back(batch, TAKE(job));
                return;
        }
        if (r < 0) {
                finish_unstarted(batch, job, r == -ECANCELED ? INBYE_CANCELLED : INBYE_SPAWN_ERROR, &error);
                return;
        }
        batch->n_running++;
        list_append(&batch->running, &job->link);
        take_slot(batch, job);
        inbye_process_on_end(job->process, on_end, job);
        taken = TAKE(job);
        tell_attempt(batch, taken, batch->started_fn, NULL);
}

static void fill(struct inbye_batch *batch)
{
        for (int i = 0; may_start(batch); i++) {
                struct job *job;
                int r;

                if (i == N_STARTS_PER_TURN) {
                        ask_for_turn(batch);
                        return;
                }
                r = take_job(batch, &job);
                if (r < 0)
                        fail(batch, r);
                if (r <= 0)
                        return;
                if (batch->stopped || batch->dead) { /* by `next` itself */
                        put_back(batch, job);
                        return;
                }
                start_job(batch, job);
        }
}

/* After a cancel: what was submitted and not started has a result all the same. */
static void flush_queue(struct inbye_batch *batch)
{
        while (!batch->dead && batch->cancelled && batch->n_queue > 0) {
                scoped(job_freep) struct job *job = NULL;

                if (take_job(batch, &job) <= 0)
                        return;
                if (batch->flags & INBYE_BATCH_KEEP_ORDER && order_reserve(&batch->order, job->place) < 0)
                        fail(batch, -ENOMEM);
                else
                        finish_unstarted(batch, job, INBYE_CANCELLED, NULL);
        }
}

/* Freeing a job may turn the loop until its tree is gone, and other jobs then change lists: hence no
 * iterator. */
static void drop_list(struct list *list)
{
        while (!list_is_empty(list))
                job_free(LIST_ENTRY(list->next, struct job, link));
}

static void drop_all(struct inbye_batch *batch)
{
        drop_list(&batch->running);
        drop_list(&batch->ended);
        drop_list(&batch->queue);
        batch->n_running = batch->n_queue = 0;
}

static void batch_turn(struct loop_defer *defer)
{
        struct inbye_batch *batch = CONTAINER_OF(defer, struct inbye_batch, defer);

        batch->n_pins++;
        if (batch->cancel && inbye_cancel_is_fired(batch->cancel))
                inbye_batch_cancel(batch, 0, 0);
        settle(batch);
        flush_queue(batch);
        fill(batch);
        if (batch->dead)
                drop_all(batch); /* a job that was in our hands when a callback freed the batch */
        unpin(batch);
}

/* Life */

/* As the kernel takes its extensible structs: shorter is older, longer is fine while the rest is zero. */
static int copy_extensible(void *ret, size_t n, const void *given, size_t n_given)
{
        const unsigned char *bytes = given;

        if (n_given < sizeof(size_t))
                return -EINVAL;
        for (size_t i = n; i < n_given; i++)
                if (bytes[i])
                        return -E2BIG;
        memcpy(ret, given, n_given < n ? n_given : n);
        return 0;
}

static int copy_options(struct inbye_batch_options *ret, const struct inbye_batch_options *options)
{
        int r = 0;

        *ret = (struct inbye_batch_options)INBYE_BATCH_OPTIONS_INIT;
        if (options)
                r = copy_extensible(ret, sizeof(*ret), options, options->size);
        if (r < 0)
                return r;
        return ret->flags & ~INBYE_BATCH_KEEP_ORDER ? -EINVAL : 0;
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

static struct inbye_batch *batch_new(struct inbye_loop *loop, const struct inbye_batch_options *options)
{
        struct inbye_batch *batch = calloc(1, sizeof(*batch));

        if (!batch)
                return NULL;
        batch->loop = loop;
        batch->cancel_fd = -1;
        batch->width = options->width ? options->width : sys_usable_cpus();
        batch->flags = options->flags;
        batch->next = options->next;
        batch->result = options->result;
        batch->started_fn = options->started;
        batch->ended_fn = options->ended;
        batch->userdata = options->userdata;
        batch->exhausted = !options->next;
        batch->n_pins = 1;
        list_init(&batch->queue);
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
        batch = batch_new(loop, &options);
        if (!batch)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "batch");
        group_options.mechanisms = options.mechanisms;
        group_options.flags = options.group_flags;
        group_options.limits = options.limits;
        r = inbye_group_open(loop, &group_options, &batch->group, reterr);
        if (r < 0)
                return r;
        r = watch_cancel(batch, options.cancel);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "watching the cancel token");
        ask_for_turn(batch);
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
        fd_close(batch->cancel_fd);
        inbye_cancel_free(batch->cancel);
        batch->cancel = NULL;
        if (batch->n_running > 0)
                inbye_group_kill(batch->group); /* all at once: each is then waited for in turn */
        drop_all(batch);
        inbye_group_free(batch->group);
        batch->group = NULL;
        order_deinit(&batch->order);
        unpin(batch);
}

int inbye_batch_submit_job(
        struct inbye_batch *batch, const struct inbye_batch_job *given, uint64_t *ret_index)
{
        struct inbye_batch_job copy = INBYE_BATCH_JOB_INIT;
        struct job *job;
        int r;

        if (!batch || !given)
                return -EINVAL;
        r = copy_extensible(&copy, sizeof(copy), given, given->size);
        if (r < 0)
                return r;
        if (!copy.command)
                return -EINVAL;
        if (batch->stopped)
                return -ECANCELED;
        r = job_new(batch, &job);
        if (r < 0)
                return r;
        job->command = inbye_command_ref(copy.command);
        number_job(batch, job, copy.index);
        list_append(&batch->queue, &job->link);
        batch->n_queue++;
        ask_for_turn(batch);
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
        ask_for_turn(batch);
}

int inbye_batch_set_width(struct inbye_batch *batch, uint32_t width)
{
        if (!batch || width == 0)
                return -EINVAL;
        batch->width = width;
        ask_for_turn(batch);
        return 0;
}

/* Ending and pausing */

void inbye_batch_stop(struct inbye_batch *batch)
{
        batch->stopped = true;
        ask_for_turn(batch); /* who waits may have nothing left to wait for */
}

void inbye_batch_cancel(struct inbye_batch *batch, int signo, uint64_t grace_ns)
{
        struct job *job;

        batch->cancelled = true;
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
        batch->frozen = inbye_group_freeze(batch->group) >= 0;
        if (!batch->frozen)
                pause_one_by_one(batch); /* no freezer */
}

void inbye_batch_resume(struct inbye_batch *batch)
{
        if (!batch->paused)
                return;
        batch->paused = false;
        if (batch->frozen)
                inbye_group_thaw(batch->group);
        else
                resume_one_by_one(batch);
        ask_for_turn(batch);
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
        full.not_started = batch->n_queue;
        full.leftovers = batch->n_leftovers;
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
        if (batch->n_running > 0)
                return false;
        if (batch->stopped)
                return !batch->cancelled || batch->n_queue == 0;
        return batch->exhausted && batch->n_queue == 0;
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
        unpin(batch);
        return r;
}
