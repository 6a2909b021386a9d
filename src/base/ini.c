/* SPDX-License-Identifier: MIT */
/*
 * Sections and settings: "[Section]", "Key=value", comments behind '#' and ';', a backslash at the end of a
 * line that goes on.
 *
 * Nothing is copied and nothing changed: an item says where in the text it stands, so that whoever finds
 * fault with a word of it can say the line and the column. What is not text (control characters, bytes that
 * are not UTF-8) is a fault where it stands. The INI readers that Debian has give a line at best, and take
 * what they do not understand for something else.
 */
#include "base/ini.h"
#include "base/str.h"
#include <errno.h>
#include <string.h>

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static bool is_key(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
}

void text_place_move(struct text_place *place, const char *text, size_t at)
{
        if (at < place->at)
                *place = (struct text_place)TEXT_PLACE_INIT;
        for (; place->at < at; place->at++) {
                if (text[place->at] == '\n') {
                        place->line++;
                        place->column = 1;
                } else if (((unsigned char)text[place->at] & 0xc0) != 0x80) {
                        place->column++;
                }
        }
}

/* --- lines ------------------------------------------------------------------------------------------------
 */

static size_t line_end(const struct ini *ini, size_t at)
{
        const char *found = memchr(ini->text + at, '\n', ini->n - at);

        return found ? (size_t)(found - ini->text) : ini->n;
}

static size_t skip_blanks(const struct ini *ini, size_t at, size_t end)
{
        while (at < end && is_blank(ini->text[at]))
                at++;
        return at;
}

/* The first byte that is not text, or `end`. */
static size_t find_foreign(const struct ini *ini, size_t at, size_t end)
{
        while (at < end) {
                unsigned char c = (unsigned char)ini->text[at];
                size_t n = c < 0x20 && c != '\t' && c != '\n' ? 0 : str_utf8_length(ini->text + at, end - at);

                if (n == 0 || c == 0x7f)
                        return at;
                at += n;
        }
        return end;
}

static enum ini_kind fault(struct ini_item *item, size_t at, const char *what)
{
        item->at = at;
        item->fault = what;
        return INI_FAULT;
}

static enum ini_kind read_section(struct ini *ini, size_t at, size_t end, struct ini_item *item)
{
        const char *close = memchr(ini->text + at, ']', end - at);
        size_t n = close ? (size_t)(close - ini->text) : end;

        if (!close)
                return fault(item, at, "this section has no ']'");
        if (skip_blanks(ini, n + 1, end) < end)
                return fault(item, skip_blanks(ini, n + 1, end), "nothing may stand behind a section");
        item->name = ini->text + at + 1;
        item->n_name = n - at - 1;
        ini->in_section = true;
        return INI_SECTION;
}

static enum ini_kind read_setting(struct ini *ini, size_t at, size_t end, struct ini_item *item)
{
        size_t equals = at, value;

        while (equals < end && is_key(ini->text[equals]))
                equals++;
        item->name = ini->text + at;
        item->n_name = equals - at;
        equals = skip_blanks(ini, equals, end);
        if (equals == end || ini->text[equals] != '=' || item->n_name == 0)
                return fault(
                        item, equals == end ? at : equals, "expected '[Section]', 'Key=value' or a comment");
        if (!ini->in_section)
                return fault(item, at, "expected a section, as in [Sandbox], in front of it");
        value = skip_blanks(ini, equals + 1, end);
        while (end > value && is_blank(ini->text[end - 1]))
                end--;
        item->value = ini->text + value;
        item->n_value = end - value;
        return INI_SETTING;
}

/* A setting goes on behind a backslash and the end of its line. */
static size_t item_end(const struct ini *ini, size_t at)
{
        size_t end = line_end(ini, at);

        while (end < ini->n && end > at && ini->text[end - 1] == '\\')
                end = line_end(ini, end + 1);
        return end;
}

static bool is_comment(char c)
{
        return c == '#' || c == ';';
}

enum ini_kind ini_next(struct ini *ini, struct ini_item *ret)
{
        *ret = (struct ini_item){ .kind = INI_END };
        while (ini->at < ini->n && ret->kind == INI_END) {
                size_t end = line_end(ini, ini->at), at = skip_blanks(ini, ini->at, end), foreign;
                char first = at < end ? ini->text[at] : '#';

                if (!is_comment(first) && first != '[')
                        end = item_end(ini, at);
                foreign = find_foreign(ini, at, end);
                ini->at = end < ini->n ? end + 1 : end;
                ret->at = at;
                if (foreign < end)
                        ret->kind = fault(ret, foreign, "this is no text: a control character, or not UTF-8");
                else if (first == '[')
                        ret->kind = read_section(ini, at, end, ret);
                else if (!is_comment(first))
                        ret->kind = read_setting(ini, at, end, ret);
        }
        return ret->kind;
}

/* --- words ------------------------------------------------------------------------------------------------
 */

static bool goes_on(const char *c, const char *end)
{
        return c + 1 < end && c[0] == '\\' && c[1] == '\n';
}

static const char *skip_to_word(const char *c, const char *end)
{
        while (c < end && (is_blank(*c) || *c == '\n' || goes_on(c, end)))
                c += *c == '\\' ? 2 : 1;
        return c;
}

int ini_word(const char **at, const char *end, struct buf *word, const char **ret_start)
{
        const char *c = skip_to_word(*at, end), *open = NULL;

        *ret_start = c;
        buf_consume(word, word->n);
        if (c == end) {
                *at = end;
                return 0;
        }
        for (; c < end && (open || (!is_blank(*c) && !goes_on(c, end))); c++) {
                if (open && *c == *open)
                        open = NULL;
                else if (!open && (*c == '"' || *c == '\''))
                        open = c;
                else if (*c == '\\' && c + 1 < end && (!open || *open == '"'))
                        buf_append_char(word, *++c);
                else
                        buf_append_char(word, *c);
        }
        *at = c;
        if (open)
                *ret_start = open;
        return open ? -EINVAL : word->failed < 0 ? -ENOMEM : 1;
}
