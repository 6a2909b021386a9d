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

bool sandbox_limit(const struct inbye_sandbox *sandbox, struct inbye_limits *limits)
{
        if (!sandbox)
                return false;
        limits->memory_bytes = less_of(limits->memory_bytes, sandbox->limits.memory_bytes);
        limits->tasks = less_of(limits->tasks, sandbox->limits.tasks);
        limits->cpu_us_per_s = less_of(limits->cpu_us_per_s, sandbox->limits.cpu_us_per_s);
        return limits_controllers(&sandbox->limits) != 0;
}

uint64_t sandbox_timeout(const struct inbye_sandbox *sandbox, uint64_t timeout_ns)
{
        return sandbox ? less_of(sandbox->timeout_ns, timeout_ns) : timeout_ns;
}

int inbye_sandbox_limits(const struct inbye_sandbox *sandbox, struct inbye_limits *limits)
{
        if (!limits || limits->size != sizeof(*limits))
                return -EINVAL;
        return sandbox_limit(sandbox, limits);
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
