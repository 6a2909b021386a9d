/* SPDX-License-Identifier: MIT */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/heap.h"
#include "base/list.h"
#include <inbye/loop.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Sources for the inside: embedded in their owner, so that adding one allocates nothing but room in a table.
 * Each is zero-initialised, added once, and removed (any number of times) before its owner is freed. An event
 * that was queued for a source that was removed since is dropped by its generation number.
 */

/* What to wait for at a descriptor, and what came. Errors and hang-ups come unasked. */
#define LOOP_IN POLLIN
#define LOOP_OUT POLLOUT
#define LOOP_PRIORITY POLLPRI
#define LOOP_ERROR POLLERR
#define LOOP_HANGUP POLLHUP
/* Tell once, then nothing, errors and hang-ups included, until loop_io_modify(). */
#define LOOP_ONCE (1u << 30)
/* Tell when it becomes so, not while it is; at least once. */
#define LOOP_EDGE (1u << 31)

struct loop_io {
        struct inbye_loop *loop; /* NULL: not added */
        void (*fn)(struct loop_io *io, uint32_t events);
        int fd;
        uint32_t slot;
};
/** events: LOOP_IN... -EPERM: not a pollable file. */
int loop_io_add(struct inbye_loop *loop, struct loop_io *io, int fd, uint32_t events,
        void (*fn)(struct loop_io *io, uint32_t events));
int loop_io_modify(struct loop_io *io, uint32_t events);
void loop_io_remove(struct loop_io *io); /* before the fd is closed */

struct loop_timer {
        struct heap_node node;
        struct inbye_loop *loop; /* NULL: not set */
        void (*fn)(struct loop_timer *timer);
};
/** Make room for n timers, so that setting them cannot fail; given back when they are gone. 0 or -ENOMEM. */
int loop_timers_reserve(struct inbye_loop *loop, size_t n);
void loop_timers_release(struct inbye_loop *loop, size_t n);
/** Set or move; fires once. Deadline of clock_now_ns(); forever: the same as stop. 0 or -ENOMEM. */
int loop_timer_set(struct inbye_loop *loop, struct loop_timer *timer, uint64_t deadline_ns,
        void (*fn)(struct loop_timer *timer));
void loop_timer_stop(struct loop_timer *timer);

/** Runs once, before the loop waits again: for what must not happen inside the call that finds it. */
struct loop_defer {
        struct list link;
        bool queued;
        void (*fn)(struct loop_defer *defer);
};
void loop_defer(struct inbye_loop *loop, struct loop_defer *defer, void (*fn)(struct loop_defer *defer));
void loop_defer_cancel(struct loop_defer *defer);

/** While held the loop cannot be turned: somebody above on the stack walks over what a turn would free. */
void loop_hold(struct inbye_loop *loop);
void loop_unhold(struct inbye_loop *loop);
/** Would inbye_loop_dispatch() refuse: are we in a callback? */
bool loop_is_busy(const struct inbye_loop *loop);

/** The loop's idea of now: read once per turn, or from the test's clock. */
uint64_t loop_now_ns(const struct inbye_loop *loop);
/** The same clock, read now: a callback may take long, or stop the whole process for a while. */
uint64_t loop_clock_ns(const struct inbye_loop *loop);
/** For tests: a clock that the test turns. NULL: the real one. */
void loop_set_clock(struct inbye_loop *loop, uint64_t (*now)(void *data), void *data);

/** A child of ours that the orphan reaper must leave to its owner. */
struct loop_child {
        struct list link;
        pid_t pid;
        void (*fn)(struct loop_child *child); /* SIGCHLD says that it ended: look at the pidfd */
};
void loop_child_add(struct inbye_loop *loop, struct loop_child *child);
void loop_child_remove(struct loop_child *child);
/** Does this loop reap orphans? */
bool loop_reaps_orphans(const struct inbye_loop *loop);
/** May there be children of this process that no owner registered? Always, where the loop does not reap. */
bool loop_may_have_orphans(struct inbye_loop *loop);
/**
 * The children of this process, zombies too, that no owner registered: orphans of its trees. Each keeps its
 * pid as long as the loop is not turned and nothing is reaped. *ret_pids is to be given to free().
 *
 * @return how many there are; -EOPNOTSUPP: the loop does not reap, or there are, or may come, children that
 *         are of no tree (strangers); -errno
 */
ssize_t loop_list_orphans(struct inbye_loop *loop, pid_t **ret_pids);
/** From now on this process may have children that belong to no tree and that nobody registers. */
void loop_note_stranger(void);

/** A group is open on this loop: links it into loop_groups(). */
void loop_group_add(struct inbye_loop *loop, struct list *link);
void loop_group_remove(struct list *link);
struct list *loop_groups(struct inbye_loop *loop);
/** Reap the orphans that are there now, up to the first child that has an owner. No-op where the loop does
 * not reap. */
void loop_reap_now(struct inbye_loop *loop);

/** One object per loop and key, opened by the first user and freed with the loop (the session of contain). */
void *loop_get_data(const struct inbye_loop *loop);
void loop_set_data(struct inbye_loop *loop, void *data, void (*free_data)(void *data));

#endif
