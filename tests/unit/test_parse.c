/* SPDX-License-Identifier: MIT */
#include "base/parse.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define UNTOUCHED UINT64_C(4711)

typedef int parser(const char *text, uint64_t *ret);

static void check(parser *parse, const char *text, uint64_t expected)
{
        uint64_t value = UNTOUCHED;

        cr_assert(zero(int, parse(text, &value)), "%s", text);
        cr_assert(eq(u64, value, expected), "%s", text);
}

static void check_refused(parser *parse, const char *text, int expected)
{
        uint64_t value = UNTOUCHED;

        cr_assert(eq(int, parse(text, &value), expected), "'%s'", text);
        cr_assert(eq(u64, value, UNTOUCHED), "'%s'", text);
}

Test(parse, reads_durations)
{
        check(parse_duration, "0", 0);
        check(parse_duration, "10", 10 * S);
        check(parse_duration, "007", 7 * S);
        check(parse_duration, "1.5", S + 500 * MS);
        check(parse_duration, ".5", 500 * MS);
        check(parse_duration, "1.5s", S + 500 * MS);
        check(parse_duration, "300ms", 300 * MS);
        check(parse_duration, "20us", 20 * US);
        check(parse_duration, "3ns", 3);
        check(parse_duration, "2m", 120 * S);
        check(parse_duration, "2min", 120 * S);
        check(parse_duration, "1h30m", 5400 * S);
        check(parse_duration, "1d2h3m4s5ms6us7ns", (86400 + 7200 + 180 + 4) * S + 5 * MS + 6 * US + 7);
        check(parse_duration, "0.1d", 8640 * S);
        check(parse_duration, "infinity", UINT64_MAX);
        check(parse_duration, "18446744073709551614ns", UINT64_MAX - 1);
        check(parse_duration, "18446744073.709551614", UINT64_MAX - 1);
}

Test(parse, rounds_a_duration_up_so_that_little_is_never_nothing)
{
        check(parse_duration, "0.0000000001", 1);
        check(parse_duration, "0.000000000", 0);
        check(parse_duration, "1.0000000000000000000000000000000000000001ns", 2);
        check(parse_duration, "0.333333333333333333333h", 1200 * S);
}

Test(parse, refuses_what_is_no_duration)
{
        static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "1x", "1S", "1e3", "0x10", "1.", ".",
                "s", "1.s", "1,5", "1h30", "1m1h", "1m1m", "1m1min", "1h 30m", "inf", "Infinity", "infinity1",
                "nan", "1..5", "1.5.5", "1hh", "\xc2\xb5s" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                check_refused(parse_duration, bad[i], -EINVAL);
        check_refused(parse_duration, "18446744073709551615ns", -ERANGE);
        check_refused(parse_duration, "18446744074", -ERANGE);
        check_refused(parse_duration, "99999999999999999999999999d", -ERANGE);
        check_refused(parse_duration, "213503d23h59m", -ERANGE);
        check_refused(parse_duration, "99999999999999999999999999x", -EINVAL);
}

Test(parse, reads_sizes)
{
        check(parse_size, "0", 0);
        check(parse_size, "4096", 4096);
        check(parse_size, "1B", 1);
        check(parse_size, "64K", 65536);
        check(parse_size, "64k", 65536);
        check(parse_size, "64KiB", 65536);
        check(parse_size, "64KB", 64000);
        check(parse_size, "8M", 8388608);
        check(parse_size, "1.5G", UINT64_C(1610612736));
        check(parse_size, "2T", UINT64_C(2199023255552));
        check(parse_size, "0.3K", 308);
        check(parse_size, "infinity", UINT64_MAX);
        check(parse_size, "18446744073709551614", UINT64_MAX - 1);
}

Test(parse, refuses_what_is_no_size)
{
        static const char *const bad[] = { "", "K", "1.5", "1.5B", "-1", "1 K", "1KK", "1Ki", "1e9K", "0x1",
                "1s" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                check_refused(parse_size, bad[i], -EINVAL);
        check_refused(parse_size, "18446744073709551615", -ERANGE);
        check_refused(parse_size, "16777216T", -ERANGE);
        check_refused(parse_size, "99999999999999999999999", -ERANGE);
}

static int unsigned_up_to_100(const char *text, uint64_t *ret)
{
        return parse_unsigned(text, 100, ret);
}

static int unsigned_any(const char *text, uint64_t *ret)
{
        return parse_unsigned(text, UINT64_MAX, ret);
}

Test(parse, reads_numbers_within_their_bounds)
{
        int value = 4711;

        check(unsigned_up_to_100, "0", 0);
        check(unsigned_up_to_100, "0000000000000000000000000000100", 100);
        check(unsigned_any, "18446744073709551615", UINT64_MAX);
        check_refused(unsigned_any, "18446744073709551616", -ERANGE);
        check_refused(unsigned_up_to_100, "101", -ERANGE);
        check_refused(unsigned_up_to_100, "", -EINVAL);
        check_refused(unsigned_up_to_100, "-1", -EINVAL);
        check_refused(unsigned_up_to_100, "1x", -EINVAL);
        cr_assert(eq(int, parse_int("-21", -20, 19, &value), -ERANGE));
        cr_assert(eq(int, parse_int("--1", -20, 19, &value), -EINVAL));
        cr_assert(eq(int, parse_int("-", -20, 19, &value), -EINVAL));
        cr_assert(eq(int, value, 4711));
        cr_assert(zero(int, parse_int("-20", -20, 19, &value)));
        cr_assert(eq(int, value, -20));
        cr_assert(zero(int, parse_int("-2147483648", INT32_MIN, INT32_MAX, &value)));
        cr_assert(eq(int, value, INT32_MIN));
        cr_assert(eq(int, parse_int("2147483648", INT32_MIN, INT32_MAX, &value), -ERANGE));
}

static void check_signal(const char *text, int expected)
{
        int signo = 4711, r = parse_signal(text, &signo);

        cr_assert(eq(int, r, expected < 0 ? expected : 0), "%s", text);
        cr_assert(eq(int, signo, expected < 0 ? 4711 : expected), "%s", text);
}

Test(parse, reads_signals)
{
        check_signal("TERM", SIGTERM);
        check_signal("SIGTERM", SIGTERM);
        check_signal("term", SIGTERM);
        check_signal("sigkill", SIGKILL);
        check_signal("15", 15);
        check_signal("64", 64);
        check_signal("CLD", SIGCHLD);
        check_signal("POLL", SIGIO);
        check_signal("RTMIN", SIGRTMIN);
        check_signal("RTMIN+2", SIGRTMIN + 2);
        check_signal("SIGRTMAX-1", SIGRTMAX - 1);
        check_signal("0", -ERANGE);
        check_signal("65", -ERANGE);
        check_signal("RTMIN+31", -ERANGE);
        check_signal("RTMIN-1", -EINVAL);
        check_signal("RTMIN+", -EINVAL);
        check_signal("SIG", -EINVAL);
        check_signal("SIGSIGTERM", -EINVAL);
        check_signal("EXIT", -EINVAL);
        check_signal("TERM ", -EINVAL);
        check_signal("", -EINVAL);
        check_signal("-15", -EINVAL);
}

Test(parse, names_each_signal_so_that_it_is_read_back)
{
        for (int signo = 1; signo <= 64; signo++)
                check_signal(signal_name(signo), signo);
        cr_assert(eq(str, (char *)signal_name(SIGTERM), "TERM"));
        cr_assert(eq(str, (char *)signal_name(SIGRTMIN + 3), "RTMIN+3"));
        cr_assert(eq(str, (char *)signal_name(0), "0"));
        cr_assert(eq(str, (char *)signal_name(4711), "4711"));
}

Test(parse, reads_cpu_lists)
{
        unsigned cpus[8] = { 0 }, n = 0;

        cr_assert(zero(int, parse_cpu_list("0-3,7", cpus, 8, &n)));
        cr_assert(eq(uint, n, 5));
        cr_assert(eq(uint, cpus[3], 3));
        cr_assert(eq(uint, cpus[4], 7));
        cr_assert(zero(int, parse_cpu_list("5", cpus, 1, &n)));
        cr_assert(eq(uint, n, 1));
        cr_assert(zero(int, parse_cpu_list("0-7", cpus, 8, &n)));
}

Test(parse, refuses_bad_cpu_lists_without_writing)
{
        static const char *const bad[] = { "", ",", "1,", ",1", "1-", "-1", "3-1", "1--2", "a", "1 ,2",
                "1-2-3" };
        unsigned cpus[8] = { 42 }, n = 4711;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                cr_assert(eq(int, parse_cpu_list(bad[i], cpus, 8, &n), -EINVAL), "%s", bad[i]);
        cr_assert(eq(int, parse_cpu_list("0-8", cpus, 8, &n), -ERANGE));
        cr_assert(eq(int, parse_cpu_list("0-4,0-4", cpus, 8, &n), -ERANGE));
        cr_assert(eq(int, parse_cpu_list("0-99999999999999999999", cpus, 8, &n), -ERANGE));
        cr_assert(eq(int, parse_cpu_list("0", cpus, 0, &n), -ERANGE));
        cr_assert(eq(uint, cpus[0], 42));
        cr_assert(eq(uint, n, 4711));
}

static void check_rlimit(const char *text, int resource, uint64_t soft, uint64_t hard)
{
        uint64_t s = UNTOUCHED, h = UNTOUCHED;
        int found = -1;

        cr_assert(zero(int, parse_rlimit(text, &found, &s, &h)), "%s", text);
        cr_assert(eq(int, found, resource), "%s", text);
        cr_assert(eq(u64, s, soft), "%s", text);
        cr_assert(eq(u64, h, hard), "%s", text);
}

Test(parse, reads_rlimits)
{
        static const char *const bad[] = { "", "nofile", "nofile=", "nofile=1:", "nofile=:1", "nofile=2:1",
                "files=1", "NOFILE=1", "nofile=1:2:3", "nofile=1K", "=1", "nofile=infinity:1",
                "nofile=00000000000000000000000000000000000000000000000000000001" };
        uint64_t soft, hard;
        int resource;

        check_rlimit("nofile=64:128", RLIMIT_NOFILE, 64, 128);
        check_rlimit("core=infinity", RLIMIT_CORE, UINT64_MAX, UINT64_MAX);
        check_rlimit("cpu=10", RLIMIT_CPU, 10, 10);
        check_rlimit("cpu=10:infinity", RLIMIT_CPU, 10, UINT64_MAX);
        check_rlimit("as=1.5G:2G", RLIMIT_AS, UINT64_C(1610612736), UINT64_C(2147483648));
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                cr_assert(eq(int, parse_rlimit(bad[i], &resource, &soft, &hard), -EINVAL), "%s", bad[i]);
        cr_assert(eq(int, parse_rlimit("nofile=18446744073709551615", &resource, &soft, &hard), -ERANGE));
}
