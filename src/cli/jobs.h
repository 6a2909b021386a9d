/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBS_H
#define CLI_JOBS_H

#include "cli/jobs_json.h"
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What jobs are made of. Everything is borrowed and outlives the source. */
struct jobs_options {
        const char *const *words; /* template, NULL-terminated; NULL: the input is JSON Lines */
        const char *const *items; /* of the command line, NULL-terminated; NULL: from the input */
        const char *path;         /* of the input; NULL or "-": standard input */
        bool null_separated;      /* items end with NUL, not with a newline */
        bool stream;              /* JSON Lines are not checked beforehand */
        bool skip_invalid;        /* a bad line is told and passed over */
        struct job_base base;
        /* Of a job that is checked, with its number from 1: 0, or a negative errno with *reterr filled. NULL:
         * nobody looks. */
        int (*check)(void *userdata, uint64_t number, const struct inbye_command *command,
                struct inbye_error *reterr);
        void *check_userdata;
};

/** Where the jobs of a batch come from. */
struct jobs;

/**
 * Open the input. JSON Lines are read through and checked here, unless they are streamed: after that a bad
 * line can no longer come.
 *
 * @retval -EBADMSG  A line is wrong: *reterr says which.
 */
int jobs_open(const struct jobs_options *options, struct jobs **ret_jobs, struct inbye_error *reterr);
void jobs_free(struct jobs *jobs);
/**
 * From here on do not wait for input.
 *
 * @param on_more   jobs_next() gave -EAGAIN and is worth asking again.
 * @param complain  One line on a job that is refused.
 */
void jobs_start(struct jobs *jobs, struct inbye_loop *loop, void (*on_more)(void *userdata),
        void (*complain)(void *userdata, const char *text), void *userdata);
/** 1 a job, with a reference of the caller's to its command; 0 no more; -EAGAIN; another negative errno, told
 * already. */
int jobs_next(struct jobs *jobs, struct inbye_batch_job *ret_job);
/** Is this the regular file that the jobs come from? Checked input of a pipe comes from nobody's file. */
bool jobs_reads_file(const struct jobs *jobs, const char *path);
/** Are all jobs there already, so that asking for the rest of them does not wait for anybody? */
bool jobs_come_to_an_end(const struct jobs *jobs);
/** Lines passed over. */
uint64_t jobs_n_skipped(const struct jobs *jobs);
/** Jobs that were not asked for; INBYE_UNKNOWN where the input was neither checked nor read to its end. */
uint64_t jobs_n_left(const struct jobs *jobs);

#endif
