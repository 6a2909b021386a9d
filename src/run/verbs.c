/* SPDX-License-Identifier: MIT */
/*
 * The blocking verbs: a loop and a group for one command, gone before the verb returns.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "run/run.h"
#include <assert.h>
#include <errno.h>
#include <inbye/run.h>
#include <stdlib.h>
#include <string.h>

DEFINE_SCOPED(loop_freep, struct inbye_loop, inbye_loop_free)
DEFINE_SCOPED(group_freep, struct inbye_group, inbye_group_free)
DEFINE_SCOPED(process_freep, struct inbye_process, inbye_process_free)

int inbye_run(struct inbye_command *command, const struct inbye_group_options *options,
        struct inbye_result **ret_result, struct inbye_error *reterr)
{
        scoped(loop_freep) struct inbye_loop *loop = NULL;
        scoped(group_freep) struct inbye_group *group = NULL;
        scoped(process_freep) struct inbye_process *process = NULL;
        struct inbye_error error = { 0 };
        int r;

        if (!command || !ret_result)
                return -EINVAL;
        r = inbye_loop_open(&loop);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot make an event loop");
        r = inbye_group_open(loop, options, &group, reterr);
        if (r < 0)
                return r;
        /* What goes wrong at the start is a result as well. */
        if (inbye_group_spawn(group, command, &process, &error) < 0)
                return inbye_result_from_error(command, group, &error, ret_result);
        r = inbye_process_wait(process, INBYE_FOREVER, ret_result);
        return r < 0 ? error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot wait for the command") : 0;
}

/* The last line of what it said on stderr, or "". */
static const char *last_line(const struct inbye_result *result, char *line, size_t size)
{
        size_t n, start;
        const char *text = inbye_result_output(result, INBYE_STDERR, &n);

        while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                n--;
        for (start = n; start && text[start - 1] != '\n'; start--)
                ;
        n = n - start < size - 1 ? n - start : size - 1;
        memcpy(line, text + start, n);
        line[n] = '\0';
        return line;
}

static int not_ok(const struct inbye_result *result, struct inbye_error *reterr)
{
        const char *name = inbye_status_name(result->status), *program = result->command->argv[0];
        char line[200];

        if (result->error && reterr) {
                *reterr = *result->error;
                return -EREMOTEIO;
        }
        last_line(result, line, sizeof(line));
        if (result->code >= 0)
                return error_set_plain(reterr, INBYE_STAGE_NONE, EREMOTEIO, "%s: %s, exit code %d%s%s",
                        program, name, result->code, line[0] ? ": " : "", line);
        return error_set_plain(reterr, INBYE_STAGE_NONE, EREMOTEIO, "%s: %s, signal %d%s%s", program, name,
                result->signal, line[0] ? ": " : "", line);
}

int inbye_run_ok(struct inbye_command *command, const struct inbye_group_options *options,
        struct inbye_result **ret_result, struct inbye_error *reterr)
{
        scoped(result_unrefp) struct inbye_result *result = NULL;
        int r;

        r = inbye_run(command, options, &result, reterr);
        if (r < 0)
                return r;
        assert(result);
        r = result->status == INBYE_OK ? 0 : not_ok(result, reterr);
        if (ret_result)
                *ret_result = TAKE(result);
        return r;
}

/* Its exit code, where it exited by itself. */
static int run_to_exit(struct inbye_command *command, const struct inbye_group_options *options, int max_code,
        struct inbye_error *reterr)
{
        scoped(result_unrefp) struct inbye_result *result = NULL;
        int r;

        r = inbye_run(command, options, &result, reterr);
        if (!result)
                return r;
        if ((result->status != INBYE_OK && result->status != INBYE_NONZERO) || result->code > max_code)
                return not_ok(result, reterr);
        return result->code;
}

int inbye_run_code(
        struct inbye_command *command, const struct inbye_group_options *options, struct inbye_error *reterr)
{
        return run_to_exit(command, options, 255, reterr);
}

int inbye_ask(
        struct inbye_command *command, const struct inbye_group_options *options, struct inbye_error *reterr)
{
        int code = run_to_exit(command, options, 1, reterr);

        return code < 0 ? code : code == 0;
}

/* --- the opt-out
 * -------------------------------------------------------------------------------------------------- */

static bool needs_owner(const struct inbye_command *command)
{
        if (command->timeout_ns != INBYE_FOREVER || command->idle_timeout_ns != INBYE_FOREVER)
                return true;
        if (command->input == INPUT_PIPE || command->input == INPUT_BYTES)
                return true;
        for (int i = 0; i < 2; i++)
                if (command->output[i].tee_fd >= 0 || command->output[i].keep == INBYE_KEEP_SPILL)
                        return true;
        return false;
}

static bool brings_limits(const struct inbye_sandbox *sandbox)
{
        return inbye_sandbox_required(sandbox) || sandbox_has_limits(sandbox) ||
               sandbox_timeout(sandbox, INBYE_FOREVER) != INBYE_FOREVER;
}

int inbye_detach(struct inbye_command *command, pid_t *ret_pid, struct inbye_error *reterr)
{
        scoped(prepared_deinit) struct prepared prepared = PREPARED_INIT;
        struct spawned spawned;
        int r;

        if (!command)
                return -EINVAL;
        if (inbye_sandbox_mechanisms(command->sandbox))
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                        "a detached command cannot have a pid namespace, which its sandbox needs");
        if (brings_limits(command->sandbox))
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                        "a detached command cannot have limits, which its sandbox brings or requires");
        if (needs_owner(command))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "a detached command cannot have a timeout, fed input, a spill file or a tee: nobody "
                        "is "
                        "there to see to them");
        atomic_store(&command->started, true);
        r = plan_prepare(&prepared, command, NULL, reterr);
        if (r < 0)
                return r;
        prepared.plan.pgroup = SPAWN_PGROUP_SESSION;
        prepared.plan.foreground_fd = -1;
        loop_note_stranger();
        r = spawn(&prepared.plan, &spawned, reterr);
        if (r < 0)
                return r;
        fd_close(spawned.pidfd);
        if (ret_pid)
                *ret_pid = spawned.pid;
        return 0;
}
