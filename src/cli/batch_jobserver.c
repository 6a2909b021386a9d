/* SPDX-License-Identifier: MIT */
/*
 * make's jobserver, as the command line has it: the library takes and gives the tokens, here is decided
 * whether it shall.
 *
 * Under a make that lets us have its jobserver we use it without being asked, as a make below a make does.
 * One that MAKEFLAGS names and that we did not inherit (a rule without '+') is told, and then, as make does
 * it: what -j says, or one job at a time where it says nothing. Nothing at all, as if there were no make, was
 * rejected: -j of the outer make would be multiplied by the CPUs, silently.
 */
#include "base/error.h"
#include "base/parse.h"
#include "cli/batch.h"
#include "cli/inherit.h"
#include <errno.h>
#include <string.h>

int batch_jobserver_take(struct batch_jobserver *jobserver, const char *value, struct inbye_error *reterr)
{
        struct batch_jobserver wish = { 0 };
        uint64_t n = 0;

        if (value && strcmp(value, "off") == 0)
                wish.off = true;
        else if (!value || strcmp(value, "auto") != 0)
                wish.serve = true;
        if (wish.serve && value && (parse_unsigned(value, UINT32_MAX, &n) < 0 || n == 0))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' is neither a number of tokens, from 1 on, nor auto or off", value);
        wish.n_tokens = (uint32_t)n;
        *jobserver = wish;
        return 0;
}

static void do_without(struct inbye_batch_options *options, const char *cause)
{
        options->flags &= ~INBYE_BATCH_JOBSERVER_CLIENT;
        cli_say("warning: the jobserver of make cannot be used: %s; %s: put '+' in front of the command in "
                "the "
                "makefile",
                cause, options->width ? "running as many jobs as -j says" : "running one job at a time");
        if (!options->width)
                options->width = 1;
}

int batch_jobserver_open(const struct batch_jobserver *jobserver, struct inbye_loop *loop,
        struct inbye_batch_options *options, struct inbye_batch **ret_batch, struct inbye_error *reterr)
{
        int has = jobserver->off ? 0 : inherit_has_jobserver(), r;

        if (jobserver->serve)
                options->flags |= INBYE_BATCH_JOBSERVER_SERVER;
        options->jobserver_tokens = jobserver->n_tokens;
        if (has < 0)
                do_without(options, has == -EBADF ? "it is not open here" : "MAKEFLAGS makes no sense");
        if (has > 0)
                options->flags |= INBYE_BATCH_JOBSERVER_CLIENT;
        r = inbye_batch_open(loop, options, ret_batch, reterr);
        if (r != -ENOLINK)
                return r;
        do_without(options, strerror(reterr->number));
        return inbye_batch_open(loop, options, ret_batch, reterr);
}
