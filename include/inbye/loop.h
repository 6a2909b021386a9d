/* SPDX-License-Identifier: MIT */
#ifndef INBYE_LOOP_H
#define INBYE_LOOP_H

#include <inbye/base.h>

INBYE_BEGIN_DECLS

/**
 * Where everything that inbye waits for is waited for: one epoll(7); poll(2) in a build for POSIX alone.
 *
 * Blocking calls of this library turn the loop themselves. A program with a loop of its own watches
 * inbye_loop_fd() for readability and calls inbye_loop_dispatch(loop, 0) when it is readable.
 *
 * Ownership: inbye_loop_open() gives the caller a loop, inbye_loop_free() takes it back; what was
 * opened on the loop (watches, groups, batches) is freed before it.
 * Threads: one thread at a time per loop; loops share no state. inbye_cancel_fire() is how another
 * thread reaches a loop.
 * Errors: 0 or more on success, a negative errno on failure. errno is not part of this interface.
 * Reentrancy: a callback may open and free anything but the loop, and may not dispatch it.
 */
struct inbye_loop;
struct inbye_watch;

/** @retval -EMFILE  No descriptor left. */
INBYE_API INBYE_MUST_USE int inbye_loop_open(struct inbye_loop **ret_loop);
INBYE_API void inbye_loop_free(struct inbye_loop *loop);

/**
 * The descriptor to watch for readability (POLLIN, EPOLLIN). The loop keeps it.
 *
 * @retval -EOPNOTSUPP  A build for POSIX alone has none: let inbye_loop_dispatch() wait, in a thread of its
 * own if need be.
 */
INBYE_API int inbye_loop_fd(const struct inbye_loop *loop);

/**
 * Wait for events and run their callbacks.
 *
 * @param timeout_ns  0: only what is there already. INBYE_FOREVER: until something happens.
 * @return            Number of callbacks that ran, 0 at the end of the time; or -errno.
 */
INBYE_API int inbye_loop_dispatch(struct inbye_loop *loop, uint64_t timeout_ns);

/**
 * Make this process a child subreaper (prctl(2), Linux 3.4) and let the loop reap whatever orphan
 * arrives, so that no zombie of a tree is left to a PID 1 that may not reap. Processes that got away from
 * a tree then come to this process too; they are ended when the tree has ended, see
 * inbye_result_n_escaped(). It takes SIGCHLD over (blocks it in the calling thread).
 *
 * For programs that start all their children through this loop: any other child is reaped as well, its
 * status lost to the program, and one that is started after this call is taken for one that got away, and
 * killed. With children that were there before, groups that are open already, groups of another loop or
 * inbye_detach() nobody is.
 *
 * @retval -EALREADY  Another loop of this process does it.
 */
INBYE_API INBYE_MUST_USE int inbye_loop_reap_orphans(struct inbye_loop *loop);

/** @param events  POLLIN, POLLOUT... as poll(2) gives them; the numbers of epoll(7) are the same. */
typedef void (*inbye_watch_fd_fn)(void *userdata, uint32_t events);
typedef void (*inbye_watch_timer_fn)(void *userdata);
typedef void (*inbye_watch_signal_fn)(void *userdata, int signo, pid_t sender);

/**
 * Watch a descriptor, level-triggered. The caller keeps it open until the watch is freed.
 *
 * @retval -EPERM  The kernel cannot watch it (a regular file): it is always ready.
 */
INBYE_API INBYE_MUST_USE int inbye_watch_fd(struct inbye_loop *loop, int fd, uint32_t events,
        inbye_watch_fd_fn fn, void *userdata, struct inbye_watch **ret_watch);

/** Fire once, `after_ns` from now; inbye_watch_rearm() makes it fire again. */
INBYE_API INBYE_MUST_USE int inbye_watch_timer(struct inbye_loop *loop, uint64_t after_ns,
        inbye_watch_timer_fn fn, void *userdata, struct inbye_watch **ret_watch);

/**
 * Watch a signal through signalfd(2). It is blocked in the calling thread (and stays so); programs with
 * more threads block it in all of them first.
 *
 * @retval -EBUSY  The loop watches it already.
 */
INBYE_API INBYE_MUST_USE int inbye_watch_signal(struct inbye_loop *loop, int signo, inbye_watch_signal_fn fn,
        void *userdata, struct inbye_watch **ret_watch);

/** Set a timer watch anew. INBYE_FOREVER: disarm it. @retval -EINVAL  Not a timer. */
INBYE_API int inbye_watch_rearm(struct inbye_watch *watch, uint64_t after_ns);

/** Stop watching. NULL is fine. */
INBYE_API void inbye_watch_free(struct inbye_watch *watch);

/**
 * A switch that is thrown once, from any thread or from a signal handler.
 *
 * Ownership: inbye_cancel_open() gives the caller a token; groups and batches that were given it hold
 * a reference of their own, so inbye_cancel_free() may come first.
 */
struct inbye_cancel;

INBYE_API INBYE_MUST_USE int inbye_cancel_open(struct inbye_cancel **ret_cancel);
INBYE_API void inbye_cancel_free(struct inbye_cancel *cancel);

/** Throw it. Any thread; async-signal-safe; more than once is fine. */
INBYE_API void inbye_cancel_fire(struct inbye_cancel *cancel);

/** @return 1 when it was thrown, else 0. Any thread. */
INBYE_API int inbye_cancel_is_fired(const struct inbye_cancel *cancel);

INBYE_END_DECLS
#endif
