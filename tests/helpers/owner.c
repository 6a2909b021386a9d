/* SPDX-License-Identifier: MIT */
/*
 * `owner MECHANISM COMMAND [ARG]...`: a program that uses the library and holds one tree, to be killed by a
 * test. When the tree has ended after all it says with what status.
 */
#include <inbye/inbye.h>
#include <stdio.h>

static int hold(struct inbye_loop *loop, const char *mechanism, struct inbye_command *command,
        struct inbye_error *error)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_process *process = NULL;
        struct inbye_result *result = NULL;
        struct inbye_group *group = NULL;
        int r;

        options.mechanisms = inbye_mechanism_from_name(mechanism);
        r = inbye_group_open(loop, &options, &group, error);
        if (r == 0)
                r = inbye_group_spawn(group, command, &process, error);
        if (r == 0)
                r = inbye_process_wait(process, INBYE_FOREVER, &result);
        if (r == 0)
                printf("\"status\":\"%s\"\n", inbye_status_name(inbye_result_status(result)));
        inbye_result_unref(result);
        inbye_process_free(process);
        inbye_group_free(group);
        return r;
}

int main(int argc, char **argv)
{
        struct inbye_command *command = NULL;
        struct inbye_loop *loop = NULL;
        struct inbye_error error = { 0 };
        int r;

        if (argc < 3 || !inbye_mechanism_from_name(argv[1]))
                return 64;
        r = inbye_command_open((const char *const *)argv + 2, &command);
        if (r == 0)
                r = inbye_loop_open(&loop);
        if (r == 0)
                r = hold(loop, argv[1], command, &error);
        if (r < 0)
                fprintf(stderr, "owner: %d %s\n", r, error.text);
        inbye_loop_free(loop);
        inbye_command_unref(command);
        return r < 0;
}
