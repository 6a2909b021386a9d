/* SPDX-License-Identifier: MIT */
/*
 * The loop's side of denials: a call that a filter holds up is answered when the loop comes round.
 *
 * One call a turn, and so many in a while: a job that makes denied calls as fast as it can is slowed down
 * rather than the owner, whose other jobs have their turns in between. To stop listening after some number
 * was rejected: from then on calls would fail with another errno than before.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "run/run.h"
#include "sandbox/listen.h"
#include <errno.h>

#define WINDOW (100 * INBYE_MILLISECOND)
#define CALLS_IN_WINDOW 1000

static void on_window(struct loop_timer *timer)
{
        struct call_listener *listener = CONTAINER_OF(timer, struct call_listener, timer);

        (void)loop_io_modify(&listener->io, LOOP_IN);
}

static void slow_down(struct call_listener *listener)
{
        uint64_t now_ns = loop_now_ns(listener->io.loop);

        if (now_ns >= listener->window_ends_ns) {
                listener->window_ends_ns = clock_deadline(now_ns, WINDOW);
                listener->n_in_window = 0;
        }
        if (++listener->n_in_window < CALLS_IN_WINDOW)
                return;
        (void)loop_io_modify(&listener->io, 0);
        (void)loop_timer_set(listener->io.loop, &listener->timer, listener->window_ends_ns, on_window);
}

static void stop(struct call_listener *listener)
{
        loop_timer_stop(&listener->timer);
        loop_io_remove(&listener->io);
        listener->fd = fd_close(listener->fd);
}

/* A hang-up: nobody is left under the filter. */
static void on_call(struct loop_io *io, uint32_t events)
{
        struct call_listener *listener = CONTAINER_OF(io, struct call_listener, io);
        int r = 0;

        if (events & LOOP_IN)
                r = denials_answer(listener->denials, listener->fd);
        if (!(events & LOOP_IN) || (r < 0 && r != -ENOENT && r != -EINTR && r != -ENOMEM))
                stop(listener);
        else
                slow_down(listener);
}

int listener_reserve(struct call_listener *listener, const struct inbye_command *command,
        const struct sandbox_steps *steps)
{
        if (!steps->spawn.listened.n)
                return 0;
        listener->denials = denials_new(command->sandbox, steps);
        return listener->denials ? 0 : -ENOMEM;
}

int listener_start(struct call_listener *listener, struct inbye_loop *loop, const struct sandbox_steps *steps)
{
        if (!listener->denials)
                return 0;
        listener->fd = listen_take(steps);
        if (listener->fd >= 0)
                return loop_io_add(loop, &listener->io, listener->fd, LOOP_IN, on_call);
        denials_free(listener->denials); /* nobody may listen here: then nothing is known */
        listener->denials = NULL;
        return 0;
}

void listener_deinit(struct call_listener *listener)
{
        stop(listener);
        denials_free(listener->denials);
        listener->denials = NULL;
}
