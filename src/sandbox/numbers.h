/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_NUMBERS_H
#define SANDBOX_NUMBERS_H

#include <inbye/base.h>
#include <stdbool.h>
#include <stdint.h>

/* Names and numbers of system calls, as libseccomp knows them (numbers.c). Machines: compile.h. */

/** Load libseccomp: first of all, and as often as you like. Any thread. 0; -EOPNOTSUPP: it is not here. */
int numbers_load(struct inbye_error *reterr);
/** The machine that we run on. */
uint32_t numbers_native(void);
/** "x86_64", "aarch64"...; 0: libseccomp knows no such machine. */
uint32_t numbers_machine(const char *name);
/** Does the kernel of this machine run programs of that other one, too? Up to two; 0: no more. */
uint32_t numbers_other(uint32_t machine, unsigned i);
/** Does any machine have a call of this name? */
bool numbers_know(const char *name);
/** The name of a call, the caller's to free; NULL: there is none of that number. */
char *numbers_name(uint32_t machine, uint32_t number);

/** Ways to one call: its number, or that of a call that does several by its first argument. */
struct call_way {
        uint32_t number;
        bool has_selector;
        uint32_t selector, selector_mask; /* of the first argument */
};
#define CALL_WAYS 2
/** @return how many there are; 0: the machine lacks the call. */
unsigned numbers_ways(uint32_t machine, const char *name, struct call_way ret[CALL_WAYS]);

#endif
