/* SPDX-License-Identifier: MIT */
#ifndef TESTS_API_CHECK_H
#define TESTS_API_CHECK_H

/* What every test of the interface needs: commands in one line, and the proof that nothing was left behind.
 */

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <inbye/inbye.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS INBYE_MILLISECOND
#define SEC INBYE_SECOND
/* Longer than anything takes that works. */
#define PATIENCE (20 * SEC)

__attribute__((unused)) static struct inbye_command *new_command(const char *const *argv)
{
        struct inbye_command *command = NULL;

        cr_assert(zero(int, inbye_command_open(argv, &command)));
        return command;
}
#define COMMAND(...) new_command((const char *const[]){ __VA_ARGS__, NULL })
#define SH(script) COMMAND("sh", "-c", script)

__attribute__((unused)) static struct inbye_result *run(struct inbye_command *command)
{
        struct inbye_result *result = NULL;
        struct inbye_error error = { 0 };
        int r = inbye_run(command, NULL, &result, &error);

        cr_assert(zero(int, r), "%s", error.text);
        inbye_command_unref(command);
        return result;
}

__attribute__((unused)) static const char *output(const struct inbye_result *result)
{
        return inbye_result_output(result, INBYE_STDOUT, NULL);
}

/* Is the process alive? A zombie that nobody reaps is dead. */
__attribute__((unused)) static int is_alive(pid_t pid)
{
        char path[64], text[512], *state;
        FILE *file;
        size_t n;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return 0;
        n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        state = strrchr(text, ')');
        return state && state[2] != 'Z' && state[2] != 'X';
}

static int count_entries(const char *path, const char *prefix)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        int n = 0;

        if (!dir)
                return 0;
        while ((entry = readdir(dir)))
                n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && entry->d_name[0] != '.';
        closedir(dir);
        return n;
}

__attribute__((unused)) static int count_fds(void)
{
        return count_entries("/proc/self/fd", "");
}

#endif
