/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_FOREVER UINT64_MAX

/** CLOCK_MONOTONIC, nanoseconds. */
uint64_t clock_now_ns(void);
/** CLOCK_REALTIME, nanoseconds since 1970. */
uint64_t clock_wall_ns(void);
/** now + timeout, saturating: forever stays forever. */
uint64_t clock_deadline(uint64_t now_ns, uint64_t timeout_ns);
/** What is left until the deadline: 0 when it has passed, forever for forever. */
uint64_t clock_left(uint64_t now_ns, uint64_t deadline_ns);
/** The same for poll(2): whole milliseconds, never too few; -1: forever, or longer than it can count. */
int clock_left_ms(uint64_t now_ns, uint64_t deadline_ns);
/** RFC 3339 in UTC with microseconds: "2026-01-02T03:04:05.678901Z". */
#define CLOCK_TEXT_SIZE 32
void clock_format_wall(uint64_t wall_ns, char text[CLOCK_TEXT_SIZE]);

#endif
