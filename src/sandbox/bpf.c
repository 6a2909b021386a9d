/* SPDX-License-Identifier: MIT */
/*
 * Reading filters of system calls, which are programs in classic BPF.
 *
 * Only the handful of instructions that libseccomp makes filters of is understood. An interpreter of all of
 * BPF would have registers and a memory to start from, which a filter that is joined to another cannot be
 * given without costing the kernel its list of calls that are always allowed.
 */
#include "sandbox/bpf.h"
#include <assert.h>
#include <stddef.h>
#include <string.h>

enum {
        LOAD = 0x20, /* a word of the call */
        AND = 0x54,
        JUMP = 0x05,
        JUMP_EQUAL = 0x15,
        JUMP_GREATER = 0x25,
        JUMP_NOT_LESS = 0x35,
        JUMP_ANY_OF = 0x45,
        RETURN = 0x06
};

static const struct bpf *code_of(const struct spawn_filter *filter)
{
        return filter->code;
}

#define NOWHERE SIZE_MAX

/* The last instruction that this one may lead to; NOWHERE: it is not understood. */
static size_t reach(const struct bpf *instruction, size_t at)
{
        switch (instruction->code) {
        case LOAD:
                return instruction->value % 4 || instruction->value >= sizeof(struct sys_call) ? NOWHERE
                                                                                               : at + 1;
        case AND:
                return at + 1;
        case JUMP:
                return instruction->value >= BPF_INSTRUCTIONS_MAX ? NOWHERE : at + 1 + instruction->value;
        case JUMP_EQUAL:
        case JUMP_GREATER:
        case JUMP_NOT_LESS:
        case JUMP_ANY_OF:
                return at + 1 + (instruction->yes > instruction->no ? instruction->yes : instruction->no);
        case RETURN:
                return at;
        default:
                return NOWHERE;
        }
}

bool bpf_is_plain(const struct spawn_filter *filter)
{
        const struct bpf *code = code_of(filter);

        if (code[0].code != LOAD && code[0].code != RETURN)
                return false; /* it relies on an accumulator of 0 */
        for (size_t i = 0; i < filter->n; i++)
                if (reach(&code[i], i) >= filter->n)
                        return false;
        return true;
}

/* --- running ----------------------------------------------------------------------------------------------
 */

static bool compares(const struct bpf *instruction, uint32_t word)
{
        switch (instruction->code) {
        case JUMP_EQUAL:
                return word == instruction->value;
        case JUMP_GREATER:
                return word > instruction->value;
        case JUMP_NOT_LESS:
                return word >= instruction->value;
        default:
                return word & instruction->value;
        }
}

/* A call of which only the first `n_known` bytes are known: has it a verdict whatever the rest is? Jumps only
 * lead forward. */
static bool run(
        const struct spawn_filter *filter, const struct sys_call *call, size_t n_known, uint32_t *ret_verdict)
{
        const struct bpf *code = code_of(filter);
        uint32_t word = 0;

        for (size_t i = 0;; i++) {
                const struct bpf *instruction = &code[i];

                assert(i < filter->n);
                switch (instruction->code) {
                case LOAD:
                        if (instruction->value >= n_known)
                                return false;
                        memcpy(&word, (const char *)call + instruction->value, sizeof(word));
                        break;
                case AND:
                        word &= instruction->value;
                        break;
                case JUMP:
                        i += instruction->value;
                        break;
                case RETURN:
                        *ret_verdict = instruction->value;
                        return true;
                default:
                        i += compares(instruction, word) ? instruction->yes : instruction->no;
                }
        }
}

uint32_t bpf_verdict(const struct spawn_filter *filter, const struct sys_call *call)
{
        uint32_t verdict = BPF_ALLOW;

        (void)run(filter, call, sizeof(*call), &verdict);
        return verdict;
}

bool bpf_allows_always(const struct spawn_filter *filter, uint32_t machine, int number)
{
        struct sys_call call = { .number = number, .machine = machine };
        uint32_t verdict;

        return run(filter, &call, offsetof(struct sys_call, instruction), &verdict) &&
               BPF_ACTION(verdict) == BPF_ALLOW;
}

bool bpf_has(const struct spawn_filter *filter, bool (*kind)(uint32_t verdict))
{
        const struct bpf *code = code_of(filter);

        for (size_t i = 0; i < filter->n; i++)
                if (code[i].code == RETURN && kind(code[i].value))
                        return true;
        return false;
}
