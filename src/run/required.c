/* SPDX-License-Identifier: MIT */
/*
 * Has a command the limits that its sandbox requires? Asked when it is started, and by whoever wants to
 * refuse a list of commands before the first of them runs.
 */
#include "run/run.h"
#include <errno.h>

int command_check_limits(
        const struct inbye_command *command, const struct inbye_limits *group, struct inbye_error *reterr)
{
        struct inbye_limits limits = command->limits; /* the strings are not looked at */
        uint64_t timeout_ns = sandbox_timeout(command->sandbox, command->timeout_ns);

        if (!inbye_sandbox_required(command->sandbox))
                return 0;
        (void)sandbox_limit(command->sandbox, &limits);
        /* Those of all trees of the group bound this one, too. */
        if (group && group->memory_bytes != INBYE_UNLIMITED)
                limits.memory_bytes = group->memory_bytes;
        if (group && group->tasks != INBYE_UNLIMITED)
                limits.tasks = group->tasks;
        return sandbox_check_limits(command->sandbox, &limits, timeout_ns, command->waived, reterr);
}

int inbye_command_check(const struct inbye_command *command, struct inbye_error *reterr)
{
        return command ? command_check_limits(command, NULL, reterr) : -EINVAL;
}
