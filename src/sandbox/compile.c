/* SPDX-License-Identifier: MIT */
/*
 * The code of a filter of system calls.
 *
 * Of each machine the calls are ranges of numbers that are decided alike, found by a balanced tree of
 * comparisons: eight or nine for all of a machine's calls. Behind a range stands its action, or what looks
 * at arguments. A decision without tests is stronger than those with, in whatever order they came; that is
 * what libseccomp does, and with it all programs whose filters we read.
 *
 * The code is made from its end to its beginning, because jumps only go forward: where one goes to is known
 * then. A conditional jump reaches 255 instructions; what is farther is brought near, a jump by a longer one
 * and an action by one more copy.
 *
 * libseccomp was rejected for this. Version 2.5.4 compares 64 bits in the wrong order where it says less or
 * greater, and takes a copy of all it has for each rule: 70 ms for the calls of three machines, where this
 * takes less than one.
 */
#include "sandbox/compile.h"
#include "base/scope.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define REACH 255
#define INSTRUCTIONS_MAX 4096
#define X32_FIRST UINT32_C(0x40000000)
#define NO_CALL UINT32_C(0xffffffff) /* what a tracer makes of a call that it skips */
#define IS_64BIT UINT32_C(0x80000000)
#define IS_LITTLE UINT32_C(0x40000000)

/* --- instructions, the last first -------------------------------------------------------------------------
 */

/* An instruction is known by its distance from the end of all code. */
struct code {
        struct sock_filter *reversed;
        size_t n, allocated;
        bool failed;
};

static void code_deinit(struct code *code)
{
        free(code->reversed);
}

static size_t emit(struct code *code, unsigned operation, uint32_t k, size_t jump_true, size_t jump_false)
{
        struct sock_filter *grown;
        size_t allocated = code->allocated ? 2 * code->allocated : 256;

        if (code->n == code->allocated) {
                grown = array_resize(code->reversed, allocated, sizeof(*grown));
                code->failed |= !grown;
                if (!grown)
                        return 0;
                code->reversed = grown;
                code->allocated = allocated;
        }
        code->reversed[code->n] = (struct sock_filter){
                .code = (uint16_t)operation,
                .jt = (uint8_t)jump_true,
                .jf = (uint8_t)jump_false,
                .k = k,
        };
        return code->n++;
}

/* Instructions between the next one to be emitted, but for `more` to come before it, and the target. */
static size_t distance(const struct code *code, size_t target, size_t more)
{
        return code->n + more - target - 1;
}

static size_t action(struct code *code, uint32_t value)
{
        for (size_t i = code->n; i-- > 0 && distance(code, i, 2) <= REACH;)
                if (code->reversed[i].code == (BPF_RET | BPF_K) && code->reversed[i].k == value)
                        return i;
        return emit(code, BPF_RET | BPF_K, value, 0, 0);
}

static size_t jump(struct code *code, size_t target)
{
        return emit(code, BPF_JMP | BPF_JA, (uint32_t)distance(code, target, 0), 0, 0);
}

static size_t bring_near(struct code *code, size_t target)
{
        if (code->failed || distance(code, target, 2) <= REACH)
                return target;
        if (code->reversed[target].code == (BPF_RET | BPF_K))
                return action(code, code->reversed[target].k);
        return jump(code, target);
}

static size_t branch(struct code *code, unsigned operation, uint32_t k, size_t if_true, size_t if_false)
{
        if_true = bring_near(code, if_true);
        if_false = bring_near(code, if_false);
        return emit(code, BPF_JMP | BPF_K | operation, k, distance(code, if_true, 0),
                distance(code, if_false, 0));
}

/* What is emitted next comes before this one: `then` has to be the last that was emitted. */
static size_t load(struct code *code, size_t offset, size_t then)
{
        if (!code->failed && then != code->n - 1)
                jump(code, then);
        return emit(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* --- arguments --------------------------------------------------------------------------------------------
 */

struct half {
        size_t offset;
        uint32_t value, mask;
};

static struct half half_of(const struct call_test *test, uint32_t machine, bool upper)
{
        unsigned shift = upper ? 32 : 0;
        bool is_second = upper == !!(machine & IS_LITTLE);

        return (struct half){
                .offset = offsetof(struct seccomp_data, args) + 8 * test->argument + (is_second ? 4 : 0),
                .value = (uint32_t)(test->value >> shift),
                .mask = (uint32_t)(test->mask >> shift),
        };
}

static size_t equal_half(struct code *code, struct half half, size_t match, size_t miss)
{
        size_t at;

        if (!half.mask)
                return match;
        at = branch(code, BPF_JEQ, half.value & half.mask, match, miss);
        if (half.mask != UINT32_MAX)
                at = emit(code, BPF_ALU | BPF_AND | BPF_K, half.mask, 0, 0);
        return load(code, half.offset, at);
}

static size_t equal(
        struct code *code, const struct call_test *test, uint32_t machine, size_t match, size_t miss)
{
        match = equal_half(code, half_of(test, machine, false), match, miss);
        return machine & IS_64BIT ? equal_half(code, half_of(test, machine, true), match, miss) : match;
}

/* operation: BPF_JGE or BPF_JGT, of the lower half where the upper ones are the same. */
static size_t ordered(struct code *code, const struct call_test *test, uint32_t machine, unsigned operation,
        size_t match, size_t miss)
{
        struct half lower = half_of(test, machine, false), upper = half_of(test, machine, true);
        size_t at;

        if (!(machine & IS_64BIT) && upper.value)
                return miss;
        at = load(code, lower.offset, branch(code, operation, lower.value, match, miss));
        if (!(machine & IS_64BIT))
                return at;
        at = branch(code, BPF_JEQ, upper.value, at, miss);
        return load(code, upper.offset, branch(code, BPF_JGT, upper.value, match, at));
}

static size_t one_test(
        struct code *code, const struct call_test *test, uint32_t machine, size_t match, size_t miss)
{
        switch (test->op) {
        case CALL_EQUAL:
                return equal(code, test, machine, match, miss);
        case CALL_NOT_EQUAL:
                return equal(code, test, machine, miss, match);
        case CALL_GREATER_EQUAL:
                return ordered(code, test, machine, BPF_JGE, match, miss);
        case CALL_LESS:
                return ordered(code, test, machine, BPF_JGE, miss, match);
        case CALL_GREATER:
                return ordered(code, test, machine, BPF_JGT, match, miss);
        case CALL_LESS_EQUAL:
                return ordered(code, test, machine, BPF_JGT, miss, match);
        }
        return miss;
}

/* --- ranges of calls --------------------------------------------------------------------------------------
 */

/* Calls from this number up to that of the next range. */
struct range {
        uint32_t from;
        uint32_t action;               /* without cases, or where none of them holds */
        const struct call_case *cases; /* of one call; NULL: none */
        size_t n_cases;
};

struct ranges {
        struct range *ranges; /* room for all is there */
        size_t n;
};

static void ranges_deinit(struct ranges *ranges)
{
        free(ranges->ranges);
}

static void add_range(struct ranges *ranges, struct range range)
{
        if (ranges->n && ranges->ranges[ranges->n - 1].from == range.from)
                ranges->n--;
        if (ranges->n && !range.n_cases && !ranges->ranges[ranges->n - 1].n_cases &&
                ranges->ranges[ranges->n - 1].action == range.action)
                return;
        ranges->ranges[ranges->n++] = range;
}

static int compare(uint64_t a, uint64_t b)
{
        return a < b ? -1 : a > b;
}

static int compare_cases(const void *a, const void *b)
{
        const struct call_case *one = a, *other = b;
        int r = compare(one->machine, other->machine);

        if (r == 0)
                r = compare(one->number, other->number);
        if (r == 0)
                r = compare(one->n_tests != 0, other->n_tests != 0);
        return r ? r : compare(one->order, other->order);
}

/* Calls of one machine, whose first number is given. */
static void add_machine(
        struct ranges *ranges, const struct call_cases *cases, uint32_t machine, uint32_t first)
{
        const struct call_case *end = cases->cases + cases->n_cases;
        bool is_known = false;

        for (size_t i = 0; i < cases->n_machines; i++)
                is_known |= cases->machines[i] == machine;
        add_range(ranges, (struct range){ first, is_known ? cases->otherwise : cases->bad_machine, NULL, 0 });
        for (const struct call_case *at = cases->cases, *next; is_known && at < end; at = next) {
                for (next = at + 1; next < end && next->machine == at->machine && next->number == at->number;)
                        next++;
                if (at->machine != machine)
                        continue;
                if (at->n_tests)
                        add_range(ranges,
                                (struct range){ at->number, cases->otherwise, at, (size_t)(next - at) });
                else
                        add_range(ranges, (struct range){ at->number, at->action, NULL, 0 });
                add_range(ranges, (struct range){ at->number + 1, cases->otherwise, NULL, 0 });
        }
}

static size_t one_range(struct code *code, const struct call_cases *cases, const struct range *range)
{
        size_t at = action(code, range->action), match, miss;

        for (size_t i = range->n_cases; i-- > 0;) {
                const struct call_case *decided = &range->cases[i];

                miss = at;
                match = action(code, decided->action);
                for (size_t j = decided->n_tests; j-- > 0;)
                        match = one_test(
                                code, &cases->tests[decided->first_test + j], decided->machine, match, miss);
                at = match;
        }
        return at;
}

static size_t tree(struct code *code, const struct call_cases *cases, const struct range *ranges, size_t n)
{
        size_t below, above;

        if (n == 1)
                return one_range(code, cases, ranges);
        above = tree(code, cases, ranges + n / 2, n - n / 2);
        below = tree(code, cases, ranges, n / 2);
        return branch(code, BPF_JGE, ranges[n / 2].from, above, below);
}

/* --- all of it --------------------------------------------------------------------------------------------
 */

/* Calls of one kind that the kernel reports: x32's are numbered on from x86-64's. @return 0, -ENOMEM. */
static int one_kind(struct code *code, const struct call_cases *cases, uint32_t kind, size_t *next)
{
        scoped(ranges_deinit) struct ranges ranges = { 0 };
        size_t at;

        ranges.ranges = calloc(2 * cases->n_cases + 3, sizeof(*ranges.ranges));
        if (!ranges.ranges)
                return -ENOMEM;
        add_machine(&ranges, cases, kind, 0);
        if (kind == MACHINE_X86_64) {
                add_machine(&ranges, cases, MACHINE_X32, X32_FIRST);
                add_range(&ranges, (struct range){ NO_CALL, cases->otherwise, NULL, 0 });
        }
        at = tree(code, cases, ranges.ranges, ranges.n);
        at = load(code, offsetof(struct seccomp_data, nr), at);
        *next = branch(code, BPF_JEQ, kind, at, *next);
        return 0;
}

static uint32_t kind_of(uint32_t machine)
{
        return machine == MACHINE_X32 ? MACHINE_X86_64 : machine;
}

static bool is_first_of_kind(const struct call_cases *cases, size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (kind_of(cases->machines[j]) == kind_of(cases->machines[i]))
                        return false;
        return true;
}

static int take_out(const struct code *code, struct spawn_filter *ret)
{
        struct sock_filter *filter;

        if (code->failed)
                return -ENOMEM;
        if (code->n > INSTRUCTIONS_MAX)
                return -E2BIG;
        filter = malloc(code->n * sizeof(*filter));
        if (!filter)
                return -ENOMEM;
        for (size_t i = 0; i < code->n; i++)
                filter[i] = code->reversed[code->n - 1 - i];
        *ret = (struct spawn_filter){ .code = filter, .n = (unsigned short)code->n };
        return 0;
}

int compile_filter(struct call_cases *cases, struct spawn_filter *ret)
{
        scoped(code_deinit) struct code code = { 0 };
        size_t next = action(&code, cases->bad_machine);
        int r;

        if (cases->n_cases)
                qsort(cases->cases, cases->n_cases, sizeof(*cases->cases), compare_cases);
        for (size_t i = cases->n_machines; i-- > 0;) {
                r = is_first_of_kind(cases, i) ? one_kind(&code, cases, kind_of(cases->machines[i]), &next)
                                               : 0;
                if (r < 0)
                        return r;
        }
        load(&code, offsetof(struct seccomp_data, arch), next);
        return take_out(&code, ret);
}
