/* SPDX-License-Identifier: MIT */
/*
 * ps: what runs under inbye now, by the registry that the cgroup tree is.
 */
#include "base/buf.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/session.h"
#include <stdio.h>
#include <string.h>

enum { OPTION_ALL = 1, OPTION_JSON };

static const struct cli_option own_options[] = {
        { "all", 'a', NULL, OPTION_ALL, "Choice",
                "look in the whole cgroup tree, not only below the own cgroup", NULL },
        { "json", 0, NULL, OPTION_JSON, "Output", "print one line of JSON per session instead of a table",
                NULL },
        { 0 },
};
static const struct cli_option *const tables[] = { own_options, cli_help_options, NULL };

struct ps {
        bool all, json;
};

static int apply(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct ps *ps = userdata;

        (void)value;
        (void)reterr;
        if (id == OPTION_ALL)
                ps->all = true;
        else
                ps->json = true;
        return 0;
}

static void print_json(const struct inbye_session *session)
{
        struct buf out = BUF_INIT;
        struct json json;

        json_init(&json, &out);
        json_object_begin(&json);
        session_json(&json, session);
        json_object_end(&json);
        if (!out.failed)
                puts(out.data);
        buf_deinit(&out);
}

/* "?" stands for what is not known. */
static void number_text(uint64_t number, char *text, size_t size)
{
        snprintf(text, size, number == UINT64_MAX ? "?" : "%llu", (unsigned long long)number);
}

static void cpu_text(uint64_t cpu_us, char *text, size_t size)
{
        if (cpu_us == UINT64_MAX)
                snprintf(text, size, "?");
        else
                snprintf(text, size, "%llu.%02llu", (unsigned long long)(cpu_us / 1000000),
                        (unsigned long long)(cpu_us / 10000 % 100));
}

static void print_row(const struct inbye_session *session)
{
        char id[SESSION_ID_SIZE], age[SESSION_AGE_SIZE], pid[24], n[24], cpu[32], command[512];

        session_id(session, id);
        session_age_text(session_age(session), age);
        number_text(session->owner_pid ? (uint64_t)session->owner_pid : UINT64_MAX, pid, sizeof(pid));
        number_text(session->n_processes, n, sizeof(n));
        cpu_text(session->cpu_us, cpu, sizeof(cpu));
        str_clean(session->command ? session->command : "?", command, sizeof(command));
        printf("%-8s  %7s  %-7s  %7s  %6s  %8s  %s\n", id, pid, inbye_owner_name(session->owner), age, n, cpu,
                command);
}

static int main_ps(int argc, char **argv)
{
        const struct inbye_session *session;
        struct inbye_registry *registry;
        struct ps ps = { 0 };
        int first;

        first = cli_parse(&cli_ps, argc, argv, apply, &ps);
        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (first < argc)
                return cli_misuse(&cli_ps, "unexpected '%s'", argv[first]);
        registry = session_registry(ps.all);
        if (!registry)
                return CLI_EXIT_FAILED;
        if (!ps.json)
                printf("%-8s  %7s  %-7s  %7s  %6s  %8s  %s\n", "SESSION", "PID", "OWNER", "AGE", "PROCS",
                        "CPU", "COMMAND");
        while ((session = inbye_registry_next(registry)))
                if (ps.json)
                        print_json(session);
                else
                        print_row(session);
        inbye_registry_free(registry);
        return 0;
}

const struct cli_command cli_ps = {
        .name = "ps",
        .usage = "[OPTION]...",
        .summary = "List what runs under inbye now.",
        .options = tables,
        .notes = "Exit status: 0; 125 on misuse, or where there is no cgroup v2 tree.",
        .main = main_ps,
};
