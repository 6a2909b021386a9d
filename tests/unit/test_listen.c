/* SPDX-License-Identifier: MIT */
/* Filters that are rewritten to be listened to decide as before; tests/cli/denials.sh has the kernel in it.
 */
#include "base/scope.h"
#include "sandbox/listen.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

enum { LOAD = 0x20, JUMP_EQUAL = 0x15, RETURN = 0x06 };

#define KILL UINT32_C(0x80000000)
#define TRAP UINT32_C(0x00030000)
#define TRACE UINT32_C(0x7ff00000)

#define N_CALLS 12
#define FIRST_CALL 300 /* none that a child makes before its program runs */

/* Allow all but N_CALLS calls, for each of which there is a verdict. */
struct table {
        struct bpf code[3 + 2 * N_CALLS];
};

static struct spawn_filter make_filter(struct table *table, const uint32_t verdicts[N_CALLS])
{
        size_t n = 0;

        table->code[n++] = (struct bpf){ .code = LOAD };
        for (uint32_t i = 0; i < N_CALLS; i++) {
                table->code[n++] = (struct bpf){ .code = JUMP_EQUAL, .no = 1, .value = FIRST_CALL + i };
                table->code[n++] = (struct bpf){ .code = RETURN, .value = verdicts[i] };
        }
        table->code[n++] = (struct bpf){ .code = RETURN, .value = BPF_ALLOW };
        return (struct spawn_filter){ .code = table->code, .n = (unsigned short)n };
}

/* As the kernel takes them together: the strictest, and of the same kind that of the later filter. */
static uint32_t together(const struct spawn_filter *filters, size_t n, const struct sys_call *call)
{
        uint32_t strictest = BPF_ALLOW;

        for (size_t i = n; i-- > 0;) {
                uint32_t verdict = bpf_verdict(&filters[i], call);

                if ((int32_t)BPF_ACTION(verdict) < (int32_t)BPF_ACTION(strictest))
                        strictest = verdict;
        }
        return strictest;
}

/* Of those loaded: the one that is listened to, and the others. */
static uint32_t loaded(const struct sandbox_steps *steps, const struct sys_call *call)
{
        struct spawn_filter filters[1 + SANDBOX_FILTERS];

        filters[0] = steps->spawn.listened;
        for (size_t i = 0; i < steps->n_others; i++)
                filters[1 + i] = steps->others[i];
        return together(filters, 1 + steps->n_others, call);
}

static uint32_t next_random(uint32_t *state)
{
        *state = *state * 1664525 + 1013904223;
        return *state >> 16;
}

/* @return how many calls were decided otherwise. Where one filter cannot be listened to, two that deny a call
 * may swap their errnos. */
static int compare(const struct sandbox_steps *steps)
{
        bool all = steps->told + 1 == UINT32_C(1) << steps->spawn.n_filters;
        int n_wrong = 0;

        if (!steps->spawn.listened.n)
                return 0; /* then they are loaded as they are */
        for (int32_t i = 0; i < N_CALLS + 1; i++) {
                struct sys_call call = { .number = FIRST_CALL + i, .machine = sys_machine() };
                uint32_t wanted = together(steps->filters, steps->spawn.n_filters, &call);
                uint32_t got = loaded(steps, &call);
                size_t filter;

                if (got == BPF_NOTIFY)
                        got = listen_judge(
                                steps->filters, steps->spawn.n_filters, steps->told, &call, &filter);
                n_wrong += all ? got != wanted : BPF_ACTION(got) != BPF_ACTION(wanted);
        }
        return n_wrong;
}

/* Filters whose verdicts are drawn from these. */
static int try_random(uint32_t seed, const uint32_t *verdicts, uint32_t n_verdicts)
{
        struct sandbox_steps steps = { .spawn.filters = steps.filters };
        struct table tables[4];
        int n_wrong;

        for (steps.spawn.n_filters = 0; steps.spawn.n_filters < 1 + seed % 4; steps.spawn.n_filters++) {
                uint32_t drawn[N_CALLS];

                for (int i = 0; i < N_CALLS; i++)
                        drawn[i] = verdicts[next_random(&seed) % n_verdicts];
                steps.filters[steps.spawn.n_filters] = make_filter(&tables[steps.spawn.n_filters], drawn);
        }
        cr_assert(zero(int, listen_prepare(&steps, NULL)));
        n_wrong = compare(&steps);
        sandbox_steps_deinit(&steps);
        return n_wrong;
}

Test(listen, filters_that_are_joined_decide_as_they_did_apart)
{
        static const uint32_t verdicts[] = { BPF_ALLOW, BPF_ALLOW, BPF_ERRNO | EPERM, BPF_ERRNO | ENOSYS,
                BPF_LOG, TRACE, TRAP, KILL };

        for (uint32_t n = 3; n <= ARRAY_SIZE(verdicts); n++)
                for (uint32_t seed = 0; seed < 200; seed++)
                        cr_expect(zero(int, try_random(seed, verdicts, n)), "seed %u of %u", seed, n);
}

Test(listen, filters_are_one_where_one_does)
{
        static const uint32_t denies[N_CALLS] = { BPF_ERRNO | EPERM, KILL };
        uint32_t allows[N_CALLS];
        struct sandbox_steps steps = { .spawn.filters = steps.filters };
        struct table tables[2];

        for (int i = 0; i < N_CALLS; i++)
                allows[i] = BPF_ALLOW;
        steps.filters[0] = make_filter(&tables[0], allows);
        steps.filters[1] = make_filter(&tables[1], denies);
        steps.spawn.n_filters = 2;
        cr_assert(zero(int, listen_prepare(&steps, NULL)));
        cr_assert(zero(sz, steps.n_others));
        cr_assert(eq(u32, steps.told, 3));
        sandbox_steps_deinit(&steps);
}

static bool is_read(const struct bpf *code, unsigned short n)
{
        return bpf_is_plain(&(struct spawn_filter){ .code = code, .n = n });
}

Test(listen, what_cannot_be_read_is_not)
{
        const struct bpf allow = { .code = RETURN, .value = BPF_ALLOW };
        const struct bpf beyond[] = { { .code = LOAD, .value = 64 }, allow };
        const struct bpf between[] = { { .code = LOAD, .value = 2 }, allow };
        const struct bpf endless[] = { { .code = LOAD } };
        const struct bpf over_the_end[] = { { .code = LOAD }, { .code = JUMP_EQUAL, .yes = 1 }, allow };
        const struct bpf far_away[] = { { .code = LOAD }, { .code = 0x05, .value = UINT32_MAX }, allow };
        const struct bpf accumulator[] = { { .code = LOAD }, { .code = 0x16 } };
        const struct bpf from_nothing[] = { { .code = JUMP_EQUAL }, allow };

        cr_expect(is_read(&allow, 1));
        cr_expect(not(is_read(beyond, 2)));
        cr_expect(not(is_read(between, 2)));
        cr_expect(not(is_read(endless, 1)));
        cr_expect(not(is_read(over_the_end, 3)));
        cr_expect(not(is_read(far_away, 3)));
        cr_expect(not(is_read(accumulator, 2)));
        cr_expect(not(is_read(from_nothing, 2)));
}

/* The kernel judges one whose verdict depends on arguments anew for each call. */
Test(listen, what_depends_on_an_argument_is_not_always_allowed)
{
        const struct bpf code[] = {
                { .code = LOAD },
                { .code = JUMP_EQUAL, .no = 3, .value = FIRST_CALL },
                { .code = LOAD, .value = 16 },
                { .code = JUMP_EQUAL, .no = 1, .value = 7 },
                { .code = RETURN, .value = BPF_ERRNO | EPERM },
                { .code = RETURN, .value = BPF_ALLOW },
        };
        const struct spawn_filter filter = { .code = code, .n = ARRAY_SIZE(code) };
        struct sys_call call = { .number = FIRST_CALL, .machine = sys_machine() };

        cr_assert(not(bpf_allows_always(&filter, sys_machine(), FIRST_CALL)));
        cr_assert(bpf_allows_always(&filter, sys_machine(), FIRST_CALL + 1));
        cr_assert(eq(u32, bpf_verdict(&filter, &call), BPF_ALLOW));
        call.arguments[0] = 7;
        cr_assert(eq(u32, bpf_verdict(&filter, &call), BPF_ERRNO | EPERM));
}

Test(listen, calls_have_the_names_of_their_machine)
{
        cr_assert(eq(str, (char *)sys_call_name(sys_machine(), sys_calls_before_exec(&(size_t){ 0 })[0]),
                "sendmsg"));
        cr_assert(eq(ptr, (void *)sys_call_name(sys_machine(), -1), NULL));
        cr_assert(eq(ptr, (void *)sys_call_name(sys_machine() + 1, 0), NULL));
}
