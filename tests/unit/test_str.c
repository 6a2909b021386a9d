/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_text(struct buf *b, const char *expected)
{
        char *got = NULL;

        cr_assert(zero(int, buf_steal(b, &got, NULL)));
        cr_assert(eq(str, got, (char *)expected));
        free(got);
}

static void check_quoted(const char *word, const char *expected)
{
        struct buf b = BUF_INIT;

        str_quote(&b, word);
        check_text(&b, expected);
}

static void check_clean(const char *text, const char *expected)
{
        struct buf b = BUF_INIT;

        str_append_clean(&b, text);
        buf_append_str(&b, "");
        check_text(&b, expected);
}

Test(strv, copies_and_appends)
{
        const char *const words[] = { "a", "", "c", NULL };
        scoped(strv_freep) char **copy = strv_copy(words), **grown = NULL, **empty = strv_copy(NULL);

        cr_assert(ne(ptr, copy, NULL));
        cr_assert(eq(sz, strv_length((const char *const *)copy), 3));
        cr_assert(eq(str, copy[2], "c"));
        cr_assert(ne(ptr, empty, NULL));
        cr_assert(zero(ptr, empty[0]));
        cr_assert(zero(sz, strv_length(NULL)));
        cr_assert(zero(int, strv_append(&grown, "x")));
        cr_assert(zero(int, strv_append(&grown, "y")));
        cr_assert(eq(sz, strv_length((const char *const *)grown), 2));
        cr_assert(eq(str, grown[1], "y"));
}

Test(str, quotes_a_word_where_it_needs_it)
{
        check_quoted("plain-word_1.2/x@y:z,%+", "plain-word_1.2/x@y:z,%+");
        check_quoted("", "''");
        check_quoted("two words", "'two words'");
        check_quoted("it's", "'it'\\''s'");
        check_quoted("$HOME", "'$HOME'");
        check_quoted("~", "'~'");
        check_quoted("a=b", "'a=b'");
        check_quoted("--a=b", "--a=b");
        check_quoted("gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'");
}

Test(str, writes_control_characters_as_escapes)
{
        check_quoted("a\nb", "$'a\\x0Ab'");
        check_quoted("\x1b[31m'\\", "$'\\x1B[31m\\'\\\\'");
        check_quoted("\xff", "$'\\xFF'");
        check_quoted("\xc2\x9b", "$'\\xC2\\x9B'"); /* U+009B, the one-character CSI */
}

Test(str, quotes_a_vector_as_one_line)
{
        const char *const words[] = { "sh", "-c", "echo hi", "", NULL };
        char *line = NULL;

        cr_assert(zero(int, inbye_quote(words, &line)));
        cr_assert(eq(str, line, "sh -c 'echo hi' ''"));
        free(line);
        cr_assert(eq(int, inbye_quote(NULL, &line), -EINVAL));
        cr_assert(zero(int, inbye_quote(words + 4, &line)));
        cr_assert(eq(str, line, ""));
        free(line);
}

/* What the shell reads back is the word. */
Test(str, quoted_words_survive_a_shell)
{
        char word[] = "echo ' \" $(id) `x` \\ * ? [a] # & ; | < > ! { } ( ) ~ \xc3\xa4";
        const char *const argv[] = { "printf", "%s", word, NULL };
        char *line = NULL, got[256] = "";
        FILE *shell;

        cr_assert(zero(int, inbye_quote(argv, &line)));
        shell = popen(line, "r");
        cr_assert(ne(ptr, shell, NULL));
        cr_assert(ne(ptr, fgets(got, sizeof(got), shell), NULL));
        cr_assert(zero(int, pclose(shell)));
        cr_assert(eq(str, got, word));
        free(line);
}

Test(str, cleans_text_for_a_terminal)
{
        check_clean("plain \xe2\x82\xac", "plain \xe2\x82\xac");
        check_clean("a\tb\nc\x7f", "a b?c?");
        check_clean("\x1b]0;x\a", "?]0;x?");
        check_clean("\xc2\x9b", "?");
        check_clean("\xff\xfe", "??");
        check_clean("cut \xe2\x82", "cut ??");
        check_clean("", "");
}

Test(str, cleans_into_a_buffer_without_cutting_a_character)
{
        char out[6];

        cr_assert(eq(sz, str_clean("abc\xe2\x82\xac", out, sizeof(out)), 3));
        cr_assert(eq(str, out, "abc"));
        cr_assert(eq(sz, str_clean("ab\xe2\x82\xac", out, sizeof(out)), 5));
        cr_assert(eq(sz, str_clean("abcdefgh", out, sizeof(out)), 5));
        cr_assert(eq(sz, str_clean("a", out, 1), 0));
}

static void check_utf8(const char *text, int expected)
{
        cr_assert(eq(int, str_is_utf8(text, strlen(text)), expected), "%s", text);
}

Test(str, knows_utf8)
{
        check_utf8("", 1);
        check_utf8("0123456789abcdef0123456789\xc3\xa4", 1);
        check_utf8("\xf0\x9f\x90\x91", 1);
        check_utf8("\xf4\x8f\xbf\xbf", 1);
        check_utf8("\xf4\x90\x80\x80", 0); /* beyond U+10FFFF */
        check_utf8("\xed\xa0\x80", 0);     /* surrogate */
        check_utf8("\xc0\xaf", 0);         /* overlong */
        check_utf8("\xe0\x80\xaf", 0);
        check_utf8("\xf0\x80\x80\xaf", 0);
        check_utf8("01234567\x80", 0);
        check_utf8("0123456789\xe2\x82", 0);
        check_utf8("\xf8\x88\x80\x80\x80", 0);
        cr_assert(str_is_utf8("a\0b", 3));
}

Test(str, finds_the_word_that_was_meant)
{
        const char *const words[] = { "timeout", "grace", "keep-order", "run", NULL };

        cr_assert(eq(str, (char *)str_nearest("timout", words), "timeout"));
        cr_assert(eq(str, (char *)str_nearest("tiemout", words), "timeout"));
        cr_assert(eq(str, (char *)str_nearest("Grace", words), "grace"));
        cr_assert(eq(str, (char *)str_nearest("keeporder", words), "keep-order"));
        cr_assert(eq(str, (char *)str_nearest("rnu", words), "run"));
        cr_assert(zero(ptr, (void *)str_nearest("sandbox", words)));
        cr_assert(zero(ptr, (void *)str_nearest("", words)));
        cr_assert(zero(ptr, (void *)str_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", words)));
}

Test(str, compares_prefixes_and_words)
{
        cr_assert(str_starts_with("inbye.x", "inbye."));
        cr_assert(not(str_starts_with("inb", "inbye.")));
        cr_assert(str_is_word("TERMx", 4, "term"));
        cr_assert(not(str_is_word("TER", 3, "term")));
        cr_assert(not(str_is_word("TERMX", 5, "term")));
}

Test(error, names_the_step_and_the_cause)
{
        struct inbye_error e = { .hint = "old" };

        cr_assert(eq(int, error_set(&e, INBYE_STAGE_EXEC, ENOENT, "cannot run '%s'", "x\n\x1b"), -ENOENT));
        cr_assert(eq(str, e.text, "cannot run 'x?\?': No such file or directory"));
        cr_assert(eq(int, (int)e.stage, INBYE_STAGE_EXEC));
        cr_assert(eq(int, e.number, ENOENT));
        cr_assert(eq(str, e.hint, ""));
        error_hint(&e, "try %d", 2);
        cr_assert(eq(str, e.hint, "try 2"));
        cr_assert(zero(int, error_set(&e, INBYE_STAGE_NONE, 0, "all well")));
        cr_assert(eq(str, e.text, "all well"));
        cr_assert(eq(int, error_set_plain(&e, INBYE_STAGE_ARGUMENT, EINVAL, "no argv"), -EINVAL));
        cr_assert(eq(str, e.text, "no argv"));
        cr_assert(eq(int, error_set(&e, INBYE_STAGE_EXEC, 4095, "x"), -4095));
        cr_assert(eq(str, e.text, "x: error 4095"));
}

Test(error, needs_no_storage)
{
        cr_assert(eq(int, error_set(NULL, INBYE_STAGE_EXEC, ENOENT, "x"), -ENOENT));
        cr_assert(eq(int, error_set_plain(NULL, INBYE_STAGE_EXEC, ENOENT, "x"), -ENOENT));
        error_hint(NULL, "x");
}

Test(error, a_long_text_is_cut_between_characters_and_keeps_the_cause)
{
        static const char cause[] = ": No such file or directory";
        struct inbye_error e = { 0 };
        char name[2001];
        size_t n;

        for (size_t i = 0; i < 2000; i += 2)
                memcpy(name + i, "\xc3\xa4", 2);
        name[2000] = '\0';
        (void)error_set(&e, INBYE_STAGE_EXEC, ENOENT, "%s", name);
        n = strlen(e.text);
        cr_assert(str_is_utf8(e.text, n));
        cr_assert(ge(sz, n, sizeof(e.text) - 3));
        cr_assert(eq(str, e.text + n - strlen(cause), (char *)cause));
        error_hint(&e, "%s", name);
        cr_assert(str_is_utf8(e.hint, strlen(e.hint)));
}

Test(base, has_a_version_and_a_name_for_each_stage)
{
        cr_assert(eq(str, (char *)inbye_version(), INBYE_VERSION));
        for (int i = 0; i < INBYE_STAGE_N; i++)
                cr_assert(ne(str, (char *)inbye_stage_name((enum inbye_stage)i), "unknown"));
        cr_assert(eq(str, (char *)inbye_stage_name(INBYE_STAGE_EXEC), "exec"));
        cr_assert(eq(str, (char *)inbye_stage_name(INBYE_STAGE_N), "unknown"));
        cr_assert(eq(str, (char *)inbye_stage_name((enum inbye_stage) - 1), "unknown"));
}
