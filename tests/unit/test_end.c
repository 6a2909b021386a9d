/* SPDX-License-Identifier: MIT */
/*
 * The one way a tree ends, event by event: what comes too early, too late, twice, from a callback, or when
 * there is no descriptor left. Where time matters the test turns the clock, or stands in for the mechanism.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "run/run.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inbye/process.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define MS INBYE_MILLISECOND
#define PATIENCE (20 * INBYE_SECOND)
#define PATIENCE_MS 20000

static uint64_t ahead_ns;

static uint64_t clock_ahead(void *data)
{
        (void)data;
        return clock_now_ns() + ahead_ns;
}

struct fixture {
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_command *command;
        struct inbye_process *process;
};

static void fixture_open(struct fixture *f, struct inbye_cancel *cancel, const char *script)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_error error = { 0 };

        *f = (struct fixture){ 0 };
        options.cancel = cancel;
        cr_assert(zero(int, inbye_loop_open(&f->loop)));
        loop_set_clock(f->loop, clock_ahead, NULL);
        cr_assert(zero(int, inbye_group_open(f->loop, &options, &f->group, &error)), "%s", error.text);
        cr_assert(zero(
                int, inbye_command_open((const char *const[]){ "sh", "-c", script, NULL }, &f->command)));
}

static void fixture_start(struct fixture *f)
{
        struct inbye_error error = { 0 };

        cr_assert(zero(int, inbye_group_spawn(f->group, f->command, &f->process, &error)), "%s", error.text);
}

static void fixture_close(struct fixture *f)
{
        inbye_process_free(f->process);
        inbye_command_unref(f->command);
        inbye_group_free(f->group);
        inbye_loop_free(f->loop);
}

static void pass_time(struct fixture *f, uint64_t ns)
{
        ahead_ns += ns;
        cr_assert(ge(int, inbye_loop_dispatch(f->loop, 0), 0));
}

/* The command has ended, and nobody has noticed yet. */
static void await_unnoticed_end(struct fixture *f)
{
        cr_assert(eq(int, sys_pidfd_wait(f->process->pidfd, PATIENCE_MS), 1));
}

static enum inbye_status wait_status(struct fixture *f)
{
        struct inbye_result *result = NULL;
        enum inbye_status status;

        cr_assert(zero(int, inbye_process_wait(f->process, PATIENCE, &result)), "it never ended");
        status = inbye_result_status(result);
        inbye_result_unref(result);
        return status;
}
#define expect_status(f, expected)                                                                           \
        do {                                                                                                 \
                enum inbye_status status_ = wait_status(f);                                                  \
                cr_assert(eq(int, status_, expected), "%s", inbye_status_name(status_));                     \
        } while (0)

/* What the process told, and what to do when it tells something. */
struct listener {
        struct fixture *f;
        int n[INBYE_EVENT_N];
        char output[256];
        size_t n_output;
        enum inbye_event_kind on;
        void (*act)(struct fixture *f);
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct listener *listener = userdata;

        (void)process;
        listener->n[event->kind]++;
        if (event->kind == INBYE_EVENT_OUTPUT)
                for (size_t i = 0; i < event->n_bytes && listener->n_output < sizeof(listener->output) - 1;
                        i++)
                        listener->output[listener->n_output++] = event->data[i];
        if (listener->act && event->kind == listener->on && listener->n[event->kind] == 1)
                listener->act(listener->f);
}

/* Turn the loop until so many lines have come. */
static void await_lines(struct fixture *f, struct listener *listener, int n)
{
        int n_lines, r;

        inbye_process_on_event(f->process, on_event, listener);
        do {
                r = inbye_loop_dispatch(f->loop, PATIENCE); /* once: a failed assertion looks again */
                cr_assert(gt(int, r, 0), "no line came");
                n_lines = 0;
                for (size_t i = 0; i < listener->n_output; i++)
                        n_lines += listener->output[i] == '\n';
        } while (n_lines < n);
}

/* --- an end that nobody has noticed yet ----------------------------------------------------------------- */

Test(end, too_much_output_is_told_of_a_command_that_has_ended_as_well)
{
        struct fixture f;

        fixture_open(&f, NULL, "printf 1234567890");
        inbye_command_set_capture(f.command, INBYE_STDOUT, 4, INBYE_KEEP_FAIL, NULL);
        fixture_start(&f);
        await_unnoticed_end(&f);
        expect_status(&f, INBYE_OUTPUT_LIMIT);
        fixture_close(&f);
}

Test(end, a_cancel_ends_the_wait_for_leftovers_of_a_command_that_has_ended)
{
        struct fixture f;

        fixture_open(&f, NULL, "sleep 60 & exit 0");
        inbye_command_set_leftovers(f.command, INBYE_LEFTOVERS_WAIT);
        fixture_start(&f);
        await_unnoticed_end(&f);
        cr_assert(zero(int, inbye_process_cancel(f.process, 0, 0)));
        expect_status(&f, INBYE_CANCELLED);
        fixture_close(&f);
}

Test(end, a_cancel_after_the_end_changes_nothing)
{
        struct fixture f;

        fixture_open(&f, NULL, "exit 3");
        fixture_start(&f);
        await_unnoticed_end(&f);
        cr_assert(zero(int, inbye_process_cancel(f.process, 0, 0)));
        expect_status(&f, INBYE_NONZERO);
        fixture_close(&f);
}

static void ignore(struct loop_io *io, uint32_t events)
{
        (void)io;
        (void)events;
}

/* So many events that the one of the command's end has to wait for the next turn, while its timer does not.
 */
Test(end, a_timeout_ends_the_wait_for_leftovers_although_the_end_was_not_noticed)
{
        enum { N = 64 };
        static struct loop_io busy[N];
        int fd = eventfd(1, EFD_CLOEXEC), fds[N];
        struct fixture f;

        fixture_open(&f, NULL, "sleep 60 & exit 0");
        for (int i = 0; i < N; i++) {
                fds[i] = fd_dup_above(fd, 3);
                cr_assert(zero(int, loop_io_add(f.loop, &busy[i], fds[i], EPOLLIN, ignore)));
        }
        inbye_command_set_leftovers(f.command, INBYE_LEFTOVERS_WAIT);
        inbye_command_set_timeout(f.command, 50 * MS);
        fixture_start(&f);
        await_unnoticed_end(&f);
        ahead_ns = 60 * MS;
        cr_assert(gt(int, inbye_loop_dispatch(f.loop, 0), 0));
        for (int i = 0; i < N; i++) {
                loop_io_remove(&busy[i]);
                fd_close(fds[i]);
        }
        expect_status(&f, INBYE_TIMEOUT);
        fixture_close(&f);
        fd_close(fd);
}

Test(end, a_token_fired_between_the_start_and_the_first_turn_is_seen)
{
        struct inbye_cancel *token = NULL;
        struct fixture f;
        struct inbye_error error = { 0 };
        struct inbye_process *second = NULL;

        cr_assert(zero(int, inbye_cancel_open(&token)));
        fixture_open(&f, token, "exec sleep 60");
        fixture_start(&f);
        inbye_cancel_fire(token);
        cr_assert(eq(int, inbye_group_spawn(f.group, f.command, &second, &error), -ECANCELED));
        expect_status(&f, INBYE_CANCELLED);
        inbye_cancel_free(token);
        fixture_close(&f);
}

/* --- from inside callbacks ------------------------------------------------------------------------------ */

static void cancel_hard(struct fixture *f)
{
        cr_assert(zero(int, inbye_process_cancel(f->process, SIGKILL, 0)));
}

static void cancel_softly(struct fixture *f)
{
        cr_assert(zero(int, inbye_process_cancel(f->process, SIGTERM, 10 * INBYE_SECOND)));
}

Test(end, a_cancel_while_leftovers_are_killed_does_not_make_it_cancelled)
{
        struct fixture f;
        struct listener listener = { .f = &f, .on = INBYE_EVENT_KILLED, .act = cancel_hard };

        fixture_open(&f, NULL, "sleep 60 & exit 0");
        fixture_start(&f);
        inbye_process_on_event(f.process, on_event, &listener);
        expect_status(&f, INBYE_OK);
        cr_assert(eq(int, listener.n[INBYE_EVENT_KILLED], 1));
        cr_assert(eq(sz, inbye_result_n_leftovers(inbye_process_result(f.process)), 1));
        fixture_close(&f);
}

Test(end, a_cancel_when_told_of_the_end_does_not_make_it_cancelled)
{
        struct fixture f;
        struct listener listener = { .f = &f, .on = INBYE_EVENT_EXITED, .act = cancel_hard };

        fixture_open(&f, NULL, "sleep 60 & exit 0");
        fixture_start(&f);
        inbye_process_on_event(f.process, on_event, &listener);
        expect_status(&f, INBYE_OK);
        cr_assert(eq(sz, inbye_result_n_leftovers(inbye_process_result(f.process)), 1));
        fixture_close(&f);
}

Test(end, who_is_told_of_an_overrun_may_cancel_and_the_tree_has_one_soft_signal)
{
        struct fixture f;
        struct listener listener = { .f = &f, .on = INBYE_EVENT_LIMIT, .act = cancel_softly };

        fixture_open(&f, NULL, "trap '' TERM; echo; sleep 60");
        inbye_command_set_timeout(f.command, 30 * INBYE_SECOND);
        inbye_command_set_grace(f.command, 10 * INBYE_SECOND);
        fixture_start(&f);
        await_lines(&f, &listener, 1);
        pass_time(&f, 31 * INBYE_SECOND);
        while (f.process->state != PROCESS_GRACE)
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, 0), 0));
        cr_assert(eq(int, listener.n[INBYE_EVENT_SIGNAL], 1));
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGKILL, 0)));
        expect_status(&f, INBYE_CANCELLED);
        fixture_close(&f);
}

static void free_all(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        struct fixture *f = userdata;

        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        inbye_process_free(process);
        inbye_group_free(f->group);
        f->process = NULL;
        f->group = NULL;
}

Test(end, the_group_may_be_freed_when_its_last_process_has_ended)
{
        struct fixture f;

        fixture_open(&f, NULL, "exit 0");
        fixture_start(&f);
        inbye_process_on_end(f.process, free_all, &f);
        while (f.process)
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        fixture_close(&f);
}

static void free_group(struct fixture *f)
{
        inbye_group_free(f->group);
        f->group = NULL;
}

static void note_end(void *userdata, struct inbye_process *process, struct inbye_result *result)
{
        bool *ended = userdata;

        (void)process;
        cr_assert(ne(ptr, result, NULL));
        *ended = true;
}

Test(end, a_group_freed_from_an_event_goes_with_its_last_process)
{
        struct fixture f;
        struct listener listener = { .f = &f, .on = INBYE_EVENT_OUTPUT, .act = free_group };
        bool ended = false;

        fixture_open(&f, NULL, "echo; exec sleep 60");
        fixture_start(&f);
        inbye_process_on_event(f.process, on_event, &listener);
        inbye_process_on_end(f.process, note_end, &ended);
        while (!ended)
                cr_assert(gt(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        fixture_close(&f);
}

/* --- pausing while it ends ------------------------------------------------------------------------------ */

#define DEAF "trap '' TERM; sh -c \"trap '' TERM; echo; exec sleep 60\" & trap '' TERM; echo; wait; sleep 60"

static void begin_to_end(
        struct fixture *f, struct listener *listener, enum process_state state, uint64_t grace_ns)
{
        fixture_open(f, NULL, DEAF);
        fixture_start(f);
        await_lines(f, listener, 2);
        cr_assert(zero(int, inbye_process_cancel(f->process, SIGTERM, grace_ns)));
        while (f->process->state < state)
                cr_assert(ge(int, inbye_loop_dispatch(f->loop, 0), 0));
}

Test(end, a_paused_tree_that_was_about_to_be_signalled_stays_as_it_is)
{
        struct fixture f;
        struct listener listener = { 0 };
        struct pollfd p = { .events = POLLPRI };

        begin_to_end(&f, &listener, PROCESS_FREEZING, 10 * INBYE_SECOND);
        if (f.process->state != PROCESS_FREEZING)
                cr_skip("frozen at once: there was no time to pause");
        cr_assert(zero(int, inbye_process_pause(f.process)));
        p.fd = f.process->tree->ops->tree_event_fd(f.process->tree);
        while (f.process->tree->ops->tree_freeze(f.process->tree, true) == CONTAIN_E_PENDING)
                cr_assert(eq(int, poll(&p, 1, PATIENCE_MS), 1));
        pass_time(&f, INBYE_SECOND); /* beyond the limit for freezing */
        cr_assert(ge(int, inbye_loop_dispatch(f.loop, 20 * MS), 0));
        cr_assert(zero(int, listener.n[INBYE_EVENT_SIGNAL]), "a paused tree was signalled and let go");
        cr_assert(zero(int, f.process->tree->ops->tree_freeze(f.process->tree, true)));
        cr_assert(zero(int, inbye_process_resume(f.process)));
        pass_time(&f, INBYE_SECOND);
        while (f.process->state == PROCESS_FREEZING)
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        cr_assert(eq(int, listener.n[INBYE_EVENT_SIGNAL], 1));
        pass_time(&f, 11 * INBYE_SECOND);
        expect_status(&f, INBYE_CANCELLED);
        fixture_close(&f);
}

Test(end, a_second_soft_end_lets_a_tree_go_on_that_was_paused_in_its_grace)
{
        struct fixture f;
        struct listener listener = { 0 };

        begin_to_end(&f, &listener, PROCESS_GRACE, 10 * INBYE_SECOND);
        cr_assert(zero(int, inbye_process_pause(f.process)));
        pass_time(&f, 20 * INBYE_SECOND); /* frozen time does not count */
        cr_assert(ge(int, inbye_loop_dispatch(f.loop, 0), 0));
        cr_assert(eq(int, f.process->state, PROCESS_GRACE));
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGTERM, INBYE_SECOND)));
        cr_assert(zero(u64, f.process->paused_ns));
        cr_assert(eq(int, f.process->state, PROCESS_GRACE), "the time of the pause was counted");
        pass_time(&f, 2 * INBYE_SECOND);
        expect_status(&f, INBYE_CANCELLED);
        fixture_close(&f);
}

Test(end, a_further_cancel_only_makes_it_sooner_while_all_are_still_to_stand_still)
{
        struct fixture f;
        struct listener listener = { 0 };

        begin_to_end(&f, &listener, PROCESS_FREEZING, 2 * INBYE_SECOND);
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGTERM, 100 * INBYE_SECOND)));
        cr_assert(le(u64, f.process->grace_ns, 2 * INBYE_SECOND));
        while (f.process->state < PROCESS_GRACE)
                cr_assert(ge(int, inbye_loop_dispatch(f.loop, PATIENCE), 0));
        pass_time(&f, 3 * INBYE_SECOND);
        expect_status(&f, INBYE_CANCELLED);
        fixture_close(&f);
}

/* --- what cannot be ended ------------------------------------------------------------------------------- */

static int never_empty(struct contain_tree *tree)
{
        (void)tree;
        return CONTAIN_E_POPULATED;
}

static int says_self(struct contain_tree *tree, struct contain_pids *pids)
{
        (void)tree;
        return contain_pids_add(pids, getpid());
}

static int pins_nothing(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        (void)tree;
        (void)pid;
        (void)ret_pidfd;
        return CONTAIN_E_GONE;
}

static struct contain_ops stuck;

/* From here on the tree has a member that no SIGKILL reaches. */
static void make_stuck(struct fixture *f)
{
        stuck = *f->process->tree->ops;
        stuck.tree_look = never_empty;
        stuck.tree_pids = says_self;
        stuck.tree_pin = pins_nothing;
        f->process->tree->ops = &stuck;
}

static void wait_until_given_up(struct fixture *f)
{
        const struct inbye_leftover *leftover;

        while (!f->process->main_ended)
                cr_assert(ge(int, inbye_loop_dispatch(f->loop, PATIENCE), 0));
        pass_time(f, 11 * INBYE_SECOND);
        expect_status(f, INBYE_LOST);
        leftover = inbye_result_leftover(inbye_process_result(f->process), 0);
        cr_assert(ne(ptr, (void *)leftover, NULL));
        cr_assert(eq(int, leftover->unkillable, 1));
        cr_assert(eq(int, leftover->pid, getpid()));
}

Test(end, what_no_signal_ends_is_given_up_and_named)
{
        struct fixture f;

        fixture_open(&f, NULL, "exec sleep 60");
        fixture_start(&f);
        make_stuck(&f);
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGKILL, 0)));
        wait_until_given_up(&f);
        fixture_close(&f);
}

Test(end, a_pause_does_not_keep_what_was_killed)
{
        struct fixture f;

        fixture_open(&f, NULL, "exec sleep 60");
        fixture_start(&f);
        make_stuck(&f);
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGKILL, 0)));
        cr_assert(zero(int, inbye_process_pause(f.process)));
        wait_until_given_up(&f);
        fixture_close(&f);
}

/* --- without a descriptor to be had --------------------------------------------------------------------- */

static int n_held, held[512];

static void hold_all_descriptors(void)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 256;
        setrlimit(RLIMIT_NOFILE, &limit);
        while (n_held < 512 && (held[n_held] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
                n_held++;
        cr_assert(eq(int, errno, EMFILE));
}

static void let_all_go(void)
{
        while (n_held > 0)
                fd_close(held[--n_held]);
}

Test(end, a_tree_is_killed_without_a_descriptor_left)
{
        struct fixture f;
        struct listener listener = { 0 };
        enum inbye_status status;
        uint64_t before;

        fixture_open(&f, NULL, "setsid sh -c 'echo; exec sleep 60' & echo; wait");
        fixture_start(&f);
        await_lines(&f, &listener, 2);
        hold_all_descriptors();
        before = clock_now_ns();
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGKILL, 0)));
        status = wait_status(&f);
        let_all_go();
        cr_assert(eq(int, status, INBYE_CANCELLED), "%s", inbye_status_name(status));
        cr_assert(lt(u64, clock_now_ns() - before, 5 * INBYE_SECOND));
        fixture_close(&f);
}

Test(end, the_command_hears_the_soft_signal_without_a_descriptor_left)
{
        struct fixture f;
        struct listener listener = { 0 };
        enum inbye_status status;

        fixture_open(&f, NULL, "trap 'echo heard; exit 0' TERM; echo; while :; do sleep 60 & wait; done");
        fixture_start(&f);
        await_lines(&f, &listener, 1);
        hold_all_descriptors();
        cr_assert(zero(int, inbye_process_cancel(f.process, SIGTERM, 5 * INBYE_SECOND)));
        status = wait_status(&f);
        let_all_go();
        cr_assert(eq(int, status, INBYE_CANCELLED), "%s", inbye_status_name(status));
        cr_assert(ne(ptr, strstr(listener.output, "heard"), NULL));
        fixture_close(&f);
}
