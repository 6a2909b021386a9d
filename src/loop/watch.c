/* SPDX-License-Identifier: MIT */
/*
 * The public face of the loop's sources: heap objects with a callback and the caller's pointer.
 *
 * A watch that is freed from its own callback must not be touched by the code that called it: each handler
 * below calls out as its last act.
 */
#include "base/clock.h"
#include "loop/internal.h"
#include "sys/signal_fd.h"
#include "sys/signals.h"
#include <errno.h>
#include <stdlib.h>

enum watch_kind { WATCH_FD, WATCH_TIMER, WATCH_SIGNAL };

struct inbye_watch {
        enum watch_kind kind;
        struct inbye_loop *loop;
        struct loop_io io;
        struct loop_timer timer;
        int signo; /* 0: none */
        union {
                inbye_watch_fd_fn fd;
                inbye_watch_timer_fn timer;
                inbye_watch_signal_fn signal;
        } fn;
        void *userdata;
};

static int watch_new(
        struct inbye_loop *loop, enum watch_kind kind, void *userdata, struct inbye_watch **ret_watch)
{
        struct inbye_watch *watch;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;
        watch->kind = kind;
        watch->loop = loop;
        watch->userdata = userdata;
        *ret_watch = watch;
        return 0;
}

static void remove_signal(struct inbye_loop *loop, int signo);

void inbye_watch_free(struct inbye_watch *watch)
{
        if (!watch)
                return;
        loop_io_remove(&watch->io);
        loop_timer_stop(&watch->timer);
        if (watch->kind == WATCH_TIMER)
                loop_timers_release(watch->loop, 1);
        if (watch->signo)
                remove_signal(watch->loop, watch->signo);
        free(watch);
}
DEFINE_SCOPED(watch_freep, struct inbye_watch, inbye_watch_free)

static void on_fd(struct loop_io *io, uint32_t events)
{
        struct inbye_watch *watch = CONTAINER_OF(io, struct inbye_watch, io);

        watch->fn.fd(watch->userdata, events);
}

int inbye_watch_fd(struct inbye_loop *loop, int fd, uint32_t events, inbye_watch_fd_fn fn, void *userdata,
        struct inbye_watch **ret_watch)
{
        scoped(watch_freep) struct inbye_watch *watch = NULL;
        int r;

        if (!loop || fd < 0 || !fn || !ret_watch)
                return -EINVAL;
        r = watch_new(loop, WATCH_FD, userdata, &watch);
        if (r < 0)
                return r;
        watch->fn.fd = fn;
        r = loop_io_add(loop, &watch->io, fd, events, on_fd);
        if (r < 0)
                return r;
        *ret_watch = TAKE(watch);
        return 0;
}

static void on_timer(struct loop_timer *timer)
{
        struct inbye_watch *watch = CONTAINER_OF(timer, struct inbye_watch, timer);

        watch->fn.timer(watch->userdata);
}

int inbye_watch_rearm(struct inbye_watch *watch, uint64_t after_ns)
{
        if (!watch || watch->kind != WATCH_TIMER)
                return -EINVAL;
        return loop_timer_set(
                watch->loop, &watch->timer, clock_deadline(loop_now_ns(watch->loop), after_ns), on_timer);
}

int inbye_watch_timer(struct inbye_loop *loop, uint64_t after_ns, inbye_watch_timer_fn fn, void *userdata,
        struct inbye_watch **ret_watch)
{
        scoped(watch_freep) struct inbye_watch *watch = NULL;
        int r;

        if (!loop || !fn || !ret_watch)
                return -EINVAL;
        r = loop_timers_reserve(loop, 1);
        if (r < 0)
                return r;
        r = watch_new(loop, WATCH_TIMER, userdata, &watch);
        if (r < 0) {
                loop_timers_release(loop, 1);
                return r;
        }
        watch->fn.timer = fn;
        r = inbye_watch_rearm(watch, after_ns);
        if (r < 0)
                return r;
        *ret_watch = TAKE(watch);
        return 0;
}

/* One signal per call: the callback may free any watch, and what is still queued wakes us again. */
static void on_signal(struct loop_io *io, uint32_t events)
{
        struct inbye_loop *loop = CONTAINER_OF(io, struct inbye_loop, signal_io);
        struct inbye_watch *watch;
        pid_t sender;
        int signo;

        (void)events;
        if (!sys_signal_fd_read(io->fd, &signo, &sender))
                return;
        watch = loop->signal_watches[signo];
        if (watch)
                watch->fn.signal(watch->userdata, signo, sender);
}

static uint64_t watched_signals(const struct inbye_loop *loop)
{
        uint64_t set = 0;

        for (int signo = 1; signo <= SIGNALS_MAX; signo++)
                if (loop->signal_watches[signo])
                        set |= SIGNAL_BIT(signo);
        return set;
}

/* All watched signals of a loop come by one descriptor: only few may be open. */
static int add_signal(struct inbye_loop *loop, int signo)
{
        bool is_first = loop->signal_fd < 0;
        int fd = sys_signal_fd(loop->signal_fd, watched_signals(loop) | SIGNAL_BIT(signo)), r;

        if (fd < 0 || !is_first)
                return fd < 0 ? fd : 0;
        r = loop_io_add(loop, &loop->signal_io, fd, LOOP_IN, on_signal);
        if (r < 0)
                sys_signal_fd_close(fd);
        else
                loop->signal_fd = fd;
        return r;
}

static void remove_signal(struct inbye_loop *loop, int signo)
{
        uint64_t left;

        loop->signal_watches[signo] = NULL;
        left = watched_signals(loop);
        if (left && sys_signal_fd(loop->signal_fd, left) >= 0)
                return;
        loop_io_remove(&loop->signal_io);
        loop->signal_fd = sys_signal_fd_close(loop->signal_fd);
}

int inbye_watch_signal(struct inbye_loop *loop, int signo, inbye_watch_signal_fn fn, void *userdata,
        struct inbye_watch **ret_watch)
{
        scoped(watch_freep) struct inbye_watch *watch = NULL;
        int r;

        if (!loop || signo < 1 || signo > SIGNALS_MAX || !fn || !ret_watch)
                return -EINVAL;
        if (loop->signal_watches[signo])
                return -EBUSY;
        r = watch_new(loop, WATCH_SIGNAL, userdata, &watch);
        if (r < 0)
                return r;
        watch->fn.signal = fn;
        r = add_signal(loop, signo);
        if (r < 0)
                return r;
        watch->signo = signo;
        loop->signal_watches[signo] = watch;
        *ret_watch = TAKE(watch);
        return 0;
}
