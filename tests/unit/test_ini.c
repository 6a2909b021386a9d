/* SPDX-License-Identifier: MIT */
#include "base/ini.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* All items, one after the other: "[name]", "key=value", "!line:column fault", a bar between. */
static void check_items(const char *text, const char *expected)
{
        struct ini ini = { .text = text, .n = strlen(text) };
        struct text_place place = TEXT_PLACE_INIT;
        struct buf all = BUF_INIT;
        struct ini_item item;

        while (ini_next(&ini, &item) != INI_END) {
                if (all.n)
                        buf_append_char(&all, '|');
                text_place_move(&place, text, item.at);
                if (item.kind == INI_SECTION)
                        buf_printf(&all, "[%.*s]", (int)item.n_name, item.name);
                else if (item.kind == INI_SETTING)
                        buf_printf(&all, "%.*s=%.*s", (int)item.n_name, item.name, (int)item.n_value,
                                item.value);
                else
                        buf_printf(&all, "!%u:%u", place.line, place.column);
        }
        cr_assert(eq(str, all.data ? all.data : "", (char *)expected), "%s", text);
        buf_deinit(&all);
}

Test(ini, reads_sections_and_settings)
{
        check_items("", "");
        check_items("\n \n# c\n; c = d\n", "");
        check_items("[A]\nx=1\n[B]\ny=2", "[A]|x=1|[B]|y=2");
        check_items("  [A b]  \n\t x-1 =  a b \t\n", "[A b]|x-1=a b");
        check_items("[A]\nx=\ny = # no comment\n", "[A]|x=|y=# no comment");
        check_items("[A]\nx=a \\\n  b\ny=1", "[A]|x=a \\\n  b|y=1");
        check_items("[A]\nx=a\\", "[A]|x=a\\");
}

Test(ini, tells_line_and_column_of_what_it_does_not_understand_and_goes_on)
{
        check_items("x=1\n[A]\ny=2", "!1:1|[A]|y=2");
        check_items("[A\n[B]\n", "!1:1|[B]");
        check_items("[A] x\n", "!1:5");
        check_items("[A]\nfoo\n=1\n  b ar=1\nz=1", "[A]|!2:1|!3:1|!4:5|z=1");
        check_items("[A]\nx=\xff\ny=1", "[A]|!2:3|y=1");
        check_items("[A]\nx=\xc3\xa4\xc3\xa4\x01\ny=1", "[A]|!2:5|y=1");
        check_items("[A]\r\n", "!1:4");
        check_items("[A]\n# \x1b[2J\n", "[A]|!2:3");
        check_items("[A]\n\xc3\xb6=1\n", "[A]|!2:1");
}

/* The words of a value, a bar between; the status at the end. */
static void check_words(const char *value, const char *expected)
{
        const char *at = value, *end = value + strlen(value), *start;
        struct buf word = BUF_INIT, all = BUF_INIT;
        int r;

        while ((r = ini_word(&at, end, &word, &start)) > 0)
                buf_printf(&all, "%s@%d|", word.data ? word.data : "", (int)(start - value));
        buf_printf(&all, "%s%d", r < 0 ? "quote@" : "", r < 0 ? (int)(start - value) : 0);
        cr_assert(eq(int, r, all.data[0] && strstr(all.data, "quote") ? -EINVAL : 0));
        cr_assert(eq(str, all.data, (char *)expected), "%s", value);
        buf_deinit(&word);
        buf_deinit(&all);
}

Test(ini, cuts_values_into_words)
{
        check_words("", "0");
        check_words("  ", "0");
        check_words("a  b\tc", "a@0|b@3|c@5|0");
        check_words("\"a b\"c 'd \\'", "a bc@0|d \\@7|0");
        check_words("a\\ b \\\"", "a b@0|\"@5|0");
        check_words("a\\\n b", "a@0|b@4|0");
        check_words("\"\" ''", "@0|@3|0");
        check_words("\"a\\\"b\"", "a\"b@0|0");
        check_words("a \"b", "a@0|quote@2");
        check_words("a'", "quote@1");
        check_words("a\\", "a\\@0|0");
}
