/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON. Written here and not with jansson, because what goes into a report (arguments, file names,
 * output) is bytes: jansson refuses a string that is not UTF-8, and builds the whole document as a tree
 * first, where a batch of 100 000 results must stream.
 *
 * The shape is the caller's: begin, key, value, end. This file adds the commas and the escapes, and asserts
 * that begin and end agree. DEL and the C1 controls are escaped too, which JSON does not ask for: a report
 * that is shown with cat(1) must not steer the terminal.
 */
#include "base/json.h"
#include "base/str.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 32 };
#define NS_PER_SECOND UINT64_C(1000000000)

void json_init(struct json *json, struct buf *out)
{
        *json = (struct json){ .out = out };
}

/* Before each value or key: the comma that is due. */
static void separate(struct json *json)
{
        uint32_t bit;

        if (json->after_key) {
                json->after_key = false;
                return;
        }
        if (json->depth == 0)
                return;
        bit = UINT32_C(1) << (json->depth - 1);
        if (json->has_member & bit)
                buf_append_char(json->out, ',');
        json->has_member |= bit;
}

static void begin(struct json *json, char bracket)
{
        assert(json->depth < DEPTH_MAX);
        separate(json);
        buf_append_char(json->out, bracket);
        json->depth++;
        json->has_member &= ~(UINT32_C(1) << (json->depth - 1));
}

static void end(struct json *json, char bracket)
{
        assert(json->depth > 0 && !json->after_key);
        json->depth--;
        buf_append_char(json->out, bracket);
}

void json_object_begin(struct json *json)
{
        begin(json, '{');
}

void json_object_end(struct json *json)
{
        end(json, '}');
}

void json_array_begin(struct json *json)
{
        begin(json, '[');
}

void json_array_end(struct json *json)
{
        end(json, ']');
}

/* The escapes that have a letter of their own. */
static const char *short_escape(char c)
{
        switch (c) {
        case '"':
                return "\\\"";
        case '\\':
                return "\\\\";
        case '\n':
                return "\\n";
        case '\r':
                return "\\r";
        case '\t':
                return "\\t";
        case '\b':
                return "\\b";
        case '\f':
                return "\\f";
        default:
                return NULL;
        }
}

/* The code point, when it is a control character that must not stand there as it is; else -1. */
static int control_code(const char *p, size_t length)
{
        unsigned char c = (unsigned char)p[0];

        if (length == 1 && (c < 0x20 || c == 0x7f))
                return c;
        if (length == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0)
                return (unsigned char)p[1];
        return -1;
}

/* By hand: megabytes of them come out of binary output. */
static void append_code(struct buf *out, unsigned code)
{
        static const char digits[] = "0123456789abcdef";
        char text[6] = { '\\', 'u', digits[code >> 12 & 15], digits[code >> 8 & 15], digits[code >> 4 & 15],
                digits[code & 15] };

        buf_append(out, text, sizeof(text));
}

/* Append one character in its escaped form. @return bytes of the source taken; 0: it needs no escape. */
static size_t append_escaped(struct buf *out, const char *p, size_t n)
{
        const char *escape = short_escape(*p);
        size_t length;
        int code;

        if (escape) {
                buf_append_str(out, escape);
                return 1;
        }
        length = str_utf8_length(p, n);
        if (length == 0) {
                buf_append_str(out, "\\ufffd");
                return 1;
        }
        code = control_code(p, length);
        if (code < 0)
                return 0;
        append_code(out, (unsigned)code);
        return length;
}

static void append_string(struct buf *out, const char *data, size_t n)
{
        size_t start = 0, i = 0, taken;

        buf_append_char(out, '"');
        while (i < n) {
                /* the common byte, without a call */
                if (data[i] >= ' ' && data[i] < 0x7f && data[i] != '"' && data[i] != '\\') {
                        i++;
                        continue;
                }
                buf_append(out, data + start, i - start);
                taken = append_escaped(out, data + i, n - i);
                start = i + taken;
                i += taken ? taken : str_utf8_length(data + i, n - i);
        }
        buf_append(out, data + start, n - start);
        buf_append_char(out, '"');
}

void json_key(struct json *json, const char *key)
{
        assert(json->depth > 0 && !json->after_key);
        separate(json);
        append_string(json->out, key, strlen(key));
        buf_append_char(json->out, ':');
        json->after_key = true;
}

void json_text(struct json *json, const char *text)
{
        if (!text) {
                json_none(json);
                return;
        }
        separate(json);
        append_string(json->out, text, strlen(text));
}

void json_legible(struct json *json, const char *data, size_t n)
{
        separate(json);
        append_string(json->out, data, n);
}

static void append_base64(struct buf *out, const unsigned char *p, size_t n)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char four[4];
        uint32_t group;
        size_t take;

        for (; n > 0; p += take, n -= take) {
                take = n < 3 ? n : 3;
                group = (uint32_t)p[0] << 16 | (take > 1 ? (uint32_t)p[1] << 8 : 0) | (take > 2 ? p[2] : 0);
                four[0] = digits[group >> 18];
                four[1] = digits[group >> 12 & 63];
                four[2] = take > 1 ? digits[group >> 6 & 63] : '=';
                four[3] = take > 2 ? digits[group & 63] : '=';
                buf_append(out, four, sizeof(four));
        }
}

void json_bytes(struct json *json, const char *data, size_t n)
{
        separate(json);
        if (str_is_utf8(data, n)) {
                append_string(json->out, data, n);
                return;
        }
        buf_append_str(json->out, "{\"base64\":\"");
        append_base64(json->out, (const unsigned char *)data, n);
        buf_append_str(json->out, "\"}");
}

void json_unsigned(struct json *json, uint64_t number)
{
        separate(json);
        buf_printf(json->out, "%" PRIu64, number);
}

void json_signed(struct json *json, int64_t number)
{
        separate(json);
        buf_printf(json->out, "%" PRId64, number);
}

void json_seconds(struct json *json, uint64_t ns)
{
        char fraction[16];
        size_t n;

        if (ns == UINT64_MAX) {
                json_none(json);
                return;
        }
        separate(json);
        /* Written from integers: a double would lose nanoseconds, and printf's point depends on the locale.
         */
        n = (size_t)snprintf(fraction, sizeof(fraction), ".%09" PRIu64, ns % NS_PER_SECOND);
        while (n > 1 && fraction[n - 1] == '0')
                n--;
        if (n == 1)
                n = 0;
        fraction[n] = '\0';
        buf_printf(json->out, "%" PRIu64 "%s", ns / NS_PER_SECOND, fraction);
}

void json_bool(struct json *json, bool yes)
{
        separate(json);
        buf_append_str(json->out, yes ? "true" : "false");
}

void json_none(struct json *json)
{
        separate(json);
        buf_append_str(json->out, "null");
}

void json_known(struct json *json, uint64_t number)
{
        if (number == UINT64_MAX)
                json_none(json);
        else
                json_unsigned(json, number);
}
