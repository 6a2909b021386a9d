/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON that people write and get wrong: files of policy.
 *
 * Each part keeps its line and column, so that whoever makes sense of it can say where it makes none.
 * jansson was rejected here: it forgets the places, has no numbers above INT64_MAX, which masks of arguments
 * are full of, and would be one more library to load for every user of ours. What comes line by line, and in
 * millions, is its business still.
 */
#include "base/json_read.h"
#include "base/buf.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct reader {
        const char *p, *end;
        struct json_place place; /* of p */
        unsigned depth;
        struct json_fault *fault;
};

static int read_value(struct reader *reader, struct json_node *node);

__attribute__((format(printf, 3, 4))) static int refuse(
        struct reader *reader, struct json_place place, const char *format, ...)
{
        va_list arguments;

        reader->fault->place = place;
        va_start(arguments, format);
        vsnprintf(reader->fault->text, sizeof(reader->fault->text), format, arguments);
        va_end(arguments);
        return -EINVAL;
}

/* --- characters -------------------------------------------------------------------------------------------
 */

static bool at(const struct reader *reader, char c)
{
        return reader->p < reader->end && *reader->p == c;
}

static void skip(struct reader *reader, size_t n)
{
        for (; n > 0; n--, reader->p++) {
                if (*reader->p == '\n')
                        reader->place = (struct json_place){ reader->place.line + 1, 1 };
                else if (((unsigned char)*reader->p & 0xc0) != 0x80)
                        reader->place.column++;
        }
}

static void skip_space(struct reader *reader)
{
        while (reader->p < reader->end && *reader->p && strchr(" \t\r\n", *reader->p))
                skip(reader, 1);
}

static int unexpected(struct reader *reader, const char *wanted)
{
        if (reader->p == reader->end)
                return refuse(reader, reader->place, "the text ends where %s is expected", wanted);
        if (*reader->p < ' ' || *reader->p > '~')
                return refuse(reader, reader->place, "%s is expected here", wanted);
        return refuse(reader, reader->place, "%s is expected here, not '%c'", wanted, *reader->p);
}

/* --- strings ----------------------------------------------------------------------------------------------
 */

static int read_hex4(struct reader *reader, unsigned *ret)
{
        unsigned code = 0;

        for (int i = 0; i < 4; i++) {
                static const char digits[] = "0123456789abcdef0123456789ABCDEF";
                const char *digit = reader->p < reader->end && *reader->p ? strchr(digits, *reader->p) : NULL;

                if (!digit)
                        return unexpected(reader, "a hexadecimal digit");
                code = code << 4 | (unsigned)((digit - digits) & 15);
                skip(reader, 1);
        }
        *ret = code;
        return 0;
}

static void append_code(struct buf *out, unsigned code)
{
        unsigned n = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        static const unsigned char heads[] = { 0, 0xc0, 0xe0, 0xf0 };

        buf_append_char(out, (char)(heads[n] | code >> (6 * n)));
        while (n-- > 0)
                buf_append_char(out, (char)(0x80 | (code >> (6 * n) & 0x3f)));
}

/* Behind "\u". */
static int read_code(struct reader *reader, struct buf *out, struct json_place place)
{
        unsigned code, low;
        int r = read_hex4(reader, &code);

        if (r < 0)
                return r;
        if (code >= 0xd800 && code < 0xdc00 && reader->end - reader->p > 2 &&
                memcmp(reader->p, "\\u", 2) == 0) {
                skip(reader, 2);
                r = read_hex4(reader, &low);
                if (r < 0)
                        return r;
                if (low >= 0xdc00 && low < 0xe000)
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        if (code == 0 || (code >= 0xd800 && code < 0xe000))
                return refuse(reader, place, code ? "half a surrogate pair" : "\\u0000 is not taken");
        append_code(out, code);
        return 0;
}

static int read_escape(struct reader *reader, struct buf *out)
{
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        struct json_place place = reader->place;
        const char *name;

        skip(reader, 1);
        if (at(reader, 'u')) {
                skip(reader, 1);
                return read_code(reader, out, place);
        }
        name = reader->p < reader->end && *reader->p ? strchr(names, *reader->p) : NULL;
        if (!name)
                return refuse(reader, place, "there is no such escape");
        skip(reader, 1);
        return buf_append_char(out, values[name - names]);
}

static int read_character(struct reader *reader, struct buf *out)
{
        size_t n = str_utf8_length(reader->p, (size_t)(reader->end - reader->p));

        if (*reader->p == '\\')
                return read_escape(reader, out);
        if (n == 0)
                return refuse(reader, reader->place, "this is not UTF-8");
        if ((unsigned char)*reader->p < ' ')
                return refuse(reader, reader->place, "a control character has to be escaped");
        buf_append(out, reader->p, n);
        skip(reader, n);
        return 0;
}

static int read_string(struct reader *reader, char **ret)
{
        scoped(buf_deinit) struct buf out = BUF_INIT;
        struct json_place place = reader->place;
        int r = 0;

        skip(reader, 1);
        while (r == 0 && !at(reader, '"')) {
                if (reader->p == reader->end)
                        return refuse(reader, place, "the string that begins here does not end");
                r = read_character(reader, &out);
        }
        if (r < 0)
                return r;
        skip(reader, 1);
        return buf_steal(&out, ret, NULL);
}

/* --- the other scalars ------------------------------------------------------------------------------------
 */

static size_t n_digits(const struct reader *reader, size_t from)
{
        size_t n = 0, most = (size_t)(reader->end - reader->p);

        while (from + n < most && reader->p[from + n] >= '0' && reader->p[from + n] <= '9')
                n++;
        return n;
}

static bool is_one_of(const struct reader *reader, size_t from, const char *set)
{
        return from < (size_t)(reader->end - reader->p) && reader->p[from] && strchr(set, reader->p[from]);
}

/* @return bytes of the number here; 0: there is none. */
static size_t number_length(const struct reader *reader)
{
        size_t n = at(reader, '-') ? 1 : 0, digits = n_digits(reader, n);

        if (digits == 0 || (digits > 1 && reader->p[n] == '0'))
                return 0;
        n += digits;
        if (is_one_of(reader, n, ".")) {
                digits = n_digits(reader, n + 1);
                if (digits == 0)
                        return 0;
                n += 1 + digits;
        }
        if (is_one_of(reader, n, "eE")) {
                n += is_one_of(reader, n + 1, "+-") ? 2 : 1;
                digits = n_digits(reader, n);
                return digits ? n + digits : 0;
        }
        return n;
}

static int take_text(struct reader *reader, struct json_node *node, enum json_kind kind, size_t n)
{
        node->kind = kind;
        node->text = strndup(reader->p, n);
        skip(reader, n);
        return node->text ? 0 : -ENOMEM;
}

static int read_word(struct reader *reader, struct json_node *node)
{
        static const struct {
                const char *word;
                enum json_kind kind;
        } words[] = {
                { "null", JSON_KIND_NULL },
                { "true", JSON_KIND_BOOL },
                { "false", JSON_KIND_BOOL },
        };
        size_t n = number_length(reader), rest = (size_t)(reader->end - reader->p);

        if (n)
                return take_text(reader, node, JSON_KIND_NUMBER, n);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                n = strlen(words[i].word);
                if (n <= rest && memcmp(reader->p, words[i].word, n) == 0)
                        return take_text(reader, node, words[i].kind, n);
        }
        return unexpected(reader, "a value");
}

/* --- what holds others ------------------------------------------------------------------------------------
 */

static int read_key(struct reader *reader, const struct json_node *object, struct json_node *member)
{
        int r;

        if (!at(reader, '"'))
                return unexpected(reader, "a key in quotes");
        member->key_place = reader->place;
        r = read_string(reader, &member->key);
        if (r < 0)
                return r;
        if (json_node_get(object, member->key))
                return refuse(reader, member->key_place, "the key \"%.40s\" is there twice", member->key);
        skip_space(reader);
        if (!at(reader, ':'))
                return unexpected(reader, "':'");
        skip(reader, 1);
        skip_space(reader);
        return 0;
}

static int read_members(struct reader *reader, struct json_node *node, char closing)
{
        struct json_node **link = &node->first;
        int r;

        for (;;) {
                scoped(json_node_freep) struct json_node *member = calloc(1, sizeof(*member));

                if (!member)
                        return -ENOMEM;
                r = closing == '}' ? read_key(reader, node, member) : 0;
                if (r == 0)
                        r = read_value(reader, member);
                if (r < 0)
                        return r;
                *link = TAKE(member);
                link = &(*link)->next;
                skip_space(reader);
                if (!at(reader, ','))
                        return at(reader, closing)
                                       ? 0
                                       : unexpected(reader, closing == '}' ? "',' or '}'" : "',' or ']'");
                skip(reader, 1);
                skip_space(reader);
        }
}

static int read_container(struct reader *reader, struct json_node *node)
{
        bool is_object = *reader->p == '{';
        char closing = is_object ? '}' : ']';
        int r = 0;

        if (reader->depth == DEPTH_MAX)
                return refuse(reader, reader->place, "this is nested too deep");
        reader->depth++;
        node->kind = is_object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
        skip(reader, 1);
        skip_space(reader);
        if (!at(reader, closing))
                r = read_members(reader, node, closing);
        if (r < 0)
                return r;
        skip(reader, 1);
        reader->depth--;
        return 0;
}

static int read_value(struct reader *reader, struct json_node *node)
{
        node->place = reader->place;
        if (at(reader, '{') || at(reader, '['))
                return read_container(reader, node);
        if (at(reader, '"')) {
                node->kind = JSON_KIND_STRING;
                return read_string(reader, &node->text);
        }
        return read_word(reader, node);
}

/* --- outside ----------------------------------------------------------------------------------------------
 */

int json_read(const char *data, size_t n, struct json_node **ret_node, struct json_fault *ret_fault)
{
        struct reader reader = { .p = data, .end = data + n, .place = { 1, 1 }, .fault = ret_fault };
        scoped(json_node_freep) struct json_node *node = calloc(1, sizeof(*node));
        int r;

        if (!node)
                return -ENOMEM;
        skip_space(&reader);
        r = read_value(&reader, node);
        if (r < 0)
                return r;
        skip_space(&reader);
        if (reader.p < reader.end)
                return unexpected(&reader, "the end");
        *ret_node = TAKE(node);
        return 0;
}

void json_node_free(struct json_node *node)
{
        struct json_node *next;

        for (; node; node = next) {
                next = node->next;
                json_node_free(node->first);
                free(node->key);
                free(node->text);
                free(node);
        }
}

void json_node_freep(struct json_node **node)
{
        json_node_free(*node);
        *node = NULL;
}

const struct json_node *json_node_get(const struct json_node *node, const char *key)
{
        if (!node || node->kind != JSON_KIND_OBJECT)
                return NULL;
        for (const struct json_node *member = node->first; member; member = member->next)
                if (strcmp(member->key, key) == 0)
                        return member;
        return NULL;
}

const char *json_kind_name(enum json_kind kind)
{
        static const char *const names[] = {
                [JSON_KIND_NULL] = "null",
                [JSON_KIND_BOOL] = "true or false",
                [JSON_KIND_NUMBER] = "a number",
                [JSON_KIND_STRING] = "a string",
                [JSON_KIND_ARRAY] = "an array",
                [JSON_KIND_OBJECT] = "an object",
        };

        return names[kind];
}
