/* SPDX-License-Identifier: MIT */
/*
 * inbye inside a loop that is already there: a plain poll(2) here, just as well GLib, libuv or asyncio.
 *
 * The program goes on with its own work (a pipe that ticks, standing for sockets and windows) while two
 * commands run. All it has to do: watch inbye_loop_fd() for readability, and call inbye_loop_dispatch(loop,
 * 0) then.
 */
#include <inbye/inbye.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned n_running;

static void ended(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        (void)process;
        printf("%s: %s\n", (const char *)userdata, inbye_status_name(inbye_result_status(result)));
        n_running--;
}

static void happened(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        (void)process;
        if (event->kind == INBYE_EVENT_OUTPUT)
                printf("%s says: %.*s", (const char *)userdata, (int)event->n_bytes, event->data);
}

static struct inbye_process *start(struct inbye_group *group, const char *name, const char *script)
{
        const char *argv[] = { "sh", "-c", script, NULL };
        struct inbye_command *command;
        struct inbye_process *process = NULL;
        struct inbye_error error;

        if (inbye_command_open(argv, &command) < 0)
                return NULL;
        if (inbye_group_spawn(group, command, &process, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                process = NULL;
        } else {
                /* Callbacks come from inbye_loop_dispatch() alone: none can have been missed. */
                inbye_process_on_end(process, ended, (void *)name);
                inbye_process_on_event(process, happened, (void *)name);
                n_running++;
        }
        inbye_command_unref(command);
        return process;
}

/* The program's own event: bytes from its pipe. */
static unsigned own_work(int fd)
{
        char bytes[16];
        ssize_t n_bytes = read(fd, bytes, sizeof(bytes));

        return n_bytes > 0 ? (unsigned)n_bytes : 0;
}

static unsigned turn_until_both_ended(struct inbye_loop *loop, int own_fd)
{
        struct pollfd fds[] = {
                { .fd = inbye_loop_fd(loop), .events = POLLIN },
                { .fd = own_fd, .events = POLLIN },
        };
        unsigned n_ticks = 0;

        while (n_running > 0) {
                if (poll(fds, 2, -1) < 0)
                        break;
                if (fds[0].revents && inbye_loop_dispatch(loop, 0) < 0)
                        break;
                if (fds[1].revents & POLLIN)
                        n_ticks += own_work(own_fd);
                else if (fds[1].revents)
                        fds[1].fd = -1;
        }
        return n_ticks;
}

int main(void)
{
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_process *one, *two;
        struct inbye_error error;
        unsigned n_ticks;
        int ticks[2];

        if (pipe(ticks) < 0 || write(ticks[1], "...", 3) != 3 || inbye_loop_open(&loop) < 0)
                return 1;
        close(ticks[1]);
        if (inbye_group_open(loop, NULL, &group, &error) < 0) {
                fprintf(stderr, "%s; %s\n", error.text, error.hint);
                inbye_loop_free(loop);
                return 1;
        }
        one = start(group, "one", "echo a; echo b");
        two = start(group, "two", "echo c; exit 1");
        n_ticks = turn_until_both_ended(loop, ticks[0]);
        inbye_process_free(one);
        inbye_process_free(two);
        inbye_group_free(group);
        inbye_loop_free(loop);
        close(ticks[0]);
        printf("meanwhile %u ticks of the program's own\n", n_ticks);
        return one && two && n_ticks == 3 ? 0 : 1;
}
