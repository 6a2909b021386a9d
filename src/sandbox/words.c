/* SPDX-License-Identifier: MIT */
/*
 * Filters of system calls in a line: "@system-service ~..." as systemd's SystemCallFilter= has it.
 *
 * A list says what is allowed, or after a '~' what is denied. What is denied fails with EPERM, or with the
 * error that the word names. In a list of what is allowed a call that nobody here knows fails with ENOSYS,
 * so that a C library that tries new calls first falls back to those it knows.
 *
 * A word for a call is stronger than one for a group that it is in; of words of one kind that with an error
 * is. One line is one filter, and of several the strictest counts, where systemd's lines change each
 * other: what was taken away here does not come back.
 */
#include "sandbox/words.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/errnos.h"
#include "sandbox/groups.h"
#include "sandbox/numbers.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_END 1024 /* above all calls of all machines, by far */
#define X32_FIRST UINT32_C(0x40000000)
#define ERRNO_MAX 4095

struct reading {
        struct rules *rules;
        uint32_t plain; /* action for a word without an error */
        struct inbye_error *reterr;
};

struct word {
        char *name;
        uint32_t action;
};

/* --- all calls that are known -----------------------------------------------------------------------------
 */

typedef int take_call_fn(void *userdata, uint32_t machine, uint32_t number, const char *name);

static int each_known(const struct rules *rules, take_call_fn *take, void *userdata)
{
        int r = 0;

        for (size_t i = 0; i < rules->n_machines; i++) {
                uint32_t machine = rules->machines[i], first = machine == MACHINE_X32 ? X32_FIRST : 0;

                for (uint32_t number = first; number < first + NUMBERS_END && r == 0; number++) {
                        scoped(freep) char *name = numbers_name(machine, number);

                        r = name ? take(userdata, machine, number, name) : 0;
                }
        }
        return r;
}

static int take_name(void *userdata, uint32_t machine, uint32_t number, const char *name)
{
        (void)machine;
        (void)number;
        return strv_append(userdata, name);
}

/* --- words that are none ----------------------------------------------------------------------------------
 */

static int refuse(const struct reading *reading, const char *kind, const char *name, const char *nearest)
{
        error_set_plain(reading->reterr, INBYE_STAGE_SANDBOX, EINVAL, "there is no %s '%s'", kind, name);
        if (nearest)
                error_hint(reading->reterr, "did you mean '%s'?", nearest);
        return -EINVAL;
}

static int refuse_call(const struct reading *reading, const char *name)
{
        scoped(strv_freep) char **names = NULL;
        int r = each_known(reading->rules, take_name, &names);

        return r < 0 ? r
                     : refuse(reading, "system call", name, str_nearest(name, (const char *const *)names));
}

static int refuse_group(const struct reading *reading, const char *name)
{
        scoped(strv_freep) char **names = NULL;
        int r = strv_append(&names, "@known");

        for (size_t i = 0; groups_name(i) && r == 0; i++)
                r = strv_append(&names, groups_name(i));
        return r < 0 ? r
                     : refuse(reading, "group of system calls", name,
                               str_nearest(name, (const char *const *)names));
}

static int check_name(const struct reading *reading, const char *name)
{
        if (name[0] == '@')
                return groups_calls(name) || strcmp(name, "@known") == 0 ? 0 : refuse_group(reading, name);
        return numbers_know(name) || groups_mention(name) ? 0 : refuse_call(reading, name);
}

/* Behind the colon. */
static int read_action(const struct reading *reading, const char *text, uint32_t *ret)
{
        uint64_t number = 0;

        if (strcmp(text, "kill") == 0) {
                *ret = SECCOMP_RET_KILL_PROCESS;
                return 0;
        }
        if (parse_unsigned(text, ERRNO_MAX, &number) < 0)
                number = (uint64_t)errnos_number(text);
        if (number == 0)
                return refuse(reading, "error", text, errnos_nearest(text));
        *ret = SECCOMP_RET_ERRNO | (uint32_t)number;
        return 0;
}

/* --- rules ------------------------------------------------------------------------------------------------
 */

struct adding {
        struct rules *rules;
        uint32_t action;
};

static int add_known(void *userdata, uint32_t machine, uint32_t number, const char *name)
{
        const struct adding *adding = userdata;

        (void)name;
        return rules_add_number(adding->rules, machine, number, adding->action);
}

static int add_group(struct rules *rules, const char *group, uint32_t action)
{
        struct adding adding = { .rules = rules, .action = action };
        scoped(freep) char *copy = NULL;
        char *rest;
        int r = 0;

        if (strcmp(group, "@known") == 0)
                return each_known(rules, add_known, &adding);
        copy = strdup(groups_calls(group));
        if (!copy)
                return -ENOMEM;
        for (rest = copy; rest && r == 0;) {
                const char *name = str_cut(&rest, ' ');

                if (name[0] == '@')
                        r = add_group(rules, name, action);
                else if (numbers_know(name)) /* what is in a group and not here nobody asked for */
                        r = rules_add(rules, name, action, NULL, 0);
        }
        return r;
}

/* Of several rules for a call the first counts. */
static unsigned rank(const struct reading *reading, const struct word *word)
{
        return (word->name[0] == '@' ? 2 : 0) + (word->action == reading->plain ? 1 : 0);
}

static int add_word(const struct reading *reading, const struct word *word)
{
        return word->name[0] == '@' ? add_group(reading->rules, word->name, word->action)
                                    : rules_add(reading->rules, word->name, word->action, NULL, 0);
}

/* Without these no program starts or ends. */
static int add_default(const struct reading *reading)
{
        int r = add_group(reading->rules, "@default", SECCOMP_RET_ALLOW);

        return r < 0 ? r : add_group(reading->rules, "@known", SECCOMP_RET_ERRNO | EPERM);
}

static int add_all(const struct reading *reading, const struct word *words, size_t n)
{
        int r = 0;

        for (unsigned wanted = 0; wanted < 4; wanted++)
                for (size_t i = 0; i < n && r == 0; i++)
                        if (rank(reading, &words[i]) == wanted)
                                r = add_word(reading, &words[i]);
        return r == 0 && reading->plain == SECCOMP_RET_ALLOW ? add_default(reading) : r;
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

static int read_word(const struct reading *reading, char *text, struct word *ret)
{
        char *rest = text;
        int r;

        ret->name = str_cut(&rest, ':');
        ret->action = reading->plain;
        r = check_name(reading, ret->name);
        return r == 0 && rest ? read_action(reading, rest, &ret->action) : r;
}

static int refuse_tilde(const struct reading *reading, const char *name)
{
        error_set_plain(reading->reterr, INBYE_STAGE_SANDBOX, EINVAL,
                "'%s': a '~' stands before the first word, and turns all of them", name);
        error_hint(reading->reterr, "give a second list: of several the strictest counts");
        return -EINVAL;
}

static int read_words(const struct reading *reading, char *text, struct word *words, size_t *ret_n)
{
        char *state = NULL, *at;
        size_t n = 0;
        int r = 0;

        for (at = strtok_r(text, " \t\r\n", &state); at && r == 0; at = strtok_r(NULL, " \t\r\n", &state)) {
                if (at[0] == '~')
                        return refuse_tilde(reading, at);
                r = read_word(reading, at, &words[n]);
                n++;
        }
        if (r == 0 && n == 0) {
                error_set_plain(
                        reading->reterr, INBYE_STAGE_SANDBOX, EINVAL, "a list of system calls is empty");
                error_hint(reading->reterr,
                        "name calls and groups, as in '@system-service' or '~@mount ptrace'");
                return -EINVAL;
        }
        *ret_n = n;
        return r;
}

int words_read(struct rules *rules, uint32_t machine, const char *words, struct inbye_error *reterr)
{
        size_t n = 0, start = strspn(words, " \t\r\n");
        bool denies = words[start] == '~';
        struct reading reading = {
                .rules = rules,
                .plain = denies ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW,
                .reterr = reterr,
        };
        scoped(freep) char *copy = strdup(words + start + denies);
        scoped(freep) struct word *read = calloc(strlen(words) + 1, sizeof(*read));
        int r;

        if (!copy || !read)
                return -ENOMEM;
        rules->otherwise = denies ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS;
        rules->bad_machine = denies ? SECCOMP_RET_KILL_THREAD : SECCOMP_RET_ERRNO | ENOSYS;
        r = rules_add_native(rules, machine);
        if (r == -EOPNOTSUPP)
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                        "system calls of this machine are not understood");
        if (r == 0)
                r = read_words(&reading, copy, read, &n);
        return r < 0 ? r : add_all(&reading, read, n);
}
