/* SPDX-License-Identifier: MIT */
/*
 * Parts of a profile that are optional: whether this host can do them, and what was left out.
 *
 * A part is tried as it would be used, by a child that goes all the way to its exec, of a program that cannot
 * be: asking for versions and settings was rejected, as no list of what may forbid a namespace is complete. A
 * shortage of the moment is a failure, and does not make a sandbox weaker.
 */
#include "base/error.h"
#include "base/scope.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void sandbox_skips_deinit(struct sandbox_skips *skips)
{
        for (size_t i = 0; i < skips->n; i++) {
                free(skips->list[i].part);
                free(skips->list[i].reason);
        }
        free(skips->list);
        *skips = (struct sandbox_skips){ 0 };
}

int sandbox_skip(struct sandbox_skips *skips, const char *part, const char *reason)
{
        struct sandbox_skip *grown = array_resize(skips->list, skips->n + 1, sizeof(*grown));
        struct sandbox_skip added;

        if (!grown)
                return -ENOMEM;
        skips->list = grown;
        added = (struct sandbox_skip){ strdup(part), strdup(reason) };
        grown[skips->n++] = added;
        return added.part && added.reason ? 0 : -ENOMEM;
}

const char *inbye_sandbox_skipped(const struct inbye_sandbox *sandbox, size_t index, const char **ret_reason)
{
        if (!sandbox || index >= sandbox->skips.n)
                return NULL;
        if (ret_reason)
                *ret_reason = sandbox->skips.list[index].reason;
        return sandbox->skips.list[index].part;
}

static bool is_shortage(int number)
{
        return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE;
}

int sandbox_try(const struct inbye_sandbox *sandbox, struct inbye_error *reterr)
{
        static const char *const argv[] = { "inbye", NULL }, *const envp[] = { NULL };
        scoped(sandbox_steps_deinit) struct sandbox_steps steps = { 0 };
        struct spawn_plan plan = SPAWN_PLAN_INIT;
        struct inbye_error error = { 0 };
        struct spawned spawned;
        int r = sandbox_prepare(&steps, sandbox, "/", &error);

        plan.sandbox = &steps.spawn;
        plan.argv = argv;
        plan.envp = envp;
        plan.program = "/dev/null/inbye";
        if (r == 0)
                r = spawn(&plan, &spawned, &error);
        if (error.stage == INBYE_STAGE_EXEC)
                return 0;
        if (reterr)
                *reterr = error;
        return is_shortage(-r) ? r : -EOPNOTSUPP;
}
