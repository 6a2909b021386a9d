/* SPDX-License-Identifier: MIT */
/*
 * The environment of a command: edits are kept as they were asked for and applied at the start, in the one
 * order that inbye/command.h documents.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "run/command.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check_name(const char *name)
{
        return !name || !name[0] || strchr(name, '=') ? -EINVAL : 0;
}

int inbye_command_env_clear(struct inbye_command *command)
{
        int r = command_change(command);

        if (r < 0)
                return r;
        command->env_clear = true;
        return 0;
}

static int add_name(struct inbye_command *command, char ***names, const char *name)
{
        int r = command_change(command);

        if (r < 0)
                return r;
        r = check_name(name);
        return r < 0 ? r : strv_append(names, name);
}

int inbye_command_env_allow(struct inbye_command *command, const char *name)
{
        return command ? add_name(command, &command->env_allow, name) : -EINVAL;
}

int inbye_command_env_unset(struct inbye_command *command, const char *name)
{
        return command ? add_name(command, &command->env_edits, name) : -EINVAL;
}

int inbye_command_env_set(struct inbye_command *command, const char *name, const char *value)
{
        scoped(buf_deinit) struct buf edit = BUF_INIT;
        int r;

        r = command_change(command);
        if (r < 0)
                return r;
        r = check_name(name);
        if (r < 0 || !value)
                return -EINVAL;
        r = buf_printf(&edit, "%s=%s", name, value);
        return r < 0 ? r : strv_append(&command->env_edits, edit.data);
}

/* As many digits as a pid may have: the child writes its own over them. */
#define PID_DIGITS "0000000000"

int inbye_command_env_set_pid(struct inbye_command *command, const char *name)
{
        char *copy;
        int r;

        r = inbye_command_env_set(command, name, PID_DIGITS);
        if (r < 0)
                return r;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        free(command->env_pid);
        command->env_pid = copy;
        return 0;
}

/* No environment that execve(2) takes is larger. */
#define FILE_LIMIT (8 << 20)

/* One line of an environment file: nothing, a comment, or NAME=VALUE. */
static int take_line(char ***lines, char *line)
{
        line[strcspn(line, "\n")] = '\0';
        if (!line[0] || line[0] == '#')
                return 0;
        if (line[0] == '=' || !strchr(line, '='))
                return -EINVAL;
        return strv_append(lines, line);
}

static int read_lines(FILE *file, const char *path, char ***lines, struct inbye_error *reterr)
{
        scoped(freep) char *line = NULL;
        ssize_t n, n_left = FILE_LIMIT;
        size_t size = 0;

        for (unsigned number = 1; errno = 0, (n = getline(&line, &size, file)) >= 0; number++) {
                n_left -= n;
                if (n_left < 0)
                        return error_set(reterr, INBYE_STAGE_ARGUMENT, EFBIG, "cannot read %s", path);
                int r = memchr(line, '\0', (size_t)n) ? -EINVAL : take_line(lines, line);

                if (r == -EINVAL)
                        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                                "%s:%u: not of the form NAME=VALUE", path, number);
                if (r < 0)
                        return r;
        }
        /* It also ends without an error of the file: when there is no memory for the line. */
        if (!feof(file))
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno ? errno : EIO, "cannot read %s", path);
        return 0;
}

int inbye_command_env_file(struct inbye_command *command, const char *path, struct inbye_error *reterr)
{
        scoped(strv_freep) char **lines = NULL;
        scoped(file_closep) FILE *file = NULL;
        int r;

        r = command_change(command);
        if (r < 0 || !path)
                return r < 0 ? r : -EINVAL;
        file = fopen(path, "re");
        if (!file)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "cannot open %s", path);
        r = read_lines(file, path, &lines, reterr);
        for (char **line = lines; r == 0 && line && *line; line++)
                r = strv_append(&command->env_files, *line);
        return r;
}

/* --- at the start
 * ------------------------------------------------------------------------------------------- */

static size_t name_length(const char *entry)
{
        return strcspn(entry, "=");
}

/* Put "NAME=VALUE" in its place, or take NAME out when there is no '='. Keeps the order of first appearance.
 */
static int apply_edit(char ***env, const char *edit)
{
        size_t n = name_length(edit);
        bool sets = edit[n] == '=';

        for (char **entry = *env; entry && *entry; entry++) {
                char *copy;

                if (name_length(*entry) != n || strncmp(*entry, edit, n) != 0)
                        continue;
                if (!sets) {
                        free(*entry);
                        do {
                                entry[0] = entry[1];
                        } while (*entry++);
                        return 0;
                }
                copy = strdup(edit);
                if (!copy)
                        return -ENOMEM;
                free(*entry);
                *entry = copy;
                return 0;
        }
        return sets ? strv_append(env, edit) : 0;
}

char *command_pid_text(const struct inbye_command *command, char **env)
{
        size_t n = command->env_pid ? strlen(command->env_pid) : 0;

        for (; n && env && *env; env++)
                if (name_length(*env) == n && strncmp(*env, command->env_pid, n) == 0 &&
                        strcmp(*env + n + 1, PID_DIGITS) == 0)
                        return *env + n + 1;
        return NULL;
}

static const char *find_own(const char *name)
{
        size_t n = strlen(name);

        for (char **entry = str_environment(); *entry; entry++)
                if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
                        return *entry;
        return NULL;
}

static int apply_all(char ***env, char **edits)
{
        int r = 0;

        for (; r == 0 && edits && *edits; edits++)
                r = apply_edit(env, *edits);
        return r;
}

static int apply_allowed(char ***env, char **names)
{
        int r = 0;

        for (; r == 0 && names && *names; names++) {
                const char *entry = find_own(*names);

                if (entry)
                        r = apply_edit(env, entry);
        }
        return r;
}

int command_environment(const struct inbye_command *command, const char *const **ret_envp, char ***ret_owned)
{
        static const char *const nothing[] = { NULL };
        const char *const *own = (const char *const *)str_environment();
        scoped(strv_freep) char **env = NULL;
        int r;

        if (!command->env_clear && !command->env_edits && !command->env_files) {
                *ret_envp = own;
                *ret_owned = NULL;
                return 0;
        }
        env = strv_copy(command->env_clear ? nothing : own);
        if (!env)
                return -ENOMEM;
        r = apply_allowed(&env, command->env_allow);
        if (r == 0)
                r = apply_all(&env, command->env_edits);
        if (r == 0)
                r = apply_all(&env, command->env_files);
        if (r < 0)
                return r;
        *ret_envp = (const char *const *)env;
        *ret_owned = TAKE(env);
        return 0;
}
