/* SPDX-License-Identifier: MIT */
#ifndef INBYE_RUN_H
#define INBYE_RUN_H

#include <inbye/base.h>
#include <inbye/command.h>
#include <inbye/group.h>
#include <inbye/result.h>

INBYE_BEGIN_DECLS

/**
 * Blocking verbs: each makes a loop and a group, runs one command in it and returns when nothing of it
 * is left.
 *
 * Threads: any; a token from inbye_cancel_open() is how another thread ends it.
 */

/**
 * Run a command to its result. That it failed to start is a result too ("spawn_error"), that it was
 * cancelled beforehand as well; only a host that cannot hold it is an error.
 *
 * @param options  NULL: the defaults.
 * @param ret_result  Receives a reference.
 */
INBYE_API INBYE_MUST_USE int inbye_run(struct inbye_command *command,
        const struct inbye_group_options *options, struct inbye_result **ret_result,
        struct inbye_error *reterr);

/**
 * The same, success required: anything but "ok" is an error, with status, code and the last line of
 * stderr in reterr->text. ret_result (may be NULL) is given in both cases.
 *
 * @retval -EREMOTEIO  It ran, and its status is not "ok".
 */
INBYE_API INBYE_MUST_USE int inbye_run_ok(struct inbye_command *command,
        const struct inbye_group_options *options, struct inbye_result **ret_result,
        struct inbye_error *reterr);

/** @return  Exit code 0 to 255; a negative errno where it did not exit (-EREMOTEIO: see reterr). */
INBYE_API INBYE_MUST_USE int inbye_run_code(
        struct inbye_command *command, const struct inbye_group_options *options, struct inbye_error *reterr);

/** @return  1 yes (code 0), 0 no (code 1), else a negative errno: the question was not answered. */
INBYE_API INBYE_MUST_USE int inbye_ask(
        struct inbye_command *command, const struct inbye_group_options *options, struct inbye_error *reterr);

/**
 * Start a command that nothing holds and nobody waits for: the one opt-out. It gets a session of its own
 * and /dev/null where output would be captured.
 *
 * @retval -EINVAL  The command has a timeout, input bytes, a pipe, a spill or a tee: they need an owner.
 * @param ret_pid   May be NULL.
 */
INBYE_API INBYE_MUST_USE int inbye_detach(
        struct inbye_command *command, pid_t *ret_pid, struct inbye_error *reterr);

INBYE_END_DECLS
#endif
