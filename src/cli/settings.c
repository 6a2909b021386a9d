/* SPDX-License-Identifier: MIT */
/*
 * The settings of a command as options: run, batch and the lines of a batch share them.
 *
 * Each is one row of a table: a function that takes the text (and refuses what makes no sense, before
 * anything runs) and one that hands what was taken to the command. In between stands a struct with a bit per
 * setting that was given, so that the settings of a batch and those of one job can be applied one after the
 * other and only what was said counts. Setting the command straight from the text was rejected: a batch
 * applies the same settings to a million commands, and a wrong value has to be found before the first.
 *
 * Names of users and groups are looked up here and not in the library: a lookup may load modules of the C
 * library and ask the network, which is no business of a library that starts programs.
 */
#include "cli/settings.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct cli_option cli_settings_options[] = {
        { "timeout", 't', "DURATION", CLI_SETTING_TIMEOUT, "Time",
                "end the command after this time, as in 10, 1.5s, 300ms, 2m (0: never)", NULL },
        { "idle-timeout", 0, "DURATION", CLI_SETTING_IDLE_TIMEOUT, "Time",
                "end it when it writes nothing for this long (0: never)", NULL },
        { "grace", 'g', "DURATION", CLI_SETTING_GRACE, "Time",
                "time between the soft signal and SIGKILL [2s]", NULL },
        { "signal", 's', "SIGNAL", CLI_SETTING_SIGNAL, "Time", "soft signal that asks it to end [TERM]",
                NULL },
        { "leftovers", 0, "WHAT", CLI_SETTING_LEFTOVERS, "Ending",
                "what to do with processes that remain when the command has ended [kill]", "kill wait fail" },
        { "success-codes", 0, "LIST", CLI_SETTING_SUCCESS_CODES, "Ending",
                "exit codes that count as success, as in 0,2-4 [0]", NULL },
        { "mechanism", 'm', "LIST", CLI_SETTING_MECHANISM, "Ending",
                "mechanisms that may hold the tree, strongest tried first [auto]", NULL },
        { "require", 0, "MECHANISM", CLI_SETTING_REQUIRE, "Ending",
                "refuse to run with a weaker mechanism than this",
                "cgroup+pidns cgroup pidns reaper pgroup" },
        { "cwd", 'C', "DIR", CLI_SETTING_CWD, "Command", "working directory", NULL },
        { "program", 0, "FILE", CLI_SETTING_PROGRAM, "Command",
                "file to execute, where it is not the first word of the command", NULL },
        { "env", 'e', "NAME=VALUE", CLI_SETTING_ENV, "Environment", "set a variable", NULL },
        { "unset-env", 0, "NAME", CLI_SETTING_UNSET_ENV, "Environment", "remove a variable", NULL },
        { "clear-env", 0, NULL, CLI_SETTING_CLEAR_ENV, "Environment", "begin with an empty environment",
                NULL },
        { "allow-env", 0, "NAME", CLI_SETTING_ALLOW_ENV, "Environment",
                "keep this variable of a cleared environment", NULL },
        { "env-file", 0, "FILE", CLI_SETTING_ENV_FILE, "Environment",
                "set the variables of a file with NAME=VALUE lines", NULL },
        { "user", 'u', "USER", CLI_SETTING_USER, "Process",
                "run as this user, with its group and its supplementary groups", NULL },
        { "group", 0, "GROUP", CLI_SETTING_GROUP, "Process", "run with this group", NULL },
        { "groups", 0, "LIST", CLI_SETTING_GROUPS, "Process",
                "supplementary groups, one comma between; empty: none", NULL },
        { "setsid", 0, NULL, CLI_SETTING_SETSID, "Process", "run in a session of its own", NULL },
        { "nice", 'n', "N", CLI_SETTING_NICE, "Process", "nice value, -20 to 19", NULL },
        { "ioprio", 0, "CLASS[:LEVEL]", CLI_SETTING_IOPRIO, "Process",
                "I/O priority: realtime, best-effort or idle, and 0 (first) to 7", NULL },
        { "affinity", 0, "CPUS", CLI_SETTING_AFFINITY, "Process", "CPUs to run on, as in 0-3,7", NULL },
        { "umask", 0, "MODE", CLI_SETTING_UMASK, "Process", "file mode creation mask, octal", NULL },
        { "rlimit", 0, "NAME=SOFT[:HARD]", CLI_SETTING_RLIMIT, "Process",
                "limit of each process, as in nofile=64:128 or core=0", NULL },
        { "keep-fd", 0, "FD", CLI_SETTING_KEEP_FD, "Process", "leave this descriptor open in the command",
                NULL },
        { "limit", 'l', "LIST", CLI_SETTING_LIMIT, "Limits of the tree",
                "limits, as in memory=64M,tasks=64,cpu=0.5; refused where they cannot be enforced", NULL },
        { "property", 'p', "NAME=VALUE", CLI_SETTING_PROPERTY, "Limits of the tree",
                "the same in the words of systemd, as in MemoryMax=64M", NULL },
        { "sandbox", 0, "PROFILE", CLI_SETTING_SANDBOX, "Sandbox",
                "run in a sandbox, of a profile or its file; with other options of this kind it takes away "
                "what all of them say",
                NULL },
        { "no-new-privs", 0, NULL, CLI_SETTING_NO_NEW_PRIVS, "Sandbox",
                "no program gains rights by being executed", NULL },
        { "no-capabilities", 0, NULL, CLI_SETTING_NO_CAPABILITIES, "Sandbox",
                "no capability is left, nor comes back by an exec", NULL },
        { "no-network", 0, NULL, CLI_SETTING_NO_NETWORK, "Sandbox",
                "a network of its own with a loopback interface and nothing else", NULL },
        { "read-only", 0, "PATH", CLI_SETTING_READ_ONLY, "Sandbox",
                "nothing can be written at or below the path", NULL },
        { "read-write", 0, "PATH", CLI_SETTING_READ_WRITE, "Sandbox",
                "except at or below this one; what comes later counts", NULL },
        { "hide", 0, "PATH", CLI_SETTING_HIDE, "Sandbox", "nothing can be read at or below the path", NULL },
        { "bind", 0, "SOURCE:TARGET", CLI_SETTING_BIND, "Sandbox",
                "what is at the source is seen at the target, too, and can be written", NULL },
        { "landlock-rw", 0, "PATH", CLI_SETTING_LANDLOCK_RW, "Sandbox",
                "by Landlock, nothing can be written but at or below the paths given so", NULL },
        { "system-calls", 0, "WORDS", CLI_SETTING_SYSTEM_CALLS, "Sandbox",
                "calls and groups of calls that are allowed, as in '@system-service', or denied, as in "
                "'~@mount'",
                NULL },
        { "seccomp", 0, "FILE", CLI_SETTING_SECCOMP, "Sandbox",
                "filter of system calls: JSON as Docker and Podman take it, or BPF", NULL },
        { "denials", 0, "WHAT", CLI_SETTING_DENIALS, "Sandbox",
                "what to do about system calls that its filters deny: tell of them, or not [watch]",
                "watch ignore" },
        { "stdin", 0, "null|inherit|FILE", CLI_SETTING_STDIN, "Input and output",
                "where standard input comes from", NULL },
        { "capture-limit", 0, "SIZE", CLI_SETTING_CAPTURE_LIMIT, "Input and output",
                "keep at most this much of each captured stream, as in 64K, 8M [8M]", NULL },
        { "capture-keep", 0, "WHICH", CLI_SETTING_CAPTURE_KEEP, "Input and output",
                "what to keep of a longer stream, or fail: end the command [both]", "both head tail fail" },
        { 0 },
};

struct settings *settings_open(void)
{
        struct settings *settings = calloc(1, sizeof(*settings));

        if (settings) {
                settings->limits = (struct inbye_limits)INBYE_LIMITS_INIT;
                settings->grace_ns = CLI_GRACE_DEFAULT;
                settings->cap_bytes = INBYE_CAPTURE_DEFAULT;
        }
        return settings;
}

struct settings *settings_open_for_job(void)
{
        struct settings *settings = settings_open();

        if (settings)
                settings->of_a_job = true;
        return settings;
}

void settings_free(struct settings *settings)
{
        if (!settings)
                return;
        free(settings->cwd);
        free(settings->program);
        free(settings->input);
        strv_free(settings->env);
        free(settings->user_name);
        free(settings->groups);
        free(settings->cpus);
        free(settings->fds);
        settings_limits_deinit(settings);
        inbye_sandbox_unref(settings->sandbox);
        free(settings);
}

void settings_freep(struct settings **settings)
{
        settings_free(*settings);
        *settings = NULL;
}

static uint64_t bit_of(enum cli_setting id)
{
        return UINT64_C(1) << (id - CLI_SETTING_FIRST);
}

bool settings_has(const struct settings *settings, enum cli_setting id)
{
        return settings->given & bit_of(id);
}

bool settings_has_sandbox(const struct settings *settings)
{
        return settings->sandbox != NULL;
}

int settings_check(const struct settings *settings, struct inbye_error *reterr)
{
        if (settings_has(settings, CLI_SETTING_ALLOW_ENV) && !settings_has(settings, CLI_SETTING_CLEAR_ENV))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--allow-env needs --clear-env: without it all variables are there");
        return 0;
}

void settings_give(struct settings *settings, enum cli_setting id)
{
        settings->given |= bit_of(id);
}

/* Refusals */

int settings_refuse(struct inbye_error *reterr, int number, const char *value, const char *why)
{
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, number, "'%s' %s", value, why);
}

int settings_no_memory(struct inbye_error *reterr)
{
        return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "settings");
}

int settings_take_string(char **place, const char *value, struct inbye_error *reterr)
{
        char *copy = strdup(value);

        if (!copy)
                return settings_no_memory(reterr);
        free(*place);
        *place = copy;
        return 0;
}

int settings_take_flag(struct settings *settings, const char *value, struct inbye_error *reterr)
{
        (void)settings;
        (void)value;
        (void)reterr;
        return 0;
}

/* Rows */

static const struct settings_row *const tables[] = { settings_end_rows, settings_command_rows,
        settings_process_rows, settings_limits_rows, settings_sandbox_rows };

static const struct settings_row *find_row(int id)
{
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                for (const struct settings_row *row = tables[i]; row->take; row++)
                        if ((int)row->id == id)
                                return row;
        return NULL;
}

int settings_apply(struct settings *settings, int id, const char *value, struct inbye_error *reterr)
{
        const struct settings_row *row = find_row(id);
        int r;

        assert(row);
        r = row->take(settings, value, reterr);
        if (r < 0)
                return r;
        settings_give(settings, row->id);
        return 0;
}

static const char *name_of(enum cli_setting id)
{
        for (const struct cli_option *option = cli_settings_options; option->name; option++)
                if (option->id == (int)id)
                        return option->name;
        return "?";
}

static int hand(const struct settings *settings, const struct settings_row *row,
        struct inbye_command *command, struct inbye_error *reterr)
{
        struct inbye_error error = { 0 };
        int r = row->hand(settings, command, &error);

        if (r >= 0)
                return 0;
        if (!error.text[0])
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "--%s", name_of(row->id));
        if (reterr)
                *reterr = error;
        return r;
}

int settings_to_command(
        const struct settings *settings, struct inbye_command *command, struct inbye_error *reterr)
{
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                for (const struct settings_row *row = tables[i]; row->take; row++) {
                        if (!row->hand || !settings_has(settings, row->id))
                                continue;
                        r = hand(settings, row, command, reterr);
                        if (r < 0)
                                return r;
                }
        return 0;
}

bool settings_limit(const struct settings *settings)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;

        return settings->limits_given || inbye_sandbox_limits(settings->sandbox, &limits) == 1;
}

int settings_to_options(
        const struct settings *s, struct inbye_group_options *options, struct inbye_error *reterr)
{
        uint32_t sandbox = inbye_sandbox_mechanisms(s->sandbox);
        uint32_t fit = sandbox ? sandbox : ~UINT32_C(0);
        uint32_t allowed = s->mechanisms ? s->mechanisms : fit;
        uint32_t required = s->required ? s->required : ~UINT32_C(0);

        /* What is not taken by default was named where nothing weaker would do. */
        if (!s->mechanisms && s->required && s->required != INBYE_MECHANISM_CGROUP_PIDNS)
                required |= INBYE_MECHANISM_BY_DEFAULT;
        required &= fit;
        if (!(allowed & required))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        sandbox ? "--sandbox needs mechanism cgroup+pidns or pidns, which --mechanism or "
                                  "--require rules out"
                                : "--mechanism allows nothing that is as strong as --require asks for");
        if (settings_limit(s))
                options->flags |= INBYE_GROUP_MOVE_TO_SCOPE;
        options->mechanisms = allowed & required;
        return 0;
}

int settings_try_limits(const struct settings *s, struct inbye_loop *loop,
        const struct inbye_group_options *options, struct inbye_error *reterr)
{
        struct inbye_group_options with_limits = *options;
        struct inbye_limits limits = s->limits; /* the strings are theirs */
        struct inbye_group *group;
        int r;

        if (!settings_limit(s))
                return 0;
        r = inbye_sandbox_limits(s->sandbox, &limits);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "limits");
        with_limits.limits = &limits;
        r = inbye_group_open(loop, &with_limits, &group, reterr);
        if (r >= 0)
                inbye_group_free(group);
        return r;
}
