/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBLOG_H
#define CLI_JOBLOG_H

#include "cli/digest.h"
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stdint.h>

/** What of the log need not run again. */
enum joblog_resume {
        JOBLOG_ANEW,         /* nothing: the log is emptied */
        JOBLOG_RESUME,       /* what stands in it */
        JOBLOG_RESUME_FAILED /* what stands in it as ok */
};

struct joblog_options {
        const char *path; /* borrowed */
        enum joblog_resume resume;
        bool sync; /* each line is on the disk before anything else happens */
};

/** By what a job is known: equal jobs of a list are told apart by which of them it is. */
struct joblog_key {
        unsigned char digest[DIGEST_SIZE];
        uint32_t nth; /* from 1 */
};

/** A line for each job that has ended, kept across runs: GNU parallel's columns, and then our own. */
struct joblog;

/**
 * Open the log, lock it, read what is to be resumed. What a crash left of its last line is cut off.
 *
 * @retval -EBADMSG  The file is no such log: nothing was changed.
 * @retval -EBUSY    Another batch writes it.
 */
int joblog_open(const struct joblog_options *options, struct joblog **ret_log, struct inbye_error *reterr);
void joblog_free(struct joblog *log);
/**
 * The next job of the list: has it ended in an earlier run? To be asked once for each job, in the order of
 * the list.
 *
 * @return 1 it has, and need not run; 0 it is to run; -ENOMEM.
 */
int joblog_meet(struct joblog *log, const struct inbye_command *command, struct joblog_key *ret_key);

/** What the log says of a job that has ended. */
struct joblog_end {
        struct joblog_key key;
        uint64_t number; /* in the list, from 1 */
        unsigned attempts;
        const struct inbye_result *result;
};
/** Write its line, in one go, or nothing. A cancelled job has not ended: it has none. 0 or -errno. */
int joblog_write(struct joblog *log, const struct joblog_end *end);

#endif
