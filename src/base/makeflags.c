/* SPDX-License-Identifier: MIT */
/*
 * MAKEFLAGS, as far as it is about a jobserver.
 *
 * It is a list of words: perhaps single letters without a dash ("ks"), long options, "-jN", and behind "--"
 * the variables of the command line, whose blanks have a backslash in front. Only words before "--" are
 * options: a variable may hold the text of one. Looking for the text anywhere was rejected for that.
 *
 * make reads the last --jobserver-auth= (a pair of descriptors, or fifo:PATH); before 4.2 the option was
 * called --jobserver-fds=, and a make that old stops at two that differ. So the old ones are taken out, and
 * both names written.
 */
#include "base/makeflags.h"
#include "base/parse.h"
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define AUTH "--jobserver-auth="
#define FDS "--jobserver-fds="
#define FIFO "fifo:"

struct word {
        const char *text;
        size_t n;
};

/* The next word from *at on; false: there is none. */
static bool next_word(const char **at, struct word *ret)
{
        const char *p = *at + strspn(*at, " \t");

        ret->text = p;
        while (*p && *p != ' ' && *p != '\t')
                p += p[0] == '\\' && p[1] ? 2 : 1;
        ret->n = (size_t)(p - ret->text);
        *at = p;
        return ret->n > 0;
}

static bool word_starts_with(const struct word *word, const char *prefix)
{
        return word->n >= strlen(prefix) && str_starts_with(word->text, prefix);
}

static bool word_is_end(const struct word *word)
{
        return word->n == 2 && str_starts_with(word->text, "--");
}

/* "3,4" up to the end of the word. */
static int take_pair(const struct word *value, struct makeflags_jobserver *ret)
{
        char text[32], *comma;

        if (value->n >= sizeof(text))
                return -EINVAL;
        memcpy(text, value->text, value->n);
        text[value->n] = '\0';
        comma = strchr(text, ',');
        if (!comma)
                return -EINVAL;
        *comma = '\0';
        if (parse_int(text, INT_MIN, INT_MAX, &ret->read_fd) < 0 ||
                parse_int(comma + 1, INT_MIN, INT_MAX, &ret->write_fd) < 0)
                return -EINVAL;
        return 1;
}

static int take_auth(const struct word *value, struct makeflags_jobserver *ret)
{
        *ret = (struct makeflags_jobserver){ .read_fd = -1, .write_fd = -1 };
        if (!word_starts_with(value, FIFO))
                return take_pair(value, ret);
        ret->path = value->text + strlen(FIFO);
        ret->n_path = value->n - strlen(FIFO);
        return ret->n_path > 0 ? 1 : -EINVAL;
}

int makeflags_find(const char *flags, struct makeflags_jobserver *ret)
{
        struct word word, auth = { 0 }, fds = { 0 };
        struct makeflags_jobserver found;
        int r;

        while (next_word(&flags, &word) && !word_is_end(&word)) {
                if (word_starts_with(&word, AUTH))
                        auth = (struct word){ word.text + strlen(AUTH), word.n - strlen(AUTH) };
                else if (word_starts_with(&word, FDS))
                        fds = (struct word){ word.text + strlen(FDS), word.n - strlen(FDS) };
        }
        if (!auth.text && !fds.text)
                return 0;
        r = take_auth(auth.text ? &auth : &fds, &found);
        if (r > 0)
                *ret = found;
        return r;
}

/* Does the word say how many jobs there may be, or where the jobserver is? */
static bool is_about_jobs(const struct word *word)
{
        if (word_starts_with(word, "--"))
                return word_starts_with(word, "--jobserver-");
        return word_starts_with(word, "-j");
}

int makeflags_append(struct buf *out, const char *flags, unsigned n, int read_fd, int write_fd)
{
        const char *at = flags ? flags : "";
        struct word word;

        while (next_word(&at, &word) && !word_is_end(&word)) {
                if (is_about_jobs(&word))
                        continue;
                buf_append(out, word.text, word.n);
                buf_append_char(out, ' ');
        }
        buf_printf(out, "%s-j%u " FDS "%d,%d " AUTH "%d,%d", out->n ? "" : " ", n, read_fd, write_fd, read_fd,
                write_fd);
        if (word.n > 0)
                buf_printf(out, " --%s", at);
        return out->failed;
}
