/* SPDX-License-Identifier: MIT */
/*
 * What makes a command the command that it is, as a string of bytes: for digests, by which a log or a record
 * knows it again in a later run.
 *
 * Each field is a tag, its length in eight bytes (little-endian, so that a log can move between machines) and
 * its bytes; no two commands give the same string, whatever their arguments hold. Only what decides what
 * the command does is in it: a longer timeout or another cap of the output makes no other command of it.
 * Handing out getters instead was rejected: every caller would have to find such a form of its own, and would
 * miss the field that is added next.
 */
#include "run/command.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* These values stand in logs: they are never used again for anything else. */
enum field {
        FIELD_ARGUMENT = 'a',
        FIELD_PROGRAM = 'p',
        FIELD_CWD = 'c',
        FIELD_ENV_CLEAR = 'C',
        FIELD_ENV_ALLOW = 'A',
        FIELD_ENV_EDIT = 'e',
        FIELD_ENV_FILE = 'f',
        FIELD_ENV_PID = 'P',
        FIELD_INPUT_BYTES = 'b',
        FIELD_INPUT_PATH = 'i',
        FIELD_INPUT_OTHER = 'o',
        FIELD_SANDBOX = 's',
};

struct sink {
        inbye_bytes_fn fn;
        void *userdata;
};

static void put(const struct sink *sink, enum field field, const void *data, size_t n)
{
        unsigned char head[9] = { (unsigned char)field };

        for (int i = 0; i < 8; i++)
                head[1 + i] = (unsigned char)((uint64_t)n >> (8 * i));
        sink->fn(sink->userdata, head, sizeof(head));
        if (n > 0)
                sink->fn(sink->userdata, data, n);
}

static void put_string(const struct sink *sink, enum field field, const char *string)
{
        if (string)
                put(sink, field, string, strlen(string));
}

static void put_vector(const struct sink *sink, enum field field, char *const *vector)
{
        for (; vector && *vector; vector++)
                put_string(sink, field, *vector);
}

static void put_input(const struct sink *sink, const struct inbye_command *command)
{
        static const char *const others[] = {
                [INPUT_INHERIT] = "inherit",
                [INPUT_PIPE] = "pipe",
                [INPUT_FD] = "fd",
        };

        if (command->input == INPUT_BYTES)
                put(sink, FIELD_INPUT_BYTES, command->input_bytes, command->n_input_bytes);
        else if (command->input == INPUT_FILE)
                put_string(sink, FIELD_INPUT_PATH, command->input_path);
        else if (command->input != INPUT_NULL)
                put_string(sink, FIELD_INPUT_OTHER, others[command->input]);
}

static int put_sandbox(const struct sink *sink, const struct inbye_sandbox *sandbox)
{
        struct buf said = BUF_INIT;
        int r = sandbox ? sandbox_describe(sandbox, &said) : 0;

        if (r == 0 && said.n)
                put(sink, FIELD_SANDBOX, said.data, said.n);
        buf_deinit(&said);
        return r;
}

int inbye_command_identity(const struct inbye_command *command, inbye_bytes_fn fn, void *userdata)
{
        const struct sink sink = { fn, userdata };

        if (!command || !fn)
                return -EINVAL;
        put_vector(&sink, FIELD_ARGUMENT, command->argv);
        put_string(&sink, FIELD_PROGRAM, command->program);
        put_string(&sink, FIELD_CWD, command->cwd);
        if (command->env_clear)
                put(&sink, FIELD_ENV_CLEAR, NULL, 0);
        put_vector(&sink, FIELD_ENV_ALLOW, command->env_allow);
        put_vector(&sink, FIELD_ENV_EDIT, command->env_edits);
        put_vector(&sink, FIELD_ENV_FILE, command->env_files);
        put_string(&sink, FIELD_ENV_PID, command->env_pid);
        put_input(&sink, command);
        return put_sandbox(&sink, command->sandbox);
}
