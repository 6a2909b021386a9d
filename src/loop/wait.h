/* SPDX-License-Identifier: MIT */
#ifndef LOOP_WAIT_H
#define LOOP_WAIT_H

#include <stdint.h>

/*
 * What the loop waits with: epoll and a timerfd (wait.c), or poll(2) (wait_posix.c). It knows descriptors,
 * one moment to wake up at, and nothing of what hangs on them.
 */
struct wait;

/* The low half of `data` is the number of the slot: below UINT32_MAX, and small, for it is an index. */
struct wait_event {
        uint64_t data;
        uint32_t events; /* LOOP_IN... */
};
/** The data of the event that says that the moment of wait_arm() has come. */
#define WAIT_TIMER UINT64_MAX

/** 0 or -errno. */
int wait_open(struct wait **ret);
/** NULL is fine. */
void wait_free(struct wait *wait);
/** A descriptor that is readable while wait_next() would give something; -EOPNOTSUPP: there is none. */
int wait_fd(const struct wait *wait);
/** -EPERM: not a descriptor that can be waited for, it is always ready. */
int wait_add(struct wait *wait, int fd, uint32_t events, uint64_t data);
int wait_modify(struct wait *wait, int fd, uint32_t events, uint64_t data);
void wait_remove(struct wait *wait, int fd, uint64_t data);
/** Give WAIT_TIMER once, at due_ns of CLOCK_MONOTONIC; CLOCK_FOREVER: never. */
void wait_arm(struct wait *wait, uint64_t due_ns);
/** Wait, until the deadline at most. @return how many events there are; 0 also after a signal; -errno. */
int wait_next(struct wait *wait, uint64_t deadline_ns, struct wait_event *events, int n_max);

#endif
