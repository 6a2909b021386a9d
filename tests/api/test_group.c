/* SPDX-License-Identifier: MIT */
/* Groups and live processes: several trees as one, signals, freezing, cancelling, freeing at any time. */
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

struct fixture {
        struct inbye_loop *loop;
        struct inbye_group *group;
        int n_fds;
};

static struct fixture begin(uint32_t mechanisms, struct inbye_cancel *cancel)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct fixture f = { .n_fds = count_fds() };
        struct inbye_error error = { 0 };

        options.mechanisms = mechanisms;
        options.cancel = cancel;
        cr_assert(zero(int, inbye_loop_open(&f.loop)));
        cr_assert(zero(int, inbye_group_open(f.loop, &options, &f.group, &error)), "%s", error.text);
        return f;
}

static void end(struct fixture *f)
{
        int n_fds;

        inbye_group_free(f->group);
        inbye_loop_free(f->loop);
        n_fds = count_fds();
        cr_assert(eq(int, n_fds, f->n_fds));
}

static struct inbye_process *start(struct fixture *f, struct inbye_command *command)
{
        struct inbye_process *process = NULL;
        struct inbye_error error = { 0 };
        int r = inbye_group_spawn(f->group, command, &process, &error);

        cr_assert(zero(int, r), "%s", error.text);
        inbye_command_unref(command);
        return process;
}

static enum inbye_status wait_status(struct inbye_process *process)
{
        struct inbye_result *result = NULL;
        enum inbye_status status;

        cr_assert(zero(int, inbye_process_wait(process, PATIENCE, &result)));
        status = inbye_result_status(result);
        inbye_result_unref(result);
        return status;
}

/* Lines that came from stdout, counted as they come. */
struct lines {
        int n;
        char text[256];
        size_t n_text;
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct lines *lines = userdata;

        (void)process;
        if (event->kind != INBYE_EVENT_OUTPUT)
                return;
        for (size_t i = 0; i < event->n_bytes; i++) {
                lines->n += event->data[i] == '\n';
                if (lines->n_text < sizeof(lines->text) - 1)
                        lines->text[lines->n_text++] = event->data[i];
        }
}

static void await_lines(struct fixture *f, struct inbye_process *process, struct lines *lines, int n)
{
        inbye_process_on_event(process, on_event, lines);
        while (lines->n < n)
                cr_assert(gt(int, inbye_loop_dispatch(f->loop, PATIENCE), 0));
}

Test(group, ends_all_its_trees_when_it_is_freed)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *a = start(&f, SH("setsid sleep 60 & echo $!; exec sleep 60"));
        struct inbye_process *b = start(&f, COMMAND("sleep", "60"));
        struct lines lines = { 0 };
        pid_t grandchild, main_a = inbye_process_pid(a), main_b = inbye_process_pid(b);

        await_lines(&f, a, &lines, 1);
        grandchild = atoi(lines.text);
        cr_assert(eq(int, is_alive(grandchild), 1));
        cr_assert(zero(int, inbye_group_kill(f.group)));
        cr_assert(zero(int, inbye_group_wait(f.group, PATIENCE)));
        cr_assert(eq(int, inbye_result_status(inbye_process_result(a)), INBYE_CANCELLED));
        inbye_process_free(a);
        inbye_process_free(b);
        cr_assert(zero(int, is_alive(grandchild)));
        cr_assert(zero(int, is_alive(main_a)));
        cr_assert(zero(int, is_alive(main_b)));
        end(&f);
}

Test(group, is_of_use_again_after_its_trees_were_killed)
{
        struct fixture f = begin(0, NULL);

        for (int i = 0; i < 5; i++) {
                struct inbye_process *process = start(&f, COMMAND("sleep", "60"));

                cr_assert(zero(int, inbye_group_kill(f.group)));
                cr_assert(eq(int, wait_status(process), INBYE_CANCELLED));
                inbye_process_free(process);
                process = start(&f, COMMAND("true"));
                cr_assert(eq(int, wait_status(process), INBYE_OK));
                inbye_process_free(process);
        }
        end(&f);
}

Test(group, wait_times_out_while_a_process_is_left)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, COMMAND("sleep", "60"));

        cr_assert(eq(int, inbye_group_wait(f.group, 0), -ETIMEDOUT));
        cr_assert(eq(int, inbye_process_wait(process, 10 * MS, NULL), -ETIMEDOUT));
        cr_assert(zero(ptr, inbye_process_result(process)));
        inbye_process_free(process);
        cr_assert(zero(int, inbye_group_wait(f.group, 0)));
        end(&f);
}

Test(group, reaches_every_member_with_a_signal)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(
                &f, SH("trap 'echo got; exit 0' USR1; (trap 'echo got; exit 0' USR1; echo up; while :; do "
                       "sleep 0.05; done) & echo up; while :; do sleep 0.05; done"));
        struct lines lines = { 0 };

        await_lines(&f, process, &lines, 2);
        cr_assert(zero(int, inbye_group_signal(f.group, SIGUSR1)));
        while (lines.n < 3)
                cr_assert(gt(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        wait_status(process);
        inbye_process_free(process);
        end(&f);
}

Test(group, lists_its_members)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, SH("sleep 60 & echo up; wait"));
        struct inbye_member *members = NULL;
        struct lines lines = { 0 };
        size_t n = 0;
        int seen = 0;

        await_lines(&f, process, &lines, 1);
        cr_assert(zero(int, inbye_group_members(f.group, &members, &n)));
        cr_assert(eq(sz, n, 2));
        for (size_t i = 0; i < n; i++) {
                seen += members[i].pid == inbye_process_pid(process);
                cr_assert(gt(u64, members[i].start_ticks, 0));
                if (members[i].pid != inbye_process_pid(process))
                        cr_assert(eq(int, members[i].ppid, inbye_process_pid(process)));
        }
        cr_assert(eq(int, seen, 1));
        free(members);
        inbye_process_free(process);
        end(&f);
}

Test(group, freezing_stops_the_clock)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = COMMAND("sleep", "60");
        struct inbye_process *process;

        cr_assert(zero(int, inbye_command_set_timeout(command, 150 * MS)));
        process = start(&f, command);
        if (inbye_group_freeze(f.group) == -EOPNOTSUPP) {
                inbye_process_free(process);
                end(&f);
                cr_skip("no freezer here");
                return;
        }
        cr_assert(eq(int, inbye_process_wait(process, 400 * MS, NULL), -ETIMEDOUT));
        cr_assert(zero(int, inbye_group_thaw(f.group)));
        cr_assert(eq(int, wait_status(process), INBYE_TIMEOUT));
        cr_assert(ge(u64, inbye_result_duration_ns(inbye_process_result(process)), 500 * MS));
        inbye_process_free(process);
        end(&f);
}

Test(group, a_frozen_tree_can_be_ended_softly_and_hard)
{
        for (int hard = 0; hard < 2; hard++) {
                struct fixture f = begin(0, NULL);
                struct inbye_process *process = start(&f, SH("trap 'exit 5' TERM; echo up; while :; do "
                                                             "sleep 0.05; done"));
                struct lines lines = { 0 };

                await_lines(&f, process, &lines, 1);
                if (inbye_group_freeze(f.group) == 0) {
                        cr_assert(zero(int, inbye_group_shutdown(f.group, SIGTERM, hard ? 0 : 10 * SEC)));
                        cr_assert(eq(int, wait_status(process), INBYE_CANCELLED));
                        cr_assert(eq(int, inbye_result_code(inbye_process_result(process)), hard ? -1 : 5));
                }
                inbye_process_free(process);
                end(&f);
        }
}

Test(group, starts_nothing_while_frozen)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = COMMAND("true");
        struct inbye_process *process = NULL;

        if (inbye_group_freeze(f.group) == 0) {
                cr_assert(eq(int, inbye_group_spawn(f.group, command, &process, NULL), -EBUSY));
                cr_assert(zero(int, inbye_group_thaw(f.group)));
                cr_assert(zero(int, inbye_group_spawn(f.group, command, &process, NULL)));
                cr_assert(eq(int, wait_status(process), INBYE_OK));
                inbye_process_free(process);
        }
        inbye_command_unref(command);
        end(&f);
}

static void *fire(void *cancel)
{
        inbye_cancel_fire(cancel);
        return NULL;
}

Test(group, a_token_fired_from_another_thread_ends_it)
{
        struct inbye_cancel *cancel = NULL;
        struct inbye_process *process;
        struct fixture f;
        pthread_t thread;

        cr_assert(zero(int, inbye_cancel_open(&cancel)));
        f = begin(0, cancel);
        process = start(&f, SH("setsid sleep 60 & exec sleep 60"));
        cr_assert(zero(int, pthread_create(&thread, NULL, fire, cancel)));
        cr_assert(eq(int, wait_status(process), INBYE_CANCELLED));
        pthread_join(thread, NULL);
        inbye_process_free(process);
        end(&f);
        inbye_cancel_free(cancel);
}

Test(group, refuses_a_mechanism_that_is_not_there)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_group *group = NULL;
        struct inbye_loop *loop = NULL;
        struct inbye_error error = { 0 };

        options.mechanisms = 1u << 20;
        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(eq(int, inbye_group_open(loop, &options, &group, &error), -EOPNOTSUPP));
        cr_assert(eq(int, error.stage, INBYE_STAGE_MECHANISM));
        cr_assert(gt(sz, strlen(error.text), 0));
        cr_assert(zero(ptr, group));
        inbye_loop_free(loop);
}

Test(group, refuses_options_of_a_newer_version)
{
        struct {
                struct inbye_group_options options;
                long more;
        } newer = { INBYE_GROUP_OPTIONS_INIT, 0 };
        struct inbye_group *group = NULL;
        struct inbye_loop *loop = NULL;

        newer.options.size = sizeof(newer);
        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(zero(int, inbye_group_open(loop, &newer.options, &group, NULL)));
        inbye_group_free(group);
        newer.more = 1;
        cr_assert(eq(int, inbye_group_open(loop, &newer.options, &group, NULL), -E2BIG));
        inbye_loop_free(loop);
}

Test(group, pgroup_says_what_it_cannot_hold)
{
        uint32_t pgroup = inbye_mechanism_from_name("pgroup");
        struct fixture f = begin(pgroup, NULL);
        struct inbye_command *command = SH("sleep 60 & echo $!; exec sleep 60");
        struct inbye_process *process;

        cr_assert(eq(str, (char *)inbye_group_mechanism(f.group), (char *)inbye_mechanism_name(pgroup)));
        cr_assert(not(inbye_group_cannot(f.group) == NULL));
        cr_assert(zero(int, inbye_command_set_timeout(command, 200 * MS)));
        process = start(&f, command);
        cr_assert(eq(int, wait_status(process), INBYE_TIMEOUT));
        cr_assert(zero(int, is_alive(atoi(output(inbye_process_result(process))))));
        cr_assert(not(inbye_result_cannot(inbye_process_result(process)) == NULL));
        inbye_process_free(process);
        end(&f);
}

/* --- processes --------------------------------------------------------------------------------------------
 */

static int n_ends;
static void on_end_free(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        *(enum inbye_status *)userdata = inbye_result_status(result);
        n_ends++;
        inbye_process_free(process);
}

Test(process, may_be_freed_from_its_own_end)
{
        struct fixture f = begin(0, NULL);
        enum inbye_status status = INBYE_LOST;
        struct inbye_process *process = start(&f, COMMAND("true"));

        inbye_process_on_end(process, on_end_free, &status);
        cr_assert(zero(int, inbye_group_wait(f.group, PATIENCE)));
        cr_assert(eq(int, n_ends, 1));
        cr_assert(eq(int, status, INBYE_OK));
        end(&f);
}

static void on_event_free(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        if (event->kind != INBYE_EVENT_OUTPUT || *(int *)userdata)
                return;
        *(int *)userdata = 1;
        inbye_process_free(process);
}

Test(process, may_be_freed_from_an_event_while_it_lives)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, SH("echo x; setsid sleep 60 & exec sleep 60"));
        pid_t pid = inbye_process_pid(process);
        int freed = 0;

        inbye_process_on_event(process, on_event_free, &freed);
        cr_assert(zero(int, inbye_group_wait(f.group, PATIENCE)));
        cr_assert(eq(int, freed, 1));
        cr_assert(zero(int, is_alive(pid)));
        end(&f);
}

static void on_event_free_group(
        void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct fixture *f = userdata;

        if (event->kind != INBYE_EVENT_OUTPUT || !f->group)
                return;
        inbye_process_free(process);
        inbye_group_free(f->group);
        f->group = NULL;
}

Test(group, may_be_freed_from_an_event_of_its_process)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, SH("echo x; exec sleep 60"));
        pid_t pid = inbye_process_pid(process);

        inbye_process_on_event(process, on_event_free_group, &f);
        while (is_alive(pid))
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, SEC), 0));
        while (inbye_loop_dispatch(f.loop, 50 * MS) > 0)
                ;
        end(&f);
}

Test(process, cancel_beats_timeout_and_can_only_become_sooner)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = SH("trap '' TERM; echo up; while :; do sleep 0.05; done");
        struct inbye_process *process;
        struct lines lines = { 0 };

        cr_assert(zero(int, inbye_command_set_timeout(command, 60 * SEC)));
        process = start(&f, command);
        await_lines(&f, process, &lines, 1);
        cr_assert(zero(int, inbye_process_cancel(process, 0, 60 * SEC)));
        cr_assert(eq(int, inbye_process_wait(process, 50 * MS, NULL), -ETIMEDOUT));
        cr_assert(zero(int, inbye_process_cancel(process, SIGTERM, 50 * MS)));
        cr_assert(eq(int, wait_status(process), INBYE_CANCELLED));
        cr_assert(lt(u64, inbye_result_duration_ns(inbye_process_result(process)), PATIENCE));
        cr_assert(eq(int, inbye_process_cancel(process, 0, 0), -ESRCH));
        inbye_process_free(process);
        end(&f);
}

Test(process, a_stopped_tree_is_ended)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = SH("echo up; kill -STOP $$; sleep 60");
        struct inbye_process *process;

        cr_assert(zero(int, inbye_command_set_timeout(command, 200 * MS)));
        cr_assert(zero(int, inbye_command_set_grace(command, 5 * SEC)));
        process = start(&f, command);
        cr_assert(eq(int, wait_status(process), INBYE_TIMEOUT));
        cr_assert(eq(int, inbye_result_signal(inbye_process_result(process)), SIGTERM));
        inbye_process_free(process);
        end(&f);
}

Test(process, tells_when_the_command_stopped)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, SH("echo up; kill -STOP $$; echo on"));
        struct lines lines = { 0 };
        int stop = 0;
        siginfo_t info;

        await_lines(&f, process, &lines, 1);
        /* The test may wait for the stop where the library must not. */
        cr_assert(zero(int, waitid(P_PID, (id_t)inbye_process_pid(process), &info, WSTOPPED | WNOWAIT)));
        stop = inbye_process_take_stop(process);
        cr_assert(eq(int, stop, SIGSTOP));
        cr_assert(zero(int, inbye_process_take_stop(process)));
        cr_assert(zero(int, inbye_process_signal_main(process, SIGCONT)));
        cr_assert(eq(int, wait_status(process), INBYE_OK));
        inbye_process_free(process);
        end(&f);
}

Test(process, talks_both_ways)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = COMMAND("cat");
        struct inbye_process *process;
        struct lines lines = { 0 };

        cr_assert(zero(int, inbye_command_set_input(command, INBYE_INPUT_PIPE)));
        process = start(&f, command);
        cr_assert(zero(int, inbye_process_write(process, "ping\n", 5)));
        await_lines(&f, process, &lines, 1);
        cr_assert(eq(str, lines.text, "ping\n"));
        cr_assert(zero(int, inbye_process_write(process, "pong\n", 5)));
        cr_assert(zero(int, inbye_process_close_input(process)));
        cr_assert(eq(int, wait_status(process), INBYE_OK));
        cr_assert(eq(str, lines.text, "ping\npong\n"));
        cr_assert(eq(int, inbye_process_write(process, "x", 1), -EPIPE));
        inbye_process_free(process);
        end(&f);
}

Test(process, a_host_that_reaps_everything_does_not_break_it)
{
        struct fixture f = begin(0, NULL);
        struct inbye_process *process = start(&f, SH("exit 3"));
        enum inbye_status status;

        /* The host's own wait(-1) wins. */
        cr_assert(eq(int, waitpid(-1, NULL, 0), inbye_process_pid(process)));
        status = wait_status(process);
        /* Where the kernel still knows it the code is right, else it is said to be unknown. */
        if (status == INBYE_NONZERO)
                cr_assert(eq(int, inbye_result_code(inbye_process_result(process)), 3));
        else
                cr_assert(eq(int, status, INBYE_LOST));
        inbye_process_free(process);
        end(&f);
}

Test(process, sigchld_ignored_by_the_host_is_fine)
{
        struct inbye_process *process;
        struct fixture f = begin(0, NULL);

        signal(SIGCHLD, SIG_IGN);
        process = start(&f, COMMAND("true"));
        wait_status(process);
        inbye_process_free(process);
        signal(SIGCHLD, SIG_DFL);
        end(&f);
}

static void count_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        (void)process;
        ((int *)userdata)[event->kind]++;
}

Test(process, events_tell_its_life)
{
        struct fixture f = begin(0, NULL);
        int counts[INBYE_EVENT_N] = { 0 };
        struct inbye_command *command = SH("echo x; trap '' TERM; sleep 60; sleep 60");
        struct inbye_process *process;

        cr_assert(zero(int, inbye_command_set_timeout(command, 200 * MS)));
        cr_assert(zero(int, inbye_command_set_grace(command, 100 * MS)));
        process = start(&f, command);
        inbye_process_on_event(process, count_event, counts);
        cr_assert(eq(int, wait_status(process), INBYE_TIMEOUT));
        cr_assert(ge(int, counts[INBYE_EVENT_OUTPUT], 1));
        cr_assert(eq(int, counts[INBYE_EVENT_LIMIT], 1));
        cr_assert(eq(int, counts[INBYE_EVENT_SIGNAL], 1));
        cr_assert(eq(int, counts[INBYE_EVENT_KILLED], 1));
        cr_assert(eq(int, counts[INBYE_EVENT_EXITED], 1));
        cr_assert(eq(str, (char *)inbye_event_name(INBYE_EVENT_KILLED), "killed"));
        inbye_process_free(process);
        end(&f);
}

/* Begins as the first line comes, so that the second waits in the pipe. */
static void pause_at_first_line(
        void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct lines *lines = userdata;

        on_event(lines, process, event);
        if (event->kind == INBYE_EVENT_OUTPUT)
                (void)inbye_process_pause_output(process); /* -ESRCH: the rest, at the end */
}

Test(process, reads_nothing_while_its_output_is_paused_and_all_of_it_at_the_end)
{
        struct fixture f = begin(0, NULL);
        struct lines lines = { 0 };
        struct inbye_command *command =
                SH("echo 1; read -r go; echo 2 >&2; head -c 50000 /dev/zero | tr '\\0' '\\n'");
        struct inbye_process *process;

        cr_assert(zero(int, inbye_command_set_input(command, INBYE_INPUT_PIPE)));
        process = start(&f, command);
        inbye_process_on_event(process, pause_at_first_line, &lines);
        while (lines.n < 1)
                cr_assert(gt(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        cr_assert(zero(int, inbye_process_write(process, "go\n", 3)));
        while (!inbye_process_result(process)) {
                cr_assert(eq(int, lines.n, 1));
                cr_assert(gt(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        }
        cr_assert(eq(int, lines.n, 50002));
        cr_assert(eq(int, wait_status(process), INBYE_OK));
        cr_assert(eq(int, inbye_process_pause_output(process), -ESRCH));
        cr_assert(eq(int, inbye_process_resume_output(process), -ESRCH));
        cr_assert(eq(int, inbye_process_pause_output(NULL), -EINVAL));
        inbye_process_free(process);
        end(&f);
}

/* More than a pipe holds: it ends only if it is read. */
Test(process, goes_on_when_its_output_is_resumed_and_was_not_idle_meanwhile)
{
        struct fixture f = begin(0, NULL);
        struct lines lines = { 0 };
        struct inbye_command *command = SH("echo 1; yes | head -c 1000000");
        struct inbye_process *process;
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_idle_timeout(command, 300 * MS)));
        process = start(&f, command);
        inbye_process_on_event(process, pause_at_first_line, &lines);
        while (lines.n < 1)
                cr_assert(gt(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        cr_assert(eq(int, inbye_process_wait(process, 700 * MS, NULL), -ETIMEDOUT));
        inbye_process_on_event(process, NULL, NULL);
        cr_assert(zero(int, inbye_process_resume_output(process)));
        cr_assert(zero(int, inbye_process_wait(process, PATIENCE, &result)));
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        cr_assert(eq(u64, inbye_result_bytes_seen(result, INBYE_STDOUT), 1000002));
        inbye_result_unref(result);
        inbye_process_free(process);
        end(&f);
}

Test(loop, can_be_embedded_in_a_plain_poll)
{
        struct fixture f = begin(0, NULL);
        struct inbye_command *command = COMMAND("sleep", "60");
        struct inbye_process *process;
        struct pollfd p = { .fd = inbye_loop_fd(f.loop), .events = POLLIN };

        cr_assert(zero(int, inbye_command_set_timeout(command, 100 * MS)));
        process = start(&f, command);
        while (!inbye_process_result(process)) {
                cr_assert(eq(int, poll(&p, 1, 10000), 1));
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, 0), 0));
        }
        cr_assert(eq(int, inbye_result_status(inbye_process_result(process)), INBYE_TIMEOUT));
        inbye_process_free(process);
        end(&f);
}

/* --- host
 * --------------------------------------------------------------------------------------------------- */

Test(host, knows_every_mechanism_and_why_not)
{
        struct inbye_host *host = NULL;
        const struct inbye_host_mechanism *mechanism;
        char *json = NULL;
        int works = 0;

        cr_assert(zero(int, inbye_host_open(&host)));
        for (size_t i = 0; (mechanism = inbye_host_mechanism(host, i)); i++) {
                works += mechanism->number == 0;
                cr_assert(eq(u32, inbye_mechanism_from_name(mechanism->name), mechanism->mechanism));
                if (mechanism->number)
                        cr_assert(not(mechanism->reason == NULL));
        }
        cr_assert(ge(int, works, 1));
        cr_assert(not(inbye_host_best(host) == NULL));
        for (size_t i = 0; inbye_host_controller(host, i); i++)
                cr_assert(gt(sz, strlen(inbye_host_controller(host, i)->mount), 0));
        cr_assert(zero(int, inbye_host_json(host, &json)));
        cr_assert(not(strstr(json, "\"mechanisms\":[") == NULL));
        free(json);
        inbye_host_free(host);
}
