/* SPDX-License-Identifier: MIT */
/*
 * What inbye says on stderr: one line each, "inbye: " in front, control characters replaced (a name out of a
 * job list must not be able to drive a terminal), written by one write(2), so that lines of several processes
 * do not mix. Values of environment variables never come here: the callers do not put them into texts.
 */
#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lines longer than this are cut: a file name of a megabyte is no help to anybody. */
#define TEXT_SIZE 2048

/* Without the heap: the line may be the one that says that there is no memory. */
static void say_line(const char *text)
{
        char line[sizeof("inbye: ") + TEXT_SIZE] = "inbye: ";
        size_t n = strlen(line);

        fflush(stdout);
        n += str_clean(text, line + n, TEXT_SIZE);
        line[n++] = '\n';
        (void)fd_write_all(STDERR_FILENO, line, n);
}

void cli_say(const char *format, ...)
{
        char text[TEXT_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        say_line(text);
}

int cli_misuse(const struct cli_command *command, const char *format, ...)
{
        char text[TEXT_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (command)
                cli_say("%s (try 'inbye %s --help')", text, command->name);
        else
                cli_say("%s (try 'inbye --help')", text);
        return CLI_EXIT_FAILED;
}

void cli_error(const struct inbye_error *error)
{
        if (error->hint[0])
                cli_say("%s; %s", error->text, error->hint);
        else
                cli_say("%s", error->text);
}

void cli_error_of(const char *what, const struct inbye_error *error)
{
        if (error->hint[0])
                cli_say("%s: %s; %s", what, error->text, error->hint);
        else
                cli_say("%s: %s", what, error->text);
}

int cli_error_status(const struct inbye_error *error)
{
        if (!error || error->stage != INBYE_STAGE_EXEC)
                return CLI_EXIT_FAILED;
        return error->number == ENOENT ? CLI_EXIT_NOT_FOUND : CLI_EXIT_NOT_EXECUTABLE;
}
