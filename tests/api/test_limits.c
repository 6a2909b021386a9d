/* SPDX-License-Identifier: MIT */
/* Limits through the public interface: what the host cannot enforce is refused, and what it can is judged. */
#include "check.h"
#include <errno.h>

static struct inbye_limits limits_of_tasks(uint64_t tasks)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;

        limits.tasks = tasks;
        return limits;
}

Test(limits, that_make_no_sense_are_refused)
{
        struct inbye_command *command = COMMAND("true");
        struct inbye_limits bad[6];

        for (size_t i = 0; i < 6; i++)
                bad[i] = (struct inbye_limits)INBYE_LIMITS_INIT;
        bad[0].memory_bytes = 0;
        bad[1].tasks = 0;
        bad[2].cpu_us_per_s = 999;
        bad[3].cpu_weight = 10001;
        bad[4].io_weight = 10001;
        bad[5].cpus = "";
        for (size_t i = 0; i < 6; i++)
                cr_assert(eq(int, inbye_command_set_limits(command, &bad[i]), -EINVAL));
        inbye_command_unref(command);
}

Test(limits, of_a_newer_version_are_refused_when_they_say_something_unknown)
{
        struct {
                struct inbye_limits known;
                uint64_t unknown;
        } newer = { INBYE_LIMITS_INIT, 0 };
        struct inbye_command *command = COMMAND("true");

        newer.known.size = sizeof(newer);
        cr_assert(zero(int, inbye_command_set_limits(command, &newer.known)));
        newer.unknown = 1;
        cr_assert(eq(int, inbye_command_set_limits(command, &newer.known), -E2BIG));
        inbye_command_unref(command);
}

Test(limits, cannot_be_changed_once_the_command_was_started)
{
        struct inbye_command *command = inbye_command_ref(COMMAND("true"));

        inbye_result_unref(run(command));
        cr_assert(eq(int, inbye_command_set_limits(command, NULL), -EBUSY));
        inbye_command_unref(command);
}

Test(limits, have_names)
{
        cr_assert(eq(str, (char *)inbye_limit_name(INBYE_LIMIT_MEMORY), "memory"));
        cr_assert(eq(str, (char *)inbye_limit_name(INBYE_LIMIT_CPUS), "cpus"));
        cr_assert(zero(ptr, (void *)inbye_limit_name(INBYE_LIMIT_N)));
        cr_assert(eq(str, (char *)inbye_verdict_name(INBYE_VERDICT_TRIPPED), "tripped"));
}

Test(limits, that_there_were_not_have_no_verdict)
{
        struct inbye_result *result = run(COMMAND("true"));

        for (int i = 0; i < INBYE_LIMIT_N; i++)
                cr_assert(
                        eq(int, (int)inbye_result_verdict(result, (enum inbye_limit)i), INBYE_VERDICT_NONE));
        cr_assert(zero(ptr, (void *)inbye_result_oom(result)));
        inbye_result_unref(result);
}

/* A copy has limits of its own: the strings too. */
Test(limits, go_with_a_copy_of_the_command)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_command *command = COMMAND("true"), *copy = NULL;

        limits.cpus = "0";
        limits.io_max = "8:0 rbps=1048576";
        cr_assert(zero(int, inbye_command_set_limits(command, &limits)));
        cr_assert(zero(int, inbye_command_copy(command, &copy)));
        inbye_command_unref(command);
        inbye_command_unref(copy);
}

struct fixture {
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_error error;
};

static void open_group(struct fixture *f)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;

        options.flags = INBYE_GROUP_MOVE_OWNER;
        cr_assert(zero(int, inbye_loop_open(&f->loop)));
        cr_assert(zero(int, inbye_group_open(f->loop, &options, &f->group, &f->error)), "%s", f->error.text);
}

static void close_group(struct fixture *f)
{
        inbye_group_free(f->group);
        inbye_loop_free(f->loop);
}

/* Refused: nothing has changed, and the group goes on as it was. Enforced: the same. */
Test(limits, of_a_group_are_all_in_force_or_refused_with_cause_and_cure)
{
        struct inbye_limits limits = limits_of_tasks(64);
        struct inbye_process *process = NULL;
        struct inbye_result *result = NULL;
        struct inbye_command *command = COMMAND("true");
        struct fixture f = { 0 };
        int r;

        open_group(&f);
        r = inbye_group_set_limits(f.group, &limits, &f.error);
        if (r < 0) {
                cr_assert(eq(int, r, -EOPNOTSUPP), "%s", f.error.text);
                cr_assert(eq(int, (int)f.error.stage, INBYE_STAGE_LIMIT));
                cr_assert(ne(chr, f.error.text[0], '\0'));
                cr_assert(ne(chr, f.error.hint[0], '\0'));
        }
        cr_assert(zero(int, inbye_group_spawn(f.group, command, &process, &f.error)), "%s", f.error.text);
        cr_assert(zero(int, inbye_process_wait(process, PATIENCE, &result)));
        cr_assert(eq(int, (int)inbye_result_status(result), INBYE_OK));
        cr_assert(eq(int, (int)inbye_result_verdict(result, INBYE_LIMIT_TASKS),
                r < 0 ? INBYE_VERDICT_NONE : INBYE_VERDICT_NOT_TRIPPED));
        inbye_result_unref(result);
        inbye_process_free(process);
        inbye_command_unref(command);
        close_group(&f);
}

Test(limits, of_a_group_that_make_no_sense_change_nothing)
{
        struct inbye_limits limits = limits_of_tasks(0);
        struct fixture f = { 0 };

        open_group(&f);
        cr_assert(eq(int, inbye_group_set_limits(f.group, &limits, &f.error), -EINVAL));
        cr_assert(eq(int, (int)f.error.stage, INBYE_STAGE_ARGUMENT));
        close_group(&f);
}

/* A process that touches so much memory, started in the group and waited for. */
static struct inbye_result *eat(struct fixture *f, const char *bytes)
{
        struct inbye_process *process = NULL;
        struct inbye_result *result = NULL;
        struct inbye_command *command;
        char path[512];

        snprintf(path, sizeof(path), "%s/appetite", getenv("INBYE_HELPERS"));
        command = COMMAND(path, "memory", bytes);
        cr_assert(zero(int, inbye_group_spawn(f->group, command, &process, &f->error)), "%s", f->error.text);
        cr_assert(zero(int, inbye_process_wait(process, PATIENCE, &result)));
        inbye_process_free(process);
        inbye_command_unref(command);
        return result;
}

/* Put in force while the group is there, met by a command that has none of its own, and lifted again. */
Test(limits, of_a_group_end_its_trees_until_they_are_lifted)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_result *result;
        struct fixture f = { 0 };

        open_group(&f);
        limits.memory_bytes = 64 << 20;
        if (inbye_group_set_limits(f.group, &limits, &f.error) == 0) {
                result = eat(&f, "100000000");
                cr_assert(eq(int, (int)inbye_result_status(result), INBYE_OOM));
                cr_assert(eq(str, (char *)inbye_result_oom(result), "group"));
                cr_assert(eq(
                        int, (int)inbye_result_verdict(result, INBYE_LIMIT_MEMORY), INBYE_VERDICT_TRIPPED));
                inbye_result_unref(result);
                cr_assert(zero(int, inbye_group_set_limits(f.group, NULL, &f.error)), "%s", f.error.text);
        }
        result = eat(&f, "100000000");
        cr_assert(eq(int, (int)inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
        close_group(&f);
}

/* One of them cannot be put in force: then none is. */
Test(limits, of_a_group_are_put_back_when_one_is_refused)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_result *result;
        struct fixture f = { 0 };

        open_group(&f);
        limits.memory_bytes = 64 << 20;
        limits.io_max = "255:255 rbps=1"; /* there is no such disk, or no such controller */
        cr_assert(lt(int, inbye_group_set_limits(f.group, &limits, &f.error), 0));
        cr_assert(eq(int, (int)f.error.stage, INBYE_STAGE_LIMIT));
        result = eat(&f, "100000000");
        cr_assert(eq(int, (int)inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
        close_group(&f);
}
