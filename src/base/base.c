/* SPDX-License-Identifier: MIT */
/*
 * What <inbye/base.h> promises and what hangs on no object: the version, the names of the stages, and an argv
 * shown as a line.
 */
#include "base/buf.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <inbye/base.h>

const char *inbye_version(void)
{
        return INBYE_VERSION;
}

/* Words of the reports: a name that was released stays. */
static const char *const stage_names[INBYE_STAGE_N] = {
        [INBYE_STAGE_NONE] = "none",
        [INBYE_STAGE_ARGUMENT] = "argument",
        [INBYE_STAGE_MECHANISM] = "mechanism",
        [INBYE_STAGE_LEAF] = "leaf",
        [INBYE_STAGE_PIPE] = "pipe",
        [INBYE_STAGE_CLONE] = "clone",
        [INBYE_STAGE_JOIN] = "join",
        [INBYE_STAGE_SESSION] = "session",
        [INBYE_STAGE_STDIO] = "stdio",
        [INBYE_STAGE_CHDIR] = "chdir",
        [INBYE_STAGE_RLIMIT] = "rlimit",
        [INBYE_STAGE_NICE] = "nice",
        [INBYE_STAGE_IOPRIO] = "ioprio",
        [INBYE_STAGE_AFFINITY] = "affinity",
        [INBYE_STAGE_GROUPS] = "groups",
        [INBYE_STAGE_GID] = "gid",
        [INBYE_STAGE_UID] = "uid",
        [INBYE_STAGE_SIGNALS] = "signals",
        [INBYE_STAGE_EXEC] = "exec",
        [INBYE_STAGE_LOOP] = "loop",
        [INBYE_STAGE_CAPTURE] = "capture",
        [INBYE_STAGE_LIMIT] = "limit",
        [INBYE_STAGE_SANDBOX] = "sandbox",
};

const char *inbye_stage_name(enum inbye_stage stage)
{
        /* A newer library may hand a newer stage to an older program's table, and the other way round. */
        if ((unsigned)stage >= INBYE_STAGE_N || !stage_names[stage])
                return "unknown";
        return stage_names[stage];
}

int inbye_quote(const char *const *argv, char **ret_line)
{
        scoped(buf_deinit) struct buf line = BUF_INIT;

        if (!argv || !ret_line)
                return -EINVAL;
        str_quote_vector(&line, argv);
        return buf_steal(&line, ret_line, NULL);
}
