/* SPDX-License-Identifier: MIT */
/*
 * Settings of what runs: program, directory, environment, and where its streams come from and go to.
 *
 * Values of environment variables may be secrets: no message repeats them.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/settings.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int take_cwd(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return settings_take_string(&s->cwd, value, reterr);
}

static int hand_cwd(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_cwd(command, s->cwd);
}

static int take_program(struct settings *s, const char *value, struct inbye_error *reterr)
{
        if (!value[0])
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "the name of the program is empty");
        return settings_take_string(&s->program, value, reterr);
}

static int hand_program(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_program(command, s->program);
}

static int take_env_step(struct settings *s, char what, const char *value, struct inbye_error *reterr)
{
        struct buf step = BUF_INIT;
        int r;

        buf_append_char(&step, what);
        buf_append_str(&step, value);
        r = step.failed ? step.failed : strv_append(&s->env, step.data);
        buf_deinit(&step);
        settings_give(s, CLI_SETTING_ENV); /* whose row hands all steps on */
        return r < 0 ? settings_no_memory(reterr) : 0;
}

/* What was given is never repeated in the message: it may be a secret. */
static int take_env(struct settings *s, const char *value, struct inbye_error *reterr)
{
        const char *equals = strchr(value, '=');

        if (!equals || equals == value)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "a variable is given as NAME=VALUE");
        return take_env_step(s, '=', value, reterr);
}

static int take_env_name(struct settings *s, char what, const char *value, struct inbye_error *reterr)
{
        if (!value[0] || strchr(value, '='))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "the name of a variable is not empty and holds no '='");
        return take_env_step(s, what, value, reterr);
}

static int take_unset(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_env_name(s, '-', value, reterr);
}

static int take_allow(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_env_name(s, '+', value, reterr);
}

static int take_env_file(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return take_env_step(s, '<', value, reterr);
}

static int hand_clear(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)s;
        (void)reterr;
        return inbye_command_env_clear(command);
}

static int hand_assignment(struct inbye_command *command, const char *assignment)
{
        size_t n = strcspn(assignment, "=");
        scoped(freep) char *name = strndup(assignment, n);

        return name ? inbye_command_env_set(command, name, assignment + n + 1) : -ENOMEM;
}

static int hand_env_step(struct inbye_command *command, const char *step, struct inbye_error *reterr)
{
        switch (step[0]) {
        case '=':
                return hand_assignment(command, step + 1);
        case '-':
                return inbye_command_env_unset(command, step + 1);
        case '+':
                return inbye_command_env_allow(command, step + 1);
        default:
                return inbye_command_env_file(command, step + 1, reterr);
        }
}

/* All of them, in the order given. */
static int hand_env(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        int r = 0;

        for (char **step = s->env; step && *step && r >= 0; step++)
                r = hand_env_step(command, *step, reterr);
        return r;
}

static int take_input(struct settings *s, const char *value, struct inbye_error *reterr)
{
        if (!value[0])
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL, "the name of the file is empty");
        return settings_take_string(&s->input, value, reterr);
}

const char *settings_input_file(const struct settings *s)
{
        bool is_file = s->input && strcmp(s->input, "null") != 0 && strcmp(s->input, "inherit") != 0;

        return is_file ? s->input : NULL;
}

static int hand_input(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        if (strcmp(s->input, "null") == 0)
                return inbye_command_set_input(command, INBYE_INPUT_NULL);
        if (strcmp(s->input, "inherit") == 0)
                return inbye_command_set_input(command, INBYE_INPUT_INHERIT);
        return inbye_command_set_input_file(command, s->input);
}

static int take_cap(struct settings *s, const char *value, struct inbye_error *reterr)
{
        uint64_t bytes;
        int r = parse_size(value, &bytes);

        if (r == -EINVAL)
                return settings_refuse(reterr, EINVAL, value, "is no size, as in 4096, 64K or 8M");
        if (r < 0 || bytes > SIZE_MAX / 4)
                return settings_refuse(reterr, ERANGE, value, "is too much to keep in memory");
        s->cap_bytes = (size_t)bytes;
        settings_give(s, CLI_SETTING_CAPTURE_KEEP); /* whose row hands both on */
        return 0;
}

static int take_keep(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int place = cli_choose("both head tail fail", value, "part of a stream", reterr);

        if (place >= 0)
                s->keep = (enum inbye_keep)place;
        return place;
}

static int hand_capture(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        int r;

        (void)reterr;
        r = inbye_command_set_capture(command, INBYE_STDOUT, s->cap_bytes, s->keep, NULL);
        if (r < 0)
                return r;
        return inbye_command_set_capture(command, INBYE_STDERR, s->cap_bytes, s->keep, NULL);
}

const struct settings_row settings_command_rows[] = {
        { CLI_SETTING_CWD, take_cwd, hand_cwd },
        { CLI_SETTING_PROGRAM, take_program, hand_program },
        { CLI_SETTING_CLEAR_ENV, settings_take_flag, hand_clear },
        { CLI_SETTING_ENV, take_env, hand_env },
        { CLI_SETTING_UNSET_ENV, take_unset, NULL },
        { CLI_SETTING_ALLOW_ENV, take_allow, NULL },
        { CLI_SETTING_ENV_FILE, take_env_file, NULL },
        { CLI_SETTING_STDIN, take_input, hand_input },
        { CLI_SETTING_CAPTURE_KEEP, take_keep, hand_capture },
        { CLI_SETTING_CAPTURE_LIMIT, take_cap, NULL },
        { 0 },
};
