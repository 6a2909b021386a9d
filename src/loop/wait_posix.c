/* SPDX-License-Identifier: MIT */
/*
 * Waiting with poll(2), where there is nothing better. The table of descriptors is indexed by the loop's
 * slots, so that nothing is ever searched for; each turn costs a walk over it, which is what poll(2) costs
 * anyway.
 *
 * poll(2) always reports errors and hang-ups: one that is disarmed is therefore not in the table at all but
 * for its complement, which is negative and skipped. By edges is only what is told once and then disarmed.
 *
 * There is no descriptor that stands for all of it.
 */
#include "base/clock.h"
#include "base/scope.h"
#include "loop/loop.h"
#include "loop/wait.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

struct entry {
        uint64_t data;
        bool once; /* disarm it when it was told */
};

struct wait {
        struct pollfd *fds; /* fd < 0: free, or the complement of one that is disarmed */
        struct entry *entries;
        uint32_t n, n_allocated;
        uint32_t first; /* to be looked at: who comes last now comes first another time */
        uint64_t due_ns;
};

int wait_open(struct wait **ret)
{
        struct wait *wait = calloc(1, sizeof(*wait));

        if (!wait)
                return -ENOMEM;
        wait->due_ns = CLOCK_FOREVER;
        *ret = wait;
        return 0;
}

void wait_free(struct wait *wait)
{
        if (!wait)
                return;
        free(wait->fds);
        free(wait->entries);
        free(wait);
}

int wait_fd(const struct wait *wait)
{
        (void)wait;
        return -EOPNOTSUPP;
}

static int make_room(struct wait *wait, uint32_t index)
{
        uint32_t n = wait->n_allocated ? wait->n_allocated : 16;
        struct entry *entries;
        struct pollfd *fds;

        if (index < wait->n_allocated)
                return 0;
        while (n <= index)
                n *= 2;
        fds = array_resize(wait->fds, n, sizeof(*fds));
        if (!fds)
                return -ENOMEM;
        wait->fds = fds;
        entries = array_resize(wait->entries, n, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        wait->entries = entries;
        wait->n_allocated = n;
        return 0;
}

/* What epoll(7) refuses: files that are always ready. */
static int check(int fd)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? -EPERM : 0;
}

int wait_modify(struct wait *wait, int fd, uint32_t events, uint64_t data)
{
        uint32_t index = (uint32_t)data;
        short wanted = (short)(events & (LOOP_IN | LOOP_OUT | LOOP_PRIORITY));
        bool once = events & (LOOP_ONCE | LOOP_EDGE);

        wait->fds[index] = (struct pollfd){ .fd = once && !wanted ? ~fd : fd, .events = wanted };
        wait->entries[index] = (struct entry){ .data = data, .once = once };
        return 0;
}

int wait_add(struct wait *wait, int fd, uint32_t events, uint64_t data)
{
        uint32_t index = (uint32_t)data;
        int r;

        r = check(fd);
        if (r < 0)
                return r;
        r = make_room(wait, index);
        if (r < 0)
                return r;
        for (; wait->n <= index; wait->n++)
                wait->fds[wait->n] = (struct pollfd){ .fd = -1 };
        return wait_modify(wait, fd, events, data);
}

void wait_remove(struct wait *wait, int fd, uint64_t data)
{
        (void)fd;
        wait->fds[(uint32_t)data] = (struct pollfd){ .fd = -1 };
        while (wait->n > 0 && wait->fds[wait->n - 1].fd == -1)
                wait->n--;
}

void wait_arm(struct wait *wait, uint64_t due_ns)
{
        wait->due_ns = due_ns;
}

static struct wait_event take(struct wait *wait, uint32_t index)
{
        struct pollfd *found = &wait->fds[index];
        struct wait_event event = { .data = wait->entries[index].data, .events = (uint16_t)found->revents };

        if (wait->entries[index].once)
                found->fd = ~found->fd;
        return event;
}

static int collect(struct wait *wait, struct wait_event *events, int n_max)
{
        uint32_t first = wait->n ? wait->first % wait->n : 0, index;
        int n = 0;

        for (uint32_t i = 0; i < wait->n && n < n_max; i++) {
                index = (first + i) % wait->n;
                if (wait->fds[index].fd < 0 || !wait->fds[index].revents)
                        continue;
                events[n++] = take(wait, index);
                wait->first = index + 1;
        }
        return n;
}

int wait_next(struct wait *wait, uint64_t deadline_ns, struct wait_event *events, int n_max)
{
        uint64_t until_ns = wait->due_ns < deadline_ns ? wait->due_ns : deadline_ns;
        int n;

        n = poll(wait->fds, wait->n, clock_left_ms(clock_now_ns(), until_ns));
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        n = n > 0 ? collect(wait, events, n_max - 1) : 0;
        if (wait->due_ns <= clock_now_ns()) {
                wait->due_ns = CLOCK_FOREVER;
                events[n++] = (struct wait_event){ .data = WAIT_TIMER };
        }
        return n;
}
