/* SPDX-License-Identifier: MIT */
/*
 * Strings: vectors of them (argv, environments), and text made fit to be shown.
 *
 * Names, arguments and output of commands are bytes that somebody else chose, and what is shown may reach a
 * terminal. So there is one notion of a character that is safe to show, used by the quoting, the cleaning and
 * the error texts alike: valid UTF-8 that is no control character, C1 included (U+009B starts an escape
 * sequence on some terminals just as ESC [ does). mbrtowc(3) and isprint(3) were rejected: they depend on the
 * locale of the host program, which a library neither sets nor trusts.
 */
#include "base/str.h"
#include "base/scope.h"
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t strv_length(const char *const *vector)
{
        size_t n = 0;

        while (vector && vector[n])
                n++;
        return n;
}

char **strv_copy(const char *const *vector)
{
        size_t n = strv_length(vector);
        scoped(strv_freep) char **copy = calloc(n + 1, sizeof(*copy));

        if (!copy)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                copy[i] = strdup(vector[i]);
                if (!copy[i])
                        return NULL;
        }
        return TAKE(copy);
}

void strv_free(char **vector)
{
        for (size_t i = 0; vector && vector[i]; i++)
                free(vector[i]);
        free(vector);
}

void strv_freep(char ***vector)
{
        strv_free(*vector);
        *vector = NULL;
}

int strv_append(char ***vector, const char *string)
{
        size_t n = strv_length((const char *const *)*vector);
        char **grown, *copy = strdup(string);

        if (!copy)
                return -ENOMEM;
        grown = array_resize(*vector, n + 2, sizeof(*grown));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *vector = grown;
        return 0;
}

char *str_cut(char **rest, char separator)
{
        char *word = *rest, *end = strchr(word, separator);

        *rest = end ? end + 1 : NULL;
        if (end)
                *end = '\0';
        return word;
}

bool str_starts_with(const char *string, const char *prefix)
{
        return strncmp(string, prefix, strlen(prefix)) == 0;
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_is_word(const char *text, size_t n, const char *word)
{
        for (size_t i = 0; i < n; i++)
                if (!word[i] || lower(text[i]) != lower(word[i]))
                        return false;
        return word[n] == '\0';
}

static bool in_range(char c, unsigned first, unsigned last)
{
        return (unsigned char)c >= first && (unsigned char)c <= last;
}

size_t str_utf8_length(const char *data, size_t n)
{
        unsigned char lead = (unsigned char)data[0];
        unsigned first = 0x80, last = 0xbf; /* of the second byte; narrower where a form would be overlong */
        size_t length;

        assert(n > 0);
        if (lead < 0x80)
                return 1;
        if (lead < 0xc2 || lead > 0xf4)
                return 0;
        length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (lead == 0xe0)
                first = 0xa0;
        else if (lead == 0xed)
                last = 0x9f; /* surrogates */
        else if (lead == 0xf0)
                first = 0x90;
        else if (lead == 0xf4)
                last = 0x8f; /* beyond U+10FFFF */
        if (n < length || !in_range(data[1], first, last))
                return 0;
        for (size_t i = 2; i < length; i++)
                if (!in_range(data[i], 0x80, 0xbf))
                        return 0;
        return length;
}

/* Captured output is mostly ASCII and may be megabytes: eight bytes at a time while no top bit is set. */
static size_t ascii_run(const char *data, size_t n)
{
        uint64_t word;
        size_t i = 0;

        for (; n - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, data + i, sizeof(word));
                if (word & UINT64_C(0x8080808080808080))
                        break;
        }
        return i;
}

bool str_is_utf8(const char *data, size_t n)
{
        size_t i = 0, length;

        while (i < n) {
                length = ascii_run(data + i, n - i);
                if (length == 0)
                        length = str_utf8_length(data + i, n - i);
                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}

/* Bytes of the character here that is safe to show; 0: a control character or no character. */
static size_t shown_length(const char *data, size_t n)
{
        size_t length = str_utf8_length(data, n);

        if (length == 1 && (in_range(data[0], 0, 0x1f) || data[0] == 0x7f))
                return 0;
        if (length == 2 && in_range(data[0], 0xc2, 0xc2) && in_range(data[1], 0x80, 0x9f))
                return 0;
        return length;
}

/* The next piece of text for a terminal: *ret_used bytes of the source become *ret_n bytes at *ret_piece. */
static void clean_piece(const char *text, size_t n, const char **ret_piece, size_t *ret_n, size_t *ret_used)
{
        size_t length = shown_length(text, n);

        *ret_piece = length ? text : *text == '\t' ? " " : "?";
        *ret_n = length ? length : 1;
        /* A control character in two bytes is one character all the same. */
        *ret_used = length ? length : str_utf8_length(text, n);
        if (*ret_used == 0)
                *ret_used = 1;
}

void str_append_clean(struct buf *out, const char *text)
{
        size_t left = strlen(text), n, used;
        const char *piece;

        for (; left > 0; text += used, left -= used) {
                clean_piece(text, left, &piece, &n, &used);
                buf_append(out, piece, n);
        }
}

size_t str_clean(const char *text, char *out, size_t size)
{
        size_t left = strlen(text), n, used, written = 0;
        const char *piece;

        assert(size > 0);
        for (; left > 0; text += used, left -= used) {
                clean_piece(text, left, &piece, &n, &used);
                if (n >= size - written)
                        break;
                memcpy(out + written, piece, n);
                written += n;
        }
        out[written] = '\0';
        return written;
}

/* What no shell gives a meaning to, wherever it stands in a word. */
static bool is_plain(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("%+,-./:@_", c));
}

enum quoting { QUOTE_NONE, QUOTE_SINGLE, QUOTE_ESCAPES };

static enum quoting quoting_of(const char *word, size_t n)
{
        enum quoting quoting = n == 0 ? QUOTE_SINGLE : QUOTE_NONE;
        size_t length;

        for (size_t i = 0; i < n; i += length) {
                length = shown_length(word + i, n - i);
                if (length == 0)
                        return QUOTE_ESCAPES;
                /* --option=value reads better bare, NAME=value would be an assignment */
                if (!is_plain(word[i]) && !(word[i] == '=' && word[0] == '-'))
                        quoting = QUOTE_SINGLE;
        }
        return quoting;
}

static void quote_single(struct buf *out, const char *word)
{
        buf_append_char(out, '\'');
        for (; *word; word++)
                if (*word == '\'')
                        buf_append_str(out, "'\\''");
                else
                        buf_append_char(out, *word);
        buf_append_char(out, '\'');
}

/* $'...' of bash, ksh, zsh and POSIX 2024. */
static void quote_escapes(struct buf *out, const char *word, size_t n)
{
        size_t length;

        buf_append_str(out, "$'");
        for (size_t i = 0; i < n; i += length) {
                length = shown_length(word + i, n - i);
                if (length == 0) {
                        buf_printf(out, "\\x%02X", (unsigned)(unsigned char)word[i]);
                        length = 1;
                        continue;
                }
                if (word[i] == '\'' || word[i] == '\\')
                        buf_append_char(out, '\\');
                buf_append(out, word + i, length);
        }
        buf_append_char(out, '\'');
}

void str_quote(struct buf *out, const char *word)
{
        size_t n = strlen(word);

        switch (quoting_of(word, n)) {
        case QUOTE_NONE:
                buf_append(out, word, n);
                return;
        case QUOTE_SINGLE:
                quote_single(out, word);
                return;
        case QUOTE_ESCAPES:
                quote_escapes(out, word, n);
                return;
        }
}

void str_quote_vector(struct buf *out, const char *const *words)
{
        for (size_t i = 0; words[i]; i++) {
                if (i > 0)
                        buf_append_char(out, ' ');
                str_quote(out, words[i]);
        }
}

enum { NEAREST_MAX = 40 }; /* no option or name is longer, and the tables stay on the stack */

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* One row of the table of edit distances; two neighbours swapped count as one error. */
static void distance_row(
        const char *a, const char *b, size_t n_b, size_t i, unsigned rows[3][NEAREST_MAX + 1])
{
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n_b; j++) {
                row[j] = least(above[j], row[j - 1]) + 1;
                row[j] = least(row[j], above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1])));
                if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                        lower(a[i - 2]) == lower(b[j - 1]))
                        row[j] = least(row[j], above2[j - 2] + 1);
        }
}

static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
        unsigned rows[3][NEAREST_MAX + 1] = { 0 };

        for (size_t j = 0; j <= n_b; j++)
                rows[0][j] = (unsigned)j;
        for (size_t i = 1; i <= n_a; i++)
                distance_row(a, b, n_b, i, rows);
        return rows[n_a % 3][n_b];
}

const char *str_nearest(const char *word, const char *const *candidates)
{
        size_t n = strlen(word), n_candidate;
        unsigned best = n < 3 ? 2 : (unsigned)n / 3 + 2, d; /* nearer than this is a typing error */
        const char *nearest = NULL;

        if (n == 0 || n > NEAREST_MAX)
                return NULL;
        for (size_t i = 0; candidates[i]; i++) {
                n_candidate = strlen(candidates[i]);
                if (n_candidate > NEAREST_MAX)
                        continue;
                d = distance(word, n, candidates[i], n_candidate);
                if (d < best && d < n_candidate) {
                        best = d;
                        nearest = candidates[i];
                }
        }
        return nearest;
}
