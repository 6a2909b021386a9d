/* SPDX-License-Identifier: MIT */
/*
 * Options from tables: parsing, help, and what to say of a misspelt one.
 *
 * A subcommand names its tables (run and batch share the settings of a command) and a function that takes
 * one option at a time. getopt_long(3) does the parsing, with '+', so that the options of the command that is
 * to be run are left alone; its own messages are switched off, because ours name the nearest option and the
 * way to the help. One big switch over all options of all subcommands was rejected: it is where such programs
 * rot, and no test could hold the man pages against it.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/cli.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values that getopt_long() returns for entry i of the flat list: above every character. */
#define FIRST_VALUE 0x10000

void cli_getopt_deinit(struct cli_getopt *tables)
{
        free(tables->longs);
        free(tables->shorts);
        free(tables->flat);
        *tables = (struct cli_getopt){ 0 };
}

static size_t count_options(const struct cli_command *command)
{
        size_t n = 0;

        for (const struct cli_option *const *table = command->options; *table; table++)
                for (const struct cli_option *option = *table; option->name; option++)
                        n++;
        return n;
}

int cli_option_kind(const struct cli_option *option)
{
        if (!option->argument)
                return no_argument;
        return option->argument[0] == '[' ? optional_argument : required_argument;
}

static void add_option(struct cli_getopt *tables, const struct cli_option *option, char **end_of_shorts)
{
        tables->longs[tables->n] = (struct option){
                .name = option->name,
                .has_arg = cli_option_kind(option),
                .val = FIRST_VALUE + (int)tables->n,
        };
        tables->flat[tables->n++] = option;
        if (!option->letter)
                return;
        *(*end_of_shorts)++ = option->letter;
        if (option->argument)
                *(*end_of_shorts)++ = ':';
}

int cli_getopt_init(struct cli_getopt *tables, const struct cli_command *command, const char *prefix)
{
        size_t n = count_options(command);
        char *end;

        *tables = (struct cli_getopt){
                .longs = calloc(n + 1, sizeof(*tables->longs)),
                .shorts = calloc(strlen(prefix) + 2 * n + 1, 1),
                .flat = calloc(n + 1, sizeof(*tables->flat)),
        };
        if (!tables->longs || !tables->shorts || !tables->flat) {
                cli_getopt_deinit(tables);
                return -ENOMEM;
        }
        end = stpcpy(tables->shorts, prefix);
        for (const struct cli_option *const *table = command->options; *table; table++)
                for (const struct cli_option *option = *table; option->name; option++)
                        add_option(tables, option, &end);
        return 0;
}

const struct cli_option *cli_getopt_find(const struct cli_getopt *tables, int value)
{
        if (value >= FIRST_VALUE && (size_t)(value - FIRST_VALUE) < tables->n)
                return tables->flat[value - FIRST_VALUE];
        for (size_t i = 0; value > 0 && i < tables->n; i++)
                if (tables->flat[i]->letter == value)
                        return tables->flat[i];
        return NULL;
}

const struct cli_option *cli_option_find(const struct cli_option *table, const char *name)
{
        for (; table->name; table++)
                if (strcmp(table->name, name) == 0)
                        return table;
        return NULL;
}

/* Nearest of n names, through the list of candidates that str_nearest() wants. */
static const struct cli_option *nearest(const struct cli_option *const *options, size_t n, const char *name)
{
        scoped(freep) const char **names = NULL;
        const char *found;

        names = calloc(n + 1, sizeof(*names));
        if (!names)
                return NULL;
        for (size_t i = 0; i < n; i++)
                names[i] = options[i]->name;
        found = str_nearest(name, names);
        for (size_t i = 0; found && i < n; i++)
                if (names[i] == found)
                        return options[i];
        return NULL;
}

const struct cli_option *cli_option_nearest(const struct cli_option *table, const char *name)
{
        const struct cli_option *options[128];
        size_t n = 0;

        while (table[n].name && n < ARRAY_SIZE(options)) {
                options[n] = &table[n];
                n++;
        }
        return nearest(options, n, name);
}

int cli_choose(const char *values, const char *value, const char *what, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(values);
        const char *names[32];
        const char *suggestion;
        char *rest = NULL;
        size_t n = 0;

        if (!copy)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "%s", what);
        for (char *word = strtok_r(copy, " ", &rest); word && n < ARRAY_SIZE(names) - 1;
                word = strtok_r(NULL, " ", &rest)) {
                if (strcmp(word, value) == 0)
                        return (int)n;
                names[n++] = word;
        }
        names[n] = NULL;
        suggestion = str_nearest(value, names);
        if (suggestion)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' is no %s; did you mean '%s'?", value, what, suggestion);
        return error_set_plain(
                reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' is no %s; it is one of: %s", value, what, values);
}

/* How many options begin with these n bytes: more than one makes an abbreviation ambiguous. */
static size_t count_prefixed(const struct cli_getopt *tables, const char *name, size_t n)
{
        size_t found = 0;

        for (size_t i = 0; i < tables->n; i++)
                found += strncmp(tables->flat[i]->name, name, n) == 0;
        return found;
}

static int complain_long(const struct cli_command *command, const struct cli_getopt *tables, const char *word)
{
        scoped(freep) char *name = strndup(word + 2, strcspn(word + 2, "="));
        const struct cli_option *suggestion;

        if (!name)
                return cli_misuse(command, "out of memory");
        if (count_prefixed(tables, name, strlen(name)) > 1)
                return cli_misuse(command, "option '--%s' is ambiguous", name);
        suggestion = nearest(tables->flat, tables->n, name);
        if (suggestion)
                return cli_misuse(
                        command, "unknown option '--%s'; did you mean '--%s'?", name, suggestion->name);
        return cli_misuse(command, "unknown option '--%s'", name);
}

/* The one place where a wrong option is told: what getopt_long() said was '?' or ':'. */
static int complain(
        const struct cli_command *command, const struct cli_getopt *tables, int said, char *const *argv)
{
        const struct cli_option *option = cli_getopt_find(tables, optopt);
        const char *word = argv[optind - 1];

        if (said == ':' && option && optopt < FIRST_VALUE)
                return cli_misuse(command, "option '-%c' needs %s", option->letter, option->argument);
        if (said == ':' && option)
                return cli_misuse(command, "option '--%s' needs %s", option->name, option->argument);
        if (option && optopt >= FIRST_VALUE)
                return cli_misuse(command, "option '--%s' takes no value", option->name);
        if (optopt)
                return cli_misuse(command, "unknown option '-%c'", optopt);
        return complain_long(command, tables, word);
}

static int apply_option(const struct cli_command *command, const struct cli_option *option, const char *value,
        cli_apply_fn apply, void *userdata)
{
        struct inbye_error error = { 0 };

        if (apply(userdata, option->id, value, &error) >= 0)
                return 0;
        if (error.hint[0])
                cli_misuse(command, "--%s: %s; %s", option->name, error.text, error.hint);
        else
                cli_misuse(command, "--%s: %s", option->name, error.text);
        return -1;
}

static void getopt_deinitp(struct cli_getopt *tables)
{
        cli_getopt_deinit(tables);
}

int cli_parse(const struct cli_command *command, int argc, char **argv, cli_apply_fn apply, void *userdata)
{
        scoped(getopt_deinitp) struct cli_getopt tables = { 0 };
        int value;

        if (cli_getopt_init(&tables, command, "+:") < 0) {
                cli_say("out of memory");
                return -1;
        }
        opterr = 0;
        optind = 0; /* glibc: start anew, whatever was parsed before */
        while ((value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
                const struct cli_option *option = cli_getopt_find(&tables, value);

                if (value == '?' || value == ':' || !option) {
                        complain(command, &tables, value, argv);
                        return -1;
                }
                if (option->id == CLI_OPTION_HELP) {
                        cli_print_help(command);
                        return 0;
                }
                if (apply_option(command, option, optarg, apply, userdata) < 0)
                        return -1;
        }
        return optind;
}

/* Help */

#define HELP_COLUMN 32
#define HELP_WIDTH 100

/* Words of the text from the help column on, broken between them. */
static void append_wrapped(struct buf *out, const char *text)
{
        size_t column = HELP_COLUMN;

        while (*text) {
                size_t n = strcspn(text, " ");

                if (column > HELP_COLUMN && column + 1 + n > HELP_WIDTH) {
                        buf_printf(out, "\n%*s", HELP_COLUMN, "");
                        column = HELP_COLUMN;
                } else if (column > HELP_COLUMN) {
                        buf_append_char(out, ' ');
                        column++;
                }
                buf_append(out, text, n);
                column += n;
                text += n + (text[n] == ' ');
        }
}

static void append_option(struct buf *out, const struct cli_option *option)
{
        size_t start = out->n, column;

        if (option->letter)
                buf_printf(out, "  -%c, --%s", option->letter, option->name);
        else
                buf_printf(out, "      --%s", option->name);
        if (option->argument)
                buf_printf(out, "%s%s", option->argument[0] == '[' ? "" : "=", option->argument);
        column = out->n - start;
        if (column + 2 > HELP_COLUMN) {
                buf_append_char(out, '\n');
                column = 0;
        }
        buf_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
        append_wrapped(out, option->help);
        if (option->values)
                buf_printf(out, "\n%*s(%s)", HELP_COLUMN, "", option->values);
        buf_append_char(out, '\n');
}

static void append_options(struct buf *out, const struct cli_command *command)
{
        const char *section = NULL;

        for (const struct cli_option *const *table = command->options; *table; table++)
                for (const struct cli_option *option = *table; option->name; option++) {
                        if (!section || strcmp(section, option->section) != 0)
                                buf_printf(out, "\n%s:\n", option->section);
                        section = option->section;
                        append_option(out, option);
                }
}

void cli_print_help(const struct cli_command *command)
{
        struct buf out = BUF_INIT;

        buf_printf(&out, "Usage: inbye %s %s\n%s\n", command->name, command->usage, command->summary);
        append_options(&out, command);
        if (command->notes)
                buf_printf(&out, "\n%s\n", command->notes);
        fwrite(out.data, 1, out.n, stdout);
        buf_deinit(&out);
}

const struct cli_option cli_help_options[] = {
        { "help", 'h', NULL, CLI_OPTION_HELP, "Help", "print this help and exit", NULL },
        { 0 },
};
