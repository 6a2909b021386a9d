/* SPDX-License-Identifier: MIT */
/*
 * help, version, and the table of all options for other programs to read.
 */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

static const struct cli_option *const only_help[] = { cli_help_options, NULL };

static void print_overview(void)
{
        printf("Usage: inbye COMMAND [OPTION]...\n"
               "Start programs so that none of their descendants strays.\n"
               "\n"
               "Commands:\n");
        for (const struct cli_command *const *command = cli_commands; *command; command++)
                if (!(*command)->hidden)
                        printf("  %-12s %s\n", (*command)->name, (*command)->summary);
        printf("\n"
               "'inbye COMMAND --help' and inbye-COMMAND(1) tell more of each, inbye(7) of the whole.\n");
}

static int main_help(int argc, char **argv)
{
        const struct cli_command *command;
        int first = cli_parse(&cli_help, argc, argv, NULL, NULL);

        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (first == argc) {
                print_overview();
                return 0;
        }
        command = cli_command_find(argv[first]);
        if (!command)
                return cli_command_unknown(argv[first]);
        cli_print_help(command);
        return 0;
}

const struct cli_command cli_help = {
        .name = "help",
        .usage = "[COMMAND]",
        .summary = "Print what a command does and its options.",
        .options = only_help,
        .main = main_help,
};

static int main_version(int argc, char **argv)
{
        int first = cli_parse(&cli_version, argc, argv, NULL, NULL);

        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        printf("inbye %s\n", inbye_version());
        return 0;
}

const struct cli_command cli_version = {
        .name = "version",
        .usage = "",
        .summary = "Print the version of inbye.",
        .options = only_help,
        .main = main_version,
};

/* One line per option, tabs between: command, long, short, argument, section, values, help; "-" for nothing.
 */
static void print_option(const struct cli_command *command, const struct cli_option *option)
{
        const char letter[] = { option->letter, 0 };

        printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", command->name, option->name, letter[0] ? letter : "-",
                option->argument ? option->argument : "-", option->section,
                option->values ? option->values : "-", option->help);
}

static int main_options(int argc, char **argv)
{
        int first = cli_parse(&cli_options, argc, argv, NULL, NULL);

        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        for (const struct cli_command *const *command = cli_commands; *command; command++)
                for (const struct cli_option *const *table = (*command)->options; *table; table++)
                        for (const struct cli_option *option = *table; option->name; option++)
                                print_option(*command, option);
        return 0;
}

const struct cli_command cli_options = {
        .name = "options",
        .usage = "",
        .summary = "Print every option of every command as a table for programs.",
        .options = only_help,
        .hidden = true,
        .main = main_options,
};
