/* SPDX-License-Identifier: MIT */
/*
 * Limits of a sandbox: those it brings, and those it requires of whoever starts a command in it.
 *
 * They are as the rest of it: the stricter of two counts, whoever said it. What is required may be waived,
 * but in words: a host without controllers can still be used, and nobody runs without a limit because he did
 * not think of it.
 */
#include "base/error.h"
#include "limit/values.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <stdio.h>

static uint64_t less_of(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

void sandbox_limits_merge(struct inbye_limits *to, const struct inbye_limits *from)
{
        to->memory_bytes = less_of(to->memory_bytes, from->memory_bytes);
        to->tasks = less_of(to->tasks, from->tasks);
        to->cpu_us_per_s = less_of(to->cpu_us_per_s, from->cpu_us_per_s);
}

void sandbox_limit(const struct inbye_sandbox *sandbox, struct inbye_limits *limits)
{
        if (sandbox)
                sandbox_limits_merge(limits, &sandbox->limits);
}

bool sandbox_limit_optional(
        const struct inbye_sandbox *sandbox, enum inbye_limit limit, struct inbye_limits *limits)
{
        struct inbye_limits one = LIMITS_NONE;

        if (!sandbox || !limits_has(&sandbox->optional_limits, limit))
                return false;
        if (limit == INBYE_LIMIT_MEMORY)
                one.memory_bytes = sandbox->optional_limits.memory_bytes;
        else if (limit == INBYE_LIMIT_TASKS)
                one.tasks = sandbox->optional_limits.tasks;
        else if (limit == INBYE_LIMIT_CPU)
                one.cpu_us_per_s = sandbox->optional_limits.cpu_us_per_s;
        sandbox_limits_merge(limits, &one);
        return true;
}

bool sandbox_has_limits(const struct inbye_sandbox *sandbox)
{
        return sandbox &&
               (limits_controllers(&sandbox->limits) | limits_controllers(&sandbox->optional_limits));
}

uint64_t sandbox_timeout(const struct inbye_sandbox *sandbox, uint64_t timeout_ns)
{
        return sandbox ? less_of(sandbox->timeout_ns, timeout_ns) : timeout_ns;
}

int inbye_sandbox_limits(const struct inbye_sandbox *sandbox, struct inbye_limits *limits)
{
        if (!limits || limits->size != sizeof(*limits))
                return -EINVAL;
        sandbox_limit(sandbox, limits);
        return sandbox_has_limits(sandbox);
}

uint32_t inbye_sandbox_required(const struct inbye_sandbox *sandbox)
{
        return sandbox ? sandbox->required & ~sandbox->waived : 0;
}

static int refuse(uint32_t missing, struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                "the sandbox requires limits that were not said:%s%s%s",
                missing & INBYE_REQUIRE_MEMORY ? " memory" : "",
                missing & INBYE_REQUIRE_TASKS ? " tasks" : "",
                missing & INBYE_REQUIRE_TIMEOUT ? " timeout" : "");
        error_hint(reterr,
                "as in --limit memory=512M,tasks=64 --timeout 1m; where one cannot be had, or is not "
                "wanted, say so: memory=infinity, --timeout infinity");
        return -EINVAL;
}

int sandbox_check_limits(const struct inbye_sandbox *sandbox, const struct inbye_limits *limits,
        uint64_t timeout_ns, uint32_t waived, struct inbye_error *reterr)
{
        uint32_t missing = inbye_sandbox_required(sandbox) & ~waived;

        if (limits->memory_bytes != INBYE_UNLIMITED)
                missing &= ~INBYE_REQUIRE_MEMORY;
        if (limits->tasks != INBYE_UNLIMITED)
                missing &= ~INBYE_REQUIRE_TASKS;
        if (timeout_ns != INBYE_FOREVER)
                missing &= ~INBYE_REQUIRE_TIMEOUT;
        return missing ? refuse(missing, reterr) : 0;
}
