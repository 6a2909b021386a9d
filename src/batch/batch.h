/* SPDX-License-Identifier: MIT */
#ifndef BATCH_BATCH_H
#define BATCH_BATCH_H

#include "base/list.h"
#include "batch/jobserver.h"
#include "batch/median.h"
#include "batch/order.h"
#include "loop/loop.h"
#include "run/run.h"
#include "sys/pressure.h"
#include <inbye/batch.h>
#include <stdbool.h>
#include <stdint.h>

/* What the files of the batch share. */

/* While more than this waits for an earlier job, or for a retry, nothing fresh is started. */
#define HELD_BYTES_MAX ((size_t)16 << 20)

/** Jobs that share a cap of their own. The first one is that of all others and has none. */
struct pool {
        struct list queue; /* jobs that were never started */
        uint64_t width, n_used;
};

/** Pressure that is watched. */
struct gauge {
        struct inbye_batch *batch; /* NULL: not opened */
        struct loop_io io;
        int fd;
        uint64_t until_ns; /* starts are held back */
};

struct job {
        struct list link;      /* of a pool's queue, waiting, due, running or ended */
        struct list slot_link; /* of the slots in use: from the start until the end is settled */
        struct loop_timer retry_timer;
        struct inbye_batch *batch;
        struct pool *pool;
        struct inbye_command *command;
        struct inbye_process *process; /* NULL: it does not run */
        struct seat *seat;             /* owned, with the process; NULL: there is no jobserver */
        struct inbye_result *last;     /* of the attempt before; NULL: there was none, or it runs */
        uint64_t place;                /* in the order of submission */
        uint64_t index;                /* what the callbacks call it */
        uint64_t retry_ns;             /* when it is due */
        uint64_t started_ns;           /* what pauses took is not in it */
        uint32_t slot, n_attempts, retries, weight;
        uint32_t n_units; /* of the width, while it runs */
        bool overran;     /* the limit that follows the median */
        bool parked;      /* from `next`, in the queue of a pool that was full */
};

struct inbye_batch {
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_batch_options options; /* its arrays are ours */
        struct inbye_cancel *cancel;
        struct loop_io cancel_io;
        int cancel_fd;
        uint32_t width;
        unsigned char retry_codes[256]; /* 1: an exit code that is retried */
        uint64_t random;

        struct loop_defer defer;
        struct loop_timer deadline_timer, pace_timer, overrun_timer;
        uint64_t deadline_ns, next_start_ns, paused_ns;
        struct gauge gauges[SYS_PRESSURE_N];
        uint32_t held; /* INBYE_BATCH_HELD_* */
        struct median median;
        struct pool *pools;
        size_t n_pools, pool_turn;
        struct list waiting, due; /* for their retry; those whose time has come */
        struct list running, ended;
        struct list slots;   /* jobs by their slots */
        struct job *next_up; /* was taken, and could not be started yet: it keeps its turn */
        size_t n_queue;      /* never started */
        size_t n_waiting;    /* between two attempts */
        size_t n_parked, n_running;
        size_t n_waiting_bytes; /* what the results of waiting jobs weigh */
        uint64_t n_used;        /* of the width */
        struct order order;
        struct jobserver *jobserver; /* NULL: none */
        uint64_t n_submitted, n_retries;
        uint64_t by_status[INBYE_STATUS_N], n_unstarted, n_leftovers, n_escaped;
        enum inbye_batch_cause cause;
        unsigned n_pins;  /* who must still find the struct after calling out; the owner is one */
        int error;        /* of `next`, or of ours; inbye_batch_wait() returns it */
        bool exhausted;   /* `next` has no more */
        bool starved;     /* `next` has none now */
        bool poked;       /* while `next` was being asked */
        bool short_of;    /* the system is short of something: wait until a job ends */
        bool source_turn; /* `next` before what was submitted */
        bool stopped, cancelled, paused, dead;
        bool frozen; /* paused by the group's freezer, not one by one */
};

/* batch.c */
void batch_ask_for_turn(struct inbye_batch *batch);
void batch_unpin(struct inbye_batch *batch);
void batch_fail(struct inbye_batch *batch, int error);
/** Why it ends early: the first cause stays. */
void batch_set_cause(struct inbye_batch *batch, enum inbye_batch_cause cause);

/* job.c */
int job_new(struct inbye_batch *batch, const struct inbye_batch_job *given, struct job **ret_job);
void job_free(struct job *job);
DEFINE_SCOPED(job_freep, struct job, job_free)
void job_drop_process(struct job *job);
/** Units of the width that it takes. */
uint32_t job_units(const struct job *job);
bool job_fits_pool(const struct job *job);
void job_take_slot(struct job *job);
void job_leave_slot(struct job *job);

/* turn.c */
void batch_turn(struct loop_defer *defer);
void batch_drop_all(struct inbye_batch *batch);

/* queue.c: who is next */
void queue_add(struct job *job);
/** Back to the head: it keeps its turn. */
void queue_put_back(struct job *job);
/** 1 a job, which is in no list any more; 0: none now; or an error of the source. */
int queue_take(struct inbye_batch *batch, struct job **ret_job);
/** The next one that was never started, for what is told and not run. */
int queue_take_unstarted(struct inbye_batch *batch, struct job **ret_job);

/* outcome.c: what comes out */
/** An attempt ended: tell it, and let the job wait for the next one or tell its result. Takes both; result
 * NULL: lost for want of memory. */
void outcome_ended(struct job *job, struct inbye_result *result);
void outcome_started(const struct job *job);
/** The job ends with the result of its last attempt. Takes the job. */
void outcome_last(struct job *job);
/** It was never started. Takes the job. */
void outcome_unstarted(struct job *job);
/** The same without a result: in order, those behind it must not wait for it. */
void outcome_passed_over(struct job *passed);

/* retry.c */
bool retry_is_wanted(const struct job *job, const struct inbye_result *result);
/** Takes both. */
void retry_wait(struct job *job, struct inbye_result *result);
/** The next attempt has begun. */
void retry_forget(struct job *job);
void retry_pause(struct inbye_batch *batch);
void retry_resume(struct inbye_batch *batch, uint64_t paused_ns);

/* halt.c */
void halt_check(struct inbye_batch *batch);
int deadline_set(struct inbye_batch *batch);
void deadline_pause(struct inbye_batch *batch);
void deadline_resume(struct inbye_batch *batch, uint64_t paused_ns);

/* median.c */
/** An attempt ended. */
void overrun_note(struct inbye_batch *batch, const struct inbye_result *result);
/** End what overruns the limit; call it when jobs were started or ended. */
void overrun_check(struct inbye_batch *batch);
void overrun_resume(struct inbye_batch *batch, uint64_t paused_ns);

/* pace.c */
int pace_open(struct inbye_batch *batch, struct inbye_error *reterr);
void pace_close(struct inbye_batch *batch);
/** Is the value beyond its limit? Once it was, it must come back by a tenth of it. */
bool pace_is_over(bool was_held, uint64_t value, uint64_t limit);
bool pace_is_under(bool was_held, uint64_t value, uint64_t limit);
/** May something be started now, by what surrounds us? If not, a turn is asked for when that may change. */
bool pace_allows(struct inbye_batch *batch);
void pace_started(struct inbye_batch *batch);

#endif
