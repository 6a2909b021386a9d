/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBS_JSON_H
#define CLI_JOBS_JSON_H

#include "cli/cli.h"

/** What every job of the batch begins with. */
struct job_base {
        const struct settings *settings;
        const char *capture_limit, *capture_keep; /* as given, or the defaults of the batch */
};

/** What is wrong with a line. */
struct job_fault {
        size_t column; /* in characters, from 1; 0: not known */
        struct inbye_error error;
};

/** Hand the settings of the batch to a fresh command. 0, or a negative errno with *reterr filled. */
int job_base_apply(const struct job_base *base, struct inbye_command *command, struct inbye_error *reterr);

/**
 * A line of JSON Lines: an array, the arguments, or an object: argv, id, env, stdin, stdin_file, and the
 * options of the settings with '_' for '-'. inbye-batch(5) names them all.
 *
 * @retval -EINVAL  It is not of that form, or a value makes no sense: *ret_fault says what.
 */
int job_from_json(const char *line, size_t n, const struct job_base *base, struct inbye_command **ret_command,
        struct job_fault *ret_fault);

#endif
