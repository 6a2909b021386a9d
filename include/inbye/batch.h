/* SPDX-License-Identifier: MIT */
#ifndef INBYE_BATCH_H
#define INBYE_BATCH_H

#include <inbye/base.h>
#include <inbye/command.h>
#include <inbye/group.h>
#include <inbye/result.h>

INBYE_BEGIN_DECLS

/**
 * Many commands under a cap, each held as a tree of its own. A slot is free only when the tree of its
 * job is gone.
 *
 * Ownership: inbye_batch_open() gives the caller a batch, inbye_batch_free() takes it back and ends
 * what still runs.
 * Threads: as its loop.
 * Errors: 0 or more on success, a negative errno on failure.
 */
struct inbye_batch;

/** Start from INBYE_BATCH_JOB_INIT. */
struct inbye_batch_job {
        size_t size;                   /**< Set by _INIT. */
        struct inbye_command *command; /**< A reference. */
        uint64_t index;   /**< What the callbacks call it. INBYE_BATCH_INDEX: its place in the order of
                           *   submission, from 0. */
        uint32_t retries; /**< Further attempts when it fails. INBYE_BATCH_RETRIES: those of the batch. */
        uint32_t weight;  /**< How much of the width it takes. 0: 1; more than there is: it runs alone. */
        uint32_t pool;    /**< Whose width counts as well, from 1; 0: none. */
};
#define INBYE_BATCH_INDEX UINT64_MAX
#define INBYE_BATCH_RETRIES UINT32_MAX
#define INBYE_BATCH_JOB_INIT                                                                                 \
        {                                                                                                    \
                sizeof(struct inbye_batch_job), NULL, INBYE_BATCH_INDEX, INBYE_BATCH_RETRIES, 0, 0           \
        }

/**
 * Where jobs come from when a slot is free.
 *
 * @param ret_job  As from INBYE_BATCH_JOB_INIT; the batch takes over the reference to the command.
 * @return 1 a job; 0 no more jobs, ever; -EAGAIN none now: inbye_batch_poke() when there is one;
 *         another negative errno: no more jobs, and inbye_batch_wait() returns it.
 */
typedef int (*inbye_batch_next_fn)(void *userdata, struct inbye_batch_job *ret_job);

#define INBYE_BATCH_NO_SLOT UINT32_MAX

/** One start of a job. Valid during the callback. */
struct inbye_batch_attempt {
        size_t size;                   /**< Bytes of this struct that the library fills in. */
        uint64_t index;                /**< Of the job. */
        uint32_t number;               /**< Of the attempt, from 1. */
        uint32_t slot;                 /**< Where it runs: the lowest number that was free, from 0. */
        struct inbye_command *command; /**< Of the job. */
        struct inbye_process *process; /**< NULL: ended. */
        struct inbye_result *result;   /**< NULL: started. */
        int is_retried; /**< Ended, and there will be another attempt unless the batch is ended. */
};
/**
 * A command was started, or the tree of one is gone; in the order in which it happens. One that could not be
 * started only ends, in no slot (INBYE_BATCH_NO_SLOT).
 */
typedef void (*inbye_batch_attempt_fn)(void *userdata, const struct inbye_batch_attempt *attempt);

/**
 * A job ended (also one that never started: "spawn_error", or "cancelled").
 *
 * @param index   Number of the job.
 * @param result  The batch's: take a reference to keep it.
 */
typedef void (*inbye_batch_result_fn)(void *userdata, uint64_t index, struct inbye_result *result);

/**
 * Results in order of submission, not of completion. What ended early is held back; while more than 16 MiB
 * of output is held, no further job starts.
 */
#define INBYE_BATCH_KEEP_ORDER 1u
/**
 * A batch that ends early goes on asking `next` for what is left, and tells the result of each of its jobs:
 * "cancelled", with no attempt. Only for a source that comes to an end.
 */
#define INBYE_BATCH_TELL_UNSTARTED 2u

/**
 * Where MAKEFLAGS names a jobserver of GNU make (the last --jobserver-auth, descriptors or a fifo), take a
 * token of it for every job that runs beside another one, and give the same back when its tree is gone. The
 * descriptors are read without waiting, and without a change to what other processes share with us.
 */
#define INBYE_BATCH_JOBSERVER_CLIENT 0x10u
/**
 * Be a jobserver for the jobs: MAKEFLAGS in their environment names one that shares what the running jobs
 * leave over. What a job had of it is free again when its tree is gone, whatever ended it. The job of a
 * result is what was run: a make's own -j, with which it would leave the jobserver, is not among its words
 * (-j1 is).
 */
#define INBYE_BATCH_JOBSERVER_SERVER 0x20u

/** What to do when enough jobs have ended in the way of `halt_on`. */
enum inbye_batch_halt {
        INBYE_BATCH_HALT_NEVER,
        INBYE_BATCH_HALT_SOON, /**< As inbye_batch_stop(). */
        INBYE_BATCH_HALT_NOW   /**< As inbye_batch_cancel() with the grace of the batch. */
};
enum inbye_batch_halt_on {
        INBYE_BATCH_ON_FAIL,    /**< Every status but "ok". */
        INBYE_BATCH_ON_SUCCESS, /**< "ok". */
        INBYE_BATCH_ON_END      /**< Either. */
};

/** Start from INBYE_BATCH_OPTIONS_INIT. */
struct inbye_batch_options {
        size_t size;                       /**< Set by _INIT. */
        uint32_t width;                    /**< Most trees alive at once. 0: the CPUs this process may use. */
        uint32_t flags;                    /**< INBYE_BATCH_* bits. */
        uint32_t mechanisms;               /**< As in inbye_group_options. */
        struct inbye_cancel *cancel;       /**< When fired: as inbye_batch_cancel(batch, 0, 0). NULL: none. */
        inbye_batch_next_fn next;          /**< NULL: jobs come by inbye_batch_submit() alone. */
        inbye_batch_result_fn result;      /**< NULL: only counted. */
        void *userdata;                    /**< Of all of them. */
        inbye_batch_attempt_fn started;    /**< May be NULL. */
        inbye_batch_attempt_fn ended;      /**< May be NULL. Comes before `result`, which may be held back. */
        uint32_t group_flags;              /**< INBYE_GROUP_* bits. */
        const struct inbye_limits *limits; /**< Of all jobs together, as in inbye_group_options. */

        uint32_t retries;        /**< Further attempts of a job that failed. */
        uint32_t retry_statuses; /**< 1u << enum inbye_status: which failures. 0, without codes: all but
                                  *   "spawn_error" and "lost". Never "cancelled". */
        const unsigned char *retry_codes; /**< And "nonzero" with one of these exit codes. */
        size_t n_retry_codes;
        uint64_t retry_delay_ns; /**< Before the second attempt; doubled before each further one, and up to
                                  *   half of it taken off at random. A job that waits holds no slot. */
        uint64_t retry_delay_max_ns; /**< Most that is waited. 0: no bound. */

        enum inbye_batch_halt halt;
        enum inbye_batch_halt_on halt_on;
        uint32_t halt_count;   /**< Jobs. 0: 1. */
        uint32_t halt_percent; /**< In its place: of the jobs that have ended, once 3 ended in that way. */
        uint64_t deadline_ns;  /**< For the whole batch, from its opening: then as INBYE_BATCH_HALT_NOW.
                                *   0: none. */
        uint64_t grace_ns;     /**< From the soft signal to SIGKILL, for both. 0: SIGKILL at once. */

        uint64_t start_interval_ns;  /**< Least time between two starts. */
        const uint32_t *pool_widths; /**< Most that the jobs of a pool take at once; pool 1 is the first. */
        size_t n_pools;

        uint32_t jobserver_tokens; /**< With _JOBSERVER_SERVER: jobs and what their makes run, together.
                                    *   0: the width. */

        /* While one of these does not hold nothing is started, and then only once it is better by a tenth. */
        uint32_t max_load_milli;      /**< Load average of the last minute, in thousandths. 0: any. */
        uint64_t min_memory_bytes;    /**< Memory that can be had without swapping. 0: any. */
        uint32_t max_cpu_pressure;    /**< Share of the time, in percent, that some task of the system waited
                                       *   for a CPU in the last 2 seconds; held until 4 seconds later. 0: any.
                                       *   inbye_batch_open() fails where the kernel does not tell it. */
        uint32_t max_memory_pressure; /**< The same for memory. */
        uint32_t max_io_pressure;     /**< The same for input and output. */

        uint32_t timeout_percent; /**< End a job that takes longer than so many percent of the median of the
                                   *   last 255 that were ok, once there are 3. 0: none. A timeout of its own
                                   *   counts as well. */
};
#define INBYE_BATCH_OPTIONS_INIT                                                                             \
        {                                                                                                    \
                sizeof(struct inbye_batch_options), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, \
                        0, NULL, 0, 0, 0, INBYE_BATCH_HALT_NEVER, INBYE_BATCH_ON_FAIL, 0, 0, 0, 0, 0, NULL,  \
                        0, 0, 0, 0, 0, 0, 0, 0                                                               \
        }

/**
 * Errors as inbye_group_open(). Nothing starts before the loop turns.
 *
 * @retval -ENOLINK  With _JOBSERVER_CLIENT: the jobserver that MAKEFLAGS names cannot be reached. make closes
 *                   its descriptors in commands that are not marked as a make with '+'.
 */
INBYE_API INBYE_MUST_USE int inbye_batch_open(struct inbye_loop *loop,
        const struct inbye_batch_options *options, struct inbye_batch **ret_batch,
        struct inbye_error *reterr);

/**
 * Ends every tree that still runs, waits for it, frees. Results that were not told yet are lost. From inside
 * a callback nothing can be waited for: the loop then ends the trees in its next turns. NULL is fine.
 */
INBYE_API void inbye_batch_free(struct inbye_batch *batch);

/**
 * Queue a job; the batch takes a reference of its own. Allowed at any time, also from a callback.
 *
 * @param ret_index  Its number; may be NULL.
 * @retval -ECANCELED  The batch was stopped or cancelled.
 */
INBYE_API INBYE_MUST_USE int inbye_batch_submit(
        struct inbye_batch *batch, struct inbye_command *command, uint64_t *ret_index);

/** The same with what else is to be said of it. */
INBYE_API INBYE_MUST_USE int inbye_batch_submit_job(
        struct inbye_batch *batch, const struct inbye_batch_job *job, uint64_t *ret_index);

/** Ask `next` again after it said -EAGAIN. */
INBYE_API void inbye_batch_poke(struct inbye_batch *batch);

/** Change the width. More than that many running jobs are left to end. @retval -EINVAL  0. */
INBYE_API int inbye_batch_set_width(struct inbye_batch *batch, uint32_t width);

/** Start nothing more; what runs goes on. Queued jobs are counted as not started; those that wait
 * for their next attempt end with the result of the last one. */
INBYE_API void inbye_batch_stop(struct inbye_batch *batch);

/**
 * Start nothing more and end what runs: soft signal, grace, SIGKILL. A second call can only be sharper.
 * Jobs that were submitted and not started get the result "cancelled", with no attempt; `next` is not asked
 * any more (but see INBYE_BATCH_TELL_UNSTARTED). A job that waits for its next attempt ends with the result
 * of the last one.
 *
 * @param signo     0: each command's own soft signal. SIGKILL: at once.
 * @param grace_ns  From the soft signal to SIGKILL.
 */
INBYE_API void inbye_batch_cancel(struct inbye_batch *batch, int signo, uint64_t grace_ns);

/** Freeze every running tree and stop its clocks; start nothing until inbye_batch_resume(). */
INBYE_API void inbye_batch_pause(struct inbye_batch *batch);
INBYE_API void inbye_batch_resume(struct inbye_batch *batch);

/** Why a batch ended: the first reason. */
enum inbye_batch_cause {
        INBYE_BATCH_RAN_OUT, /**< Of jobs: there were no more; or it has not ended yet. */
        INBYE_BATCH_STOPPED,
        INBYE_BATCH_CANCELLED,
        INBYE_BATCH_HALTED,
        INBYE_BATCH_DEADLINE
};

#define INBYE_BATCH_HELD_LOAD 1u
#define INBYE_BATCH_HELD_MEMORY 2u
#define INBYE_BATCH_HELD_PRESSURE 4u

/** submitted = by_status[] + running + waiting + not_started. */
struct inbye_batch_counts {
        size_t size;                        /**< Set by the caller: sizeof of this struct. */
        uint64_t submitted;                 /**< All jobs known so far. */
        uint64_t by_status[INBYE_STATUS_N]; /**< Ended, by enum inbye_status. */
        uint64_t running;
        uint64_t not_started; /**< Queued, or told as never started; final once the batch has ended. */
        uint64_t leftovers;   /**< Processes that jobs left behind; ended too. */
        uint64_t waiting;     /**< For their next attempt. */
        uint64_t retries;     /**< Attempts that failed and were, or will be, followed by another. */
        enum inbye_batch_cause cause;
        uint64_t escaped; /**< Processes that got away and were found; see inbye_result_n_escaped(). */
        uint32_t held;    /**< INBYE_BATCH_HELD_* bits: what keeps jobs from being started. */
};
/** @retval -E2BIG  counts->size is larger than the library knows. */
INBYE_API int inbye_batch_counts(const struct inbye_batch *batch, struct inbye_batch_counts *counts);

/** Pids of the running commands: to show what runs. @return how many run; fills at most n. */
INBYE_API size_t inbye_batch_running(
        const struct inbye_batch *batch, struct inbye_process **processes, size_t n);

/**
 * Turn the loop until no job runs and none is left to start.
 *
 * @retval -ETIMEDOUT  The time is up.
 */
INBYE_API INBYE_MUST_USE int inbye_batch_wait(struct inbye_batch *batch, uint64_t timeout_ns);

INBYE_END_DECLS
#endif
