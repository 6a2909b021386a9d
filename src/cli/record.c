/* SPDX-License-Identifier: MIT */
/*
 * Options of inbye batch on what is kept and shown of its jobs, in a table of their own beside those on how
 * they run.
 */
#include "cli/record.h"
#include "base/error.h"
#include "base/parse.h"
#include "cli/cli.h"
#include <errno.h>

#define PROGRESS_VALUES "auto bar plain none"

enum {
        OPTION_JOBLOG = RECORD_OPTION_FIRST,
        OPTION_JOBLOG_SYNC,
        OPTION_RESUME,
        OPTION_RESUME_FAILED,
        OPTION_JUNIT,
        OPTION_TAP,
        OPTION_SLOW,
        OPTION_PROGRESS,
};

const struct cli_option record_options[] = {
        { "joblog", 0, "FILE", OPTION_JOBLOG, "Records",
                "write a line for each job that has ended, in the columns of GNU parallel and some more",
                NULL },
        { "joblog-sync", 0, NULL, OPTION_JOBLOG_SYNC, "Records",
                "bring each line of the job log to the disk before anything else happens", NULL },
        { "resume", 0, NULL, OPTION_RESUME, "Records",
                "go on from the job log: what stands there is not run again", NULL },
        { "resume-failed", 0, NULL, OPTION_RESUME_FAILED, "Records",
                "the same, but run what was not ok once more", NULL },
        { "junit", 0, "FILE", OPTION_JUNIT, "Records", "write the results as JUnit XML", NULL },
        { "tap", 0, "FILE|fd:N|-", OPTION_TAP, "Records",
                "write the results in the Test Anything Protocol; with - to stdout, in place of the outputs",
                NULL },
        { "slow", 0, "DURATION", OPTION_SLOW, "Records", "tell of each job that took this long", NULL },
        { "progress", 0, "WHEN", OPTION_PROGRESS, "Records",
                "how far the batch is: a bar at the foot of the terminal, or plain lines [auto: a bar where "
                "there "
                "is a terminal]",
                PROGRESS_VALUES },
        { 0 },
};

static int take_resume(struct record_wishes *wishes, enum joblog_resume resume)
{
        if (wishes->joblog.resume < resume)
                wishes->joblog.resume = resume;
        return 0;
}

static int take_slow(struct record_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        if (parse_duration(value, &wishes->slow_ns) < 0)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' is no duration, as in 90, 1.5s or 1m30s", value);
        return 0;
}

static int take_progress(struct record_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        int r = cli_choose(PROGRESS_VALUES, value, "kind of progress", reterr);

        if (r >= 0)
                wishes->progress = (enum record_progress)r;
        return r < 0 ? r : 0;
}

int record_apply(struct record_wishes *wishes, int id, const char *value, struct inbye_error *reterr)
{
        switch (id) {
        case OPTION_JOBLOG:
                wishes->joblog.path = value;
                return 0;
        case OPTION_JOBLOG_SYNC:
                wishes->joblog.sync = true;
                return 0;
        case OPTION_RESUME:
                return take_resume(wishes, JOBLOG_RESUME);
        case OPTION_RESUME_FAILED:
                return take_resume(wishes, JOBLOG_RESUME_FAILED);
        case OPTION_JUNIT:
                wishes->junit = value;
                return 0;
        case OPTION_TAP:
                wishes->tap = value;
                return 0;
        case OPTION_SLOW:
                return take_slow(wishes, value, reterr);
        case OPTION_PROGRESS:
                return take_progress(wishes, value, reterr);
        default:
                return -EINVAL;
        }
}

int record_check(const struct record_wishes *wishes, struct inbye_error *reterr)
{
        const struct joblog_options *joblog = &wishes->joblog;

        if (!joblog->path && (joblog->sync || joblog->resume != JOBLOG_ANEW))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--%s needs the log: name it with --joblog",
                        joblog->sync                      ? "joblog-sync"
                        : joblog->resume == JOBLOG_RESUME ? "resume"
                                                          : "resume-failed");
        return 0;
}
