/* SPDX-License-Identifier: MIT */
/*
 * Being told of the system calls that are denied.
 *
 * A filter that denies a call by an errno does so without a word. So it is rewritten to hold the call up
 * until its listener has answered; the owner listens, asks the filter as it was what it says, and gives the
 * very errno that the kernel would have given. Nothing is decided by what the job could change meanwhile: the
 * kernel hands over its own copy of the number and the registers, and memory is not looked at. A call is let
 * through only where no filter denies it (that is how "measure" learns of calls). When the owner is gone the
 * kernel denies what is held up, with ENOSYS.
 *
 * The kernel gives a process one listener, so all filters become one: the first jumps to the second where it
 * would allow, and so on. Which errno it is to be the owner finds out; what else they do must not be lost on
 * the way: the one that kills goes first, as nothing is stricter, and what more there is of the kind stays in
 * filters of their own. Two filters in place of one are what a start takes notice of: the kernel compiles
 * some 3 instructions a microsecond. A filter that cannot be read (bpf.c), or that denies what our own child
 * still has to do before its program runs, is left as it is and loaded behind: what it denies stays untold.
 *
 * Writing denials in "notify" rather than "errno" when a filter is compiled was rejected: filters come from
 * files as well, and where nobody may listen (another one does already, as in a sandbox in a sandbox) the
 * same filters are wanted without.
 */
#include "sandbox/listen.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/fdpass.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { JUMP = 0x05, RETURN = 0x06 };

/* --- kinds of verdicts ------------------------------------------------------------------------------------
 */

static bool is_told(uint32_t verdict)
{
        return BPF_ACTION(verdict) == BPF_ERRNO || BPF_ACTION(verdict) == BPF_LOG;
}

static bool is_logging(uint32_t verdict)
{
        return BPF_ACTION(verdict) == BPF_LOG;
}

static bool is_killing(uint32_t verdict)
{
        return (int32_t)BPF_ACTION(verdict) < (int32_t)BPF_ERRNO;
}

static bool is_odd(uint32_t verdict)
{
        return !is_told(verdict) && !is_killing(verdict) && BPF_ACTION(verdict) != BPF_ALLOW;
}

static bool can_be_told(const struct spawn_filter *filter)
{
        const int *calls;
        size_t n;

        if (!bpf_is_plain(filter) || !sys_machine())
                return false;
        calls = sys_calls_before_exec(&n);
        for (size_t i = 0; i < n; i++)
                if (!bpf_allows_always(filter, sys_machine(), calls[i]))
                        return false;
        return true;
}

/* --- rewriting --------------------------------------------------------------------------------------------
 */

/* Behind what there is; the last one does not go on where it allows. */
static void join(struct sandbox_steps *steps, const struct spawn_filter *filter, size_t n_all)
{
        struct bpf *code = steps->joined + steps->n_joined;
        bool first = steps->n_joined == 0, last = steps->n_joined + filter->n == n_all;

        steps->n_joined += filter->n;
        memcpy(code, filter->code, filter->n * sizeof(*code));
        for (size_t i = 0; i < filter->n; i++) {
                if (code[i].code != RETURN || (first && is_killing(code[i].value)))
                        continue;
                if (is_told(code[i].value))
                        code[i].value = BPF_NOTIFY;
                else if (last)
                        code[i].value = BPF_ALLOW;
                else
                        code[i] = (struct bpf){ .code = JUMP, .value = (uint32_t)(filter->n - i - 1) };
        }
}

/* What is left of a filter when all that is told of is taken out. */
static int add_rest(struct sandbox_steps *steps, const struct spawn_filter *filter)
{
        struct bpf *code = malloc(filter->n * sizeof(*code));

        if (!code)
                return -ENOMEM;
        memcpy(code, filter->code, filter->n * sizeof(*code));
        for (size_t i = 0; i < filter->n; i++)
                if (code[i].code == RETURN && is_told(code[i].value))
                        code[i].value = BPF_ALLOW;
        steps->rests[steps->n_others] = code;
        steps->others[steps->n_others++] =
                (struct spawn_filter){ .code = code, .n = filter->n, .flags = filter->flags };
        return 0;
}

/* A call that is let through for one filter passes those by that have something milder to say than "notify":
 * so there must be none. */
static bool may_let_through(const struct spawn_sandbox *spawn)
{
        for (size_t i = 0; i < spawn->n_filters; i++)
                if (!bpf_is_plain(&spawn->filters[i]) || bpf_has(&spawn->filters[i], is_odd))
                        return false;
        return true;
}

/* Which filters can be joined: bits; at most as many as the kernel takes instructions. */
static uint32_t choose(const struct spawn_sandbox *spawn, size_t *ret_n)
{
        bool lets = may_let_through(spawn);
        uint32_t chosen = 0;
        size_t n = 0;

        for (size_t i = 0; i < spawn->n_filters; i++) {
                const struct spawn_filter *filter = &spawn->filters[i];

                if (!can_be_told(filter) || (!lets && bpf_has(filter, is_logging)) ||
                        n + filter->n > BPF_INSTRUCTIONS_MAX)
                        continue;
                chosen |= UINT32_C(1) << i;
                n += filter->n;
        }
        *ret_n = n;
        return chosen;
}

/* The first of those joined: one that kills, if there is any. */
static size_t choose_first(const struct spawn_sandbox *spawn, uint32_t chosen)
{
        size_t first = SANDBOX_FILTERS;

        for (size_t i = 0; i < spawn->n_filters; i++) {
                if (!(chosen >> i & 1))
                        continue;
                if (bpf_has(&spawn->filters[i], is_killing))
                        return i;
                if (first == SANDBOX_FILTERS)
                        first = i;
        }
        return first;
}

static void join_all(
        struct sandbox_steps *steps, const struct spawn_sandbox *spawn, uint32_t chosen, size_t n)
{
        size_t first = choose_first(spawn, chosen);

        join(steps, &spawn->filters[first], n);
        for (size_t i = 0; i < spawn->n_filters; i++)
                if (i != first && (chosen >> i & 1))
                        join(steps, &spawn->filters[i], n);
}

static unsigned flags_of_all(const struct spawn_sandbox *spawn, uint32_t chosen)
{
        unsigned flags = ~0u;

        for (size_t i = 0; i < spawn->n_filters; i++)
                if (chosen >> i & 1)
                        flags &= spawn->filters[i].flags;
        return flags;
}

static int leave_others(struct sandbox_steps *steps, const struct spawn_sandbox *spawn, uint32_t chosen)
{
        size_t first = choose_first(spawn, chosen);
        int r = 0;

        for (size_t i = 0; i < spawn->n_filters && r == 0; i++) {
                const struct spawn_filter *filter = &spawn->filters[i];

                if (!(chosen >> i & 1))
                        steps->others[steps->n_others++] = *filter;
                else if (bpf_has(filter, is_odd) || (i != first && bpf_has(filter, is_killing)))
                        r = add_rest(steps, filter);
        }
        return r;
}

/* --- one start --------------------------------------------------------------------------------------------
 */

int listen_prepare(struct sandbox_steps *steps, struct inbye_error *reterr)
{
        struct spawn_sandbox *spawn = &steps->spawn;
        uint32_t chosen;
        size_t n;
        int r;

        chosen = choose(spawn, &n);
        if (!chosen)
                return 0;
        steps->joined = calloc(n, sizeof(*steps->joined));
        if (!steps->joined)
                return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox");
        join_all(steps, spawn, chosen, n);
        r = leave_others(steps, spawn, chosen);
        if (r == 0)
                r = sys_fd_line(steps->line);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot listen to the filters");
        steps->told = chosen;
        spawn->listened = (struct spawn_filter){
                .code = steps->joined,
                .n = (unsigned short)n,
                .flags = flags_of_all(spawn, chosen),
        };
        spawn->others = steps->others;
        spawn->n_others = steps->n_others;
        spawn->line_fd = steps->line[1];
        return 0;
}

int listen_take(const struct sandbox_steps *steps)
{
        int fd;

        if (!steps->spawn.listened.n)
                return -1;
        fd = sys_fd_receive(steps->line[0]);
        return fd < 0 ? -1 : fd;
}

void listen_deinit(struct sandbox_steps *steps)
{
        if (steps->spawn.listened.n) {
                fd_close(steps->line[0]);
                fd_close(steps->line[1]);
        }
        for (size_t i = 0; i < steps->n_others; i++)
                free(steps->rests[i]);
        free(steps->joined);
}

uint32_t listen_judge(const struct spawn_filter *filters, size_t n, uint32_t told,
        const struct sys_call *call, size_t *ret_filter)
{
        uint32_t strictest = BPF_ALLOW;

        *ret_filter = 0;
        for (size_t i = n; i-- > 0;) {
                uint32_t verdict = told >> i & 1 ? bpf_verdict(&filters[i], call) : BPF_ALLOW;

                if (!is_told(verdict) || BPF_ACTION(verdict) >= BPF_ACTION(strictest))
                        continue;
                strictest = verdict;
                *ret_filter = i;
        }
        return strictest;
}
