/* SPDX-License-Identifier: MIT */
#include "base/makeflags.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

static void check_pair(const char *flags, int read_fd, int write_fd)
{
        struct makeflags_jobserver found = { 0 };

        cr_assert(eq(int, makeflags_find(flags, &found), 1), "%s", flags);
        cr_assert(eq(int, found.read_fd, read_fd), "%s", flags);
        cr_assert(eq(int, found.write_fd, write_fd), "%s", flags);
        cr_assert(zero(ptr, (void *)found.path), "%s", flags);
}

static void check_path(const char *flags, const char *path)
{
        struct makeflags_jobserver found = { 0 };

        cr_assert(eq(int, makeflags_find(flags, &found), 1), "%s", flags);
        cr_assert(eq(sz, found.n_path, strlen(path)), "%s", flags);
        cr_assert(zero(int, strncmp(found.path, path, found.n_path)), "%s", flags);
}

static void check_none(const char *flags, int expected)
{
        struct makeflags_jobserver found = { .read_fd = 4711 };

        cr_assert(eq(int, makeflags_find(flags, &found), expected), "%s", flags);
        cr_assert(eq(int, found.read_fd, 4711), "%s", flags);
}

static void check_append(const char *flags, const char *expected)
{
        struct buf out = BUF_INIT;

        cr_assert(zero(int, makeflags_append(&out, flags, 4, 7, 8)));
        cr_assert(eq(str, out.data, (char *)expected), "%s", flags ? flags : "(none)");
        buf_deinit(&out);
}

Test(makeflags, finds_the_descriptors)
{
        check_pair(" -j4 --jobserver-auth=3,4", 3, 4);
        check_pair("ks -j --jobserver-auth=10,11 --no-print-directory", 10, 11);
        check_pair(" --jobserver-fds=5,6 -j", 5, 6);
        check_pair("--jobserver-auth=-2,-2", -2, -2);
}

Test(makeflags, takes_the_last_auth_and_fds_only_where_there_is_none)
{
        check_pair("--jobserver-auth=3,4 --jobserver-auth=5,6", 5, 6);
        check_pair("--jobserver-auth=3,4 --jobserver-fds=5,6", 3, 4);
        check_pair("--jobserver-fds=3,4 --jobserver-fds=5,6", 5, 6);
        check_path("--jobserver-auth=3,4 --jobserver-auth=fifo:/x", "/x");
}

Test(makeflags, finds_a_fifo)
{
        check_path("-j3 --jobserver-auth=fifo:/tmp/GMfifo12 -- A=b", "/tmp/GMfifo12");
}

Test(makeflags, passes_over_what_is_no_option)
{
        check_none("", 0);
        check_none("ks", 0);
        check_none("-j4", 0);
        check_none(" -- --jobserver-auth=3,4", 0);
        check_none("-- A=b\\ --jobserver-auth=3,4", 0);
        check_none("--eval=a\\ --jobserver-auth=3,4", 0);
        check_none("x--jobserver-auth=3,4", 0);
        check_none("--jobserver-style=fifo", 0);
}

Test(makeflags, refuses_what_nobody_understands)
{
        check_none("--jobserver-auth=", -EINVAL);
        check_none("--jobserver-auth=3", -EINVAL);
        check_none("--jobserver-auth=3,", -EINVAL);
        check_none("--jobserver-auth=3,4,5", -EINVAL);
        check_none("--jobserver-auth=3;4", -EINVAL);
        check_none("--jobserver-auth=99999999999,4", -EINVAL);
        check_none("--jobserver-auth=fifo:", -EINVAL);
        check_none("--jobserver-auth=3,4 --jobserver-auth=what:ever", -EINVAL);
        check_none("--jobserver-auth=00000000000000000000000000000000000000000003,4", -EINVAL);
}

#define OURS "-j4 --jobserver-fds=7,8 --jobserver-auth=7,8"

Test(makeflags, puts_a_jobserver_in_place_of_the_one_that_was_there)
{
        check_append(NULL, " " OURS);
        check_append("", " " OURS);
        check_append("ks", "ks " OURS);
        check_append(" -j9 --jobserver-fds=3,4 --jobserver-auth=3,4 -l2", "-l2 " OURS);
        check_append("k -j -- CC=gcc\\ -m32 V=1", "k " OURS " -- CC=gcc\\ -m32 V=1");
        check_append("k --", "k " OURS " --");
}
