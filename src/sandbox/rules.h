/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_RULES_H
#define SANDBOX_RULES_H

#include "sandbox/calls.h"
#include "sandbox/compile.h"

/* What is decided about system calls, by name; becomes one filter for several machines. Start from all
 * zeros, with the actions. */
struct rules {
        uint32_t otherwise, bad_machine; /* SECCOMP_RET_... */
        uint32_t *machines;
        struct call_case *cases;
        struct call_test *tests;
        char **unknown; /* names that no machine has, NULL-terminated; NULL: none */
        size_t n_machines, n_cases, n_tests, cases_allocated, tests_allocated;
};
void rules_deinit(struct rules *rules);

/** The machines first: numbers_load() was called. Twice the same is fine. -EOPNOTSUPP: that is beyond us. */
int rules_add_machine(struct rules *rules, uint32_t machine);
/** Ours, and those whose programs its kernel may run. */
int rules_add_native(struct rules *rules, uint32_t native);
/**
 * A call by name, where all of the tests hold. On machines that lack it nothing; a name that no machine has
 * is kept for those who want to know.
 *
 * @return 0, -ENOMEM.
 */
int rules_add(struct rules *rules, const char *name, uint32_t action, const struct call_test *tests,
        size_t n_tests);
/** A call by its number. */
int rules_add_number(struct rules *rules, uint32_t machine, uint32_t number, uint32_t action);
/** A table of calls, all of one action. */
int rules_add_table(struct rules *rules, const struct call_rule *table, uint32_t action);
/** As compile_filter(). */
int rules_compile(const struct rules *rules, struct spawn_filter *ret);

#endif
