/* SPDX-License-Identifier: MIT */
/*
 * Rules by name, for all machines at once: what stands between those who read a policy and the code.
 */
#include "sandbox/rules.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/numbers.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void rules_deinit(struct rules *rules)
{
        free(rules->machines);
        free(rules->cases);
        free(rules->tests);
        strv_free(rules->unknown);
}

int rules_add_machine(struct rules *rules, uint32_t machine)
{
        struct call_way ways[CALL_WAYS];
        uint32_t *machines;

        for (size_t i = 0; i < rules->n_machines; i++)
                if (rules->machines[i] == machine)
                        return 0;
        /* Where it has no number of its own, calls are made in several ways that nobody here has seen. */
        if (!numbers_ways(machine, "socket", ways))
                return -EOPNOTSUPP;
        machines = array_resize(rules->machines, rules->n_machines + 1, sizeof(*machines));
        if (!machines)
                return -ENOMEM;
        rules->machines = machines;
        machines[rules->n_machines++] = machine;
        return 0;
}

int rules_add_native(struct rules *rules, uint32_t native)
{
        int r = rules_add_machine(rules, native);

        for (unsigned i = 0; r == 0 && numbers_other(native, i); i++)
                r = rules_add_machine(rules, numbers_other(native, i));
        return r;
}

/* Room for n more elements. */
static int reserve(void *array, size_t *allocated, size_t n, size_t size)
{
        void **place = array, *grown;
        size_t wanted = n + n / 2 + 64;

        if (n <= *allocated)
                return 0;
        grown = array_resize(*place, wanted, size);
        if (!grown)
                return -ENOMEM;
        *place = grown;
        *allocated = wanted;
        return 0;
}

static int add_tests(struct rules *rules, const struct call_test *tests, size_t n)
{
        int r = reserve(&rules->tests, &rules->tests_allocated, rules->n_tests + n, sizeof(*tests));

        if (r < 0)
                return r;
        if (n)
                memcpy(rules->tests + rules->n_tests, tests, n * sizeof(*tests));
        rules->n_tests += n;
        return 0;
}

static int add_case(struct rules *rules, struct call_case added)
{
        int r = reserve(&rules->cases, &rules->cases_allocated, rules->n_cases + 1, sizeof(added));

        if (r < 0)
                return r;
        added.order = rules->n_cases;
        rules->cases[rules->n_cases++] = added;
        return 0;
}

/* Other arguments are in memory there, where no filter looks: only what asks for none is decided. */
static int add_selected(struct rules *rules, const struct call_way *way, struct call_case added)
{
        struct call_test selected = {
                .op = CALL_EQUAL,
                .mask = way->selector_mask,
                .value = way->selector,
        };
        int r;

        if (added.n_tests)
                return 0;
        added.first_test = rules->n_tests;
        added.n_tests = 1;
        r = add_tests(rules, &selected, 1);
        return r < 0 ? r : add_case(rules, added);
}

static int add_for_machine(struct rules *rules, const char *name, struct call_case added)
{
        struct call_way ways[CALL_WAYS];
        unsigned n = numbers_ways(added.machine, name, ways);
        int r = 0;

        for (unsigned i = 0; i < n && r == 0; i++) {
                added.number = ways[i].number;
                r = ways[i].has_selector ? add_selected(rules, &ways[i], added) : add_case(rules, added);
        }
        return r;
}

static int keep_unknown(struct rules *rules, const char *name)
{
        for (char **known = rules->unknown; known && *known; known++)
                if (strcmp(*known, name) == 0)
                        return 0;
        return strv_append(&rules->unknown, name);
}

int rules_add(
        struct rules *rules, const char *name, uint32_t action, const struct call_test *tests, size_t n_tests)
{
        struct call_case added = { .action = action, .first_test = rules->n_tests, .n_tests = n_tests };
        int r;

        if (!numbers_know(name))
                return keep_unknown(rules, name);
        r = add_tests(rules, tests, n_tests);
        for (size_t i = 0; i < rules->n_machines && r == 0; i++) {
                added.machine = rules->machines[i];
                r = add_for_machine(rules, name, added);
        }
        return r;
}

int rules_add_number(struct rules *rules, uint32_t machine, uint32_t number, uint32_t action)
{
        return add_case(rules, (struct call_case){ .machine = machine, .number = number, .action = action });
}

int rules_add_table(struct rules *rules, const struct call_rule *table, uint32_t action)
{
        int r = 0;

        for (; table->name && r == 0; table++) {
                struct call_test test = {
                        .argument = table->argument,
                        .op = CALL_EQUAL,
                        .mask = table->mask,
                        .value = table->value,
                };

                r = rules_add(rules, table->name, action, &test, table->mask != 0);
        }
        return r;
}

int rules_compile(const struct rules *rules, struct spawn_filter *ret)
{
        struct call_cases cases = {
                .cases = rules->cases,
                .n_cases = rules->n_cases,
                .tests = rules->tests,
                .machines = rules->machines,
                .n_machines = rules->n_machines,
                .otherwise = rules->otherwise,
                .bad_machine = rules->bad_machine,
        };

        return compile_filter(&cases, ret);
}
