/* SPDX-License-Identifier: MIT */
#include "base/makeargv.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

/* Words between single blanks. */
static char **split(const char *line)
{
        char *copy = strdup(line), *rest = copy, **words = NULL;

        while (rest)
                cr_assert(zero(int, strv_append(&words, str_cut(&rest, ' '))));
        free(copy);
        return words;
}

static void check_line(const char *line, const char *expected)
{
        char **words = split(line);
        struct buf left = BUF_INIT;

        makeargv_drop_jobs(words);
        for (char **word = words; *word; word++)
                buf_printf(&left, "%s%s", left.n ? " " : "", *word);
        cr_assert(eq(str, left.data, (char *)expected), "%s", line);
        buf_deinit(&left);
        strv_free(words);
}

static void check_unchanged(const char *line)
{
        check_line(line, line);
}

Test(makeargv, knows_make_by_its_name)
{
        cr_assert(makeargv_is_make("make"));
        cr_assert(makeargv_is_make("/usr/bin/gmake"));
        cr_assert(not(makeargv_is_make("cmake")));
        cr_assert(not(makeargv_is_make("make/")));
        cr_assert(not(makeargv_is_make("./make-it")));
}

Test(makeargv, takes_out_every_form_of_a_number_of_jobs)
{
        check_line("make -j4", "make");
        check_line("make -j", "make");
        check_line("make -j 4", "make");
        check_line("make --jobs", "make");
        check_line("make --jobs=4 all", "make all");
        check_line("make --jobs 4 all", "make all");
        check_line("make -j4 all -j 8 -k", "make all -k");
        check_line("make all -j4", "make all");
}

Test(makeargv, leaves_what_stands_before_it_in_a_cluster)
{
        check_line("make -kj4", "make -k");
        check_line("make -ksj 4 all", "make -ks all");
        check_line("make -kj -s", "make -k -s");
}

Test(makeargv, leaves_what_is_no_number_of_jobs)
{
        check_unchanged("make all j4 4");
        check_line("make -j all", "make all");
        check_line("make -j 4x", "make 4x");
        check_unchanged("make -f -j4");
        check_unchanged("make -kf -j4");
        check_unchanged("make -fj4 -Cj4 -Oj4 -lj4");
        check_unchanged("make --file -j4 --directory -j4");
        check_line("make --file=x -j4", "make --file=x");
        check_line("make -l -j4", "make -l");
        check_unchanged("make -- -j4");
        check_line("make -j4 -- -j4", "make -- -j4");
        check_unchanged("make --jobserver-auth=3,4");
}

Test(makeargv, leaves_what_make_refuses)
{
        check_unchanged("make -jx");
        check_unchanged("make -j4k");
        check_unchanged("make --jobs=x");
}

Test(makeargv, leaves_a_make_that_runs_one_at_a_time)
{
        check_unchanged("make -j1");
        check_unchanged("make -j4 -j 1");
        check_unchanged("make --jobs=1");
        check_line("make -j1 -j4", "make");
        check_line("make -j1 -j", "make");
}

Test(makeargv, is_content_with_few_words)
{
        check_unchanged("make");
        check_unchanged("make -");
        check_unchanged("make -f");
        check_unchanged("make --file");
}
