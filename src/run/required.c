/* SPDX-License-Identifier: MIT */
/*
 * Has a command the limits that its sandbox requires? Asked when it is started, and by whoever wants to
 * refuse a list of commands before the first of them runs.
 */
#include "base/error.h"
#include "run/run.h"
#include <errno.h>

int command_check_limits(
        const struct inbye_command *command, const struct inbye_limits *group, struct inbye_error *reterr)
{
        struct inbye_limits limits = command->limits; /* the strings are not looked at */
        uint64_t timeout_ns = sandbox_timeout(command->sandbox, command->timeout_ns);

        if (!inbye_sandbox_required(command->sandbox))
                return 0;
        sandbox_limit(command->sandbox, &limits);
        for (int i = 0; i < INBYE_LIMIT_N; i++)
                (void)sandbox_limit_optional(command->sandbox, (enum inbye_limit)i, &limits);
        /* Those of all trees of the group bound this one, too. */
        if (group && group->memory_bytes != INBYE_UNLIMITED)
                limits.memory_bytes = group->memory_bytes;
        if (group && group->tasks != INBYE_UNLIMITED)
                limits.tasks = group->tasks;
        return sandbox_check_limits(command->sandbox, &limits, timeout_ns, command->waived, reterr);
}

/* Of those that are optional as many as can be had: each is looked at alone. */
static int leave_out(struct inbye_process *process, struct inbye_error *reterr)
{
        const struct inbye_sandbox *sandbox = process->command->sandbox;
        struct limit_group *group = &process->group->limits;
        struct inbye_limits said = process->command->limits, one;
        struct inbye_error error;
        int r = 0;

        sandbox_limit(sandbox, &said);
        for (int i = 0; i < INBYE_LIMIT_N && r == 0; i++) {
                one = said;
                if (!sandbox_limit_optional(sandbox, (enum inbye_limit)i, &one))
                        continue;
                r = limit_group_have(group, limit_controller((enum inbye_limit)i), &error);
                if (r == 0)
                        said = one;
                else if (r == -EOPNOTSUPP)
                        r = sandbox_skip(
                                &process->result->skips, inbye_limit_name((enum inbye_limit)i), error.text);
        }
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LIMIT, -r, "limits of the sandbox");
        process->limits_said = said;
        return 0;
}

static bool has_optional(const struct inbye_sandbox *sandbox)
{
        return sandbox && limits_controllers(&sandbox->optional_limits);
}

int process_open_limits(struct inbye_process *process, struct prepared *prepared, struct inbye_error *reterr)
{
        const struct inbye_command *command = process->command;
        int r = 0;

        process->limits_said = command->limits;
        sandbox_limit(command->sandbox, &process->limits_said);
        if (has_optional(command->sandbox))
                r = leave_out(process, reterr);
        if (r < 0)
                return r;
        return limit_tree_open(&process->limits, &process->group->limits, process->tree,
                &process->limits_said, &prepared->plan, reterr);
}

int inbye_command_check(const struct inbye_command *command, struct inbye_error *reterr)
{
        return command ? command_check_limits(command, NULL, reterr) : -EINVAL;
}
