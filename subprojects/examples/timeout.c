/* SPDX-License-Identifier: MIT */
/*
 * A time limit, and the output that came before it struck.
 *
 * The command says a word and hangs, deaf to SIGTERM, in a child that went into a session of its own. After
 * the timeout it gets the soft signal, a grace to tidy up, then SIGKILL, all of it. The status stays
 * "timeout" whatever it died of, and what it had written is kept.
 */
#include <inbye/inbye.h>

#include <stdio.h>
#include <string.h>

static const char *const argv[] = { "setsid", "-w", "sh", "-c",
        "trap '' TERM; echo working; while :; do sleep 1000; done", NULL };

static int configure(struct inbye_command *command)
{
        int r;

        r = inbye_command_set_timeout(command, 300 * INBYE_MILLISECOND);
        if (r < 0)
                return r;
        r = inbye_command_set_grace(command, 100 * INBYE_MILLISECOND);
        if (r < 0)
                return r;
        /* Of a flood, the last 64 KiB would do. */
        return inbye_command_set_capture(command, INBYE_STDOUT, (size_t)64 << 10, INBYE_KEEP_TAIL, NULL);
}

int main(void)
{
        struct inbye_command *command = NULL;
        struct inbye_result *result = NULL;
        struct inbye_error error;
        int as_expected = 0;

        if (inbye_command_open(argv, &command) < 0)
                return 1;
        if (configure(command) < 0) {
                inbye_command_unref(command);
                return 1;
        }
        if (inbye_run(command, NULL, &result, &error) < 0) {
                fprintf(stderr, "%s; %s\n", error.text, error.hint);
        } else {
                size_t n_bytes;
                const char *output = inbye_result_output(result, INBYE_STDOUT, &n_bytes);

                as_expected = inbye_result_status(result) == INBYE_TIMEOUT && n_bytes == 8 &&
                              memcmp(output, "working\n", 8) == 0;
                printf("%s after %.0f ms, having said: %.*s", inbye_status_name(inbye_result_status(result)),
                        (double)inbye_result_duration_ns(result) / INBYE_MILLISECOND, (int)n_bytes, output);
        }
        inbye_result_unref(result);
        inbye_command_unref(command);
        return as_expected ? 0 : 1;
}
