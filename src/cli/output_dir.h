/* SPDX-License-Identifier: MIT */
#ifndef CLI_OUTPUT_DIR_H
#define CLI_OUTPUT_DIR_H

#include "cli/cli.h"
#include <stdbool.h>
#include <stdint.h>

/** A directory with one for each job, where its output goes: DIR/<id>/stdout and DIR/<id>/stderr. */
struct output_dir;

/** Nothing is made yet. @param path  Borrowed. */
int output_dir_open(const char *path, struct output_dir **ret_dir, struct inbye_error *reterr);
/** NULL is fine. */
void output_dir_free(struct output_dir *dir);

/**
 * The next job of the input as it is checked: is there a file in the way of its files?
 *
 * @param userdata  The struct output_dir.
 * @return 0, or a negative errno with *reterr filled.
 */
int output_dir_check(
        void *userdata, uint64_t number, const struct inbye_command *command, struct inbye_error *reterr);

/** All were checked: make the directory itself. From here on jobs come again, from the first one. */
int output_dir_make(struct output_dir *dir, struct inbye_error *reterr);

/**
 * The next job of the input: the names of its files, and with is_run their directory. All jobs of the input
 * have to be met, in their order, for their names to be the same in every run.
 *
 * @retval -ENOMEM  It cannot be known which files are its own.
 * @return Another negative errno with *reterr filled: its start will fail.
 */
int output_dir_meet(struct output_dir *dir, uint64_t number, struct inbye_command *command, bool is_run,
        struct inbye_error *reterr);

#endif
