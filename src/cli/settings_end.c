/* SPDX-License-Identifier: MIT */
/*
 * Settings of time and ending: when a command is ended, how, what counts as success, and what holds the tree.
 */
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/settings.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_duration(uint64_t *place, const char *value, struct inbye_error *reterr)
{
        int r = parse_duration(value, place);

        if (r == -ERANGE)
                return settings_refuse(reterr, ERANGE, value, "is too long a time");
        if (r < 0)
                return settings_refuse(reterr, EINVAL, value, "is no duration, as in 10, 1.5s, 300ms or 2m");
        return 0;
}

/* For those where 0 means never, as users of timeout(1) expect. */
static int take_timeout(uint64_t *place, const char *value, struct inbye_error *reterr)
{
        uint64_t ns;
        int r = take_duration(&ns, value, reterr);

        if (r < 0)
                return r;
        *place = ns ? ns : INBYE_FOREVER;
        return 0;
}

static int take_time(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_timeout(&s->timeout_ns, value, reterr);
}

static int hand_time(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        int r = s->timeout_ns == INBYE_FOREVER ? inbye_command_waive(command, INBYE_REQUIRE_TIMEOUT) : 0;

        return r < 0 ? r : inbye_command_set_timeout(command, s->timeout_ns);
}

static int take_idle(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_timeout(&s->idle_timeout_ns, value, reterr);
}

static int hand_idle(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_idle_timeout(command, s->idle_timeout_ns);
}

static int take_grace(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_duration(&s->grace_ns, value, reterr);
}

static int hand_grace(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_grace(command, s->grace_ns);
}

static int take_signal(struct settings *s, const char *value, struct inbye_error *reterr)
{
        if (parse_signal(value, &s->signal) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no signal, as in TERM, SIGINT or 15");
        return 0;
}

static int hand_signal(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_signal(command, s->signal);
}

static int take_leftovers(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int place = cli_choose("kill wait fail", value, "way to treat leftovers", reterr);

        if (place >= 0)
                s->leftovers = (enum inbye_leftovers)place;
        return place;
}

static int hand_leftovers(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_leftovers(command, s->leftovers);
}

static int take_codes(struct settings *s, const char *value, struct inbye_error *reterr)
{
        unsigned codes[256], n;

        if (parse_cpu_list(value, codes, ARRAY_SIZE(codes), &n) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no list of exit codes, as in 0,2-4");
        for (unsigned i = 0; i < n; i++)
                if (codes[i] > 255)
                        return settings_refuse(reterr, ERANGE, value, "holds a number above 255");
        for (unsigned i = 0; i < n; i++)
                s->codes[i] = (unsigned char)codes[i];
        s->n_codes = n;
        return 0;
}

bool settings_is_success(const struct settings *s, int code)
{
        for (size_t i = 0; i < s->n_codes; i++)
                if (s->codes[i] == code)
                        return true;
        return !settings_has(s, CLI_SETTING_SUCCESS_CODES) && code == 0;
}

static int hand_codes(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_success_codes(command, s->codes, s->n_codes);
}

static int take_mechanism_name(const char *name, uint32_t *ret_bit, struct inbye_error *reterr)
{
        *ret_bit = inbye_mechanism_from_name(name);
        if (*ret_bit)
                return 0;
        return cli_choose("auto cgroup+pidns cgroup pidns reaper pgroup", name, "mechanism", reterr);
}

static int take_mechanisms(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        uint32_t all = 0, bit;
        char *rest = copy;
        int r;

        if (!copy)
                return settings_no_memory(reterr);
        if (strcmp(value, "auto") == 0) {
                s->mechanisms = 0;
                return 0;
        }
        while (rest) {
                r = take_mechanism_name(str_cut(&rest, ','), &bit, reterr);
                if (r < 0)
                        return r;
                if (!bit)
                        return settings_refuse(reterr, EINVAL, value, "mixes auto with names");
                all |= bit;
        }
        s->mechanisms = all;
        return 0;
}

static int take_required(struct settings *s, const char *value, struct inbye_error *reterr)
{
        uint32_t bit = inbye_mechanism_from_name(value);

        if (!bit)
                return cli_choose("cgroup+pidns cgroup pidns reaper pgroup", value, "mechanism", reterr);
        s->required = inbye_mechanism_at_least(bit);
        return 0;
}

const struct settings_row settings_end_rows[] = {
        { CLI_SETTING_TIMEOUT, take_time, hand_time },
        { CLI_SETTING_IDLE_TIMEOUT, take_idle, hand_idle },
        { CLI_SETTING_GRACE, take_grace, hand_grace },
        { CLI_SETTING_SIGNAL, take_signal, hand_signal },
        { CLI_SETTING_LEFTOVERS, take_leftovers, hand_leftovers },
        { CLI_SETTING_SUCCESS_CODES, take_codes, hand_codes },
        { CLI_SETTING_MECHANISM, take_mechanisms, NULL },
        { CLI_SETTING_REQUIRE, take_required, NULL },
        { 0 },
};
