/* SPDX-License-Identifier: MIT */
/*
 * The command: which subcommand is meant, and a clean end of its output.
 */
#include "base/scope.h"
#include "base/str.h"
#include "cli/cli.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct cli_command *const cli_commands[] = { &cli_run, &cli_batch, &cli_timeout, &cli_ps, &cli_gc,
        &cli_doctor, &cli_profile, &cli_help, &cli_version, &cli_completions, &cli_options, NULL };

const struct cli_command *cli_command_find(const char *name)
{
        for (const struct cli_command *const *command = cli_commands; *command; command++)
                if (strcmp((*command)->name, name) == 0)
                        return *command;
        return NULL;
}

int cli_command_unknown(const char *name)
{
        const char *names[ARRAY_SIZE(cli_commands)] = { NULL };
        const char *suggestion;
        size_t n = 0;

        for (const struct cli_command *const *command = cli_commands; *command; command++)
                if (!(*command)->hidden)
                        names[n++] = (*command)->name;
        suggestion = str_nearest(name, names);
        if (suggestion)
                return cli_misuse(NULL, "unknown command '%s'; did you mean '%s'?", name, suggestion);
        return cli_misuse(NULL, "unknown command '%s'; to run a program: inbye run -- %s", name, name);
}

static int run_command(int argc, char **argv)
{
        const struct cli_command *command;
        const char *word = argv[1];

        if (argc < 2)
                return cli_misuse(NULL, "a command is missing");
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
                word = cli_help.name;
        else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
                word = cli_version.name;
        else if (word[0] == '-')
                return cli_misuse(NULL, "unknown option '%s'", word);
        command = cli_command_find(word);
        if (!command)
                return cli_command_unknown(word);
        return command->main(argc - 1, argv + 1);
}

/* Standard output may be a full disk, or a pipe that nobody reads any more. */
static int finish(int status)
{
        if (!fflush(stdout) && !ferror(stdout))
                return status;
        if (errno == EPIPE)
                cli_die_of(SIGPIPE);
        cli_say("cannot write to standard output: %s", strerror(errno));
        return CLI_EXIT_FAILED;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
        cli_process_init();
        if (argc > 0 && strcmp(base_name(argv[0]), cli_timeout.name) == 0)
                return finish(cli_timeout_as(argv[0], argc, argv));
        return finish(run_command(argc, argv));
}
