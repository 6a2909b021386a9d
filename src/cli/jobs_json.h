/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBS_JSON_H
#define CLI_JOBS_JSON_H

#include "cli/cli.h"

/** Pools by their names: those that stand behind the '=' are not part of them. */
struct job_pools {
        const char **names;
        size_t n;
};
/** Its number as the engine counts, from 1; 0: there is none of that name. */
uint32_t job_pools_find(const struct job_pools *pools, const char *name, size_t n);

/** What every job of the batch begins with. */
struct job_base {
        const struct job_pools *pools; /* NULL: none */
        const struct settings *settings;
        bool *limits_seen; /* set by a job that has limits of its own; NULL: nobody asks */
        const char *capture_limit, *capture_keep; /* as given, or the defaults of the batch */
        bool writes_files;                        /* outputs go into files, and nothing reads them */
        bool keep_jobserver; /* the descriptors of make's jobserver stay open in the job */
};

/** What is wrong with a line. */
struct job_fault {
        size_t column; /* in characters, from 1; 0: not known */
        struct inbye_error error;
};

/** Do these settings, of the batch or of a job, go with the rest of it? 0, or -EINVAL with *reterr filled. */
int job_base_check(const struct job_base *base, const struct settings *settings, struct inbye_error *reterr);
/** Hand the settings of the batch to a fresh command. 0, or a negative errno with *reterr filled. */
int job_base_apply(const struct job_base *base, struct inbye_command *command, struct inbye_error *reterr);

/**
 * A line of JSON Lines: an array, the arguments, or an object: argv, id, env, stdin, stdin_file, retries,
 * weight, pool, and the options of the settings with '_' for '-'. inbye-batch(5) names them all.
 *
 * @retval -EINVAL  It is not of that form, or a value makes no sense: *ret_fault says what.
 */
int job_from_json(const char *line, size_t n, const struct job_base *base, struct inbye_batch_job *ret_job,
        struct job_fault *ret_fault);

#endif
