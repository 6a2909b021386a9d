/* SPDX-License-Identifier: MIT */
/*
 * The loop, with a clock that the test turns. What needs a process of one thread (reaping, tokens fired by
 * others) is in orphans_loop.c and threads_loop.c: a Criterion test has a second thread.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "loop/cancel.h"
#include "loop/internal.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MS INBYE_MILLISECOND

/* Beyond any real time, so that the timerfd stays out of it. */
#define START_NS (UINT64_MAX / 4)
static uint64_t now_ns = START_NS;

static uint64_t turned_clock(void *data)
{
        (void)data;
        return now_ns;
}

static struct inbye_loop *new_loop(void)
{
        struct inbye_loop *loop = NULL;

        cr_assert(zero(int, inbye_loop_open(&loop)));
        loop_set_clock(loop, turned_clock, NULL);
        return loop;
}

/* One turn that waits for nothing. */
static int turn(struct inbye_loop *loop)
{
        return inbye_loop_dispatch(loop, 0);
}

static bool is_readable(const struct inbye_loop *loop)
{
        struct pollfd p = { .fd = inbye_loop_fd(loop), .events = POLLIN };

        return poll(&p, 1, 0) == 1;
}

/* --- timers --------------------------------------------------------------------------------------------- */

/* What ran, in order. */
static struct {
        int names[4096];
        int n;
} story;

struct named_timer {
        struct loop_timer timer;
        int name;
        struct inbye_loop *loop;
        struct named_timer *other;
        uint64_t again_at;
};

static void note(struct loop_timer *timer)
{
        story.names[story.n++] = CONTAINER_OF(timer, struct named_timer, timer)->name;
}

Test(loop, runs_timers_in_the_order_of_their_deadlines)
{
        struct inbye_loop *loop = new_loop();
        struct named_timer timers[3] = { { .name = 0 }, { .name = 1 }, { .name = 2 } };

        loop_timer_set(loop, &timers[0].timer, START_NS + 30 * MS, note);
        loop_timer_set(loop, &timers[1].timer, START_NS + 10 * MS, note);
        loop_timer_set(loop, &timers[2].timer, START_NS + 20 * MS, note);
        cr_assert(zero(int, turn(loop)));
        now_ns = START_NS + 20 * MS - 1;
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, story.names[0], 1));
        now_ns = START_NS + 40 * MS;
        cr_assert(eq(int, turn(loop), 2));
        cr_assert(eq(int, story.names[1], 2));
        cr_assert(eq(int, story.names[2], 0));
        cr_assert(zero(int, turn(loop)));
        inbye_loop_free(loop);
}

Test(loop, runs_each_of_many_timers_once_and_none_too_early)
{
        enum { N = 3000 };
        static struct named_timer timers[N];
        struct inbye_loop *loop = new_loop();
        struct heap_node *first;
        uint32_t state = 1;
        int n_ran = 0;

        for (int i = 0; i < N; i++) {
                state = state * 1664525U + 1013904223U;
                timers[i].name = (int)(state >> 16) % 1000; /* milliseconds */
                loop_timer_set(loop, &timers[i].timer, START_NS + (uint64_t)timers[i].name * MS, note);
        }
        for (int ms = 0; ms < 1000; ms += 7) {
                now_ns = START_NS + (uint64_t)ms * MS;
                n_ran += turn(loop);
                cr_assert(eq(int, story.n, n_ran));
                if (story.n)
                        cr_assert(le(int, story.names[story.n - 1], ms));
                first = heap_first(&loop->timers);
                if (first)
                        cr_assert(gt(u64, first->key, now_ns), "a timer that was due did not run");
        }
        now_ns = START_NS + 1000 * MS;
        cr_assert(eq(int, n_ran + turn(loop), N));
        for (int i = 1; i < N; i++)
                cr_assert(le(int, story.names[i - 1], story.names[i]));
        inbye_loop_free(loop);
}

static void note_and_stop_other(struct loop_timer *timer)
{
        struct named_timer *named = CONTAINER_OF(timer, struct named_timer, timer);

        note(timer);
        loop_timer_stop(&named->other->timer);
}

static void note_and_set_again(struct loop_timer *timer)
{
        struct named_timer *named = CONTAINER_OF(timer, struct named_timer, timer);

        note(timer);
        loop_timer_set(named->loop, timer, named->again_at, note);
}

Test(loop, a_timer_may_stop_another_and_set_itself_anew)
{
        struct inbye_loop *loop = new_loop();
        struct named_timer stopped = { .name = 3 };
        struct named_timer stopper = { .name = 1, .other = &stopped };
        struct named_timer again = { .name = 2, .loop = loop, .again_at = START_NS + 5 * MS };

        loop_timer_set(loop, &stopper.timer, START_NS, note_and_stop_other);
        loop_timer_set(loop, &again.timer, START_NS + 1, note_and_set_again);
        loop_timer_set(loop, &stopped.timer, START_NS + 2, note);
        now_ns = START_NS + 1 * MS;
        cr_assert(eq(int, turn(loop), 2));
        now_ns = START_NS + 5 * MS;
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, story.names[2], 2));
        cr_assert(zero(int, turn(loop)));
        inbye_loop_free(loop);
}

Test(loop, a_timer_that_was_moved_runs_at_its_new_time_only)
{
        struct inbye_loop *loop = new_loop();
        struct named_timer timer = { .name = 1 };

        loop_timer_set(loop, &timer.timer, START_NS + 10 * MS, note);
        loop_timer_set(loop, &timer.timer, START_NS + 20 * MS, note);
        now_ns = START_NS + 10 * MS;
        cr_assert(zero(int, turn(loop)));
        loop_timer_set(loop, &timer.timer, CLOCK_FOREVER, note); /* the same as stop */
        now_ns = START_NS + 30 * MS;
        cr_assert(zero(int, turn(loop)));
        loop_timer_stop(&timer.timer);
        inbye_loop_free(loop);
}

static void rearm_at_once(void *userdata)
{
        struct inbye_watch **watch = userdata;

        story.n++;
        cr_assert(lt(int, story.n, 1000), "the loop never left the timer");
        cr_assert(zero(int, inbye_watch_rearm(*watch, 0)));
}

Test(loop, a_timer_that_is_always_due_does_not_keep_the_loop)
{
        struct inbye_loop *loop = new_loop();
        struct inbye_watch *watch = NULL;

        cr_assert(zero(int, inbye_watch_timer(loop, 0, rearm_at_once, &watch, &watch)));
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(eq(int, story.n, 2));
        inbye_watch_free(watch);
        inbye_loop_free(loop);
}

static void free_watch(void *userdata)
{
        struct inbye_watch **watch = userdata;

        story.n++;
        inbye_watch_free(*watch);
        *watch = NULL;
}

Test(loop, a_real_timer_wakes_a_loop_that_waits)
{
        struct inbye_loop *loop = NULL;
        struct inbye_watch *watch = NULL;
        uint64_t before = clock_now_ns();

        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(zero(int, inbye_watch_timer(loop, 5 * MS, free_watch, &watch, &watch)));
        while (!story.n)
                cr_assert(ge(int, inbye_loop_dispatch(loop, INBYE_SECOND), 0));
        cr_assert(ge(u64, clock_now_ns() - before, 5 * MS));
        cr_assert(eq(ptr, watch, NULL));
        cr_assert(zero(int, inbye_loop_dispatch(loop, 0)));
        inbye_loop_free(loop);
}

/* --- descriptors ---------------------------------------------------------------------------------------- */

/* A pipe whose reading end is watched. */
struct source {
        struct loop_io io;
        int fds[2];
        int n;
        struct source *other;
};

static void count(struct loop_io *io, uint32_t events)
{
        (void)events;
        CONTAINER_OF(io, struct source, io)->n++;
}

static void source_open(
        struct source *source, struct inbye_loop *loop, void (*fn)(struct loop_io *, uint32_t))
{
        cr_assert(zero(int, pipe2(source->fds, O_CLOEXEC | O_NONBLOCK)));
        cr_assert(zero(int, loop_io_add(loop, &source->io, source->fds[0], EPOLLIN, fn)));
}

static void source_close(struct source *source)
{
        loop_io_remove(&source->io);
        fd_close(source->fds[0]);
        fd_close(source->fds[1]);
}

static void ring(struct source *source)
{
        cr_assert(eq(int, (int)write(source->fds[1], ".", 1), 1));
}

static void remove_other(struct loop_io *io, uint32_t events)
{
        struct source *source = CONTAINER_OF(io, struct source, io);

        count(io, events);
        loop_io_remove(&source->other->io);
}

Test(loop, a_source_removed_in_the_callback_of_another_is_not_called)
{
        struct inbye_loop *loop = new_loop();
        struct source a = { .n = 0 }, b = { .n = 0 };

        a.other = &b;
        b.other = &a;
        source_open(&a, loop, remove_other);
        source_open(&b, loop, remove_other);
        ring(&a);
        ring(&b);
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, a.n + b.n, 1));
        source_close(&a);
        source_close(&b);
        inbye_loop_free(loop);
}

/* In place of the other source comes a new one, on the same descriptor number and in the same slot. */
static void replace_other(struct loop_io *io, uint32_t events)
{
        struct source *source = CONTAINER_OF(io, struct source, io), *other = source->other;
        struct inbye_loop *loop = io->loop;
        int number = other->fds[0];
        uint32_t slot = other->io.slot;

        count(io, events);
        loop_io_remove(io);
        source_close(other);
        source_open(other, loop, count);
        cr_assert(eq(int, other->fds[0], number));
        cr_assert(eq(u32, other->io.slot, slot));
}

Test(loop, an_event_for_a_closed_descriptor_does_not_reach_its_successor)
{
        struct inbye_loop *loop = new_loop();
        struct source sources[2] = { { .n = 0 }, { .n = 0 } };

        for (int i = 0; i < 2; i++) {
                sources[i].other = &sources[1 - i];
                source_open(&sources[i], loop, replace_other);
        }
        /* Of two descriptors the higher one is closed and made again, so that its number is the next free. */
        ring(&sources[0]);
        ring(&sources[1]);
        struct epoll_event first;
        cr_assert(eq(int, epoll_wait(inbye_loop_fd(loop), &first, 1, 0), 1));
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, sources[0].n + sources[1].n, 1));
        cr_assert(zero(int, turn(loop)));
        source_close(&sources[0]);
        source_close(&sources[1]);
        inbye_loop_free(loop);
}

/* What a child that shares our memory brings about: a registration that outlives the close. */
Test(loop, a_registration_that_outlived_its_source_is_dropped_by_its_generation)
{
        struct inbye_loop *loop = new_loop();
        struct source old = { .n = 0 }, new = { .n = 0 };
        struct epoll_event event = { .events = EPOLLIN };
        int copy;

        source_open(&old, loop, count);
        copy = fd_dup_above(old.fds[0], 3);
        event.data.u64 = (uint64_t)loop->slots[old.io.slot].generation << 32 | old.io.slot;
        cr_assert(zero(int, epoll_ctl(inbye_loop_fd(loop), EPOLL_CTL_ADD, copy, &event)));
        loop_io_remove(&old.io);
        source_open(&new, loop, count);
        cr_assert(eq(u32, new.io.slot, old.io.slot));
        ring(&old);
        cr_assert(zero(int, turn(loop)));
        cr_assert(zero(int, new.n));
        ring(&new);
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, new.n, 1));
        fd_close(copy);
        source_close(&old);
        source_close(&new);
        inbye_loop_free(loop);
}

Test(loop, holds_more_sources_than_one_turn_reports)
{
        enum { N = 200 };
        static struct source sources[N];
        struct inbye_loop *loop = new_loop();
        int n = 0;

        for (int i = 0; i < N; i++) {
                source_open(&sources[i], loop, count);
                ring(&sources[i]);
        }
        for (int i = 0; i < 8; i++)
                n += turn(loop);
        cr_assert(ge(int, n, N));
        for (int i = 0; i < N; i++) {
                cr_assert(ge(int, sources[i].n, 1));
                source_close(&sources[i]);
        }
        inbye_loop_free(loop);
}

static void on_fd(void *userdata, uint32_t events)
{
        (void)events;
        free_watch(userdata);
}

Test(loop, a_watch_may_be_freed_from_its_own_callback)
{
        struct inbye_loop *loop = new_loop();
        struct inbye_watch *watch = NULL;
        int fds[2];

        cr_assert(zero(int, pipe2(fds, O_CLOEXEC)));
        cr_assert(zero(int, inbye_watch_fd(loop, fds[0], EPOLLIN, on_fd, &watch, &watch)));
        fds[1] = fd_close(fds[1]);
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(zero(int, turn(loop)));
        cr_assert(eq(int, story.n, 1));
        fd_close(fds[0]);
        inbye_loop_free(loop);
}

Test(loop, says_that_a_file_cannot_be_watched)
{
        struct inbye_loop *loop = new_loop();
        struct inbye_watch *watch = NULL;
        FILE *file = tmpfile();

        cr_assert(eq(int, inbye_watch_fd(loop, fileno(file), EPOLLIN, on_fd, NULL, &watch), -EPERM));
        cr_assert(eq(int, inbye_watch_fd(loop, -1, EPOLLIN, on_fd, NULL, &watch), -EINVAL));
        cr_assert(eq(ptr, watch, NULL));
        cr_assert(eq(int, inbye_watch_rearm(NULL, 0), -EINVAL));
        fclose(file);
        inbye_loop_free(loop);
}

static void try_to_dispatch(void *userdata, uint32_t events)
{
        struct inbye_loop *loop = userdata;

        (void)events;
        story.names[story.n++] = inbye_loop_dispatch(loop, 0);
}

Test(loop, refuses_to_be_turned_from_a_callback)
{
        struct inbye_loop *loop = new_loop();
        struct inbye_watch *watch = NULL;
        int fds[2];

        cr_assert(zero(int, pipe2(fds, O_CLOEXEC)));
        cr_assert(zero(int, inbye_watch_fd(loop, fds[1], EPOLLOUT, try_to_dispatch, loop, &watch)));
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, story.names[0], -EINVAL));
        loop_hold(loop);
        cr_assert(eq(int, turn(loop), -EINVAL));
        loop_unhold(loop);
        cr_assert(eq(int, turn(loop), 1));
        inbye_watch_free(watch);
        fd_close(fds[0]);
        fd_close(fds[1]);
        inbye_loop_free(loop);
}

/* --- deferred calls ------------------------------------------------------------------------------------- */

struct named_defer {
        struct loop_defer defer;
        int name;
        struct inbye_loop *loop;
        struct named_defer *next;
};

static void note_defer(struct loop_defer *defer)
{
        struct named_defer *named = CONTAINER_OF(defer, struct named_defer, defer);

        story.names[story.n++] = named->name;
        if (named->next)
                loop_defer(named->loop, &named->next->defer, note_defer);
}

Test(loop, defers_in_order_and_what_is_added_meanwhile_to_the_next_turn)
{
        struct inbye_loop *loop = new_loop();
        struct named_defer defers[4] = { { .name = 0, .loop = loop }, { .name = 1 }, { .name = 2 },
                { .name = 3 } };

        defers[0].next = &defers[3];
        for (int i = 0; i < 3; i++)
                loop_defer(loop, &defers[i].defer, note_defer);
        loop_defer(loop, &defers[0].defer, note_defer); /* is queued already */
        loop_defer_cancel(&defers[1].defer);
        cr_assert(zero(int, story.n));
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(eq(int, story.n, 2));
        cr_assert(eq(int, story.names[0], 0));
        cr_assert(eq(int, story.names[1], 2));
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(eq(int, story.n, 3));
        cr_assert(eq(int, story.names[2], 3));
        cr_assert(zero(int, turn(loop)));
        inbye_loop_free(loop);
}

Test(loop, wakes_whoever_polls_it_when_something_is_deferred)
{
        struct inbye_loop *loop = new_loop();
        struct named_defer second = { .name = 2 };
        struct named_defer first = { .name = 1, .loop = loop, .next = &second };

        cr_assert(not(is_readable(loop)));
        loop_defer(loop, &first.defer, note_defer);
        cr_assert(is_readable(loop));
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(is_readable(loop), "what was deferred by a deferred call wakes nobody");
        cr_assert(gt(int, turn(loop), 0));
        cr_assert(eq(int, story.n, 2));
        cr_assert(not(is_readable(loop)));
        inbye_loop_free(loop);
}

Test(loop, is_idle_again_after_the_last_deferred_call_was_cancelled)
{
        struct inbye_loop *loop = new_loop();
        struct named_defer defer = { .name = 1 };

        loop_defer(loop, &defer.defer, note_defer);
        loop_defer_cancel(&defer.defer);
        (void)turn(loop);
        cr_assert(not(is_readable(loop)), "the wake-up stays for ever");
        cr_assert(zero(int, turn(loop)));
        cr_assert(zero(int, story.n));
        inbye_loop_free(loop);
}

/* --- signals and tokens --------------------------------------------------------------------------------- */

struct heard {
        int signo;
        pid_t sender;
        struct inbye_watch *watch;
};

static void on_signal(void *userdata, int signo, pid_t sender)
{
        struct heard *heard = userdata;

        *heard = (struct heard){ signo, sender, heard->watch };
        inbye_watch_free(heard->watch);
        heard->watch = NULL;
}

Test(loop, hears_a_signal_and_who_sent_it)
{
        struct inbye_loop *loop = new_loop();
        struct heard heard = { 0 };

        cr_assert(eq(int, inbye_watch_signal(loop, 0, on_signal, NULL, &heard.watch), -EINVAL));
        cr_assert(zero(int, inbye_watch_signal(loop, SIGUSR1, on_signal, &heard, &heard.watch)));
        cr_assert(zero(int, turn(loop)));
        cr_assert(zero(int, raise(SIGUSR1)));
        cr_assert(eq(int, turn(loop), 1));
        cr_assert(eq(int, heard.signo, SIGUSR1));
        cr_assert(eq(int, heard.sender, getpid()));
        cr_assert(eq(ptr, heard.watch, NULL));
        cr_assert(zero(int, raise(SIGUSR1))); /* stays blocked: this ends nobody */
        cr_assert(zero(int, turn(loop)));
        inbye_loop_free(loop);
}

Test(loop, a_token_is_seen_by_every_loop_that_watches_it)
{
        struct inbye_cancel *token = NULL;
        struct inbye_loop *loops[2] = { new_loop(), new_loop() };
        struct source sources[2] = { { .n = 0 }, { .n = 0 } };
        int fds[2];

        cr_assert(zero(int, inbye_cancel_open(&token)));
        for (int i = 0; i < 2; i++) {
                fds[i] = cancel_dup_fd(token);
                cr_assert(zero(int, loop_io_add(loops[i], &sources[i].io, fds[i], EPOLLIN, count)));
        }
        cr_assert(zero(int, inbye_cancel_is_fired(token)));
        inbye_cancel_fire(token);
        inbye_cancel_fire(token);
        cr_assert(eq(int, inbye_cancel_is_fired(token), 1));
        inbye_cancel_free(token);
        for (int i = 0; i < 2; i++) {
                cr_assert(eq(int, turn(loops[i]), 1));
                loop_io_remove(&sources[i].io);
                fd_close(fds[i]);
                inbye_loop_free(loops[i]);
        }
}
