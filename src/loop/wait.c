/* SPDX-License-Identifier: MIT */
/*
 * Waiting with one epoll, and one timerfd in it for the moment to wake up at: then the whole loop is one
 * descriptor, which a program with a loop of its own can watch.
 */
#include "loop/wait.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/scope.h"
#include "loop/loop.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 64 };

/* The events of the loop are handed to the kernel as they are. */
_Static_assert(LOOP_IN == EPOLLIN && LOOP_OUT == EPOLLOUT && LOOP_PRIORITY == EPOLLPRI &&
                       LOOP_ERROR == EPOLLERR && LOOP_HANGUP == EPOLLHUP && LOOP_ONCE == EPOLLONESHOT &&
                       LOOP_EDGE == EPOLLET,
        "poll(2) and epoll(7) number the events alike");

struct wait {
        int epoll_fd, timer_fd;
        uint64_t armed_ns; /* what the timerfd is set to */
};

static void wait_freep(struct wait **wait)
{
        wait_free(*wait);
}

static int control(struct wait *wait, int operation, int fd, uint32_t events, uint64_t data)
{
        struct epoll_event event = { .events = events, .data.u64 = data };

        return epoll_ctl(wait->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int wait_open(struct wait **ret)
{
        scoped(wait_freep) struct wait *wait = malloc(sizeof(*wait));
        int r;

        if (!wait)
                return -ENOMEM;
        *wait = (struct wait){ .epoll_fd = -1, .timer_fd = -1, .armed_ns = CLOCK_FOREVER };
        wait->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (wait->epoll_fd < 0)
                return -errno;
        wait->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (wait->timer_fd < 0)
                return -errno;
        r = control(wait, EPOLL_CTL_ADD, wait->timer_fd, EPOLLIN, WAIT_TIMER);
        if (r < 0)
                return r;
        *ret = TAKE(wait);
        return 0;
}

void wait_free(struct wait *wait)
{
        if (!wait)
                return;
        fd_close(wait->timer_fd);
        fd_close(wait->epoll_fd);
        free(wait);
}

int wait_fd(const struct wait *wait)
{
        return wait->epoll_fd;
}

int wait_add(struct wait *wait, int fd, uint32_t events, uint64_t data)
{
        return control(wait, EPOLL_CTL_ADD, fd, events, data);
}

int wait_modify(struct wait *wait, int fd, uint32_t events, uint64_t data)
{
        return control(wait, EPOLL_CTL_MOD, fd, events, data);
}

void wait_remove(struct wait *wait, int fd, uint64_t data)
{
        (void)control(wait, EPOLL_CTL_DEL, fd, 0, data);
}

void wait_arm(struct wait *wait, uint64_t due_ns)
{
        struct itimerspec when = { 0 };

        if (due_ns == wait->armed_ns)
                return;
        if (due_ns != CLOCK_FOREVER) {
                /* A deadline of 0 would disarm. */
                uint64_t at_ns = due_ns ? due_ns : 1;
                when.it_value.tv_sec = (time_t)(at_ns / INBYE_SECOND);
                when.it_value.tv_nsec = (long)(at_ns % INBYE_SECOND);
        }
        timerfd_settime(wait->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
        wait->armed_ns = due_ns;
}

static void timer_read(struct wait *wait)
{
        uint64_t expirations;

        (void)!read(wait->timer_fd, &expirations, sizeof(expirations));
        wait->armed_ns = CLOCK_FOREVER;
}

int wait_next(struct wait *wait, uint64_t deadline_ns, struct wait_event *events, int n_max)
{
        struct epoll_event found[EVENTS_MAX];
        int n;

        n = epoll_wait(wait->epoll_fd, found, n_max < EVENTS_MAX ? n_max : EVENTS_MAX,
                clock_left_ms(clock_now_ns(), deadline_ns));
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                events[i] = (struct wait_event){ .data = found[i].data.u64, .events = found[i].events };
                if (events[i].data == WAIT_TIMER)
                        timer_read(wait);
        }
        return n;
}
