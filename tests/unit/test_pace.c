/* SPDX-License-Identifier: MIT */
/* What holds starts back: when it begins, when it ends; and the median that limits of time follow. */
#include "base/clock.h"
#include "batch/batch.h"
#include "batch/median.h"
#include "sys/pressure.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>

Test(pace, a_limit_that_was_overrun_must_be_better_by_a_tenth)
{
        cr_assert(not(pace_is_over(false, 1000, 1000)));
        cr_assert(pace_is_over(false, 1001, 1000));
        cr_assert(pace_is_over(true, 950, 1000));
        cr_assert(not(pace_is_over(true, 900, 1000)));
}

Test(pace, memory_that_was_short_must_be_more_by_a_tenth)
{
        cr_assert(not(pace_is_under(false, 1000, 1000)));
        cr_assert(pace_is_under(false, 999, 1000));
        cr_assert(pace_is_under(true, 1050, 1000));
        cr_assert(not(pace_is_under(true, 1100, 1000)));
        cr_assert(pace_is_under(true, 1000, UINT64_MAX));
}

Test(pressure, the_load_is_read_without_asking_the_locale)
{
        uint32_t milli = 0;

        cr_assert(zero(int, sys_parse_load("1.24 3.71 2.78 1/93 29274\n", &milli)));
        cr_assert(eq(u32, milli, 1240));
        cr_assert(zero(int, sys_parse_load("160.05 3.71 2.78 1/93 29274\n", &milli)));
        cr_assert(eq(u32, milli, 160050));
        cr_assert(eq(int, sys_parse_load("", &milli), -EINVAL));
        cr_assert(zero(int, sys_load(&milli)));
}

Test(pressure, the_memory_is_what_can_be_had)
{
        uint64_t bytes = 0;

        cr_assert(zero(
                int, sys_parse_meminfo("MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:      7 kB\n", &bytes)));
        cr_assert(eq(u64, bytes, 7168));
        cr_assert(eq(int, sys_parse_meminfo("MemTotal: 9 kB\n", &bytes), -EINVAL));
        cr_assert(zero(int, sys_memory_available(&bytes)));
        cr_assert(gt(u64, bytes, 0));
}

Test(median, there_is_none_of_two)
{
        struct median median = { 0 };

        median_add(&median, 5);
        median_add(&median, 5);
        cr_assert(eq(u64, median_get(&median), CLOCK_FOREVER));
        median_add(&median, 9);
        cr_assert(eq(u64, median_get(&median), 5));
        median_add(&median, 11);
        cr_assert(eq(u64, median_get(&median), 6)); /* of 5 and 9, each halved */
}

/* Against the slow way: sort what the ring should hold. */
static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

Test(median, is_that_of_the_last_255)
{
        uint64_t values[2000], sorted[N_MEDIAN], random = 1;
        struct median median = { 0 };

        for (size_t i = 0; i < 2000; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                values[i] = random >> 56;
                median_add(&median, values[i]);
        }
        for (size_t i = 0; i < N_MEDIAN; i++)
                sorted[i] = values[2000 - N_MEDIAN + i];
        qsort(sorted, N_MEDIAN, sizeof(sorted[0]), compare);
        cr_assert(eq(u64, median_get(&median), sorted[N_MEDIAN / 2]));
        cr_assert(eq(sz, median.n, (size_t)N_MEDIAN));
}
