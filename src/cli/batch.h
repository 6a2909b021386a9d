/* SPDX-License-Identifier: MIT */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

/* What the files of inbye batch share. */

#include "base/list.h"
#include "cli/jobs.h"
#include "cli/out.h"
#include "cli/output_dir.h"
#include "cli/record.h"
#include "cli/signals.h"
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stdint.h>

/** What is wished of make's jobserver (batch_jobserver.c). */
struct batch_jobserver {
        bool serve, off;
        uint32_t n_tokens; /* with serve; 0: the width */
};
int batch_jobserver_take(struct batch_jobserver *jobserver, const char *value, struct inbye_error *reterr);
/** inbye_batch_open() with it. Where make has closed its jobserver that is told, and done without. */
int batch_jobserver_open(const struct batch_jobserver *jobserver, struct inbye_loop *loop,
        struct inbye_batch_options *options, struct inbye_batch **ret_batch, struct inbye_error *reterr);

/** What the command line says (batch_wishes.c). */
struct batch_wishes {
        uint32_t width;
        const char *width_path; /* where the width is read from, again at SIGUSR2; NULL: it is fixed */
        bool keep_order, live, tag, no_tag, quiet;
        const char *items_path, *results, *summary, *output_dir, *trace, *html;
        uint64_t grace_ns;
        struct batch_jobserver jobserver;
        struct inbye_batch_options engine; /* as far as options say it: batch_engine.c */
        bool retries_given, retry_rule_given;
        unsigned char retry_codes[256]; /* 1: named */
        unsigned char retry_code_list[256];
        bool limits_seen; /* a job that was checked has limits of its own */
        struct job_pools pools;
        uint32_t *pool_widths;
        char capture_default[24];
        struct jobs_options jobs;
        struct record_wishes record;
        struct settings *settings;
        const char **words, **items; /* owned arrays of borrowed strings */
};

extern const struct cli_option *const batch_tables[];

/** What stands in the file of the width. 0, or a negative errno with *reterr filled. */
int batch_wishes_read_width(const char *path, uint32_t *ret_width, struct inbye_error *reterr);
/** 0; 1: help was printed; < 0: misuse, told. */
int batch_wishes_take(struct batch_wishes *wishes, int argc, char **argv);
void batch_wishes_deinit(struct batch_wishes *wishes);

/* Options that are the engine's (batch_engine.c); their ids are from here on. */
#define BATCH_ENGINE_FIRST 0x100
extern const struct cli_option batch_engine_options[];
int batch_engine_apply(struct batch_wishes *wishes, int id, const char *value, struct inbye_error *reterr);
/** "300%": a share of what jobs take. False: it is none, and the setting's own to judge. */
bool batch_engine_take_timeout(struct batch_wishes *wishes, const char *value);
/** The defaults; and when all options are known, what depends on several. */
void batch_engine_init(struct batch_wishes *wishes);
void batch_engine_finish(struct batch_wishes *wishes);

/* Who watches a batch run (batch_observe.c) */

/** What an observer may look at and use. All of it outlives the observer. */
struct batch_view {
        const struct batch_wishes *wishes;
        struct inbye_loop *loop;
        struct jobs *jobs;
        struct out *out;
        struct batch_session *session; /* for batch_cannot_write() */
};

/**
 * One kind of observer: a log, a picture, a report. Each has a row in the table of batch_observe.c; all but
 * `open` and `free` may be NULL. Jobs are called by their number in the input, from 1.
 */
struct batch_observer_ops {
        /**
         * Before anything runs: open what will be written.
         *
         * @return 1 with *ret_observer set; 0: not wished for; a negative errno with *reterr filled.
         */
        int (*open)(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr);
        /** Is this job not to be run? It is not given to the engine then, and counts as nothing. */
        bool (*passes_over)(void *observer, uint64_t number, struct inbye_command *command);
        /** An attempt began, or ended: attempt->result tells which. attempt->index + 1 is the number. */
        void (*on_start)(void *observer, const struct inbye_batch_attempt *attempt);
        void (*on_end)(void *observer, const struct inbye_batch_attempt *attempt);
        /** The result of a job, once per job, in the order in which results are written. */
        void (*on_result)(void *observer, uint64_t number, struct inbye_result *result);
        /** Everything has ended: the last that goes through `out`, which is waited for. */
        void (*on_drain)(void *observer, const struct out_summary *summary);
        /** Everything has ended: write the rest. Here a write may wait. < 0: something is lost; told. */
        int (*on_finish)(void *observer, const struct out_summary *summary);
        void (*free)(void *observer);
};

extern const struct batch_observer_ops batch_html;
extern const struct batch_observer_ops batch_joblog;
extern const struct batch_observer_ops batch_junit;
extern const struct batch_observer_ops batch_live;
extern const struct batch_observer_ops batch_progress;
extern const struct batch_observer_ops batch_running;
extern const struct batch_observer_ops batch_slow;
extern const struct batch_observer_ops batch_tap;
extern const struct batch_observer_ops batch_trace;
#define BATCH_N_OBSERVERS_MAX 16

struct batch_observers {
        struct {
                const struct batch_observer_ops *ops;
                void *observer;
        } open[BATCH_N_OBSERVERS_MAX];
        size_t n;
};

int batch_observers_open(
        struct batch_observers *observers, const struct batch_view *view, struct inbye_error *reterr);
bool batch_observers_pass_over(
        struct batch_observers *observers, uint64_t number, struct inbye_command *command);
void batch_observers_start(struct batch_observers *observers, const struct inbye_batch_attempt *attempt);
void batch_observers_end(struct batch_observers *observers, const struct inbye_batch_attempt *attempt);
void batch_observers_result(struct batch_observers *observers, uint64_t number, struct inbye_result *result);
void batch_observers_drain(struct batch_observers *observers, const struct out_summary *summary);
int batch_observers_finish(struct batch_observers *observers, const struct out_summary *summary);
void batch_observers_deinit(struct batch_observers *observers);
/** The observer of that kind, or NULL. */
void *batch_observers_find(const struct batch_observers *observers, const struct batch_observer_ops *ops);

/** A file that is opened for writing is emptied: refuse the one that the jobs are read from. name may be
 * NULL. */
int batch_refuse_input(const struct jobs *jobs, const char *name, struct inbye_error *reterr);

/** A line on stderr for each attempt that runs now; `observer` is that of batch_running. */
void batch_running_say(void *observer, struct out *out);

/* A run (cmd_batch.c) */

struct batch_session {
        const struct batch_wishes *wishes;
        struct inbye_loop *loop;
        struct inbye_batch *batch;
        struct jobs *jobs;
        struct out *out;
        struct output_dir *output_dir; /* NULL: none */
        struct cli_sink results, summary, tap;
        struct batch_observers observers;
        struct cli_signals signals;
        struct inbye_watch *resume, *patience;
        uint64_t n_taken, n_passed, n_cut, started_ns;
        char mechanism[32];
        int signal; /* the first that came to end us */
        unsigned n_signals;
        bool bad_line;  /* an input that could not be read on */
        bool cut_short; /* nobody takes our output */
        bool failed;    /* results are lost */
        bool draining;  /* the batch has ended, its output not */
};

/** A place of that name cannot be written any more (-errno): tell it and end what runs. */
void batch_cannot_write(struct batch_session *session, const char *name, int error);

/** batch_signals.c. 0 or -errno. */
int batch_signals_watch(struct batch_session *session);

#endif
