/* SPDX-License-Identifier: MIT */
/* Commands that are only looked at: what makes one the same as another. */
#include "check.h"
#include <errno.h>

struct bytes {
        char data[1024];
        size_t n;
};

static void keep(void *userdata, const void *data, size_t n)
{
        struct bytes *bytes = userdata;

        if (bytes->n + n <= sizeof(bytes->data))
                memcpy(bytes->data + bytes->n, data, n);
        bytes->n += n;
}

/* Takes both references. */
static int is_same(struct inbye_command *one, struct inbye_command *other)
{
        struct bytes a = { .n = 0 }, b = { .n = 0 };
        int r = inbye_command_identity(one, keep, &a) + inbye_command_identity(other, keep, &b);

        inbye_command_unref(one);
        inbye_command_unref(other);
        return r == 0 && a.n <= sizeof(a.data) && a.n == b.n && memcmp(a.data, b.data, a.n) == 0;
}

static struct inbye_command *with_cwd(struct inbye_command *command, const char *cwd)
{
        return inbye_command_set_cwd(command, cwd) == 0 ? command : NULL;
}

static struct inbye_command *with_env(struct inbye_command *command, const char *name, const char *value)
{
        return inbye_command_env_set(command, name, value) == 0 ? command : NULL;
}

static struct inbye_command *with_input(struct inbye_command *command, const char *text)
{
        return inbye_command_set_input_bytes(command, text, strlen(text)) == 0 ? command : NULL;
}

static struct inbye_command *with_file(struct inbye_command *command, const char *path)
{
        return inbye_command_set_input_file(command, path) == 0 ? command : NULL;
}

static struct inbye_command *with_limits(struct inbye_command *command)
{
        int r = inbye_command_set_timeout(command, 5 * SEC);

        r |= inbye_command_set_id(command, "name");
        r |= inbye_command_set_capture(command, INBYE_STDOUT, 100, INBYE_KEEP_HEAD, NULL);
        return r == 0 ? command : NULL;
}

static struct inbye_command *as_program(struct inbye_command *command, const char *program)
{
        return inbye_command_set_program(command, program) == 0 ? command : NULL;
}

static struct inbye_command *without_env(struct inbye_command *command)
{
        return inbye_command_env_clear(command) == 0 ? command : NULL;
}

Test(identity, is_the_same_for_the_same_command)
{
        cr_assert(is_same(COMMAND("echo", "a"), COMMAND("echo", "a")));
        cr_assert(is_same(with_input(COMMAND("cat"), "x"), with_input(COMMAND("cat"), "x")));
}

Test(identity, tells_arguments_apart_wherever_they_are_cut)
{
        cr_assert(not(is_same(COMMAND("echo", "ab"), COMMAND("echo", "a", "b"))));
        cr_assert(not(is_same(COMMAND("echo", "a b"), COMMAND("echo", "a", "b"))));
        cr_assert(not(is_same(COMMAND("echo", ""), COMMAND("echo"))));
}

Test(identity, tells_settings_apart_that_decide_what_runs)
{
        cr_assert(not(is_same(COMMAND("pwd"), with_cwd(COMMAND("pwd"), "/"))));
        cr_assert(not(is_same(COMMAND("x"), as_program(COMMAND("x"), "y"))));
        cr_assert(not(is_same(COMMAND("env"), without_env(COMMAND("env")))));
        cr_assert(not(is_same(COMMAND("env"), with_env(COMMAND("env"), "A", "b"))));
        cr_assert(not(is_same(with_env(COMMAND("env"), "A", "b"), with_env(COMMAND("env"), "A", "c"))));
        cr_assert(not(is_same(COMMAND("cat"), with_input(COMMAND("cat"), ""))));
        cr_assert(not(is_same(with_input(COMMAND("cat"), "a"), with_input(COMMAND("cat"), "b"))));
        cr_assert(not(is_same(with_input(COMMAND("cat"), "a"), with_file(COMMAND("cat"), "a"))));
}

/* A sandbox of its own: a profile, then what a rule hides; either may be NULL. */
static struct inbye_command *with_sandbox(
        struct inbye_command *command, const char *profile, const char *hidden)
{
        struct inbye_sandbox *sandbox = NULL;
        int r = inbye_sandbox_open(&sandbox);

        if (profile)
                r |= inbye_sandbox_add_profile(sandbox, profile, NULL);
        if (hidden)
                r |= inbye_sandbox_add_path(sandbox, hidden, INBYE_ACCESS_HIDE, NULL);
        r |= inbye_command_set_sandbox(command, sandbox);
        inbye_sandbox_unref(sandbox);
        return r == 0 ? command : NULL;
}

Test(identity, tells_sandboxes_apart_by_what_they_take_away)
{
        cr_assert(is_same(COMMAND("x"), with_sandbox(COMMAND("x"), "none", NULL)));
        cr_assert(not(is_same(COMMAND("x"), with_sandbox(COMMAND("x"), NULL, "/opt"))));
        cr_assert(
                is_same(with_sandbox(COMMAND("x"), NULL, "/opt"), with_sandbox(COMMAND("x"), NULL, "/opt")));
        cr_assert(not(
                is_same(with_sandbox(COMMAND("x"), NULL, "/opt"), with_sandbox(COMMAND("x"), NULL, "/usr"))));
}

Test(identity, leaves_limits_and_names_out)
{
        cr_assert(is_same(COMMAND("make"), with_limits(COMMAND("make"))));
}

Test(identity, refuses_nothing_to_look_at)
{
        struct inbye_command *command = COMMAND("true");

        cr_assert(eq(int, inbye_command_identity(NULL, keep, NULL), -EINVAL));
        cr_assert(eq(int, inbye_command_identity(command, NULL, NULL), -EINVAL));
        inbye_command_unref(command);
}

/* In logs of earlier versions stand digests of these bytes. */
Test(identity, keeps_its_form)
{
        static const char wanted[] = "a\4\0\0\0\0\0\0\0echo"
                                     "a\1\0\0\0\0\0\0\0x"
                                     "c\1\0\0\0\0\0\0\0/"
                                     "e\3\0\0\0\0\0\0\0A=b"
                                     "b\2\0\0\0\0\0\0\0in";
        struct inbye_command *command =
                with_input(with_env(with_cwd(COMMAND("echo", "x"), "/"), "A", "b"), "in");
        struct bytes bytes = { .n = 0 };

        cr_assert(zero(int, inbye_command_identity(command, keep, &bytes)));
        cr_assert(eq(sz, bytes.n, sizeof(wanted) - 1));
        cr_assert(zero(int, memcmp(bytes.data, wanted, bytes.n)));
        inbye_command_unref(command);
}
