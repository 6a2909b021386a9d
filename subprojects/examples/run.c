/* SPDX-License-Identifier: MIT */
/*
 * Run one command and look at what came of it.
 *
 * inbye_run() returns when the command *and everything that came of it* has ended: the `sleep` that this
 * shell leaves in the background is not there any more when the result is printed, and the result tells of
 * it.
 */
#include <inbye/inbye.h>

#include <stdio.h>

static const char *const argv[] = { "sh", "-c", "echo hello from $$; sleep 1000 & exit 3", NULL };

static void show(const struct inbye_result *result)
{
        size_t n_bytes;
        const char *output = inbye_result_output(result, INBYE_STDOUT, &n_bytes);

        printf("it said: %.*s", (int)n_bytes, output);
        printf("status %s, code %d, held by %s, %.1f ms\n", inbye_status_name(inbye_result_status(result)),
                inbye_result_code(result), inbye_result_mechanism(result),
                (double)inbye_result_duration_ns(result) / INBYE_MILLISECOND);
        for (size_t i = 0; i < inbye_result_n_leftovers(result); i++) {
                const struct inbye_leftover *leftover = inbye_result_leftover(result, i);

                if (leftover)
                        printf("left behind and ended: %s (%d)\n", leftover->name, (int)leftover->pid);
        }
}

int main(void)
{
        struct inbye_command *command = NULL;
        struct inbye_result *result = NULL;
        struct inbye_error error;
        int code = -1;

        if (inbye_command_open(argv, &command) < 0)
                return 1;
        /* A command that exits with 3 is a result. An error is that inbye could not do its part. */
        if (inbye_run(command, NULL, &result, &error) < 0) {
                fprintf(stderr, "%s; %s\n", error.text, error.hint);
        } else {
                show(result);
                code = inbye_result_code(result);
        }
        inbye_result_unref(result);
        inbye_command_unref(command);
        return code == 3 ? 0 : 1;
}
