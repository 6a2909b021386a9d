/* SPDX-License-Identifier: MIT */
/*
 * Saying which system calls a sandbox denied: where the command failed, as that may be why, or where it is
 * asked for. A command that lives with it is left in peace.
 */
#include "cli/denials.h"
#include "base/buf.h"
#include "cli/cli.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

/* How a filter answered. */
enum answer { DENIED, NOT_KNOWN, MEASURED, N_ANSWERS };

static enum answer answer_of(const struct inbye_denial *denial)
{
        if (denial->done)
                return MEASURED;
        return denial->error == ENOSYS ? NOT_KNOWN : DENIED;
}

static void append(struct buf *out, const struct inbye_denial *denial)
{
        buf_append_str(out, out->n ? ", " : "");
        if (denial->call)
                buf_append_str(out, denial->call);
        else
                buf_printf(out, "number %d of machine %#" PRIx32, denial->number, denial->machine);
        if (denial->n_times > 1)
                buf_printf(out, " (%" PRIu64 " times)", denial->n_times);
}

static void say(const char *rule, enum answer answer, const char *list)
{
        static const char *const verbs[N_ANSWERS] = {
                [DENIED] = "denied by",
                [NOT_KNOWN] = "not known to",
                [MEASURED] = "done, and beyond",
        };

        cli_say("%s %s: %s%s", verbs[answer], rule, list,
                answer == MEASURED ? "" : "; inbye-sandbox(7) says how to allow a call");
}

/* Of those like the one at the index, unless they were told with an earlier one. */
static void say_like(const struct inbye_result *result, size_t index)
{
        const struct inbye_denial *first = inbye_result_denial(result, index), *denial;
        struct buf list = BUF_INIT;

        for (size_t i = 0; (denial = inbye_result_denial(result, i)); i++) {
                if (answer_of(denial) != answer_of(first) || strcmp(denial->rule, first->rule) != 0)
                        continue;
                if (i < index)
                        break;
                append(&list, denial);
        }
        if (list.n && !list.failed)
                say(first->rule, answer_of(first), list.data);
        buf_deinit(&list);
}

static bool has_failed(const struct inbye_result *result)
{
        enum inbye_status status = inbye_result_status(result);

        return status == INBYE_NONZERO || status == INBYE_SIGNALED || status == INBYE_LIMIT;
}

void denials_say(const struct inbye_result *result, bool verbose)
{
        const struct inbye_denial *denial;

        for (size_t i = 0; (denial = inbye_result_denial(result, i)); i++)
                if (verbose || denial->done || has_failed(result))
                        say_like(result, i);
        if (inbye_result_signal(result) == SIGSYS)
                cli_say("killed by a filter of system calls (SIGSYS); only the kernel's audit log tells for "
                        "which "
                        "call: ausearch -m SECCOMP, or dmesg");
}
