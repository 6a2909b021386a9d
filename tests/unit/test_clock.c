/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

Test(clock, goes_forward)
{
        uint64_t a = clock_now_ns(), b = clock_now_ns();

        cr_assert(gt(u64, a, 0));
        cr_assert(ge(u64, b, a));
        cr_assert(gt(u64, clock_wall_ns(), UINT64_C(1700000000000000000)));
}

Test(clock, forever_stays_forever)
{
        cr_assert(eq(u64, clock_deadline(5, 7), 12));
        cr_assert(eq(u64, clock_deadline(5, CLOCK_FOREVER), CLOCK_FOREVER));
        cr_assert(eq(u64, clock_deadline(0, CLOCK_FOREVER), CLOCK_FOREVER));
        cr_assert(eq(u64, clock_deadline(100, CLOCK_FOREVER - 50), CLOCK_FOREVER));
        cr_assert(eq(u64, clock_left(100, CLOCK_FOREVER), CLOCK_FOREVER));
}

Test(clock, nothing_is_left_of_a_deadline_that_has_passed)
{
        cr_assert(eq(u64, clock_left(10, 25), 15));
        cr_assert(eq(u64, clock_left(25, 25), 0));
        cr_assert(eq(u64, clock_left(26, 25), 0));
}

static void check_format(uint64_t ns, const char *expected)
{
        char text[CLOCK_TEXT_SIZE];

        memset(text, 'x', sizeof(text));
        clock_format_wall(ns, text);
        cr_assert(eq(str, text, (char *)expected));
}

Test(clock, writes_utc_with_microseconds)
{
        check_format(0, "1970-01-01T00:00:00.000000Z");
        check_format(UINT64_C(1709210096000001999), "2024-02-29T12:34:56.000001Z");
        check_format(UINT64_MAX, "2554-07-21T23:34:33.709551Z");
}
