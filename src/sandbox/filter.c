/* SPDX-License-Identifier: MIT */
/*
 * Filters of the profiles.
 *
 * What is denied is denied on all machines that this kernel can run programs of; what is known is known of
 * its own only: a program of another machine then has no call that works.
 *
 * A profile may load two, one that denies by name and one that knows what is allowed. Both in one was
 * rejected: there a call can be either allowed or denied by its arguments, and which of two rules for the
 * same call is the narrower, nobody could say. The kernel takes the stricter verdict and remembers, call by
 * call, which are allowed whatever their arguments.
 */
#include "sandbox/filter.h"
#include "base/error.h"
#include "base/scope.h"
#include "sandbox/numbers.h"
#include "sandbox/rules.h"
#include <errno.h>
#include <linux/seccomp.h>

struct recipe {
        bool all_machines;
        uint32_t otherwise, bad_machine;
        const struct call_rule *table;
        uint32_t action;
};

static int fill(struct rules *rules, const struct recipe *recipe, uint32_t native)
{
        int r = recipe->all_machines ? rules_add_native(rules, native) : rules_add_machine(rules, native);

        rules->otherwise = recipe->otherwise;
        rules->bad_machine = recipe->bad_machine;
        return r < 0 ? r : rules_add_table(rules, recipe->table, recipe->action);
}

int filter_compile(enum filter which, uint32_t machine, struct spawn_filter *ret, struct inbye_error *reterr)
{
        static const struct recipe recipes[FILTER_N] = {
                [FILTER_DENY] = { true, SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_THREAD, calls_denied,
                        SECCOMP_RET_ERRNO | EPERM },
                [FILTER_KNOWN] = { false, SECCOMP_RET_ERRNO | ENOSYS, SECCOMP_RET_ERRNO | ENOSYS, calls_known,
                        SECCOMP_RET_ALLOW },
                [FILTER_MEASURE] = { false, SECCOMP_RET_LOG, SECCOMP_RET_LOG, calls_known,
                        SECCOMP_RET_ALLOW },
        };
        scoped(rules_deinit) struct rules rules = { 0 };
        int r = numbers_load(reterr);

        if (r < 0)
                return r;
        r = fill(&rules, &recipes[which], machine ? machine : numbers_native());
        if (r == 0)
                r = rules_compile(&rules, ret);
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot compile a filter of system calls")
                     : 0;
}
