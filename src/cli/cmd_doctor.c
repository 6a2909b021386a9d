/* SPDX-License-Identifier: MIT */
/*
 * doctor: what this host can hold, why not better, and what would mend it.
 */
#include "base/buf.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_JSON = 1, OPTION_REQUIRE, OPTION_FIX_HINT };

static const struct cli_option own_options[] = {
        { "json", 0, NULL, OPTION_JSON, "Output", "print one line of JSON instead of a table", NULL },
        { "fix-hint", 0, NULL, OPTION_FIX_HINT, "Output",
                "print only what would mend what does not work, a line each; exit with 1 if anything", NULL },
        { "require", 0, "MECHANISM", OPTION_REQUIRE, "Output",
                "exit with 1 unless this mechanism, or a stronger one, works here",
                "cgroup+pidns cgroup pidns reaper pgroup" },
        { 0 },
};
static const struct cli_option *const tables[] = { own_options, cli_help_options, NULL };

struct doctor {
        bool json, fix_hint;
        uint32_t required; /* bits of which one must work; 0: none is asked for */
        const char *required_name;
};

static int apply(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct doctor *doctor = userdata;
        uint32_t bit;

        if (id == OPTION_JSON) {
                doctor->json = true;
                return 0;
        }
        if (id == OPTION_FIX_HINT) {
                doctor->fix_hint = true;
                return 0;
        }
        bit = inbye_mechanism_from_name(value);
        if (!bit)
                return cli_choose("cgroup+pidns cgroup pidns reaper pgroup", value, "mechanism", reterr);
        doctor->required = inbye_mechanism_at_least(bit);
        doctor->required_name = value;
        return 0;
}

static void print_clean(const char *label, const char *text)
{
        struct buf clean = BUF_INIT;

        if (!text)
                return;
        str_append_clean(&clean, text);
        if (!clean.failed)
                printf("                %s%s\n", label, clean.data ? clean.data : "");
        buf_deinit(&clean);
}

static const char *owner_death_text(const char *what)
{
        return strcmp(what, "whole_tree") == 0 ? "the whole tree is ended" : "nothing: the tree lives on";
}

static void print_mechanism(const struct inbye_host_mechanism *m, const struct inbye_host_mechanism *best)
{
        printf("  %-12s  %s%s\n", m->name, m->number == 0 ? "works" : "does not work",
                m == best       ? "; used by default"
                : m->reluctance ? "; used where it is named"
                                : "");
        print_clean("with: ", m->number == 0 ? m->detail : NULL);
        print_clean("why not: ", m->number == 0 ? NULL : m->reason);
        print_clean("to mend it: ", m->number == 0 ? NULL : m->hint);
        print_clean("not by default: ", m->reluctance);
        print_clean("when its owner dies: ", m->number == 0 ? owner_death_text(m->on_owner_death) : NULL);
        print_clean("cannot: ", m->cannot);
}

static void print_controllers(const struct inbye_host *host)
{
        const struct inbye_host_controller *c = inbye_host_controller(host, 0);

        printf("\nControllers:%s\n", c ? "" : " none is known");
        for (size_t i = 0; (c = inbye_host_controller(host, i)); i++)
                printf("  %-10s  v%d  %s%s%s\n", c->name, c->version, c->mount ? c->mount : "",
                        c->groups ? "; set up there: " : "", c->groups ? c->groups : "");
}

static void print_limits(const struct inbye_host *host)
{
        const struct inbye_host_limit *l;

        printf("\nLimits of trees:\n");
        for (size_t i = 0; (l = inbye_host_limit(host, i)); i++) {
                if (l->number == 0)
                        printf("  %-12s  works, by cgroup v%d\n", l->name, l->version);
                else
                        printf("  %-12s  cannot be enforced\n", l->name);
                print_clean("why not: ", l->reason);
                print_clean("to mend it: ", l->hint);
        }
}

/* Each cure once. */
static bool was_printed(const struct inbye_host *host, size_t index)
{
        const char *hint = inbye_host_limit(host, index)->hint;

        for (size_t i = 0; i < index; i++) {
                const char *earlier = inbye_host_limit(host, i)->hint;

                if (earlier && hint && strcmp(earlier, hint) == 0)
                        return true;
        }
        return false;
}

static int print_hints(const struct inbye_host *host)
{
        const struct inbye_host_limit *l;
        int status = 0;

        for (size_t i = 0; (l = inbye_host_limit(host, i)); i++) {
                if (l->number == 0)
                        continue;
                status = 1;
                if (l->hint && !was_printed(host, i))
                        puts(l->hint);
        }
        return status;
}

static void print_table(const struct inbye_host *host)
{
        const struct inbye_host_mechanism *best = inbye_host_best(host), *m;

        printf("Mechanisms, strongest first:\n");
        for (size_t i = 0; (m = inbye_host_mechanism(host, i)); i++)
                print_mechanism(m, best);
        print_controllers(host);
        print_limits(host);
}

static int print_json(const struct inbye_host *host)
{
        scoped(freep) char *json = NULL;
        int r = inbye_host_json(host, &json);

        if (r < 0) {
                cli_say("cannot describe this host: %s", strerror(-r));
                return CLI_EXIT_FAILED;
        }
        puts(json);
        return 0;
}

static bool is_met(const struct inbye_host *host, uint32_t required)
{
        const struct inbye_host_mechanism *m;

        for (size_t i = 0; (m = inbye_host_mechanism(host, i)); i++)
                if ((m->mechanism & required) && m->number == 0)
                        return true;
        return required == 0;
}

static int examine(const struct doctor *doctor, const struct inbye_host *host)
{
        int status = 0;

        if (doctor->fix_hint)
                status = print_hints(host);
        else if (doctor->json)
                status = print_json(host);
        else
                print_table(host);
        if (status == 0 && !is_met(host, doctor->required)) {
                cli_say("neither '%s' nor a stronger mechanism works here", doctor->required_name);
                status = 1;
        }
        return status;
}

static int main_doctor(int argc, char **argv)
{
        struct doctor doctor = { 0 };
        struct inbye_error error = { 0 };
        struct inbye_host *host;
        int first, r;

        first = cli_parse(&cli_doctor, argc, argv, apply, &doctor);
        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (first < argc)
                return cli_misuse(&cli_doctor, "unexpected '%s'", argv[first]);
        r = inbye_host_open(&host);
        if (r < 0) {
                cli_say("cannot examine this host: %s", strerror(-r));
                return CLI_EXIT_FAILED;
        }
        /* As run would, which may move itself. */
        r = inbye_host_try_limits(host, INBYE_GROUP_MOVE_TO_SCOPE, &error);
        if (r < 0)
                cli_error(&error);
        r = r < 0 ? CLI_EXIT_FAILED : examine(&doctor, host);
        inbye_host_free(host);
        return r;
}

const struct cli_command cli_doctor = {
        .name = "doctor",
        .usage = "[OPTION]...",
        .summary = "Say what this host can hold, why not better, and what would mend it.",
        .options = tables,
        .notes = "Exit status: 0; 1 when what --require asks for is not met; 125 on misuse.",
        .main = main_doctor,
};
