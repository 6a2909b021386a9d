/* SPDX-License-Identifier: MIT */
/*
 * End a running command from another thread.
 *
 * A token is thrown once, from any thread or from a signal handler. Whoever waits for the command then gets
 * its result, with the status "cancelled", when nothing of it is left.
 */
#include <inbye/inbye.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct other {
        int ready_fd;
        struct inbye_cancel *cancel;
};

/* Standing for a user who has seen enough: waits until the command says that it runs, then throws the token.
 */
static void *other_thread(void *userdata)
{
        struct other *other = userdata;
        char bytes[16];

        if (read(other->ready_fd, bytes, sizeof(bytes)) > 0)
                inbye_cancel_fire(other->cancel);
        return NULL;
}

static int run_until_cancelled(struct inbye_cancel *cancel, int ready_fd, enum inbye_status *ret_status)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_command *command;
        struct inbye_result *result;
        struct inbye_error error;
        char script[80];
        const char *argv[] = { "sh", "-c", script, NULL };
        int r;

        snprintf(script, sizeof(script), "echo running >/proc/self/fd/%d; sleep 1000", ready_fd);
        options.cancel = cancel;
        r = inbye_command_open(argv, &command);
        if (r < 0)
                return r;
        r = inbye_command_keep_fd(command, ready_fd);
        if (r >= 0)
                r = inbye_run(command, &options, &result, &error);
        if (r >= 0) {
                *ret_status = inbye_result_status(result);
                inbye_result_unref(result);
        }
        inbye_command_unref(command);
        return r;
}

int main(void)
{
        enum inbye_status status = INBYE_LOST;
        struct other other;
        pthread_t thread;
        int ready[2];
        int r;

        if (pipe(ready) < 0)
                return 1;
        other.ready_fd = ready[0];
        if (inbye_cancel_open(&other.cancel) < 0 || pthread_create(&thread, NULL, other_thread, &other) != 0)
                return 1;
        r = run_until_cancelled(other.cancel, ready[1], &status);
        close(ready[1]); /* had the command never started, the other thread would now see the end */
        pthread_join(thread, NULL);
        close(ready[0]);
        inbye_cancel_free(other.cancel);
        if (r < 0)
                return 1;
        printf("the command was %s\n", inbye_status_name(status));
        return status == INBYE_CANCELLED ? 0 : 1;
}
