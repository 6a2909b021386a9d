/* SPDX-License-Identifier: MIT */
/*
 * The event loop: what it waits with (wait.h) knows descriptors and the nearest of all timers; here is what
 * hangs on them.
 *
 * Every descriptor has a slot; the data of its events carries the slot and its generation, which grows each
 * time a slot is given back. A child that shares our memory until it execs holds copies of our descriptors
 * for a moment after exec let us go on, so a registration can outlive the close of its descriptor and report
 * events for a slot that belongs to somebody else by then (a few dozen to hundreds of thousands in a run of
 * 2000). Such an event has an old generation and is dropped. Taking the pointer as data was rejected for it.
 *
 * The time is read once per turn. Tests replace the clock and turn it themselves; what we wait with
 * then still follows the real one, which is harmless, since a timer runs only when the loop's own clock has
 * reached it.
 */
#include "loop/loop.h"
#include "base/clock.h"
#include "base/scope.h"
#include "loop/internal.h"
#include "loop/wait.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define N_EVENTS 64
#define NO_SLOT UINT32_MAX

static uint64_t real_clock(void *data)
{
        (void)data;
        return clock_now_ns();
}

static void arm(struct inbye_loop *loop)
{
        struct heap_node *first = heap_first(&loop->timers);

        wait_arm(loop->wait, first ? first->key : CLOCK_FOREVER);
}

static uint64_t read_clock(struct inbye_loop *loop)
{
        loop->now_ns = loop->clock(loop->clock_data);
        return loop->now_ns;
}

uint64_t loop_now_ns(const struct inbye_loop *loop)
{
        return loop->in_turn ? loop->now_ns : loop->clock(loop->clock_data);
}

uint64_t loop_clock_ns(const struct inbye_loop *loop)
{
        return loop->clock(loop->clock_data);
}

void loop_set_clock(struct inbye_loop *loop, uint64_t (*now)(void *data), void *data)
{
        loop->clock = now ? now : real_clock;
        loop->clock_data = data;
}

static int take_slot(struct inbye_loop *loop, uint32_t *ret)
{
        if (loop->first_free == NO_SLOT) {
                uint32_t n = loop->n_slots ? 2 * loop->n_slots : 16;
                struct slot *slots = array_resize(loop->slots, n, sizeof(*slots));

                if (!slots)
                        return -ENOMEM;
                loop->slots = slots;
                for (uint32_t i = n; i-- > loop->n_slots;) {
                        slots[i] = (struct slot){ .next_free = loop->first_free };
                        loop->first_free = i;
                }
                loop->n_slots = n;
        }
        *ret = loop->first_free;
        loop->first_free = loop->slots[*ret].next_free;
        return 0;
}

static void give_slot(struct inbye_loop *loop, uint32_t index)
{
        struct slot *slot = &loop->slots[index];

        slot->io = NULL;
        slot->generation++;
        slot->next_free = loop->first_free;
        loop->first_free = index;
}

static uint64_t slot_data(const struct inbye_loop *loop, uint32_t index)
{
        return (uint64_t)loop->slots[index].generation << 32 | index;
}

int loop_io_add(struct inbye_loop *loop, struct loop_io *io, int fd, uint32_t events,
        void (*fn)(struct loop_io *io, uint32_t events))
{
        uint32_t index;
        int r;

        assert(!io->loop && fd >= 0);
        r = take_slot(loop, &index);
        if (r < 0)
                return r;
        r = wait_add(loop->wait, fd, events, slot_data(loop, index));
        if (r < 0) {
                give_slot(loop, index);
                return r;
        }
        *io = (struct loop_io){ .loop = loop, .fn = fn, .fd = fd, .slot = index };
        loop->slots[index].io = io;
        return 0;
}

int loop_io_modify(struct loop_io *io, uint32_t events)
{
        return wait_modify(io->loop->wait, io->fd, events, slot_data(io->loop, io->slot));
}

void loop_io_remove(struct loop_io *io)
{
        if (!io->loop)
                return;
        wait_remove(io->loop->wait, io->fd, slot_data(io->loop, io->slot));
        give_slot(io->loop, io->slot);
        io->loop = NULL;
}

int loop_timers_reserve(struct inbye_loop *loop, size_t n)
{
        int r;

        r = heap_reserve(&loop->timers, loop->n_reserved + n);
        if (r == 0)
                loop->n_reserved += n;
        return r;
}

void loop_timers_release(struct inbye_loop *loop, size_t n)
{
        loop->n_reserved -= n;
}

int loop_timer_set(struct inbye_loop *loop, struct loop_timer *timer, uint64_t deadline_ns,
        void (*fn)(struct loop_timer *timer))
{
        if (deadline_ns == CLOCK_FOREVER) {
                loop_timer_stop(timer);
                return 0;
        }
        if (!timer->node.index && heap_reserve(&loop->timers, loop->timers.n + 1) < 0)
                return -ENOMEM;
        timer->loop = loop;
        timer->fn = fn;
        heap_insert(&loop->timers, &timer->node, deadline_ns);
        if (!loop->in_turn)
                arm(loop);
        return 0;
}

void loop_timer_stop(struct loop_timer *timer)
{
        struct inbye_loop *loop = timer->loop;

        if (!loop)
                return;
        heap_remove(&loop->timers, &timer->node);
        timer->loop = NULL;
        if (!loop->in_turn)
                arm(loop);
}

/* No more than there were: one that sets itself anew for now waits for the next turn. */
static int run_timers(struct inbye_loop *loop)
{
        struct heap_node *first;
        size_t n_left = loop->timers.n;
        int n = 0;

        while (n_left-- > 0 && (first = heap_first(&loop->timers)) && first->key <= loop->now_ns) {
                struct loop_timer *timer = CONTAINER_OF(first, struct loop_timer, node);

                heap_remove(&loop->timers, first);
                timer->loop = NULL;
                timer->fn(timer);
                n++;
        }
        return n;
}

void loop_defer(struct inbye_loop *loop, struct loop_defer *defer, void (*fn)(struct loop_defer *defer))
{
        if (defer->queued)
                return;
        if (!loop->in_turn && list_is_empty(&loop->deferred))
                sys_wake_fire(&loop->wake); /* somebody may be waiting on our descriptor */
        defer->fn = fn;
        defer->queued = true;
        list_append(&loop->deferred, &defer->link);
}

void loop_defer_cancel(struct loop_defer *defer)
{
        if (!defer->queued)
                return;
        defer->queued = false;
        list_unlink(&defer->link);
}

/* What is deferred while these run waits for the next turn, so that no pair of them keeps us here. */
static int run_deferred(struct inbye_loop *loop)
{
        struct list batch;
        int n = 0;

        if (list_is_empty(&loop->deferred))
                return 0;
        list_init(&batch);
        list_append(&loop->deferred, &batch); /* take the whole ring over */
        list_unlink(&loop->deferred);
        while (!list_is_empty(&batch)) {
                struct loop_defer *defer = LIST_ENTRY(batch.next, struct loop_defer, link);

                loop_defer_cancel(defer);
                defer->fn(defer);
                n++;
        }
        return n;
}

static int run_event(struct inbye_loop *loop, const struct wait_event *event)
{
        uint32_t index = (uint32_t)event->data;
        uint32_t generation = (uint32_t)(event->data >> 32);
        struct loop_io *io;

        if (event->data == WAIT_TIMER)
                return 1; /* it says only that the time has come: run_timers() does the rest */
        if (index >= loop->n_slots || loop->slots[index].generation != generation)
                return 0;
        io = loop->slots[index].io;
        if (!io)
                return 0;
        io->fn(io, event->events);
        return 1;
}

/* One turn: wait, then events, timers and what was deferred. */
static int turn(struct inbye_loop *loop, uint64_t deadline_ns)
{
        struct wait_event events[N_EVENTS];
        int n_events, n = 0;

        n_events = wait_next(loop->wait, list_is_empty(&loop->deferred) ? deadline_ns : 0, events, N_EVENTS);
        if (n_events < 0)
                return n_events;
        read_clock(loop);
        loop->in_turn = true;
        for (int i = 0; i < n_events; i++)
                n += run_event(loop, &events[i]);
        n += run_timers(loop);
        n += run_deferred(loop);
        if (!list_is_empty(&loop->deferred))
                sys_wake_fire(&loop->wake);
        loop->in_turn = false;
        arm(loop);
        return n;
}

void loop_hold(struct inbye_loop *loop)
{
        loop->n_held++;
}

void loop_unhold(struct inbye_loop *loop)
{
        loop->n_held--;
}

bool loop_is_busy(const struct inbye_loop *loop)
{
        return loop->in_turn || loop->n_held;
}

int inbye_loop_dispatch(struct inbye_loop *loop, uint64_t timeout_ns)
{
        uint64_t deadline_ns;
        int r;

        if (!loop || loop_is_busy(loop))
                return -EINVAL;
        deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        do {
                r = turn(loop, deadline_ns);
        } while (r == 0 && clock_left(clock_now_ns(), deadline_ns) > 0);
        return r;
}

/* Emptied here and not by run_deferred(): what was deferred may have been cancelled since. */
static void on_wake(struct loop_io *io, uint32_t events)
{
        struct inbye_loop *loop = CONTAINER_OF(io, struct inbye_loop, wake_io);

        (void)events;
        sys_wake_drain(&loop->wake);
}

int inbye_loop_fd(const struct inbye_loop *loop)
{
        return wait_fd(loop->wait);
}

void *loop_get_data(const struct inbye_loop *loop)
{
        return loop->data;
}

void loop_set_data(struct inbye_loop *loop, void *data, void (*free_data)(void *data))
{
        loop->data = data;
        loop->free_data = free_data;
}

static void loop_freep(struct inbye_loop **loop)
{
        inbye_loop_free(*loop);
}

int inbye_loop_open(struct inbye_loop **ret_loop)
{
        scoped(loop_freep) struct inbye_loop *loop = NULL;
        int r;

        if (!ret_loop)
                return -EINVAL;
        loop = calloc(1, sizeof(*loop));
        if (!loop)
                return -ENOMEM;
        loop->wake = (struct sys_wake)SYS_WAKE_INIT;
        loop->signal_fd = -1;
        loop->first_free = NO_SLOT;
        loop->clock = real_clock;
        list_init(&loop->deferred);
        list_init(&loop->children);
        list_init(&loop->groups);
        r = wait_open(&loop->wait);
        if (r < 0)
                return r;
        r = sys_wake_open(&loop->wake);
        if (r < 0)
                return r;
        r = loop_io_add(loop, &loop->wake_io, loop->wake.fd, LOOP_IN, on_wake);
        if (r < 0)
                return r;
        *ret_loop = TAKE(loop);
        return 0;
}

void inbye_loop_free(struct inbye_loop *loop)
{
        if (!loop)
                return;
        if (loop->free_data)
                loop->free_data(loop->data);
        reaper_deinit(loop);
        loop_io_remove(&loop->wake_io);
        sys_wake_close(&loop->wake);
        wait_free(loop->wait);
        heap_deinit(&loop->timers);
        free(loop->slots);
        free(loop);
}

void loop_child_add(struct inbye_loop *loop, struct loop_child *child)
{
        list_append(&loop->children, &child->link);
}

void loop_child_remove(struct loop_child *child)
{
        if (child->link.next)
                list_unlink(&child->link);
}
