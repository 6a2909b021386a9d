/* SPDX-License-Identifier: MIT */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "base/buf.h"
#include "cli/cli.h"
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor that is written to without waiting (out_target.c) */

enum out_how {
        OUT_DIRECT,   /* a regular file, /dev/null: a write does not wait for anybody */
        OUT_NONBLOCK, /* through an open file of our own, non-blocking */
        OUT_SOCKET,   /* MSG_DONTWAIT */
        OUT_CAREFUL   /* shared and blocking: a little at a time, when poll(2) says so */
};
struct out_target {
        const char *name; /* in messages; borrowed */
        int fd;           /* borrowed; -1: there is none */
        int own_fd;       /* OUT_NONBLOCK: the same file, opened anew; -1 */
        enum out_how how;
        int error; /* negative errno of the first write that failed: nothing is written after it */
};
void out_target_init(struct out_target *target, int fd, const char *name);
void out_target_deinit(struct out_target *target);
/** @return bytes written, -EAGAIN, or another negative errno. */
ssize_t out_target_write(const struct out_target *target, const char *data, size_t n);
/** The descriptor whose POLLOUT ends an -EAGAIN. */
int out_target_wait_fd(const struct out_target *target);

/* The queue of what is to be written (out.c) */

enum out_place { OUT_STDOUT, OUT_STDERR, OUT_RESULTS, OUT_TAP, OUT_N_PLACES };

struct out_options {
        struct inbye_loop *loop;
        bool print;                      /* outputs of jobs to stdout and stderr */
        bool tag;                        /* name of the job in front of each line of its output */
        struct cli_sink *results;        /* results as JSON Lines, borrowed; NULL: none */
        struct cli_sink *tap;            /* borrowed; NULL: none */
        uint64_t slow_ns;                /* results that took this long say so; INBYE_FOREVER: none */
        void (*on_room)(void *userdata); /* out_is_full() was true, and is no longer */
        void (*on_error)(void *userdata, const struct out_target *target);
        void *userdata;
};

struct out;

int out_open(const struct out_options *options, struct out **ret_out);
void out_free(struct out *out);
/** Queue what the options want of this result: its output in one piece, its JSON. */
void out_result(struct out *out, uint64_t number, struct inbye_result *result);
/** Queue a line of inbye's own for stderr; "inbye: " and the newline are added, control characters replaced.
 */
void out_say(struct out *out, const char *text);
/** Queue text for a place as it stands. Takes the text, which is for free(), also where it fails. */
void out_text(struct out *out, enum out_place place, char *text);
void out_bytes(struct out *out, enum out_place place, char *data, size_t n);
/** What --tag puts in front of the lines of a job: its id, else its number; fit for a terminal, one line.
 * @return NULL: no memory. */
char *out_tag(uint64_t number, const struct inbye_command *command);

/** Part of somebody's struct that waits for what was queued before it. */
struct out_mark {
        /** Called once, and may free the mark. is_written: all of it, to every place. */
        void (*fn)(struct out_mark *mark, bool is_written);
};
void out_after(struct out *out, struct out_mark *mark);

/**
 * A line at the foot of the terminal, below all that is written: taken away before a write, put back when
 * nothing waits. Standard error has to be a terminal.
 *
 * @param text  Copied; no newline, no control characters; "": none any more.
 */
void out_set_foot(struct out *out, const char *text);

/** So much waits that nothing more should be started. */
bool out_is_full(const struct out *out);
bool out_is_empty(const struct out *out);
/** Forget what waits. */
void out_drop(struct out *out);

/* What a batch says to people and scripts (out_report.c) */

struct out_summary {
        struct inbye_batch_counts counts;
        uint64_t not_started; /* INBYE_UNKNOWN: the input was not read to its end */
        uint64_t skipped;     /* invalid lines */
        uint64_t n_passed;    /* jobs that had ended in an earlier run */
        uint64_t n_cut;       /* jobs of which not all output was kept */
        uint64_t duration_ns;
        const char *mechanism; /* NULL: nothing ran */
        int signal;            /* that ended the batch, or 0 */
};
/**
 * Is there anything to tell of this result? Then one line, without "inbye: " and newline.
 *
 * @param is_shown_whole  Its output was written as it came: what was not kept of it is no loss.
 */
bool out_report_job(
        struct buf *line, uint64_t number, const struct inbye_result *result, bool is_shown_whole);
/** How it ended, in words: status, exit code or signal, duration, leftovers. */
void out_report_outcome(struct buf *line, const struct inbye_result *result);
/** Was output left out, though nobody asked for the job to be ended by it? */
bool out_report_is_cut(const struct inbye_result *result);
/** One line on lost output, if any was: told even where nothing else is. */
void out_report_cut(struct buf *text, const struct out_summary *summary);
/** "job 3 (its id)": fit for a terminal, the id cut. */
void out_report_name(struct buf *line, uint64_t number, const struct inbye_command *command);
/** The argument vector, quoted and cut. */
void out_report_command(struct buf *line, const struct inbye_command *command);
void out_report_table(struct buf *text, const struct out_summary *summary);
void out_report_json(struct buf *line, const struct out_summary *summary);

#endif
