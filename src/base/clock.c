/* SPDX-License-Identifier: MIT */
/*
 * Time is one uint64_t of nanoseconds: no struct to normalise, no unit to forget, and 584 years until it
 * wraps. "Forever" is its largest value, and the sums here saturate, so that it passes through them unharmed
 * and no caller has a special case for it.
 *
 * CLOCK_MONOTONIC stands still while the machine sleeps. That is meant: a laptop that is opened again must
 * not find all its commands timed out.
 */
#include "base/clock.h"
#include <assert.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MILLISECOND UINT64_C(1000000)

static uint64_t clock_read(clockid_t clock)
{
        struct timespec t = { 0 };
        int r = clock_gettime(clock, &t);

        assert(r == 0); /* both clocks have been there since Linux 2.6 */
        (void)r;
        return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t clock_now_ns(void)
{
        return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
        return clock_read(CLOCK_REALTIME);
}

uint64_t clock_deadline(uint64_t now_ns, uint64_t timeout_ns)
{
        uint64_t deadline_ns;

        return __builtin_add_overflow(now_ns, timeout_ns, &deadline_ns) ? CLOCK_FOREVER : deadline_ns;
}

uint64_t clock_left(uint64_t now_ns, uint64_t deadline_ns)
{
        if (deadline_ns == CLOCK_FOREVER)
                return CLOCK_FOREVER;
        return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

int clock_left_ms(uint64_t now_ns, uint64_t deadline_ns)
{
        uint64_t left_ns = clock_left(now_ns, deadline_ns);

        if (left_ns / NS_PER_MILLISECOND >= INT32_MAX)
                return -1;
        return (int)((left_ns + NS_PER_MILLISECOND - 1) / NS_PER_MILLISECOND);
}

void clock_format_wall(uint64_t wall_ns, char text[CLOCK_TEXT_SIZE])
{
        time_t seconds = (time_t)(wall_ns / NS_PER_SECOND);
        unsigned us = (unsigned)(wall_ns % NS_PER_SECOND / 1000);
        struct tm tm = { 0 };
        size_t n;

        (void)gmtime_r(&seconds, &tm); /* 64 bits of nanoseconds end in the year 2554: it cannot fail */
        n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%06uZ", us);
}
