/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/scope.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <string.h>

/* One scalar written by `call`, with `j` the writer. */
#define CHECK(expected, call)                                                                                \
        do {                                                                                                 \
                scoped(buf_deinit) struct buf out = BUF_INIT;                                                \
                struct json writer, *j = &writer;                                                            \
                json_init(j, &out);                                                                          \
                call;                                                                                        \
                cr_assert(eq(str, out.data, (expected)));                                                    \
        } while (0)

Test(json, writes_scalars)
{
        CHECK("0", json_unsigned(j, 0));
        CHECK("18446744073709551615", json_unsigned(j, UINT64_MAX));
        CHECK("-9223372036854775808", json_signed(j, INT64_MIN));
        CHECK("true", json_bool(j, true));
        CHECK("false", json_bool(j, false));
        CHECK("null", json_none(j));
        CHECK("null", json_text(j, NULL));
        CHECK("null", json_known(j, UINT64_MAX));
        CHECK("0", json_known(j, 0));
}

Test(json, writes_seconds_with_the_digits_they_need)
{
        CHECK("0", json_seconds(j, 0));
        CHECK("1", json_seconds(j, 1000000000));
        CHECK("1.25", json_seconds(j, 1250000000));
        CHECK("0.000000001", json_seconds(j, 1));
        CHECK("10.5", json_seconds(j, UINT64_C(10500000000)));
        CHECK("18446744073.709551614", json_seconds(j, UINT64_MAX - 1));
        CHECK("null", json_seconds(j, UINT64_MAX));
}

Test(json, escapes_what_json_and_a_terminal_need)
{
        CHECK("\"\"", json_text(j, ""));
        CHECK("\"a\\\"b\\\\c/\"", json_text(j, "a\"b\\c/"));
        CHECK("\"\\n\\r\\t\\b\\f\"", json_text(j, "\n\r\t\b\f"));
        CHECK("\"\\u0001\\u001b\\u007f\\u009b\"", json_text(j, "\x01\x1b\x7f\xc2\x9b"));
        CHECK("\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x91\"", json_text(j, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x91"));
        CHECK("\"x\\ufffdy\"", json_text(j, "x\xffy"));
        CHECK("\"a\\u0000b\"", json_bytes(j, "a\0b", 3));
}

Test(json, bytes_that_are_no_text_become_base64)
{
        CHECK("{\"base64\":\"/w==\"}", json_bytes(j, "\xff", 1));
        CHECK("{\"base64\":\"//4=\"}", json_bytes(j, "\xff\xfe", 2));
        CHECK("{\"base64\":\"//4A\"}", json_bytes(j, "\xff\xfe\0", 3));
        CHECK("{\"base64\":\"//4AAQ==\"}", json_bytes(j, "\xff\xfe\0\x01", 4));
        CHECK("\"\"", json_bytes(j, NULL, 0));
        CHECK("\"a\\u0000\\ufffd\"", json_legible(j, "a\0\xff", 3));
}

Test(json, puts_the_commas)
{
        scoped(buf_deinit) struct buf out = BUF_INIT;
        struct json j;

        json_init(&j, &out);
        json_object_begin(&j);
        json_key(&j, "a");
        json_unsigned(&j, 1);
        json_key(&j, "b");
        json_array_begin(&j);
        json_array_begin(&j);
        json_array_end(&j);
        json_object_begin(&j);
        json_object_end(&j);
        json_bytes(&j, "\xff", 1);
        json_text(&j, "x");
        json_array_end(&j);
        json_key(&j, "c");
        json_none(&j);
        json_object_end(&j);
        cr_assert(eq(str, out.data, "{\"a\":1,\"b\":[[],{},{\"base64\":\"/w==\"},\"x\"],\"c\":null}"));
}

Test(json, nests_32_deep)
{
        scoped(buf_deinit) struct buf out = BUF_INIT;
        struct json j;

        json_init(&j, &out);
        for (int i = 0; i < 32; i++) {
                json_array_begin(&j);
                json_unsigned(&j, 1);
        }
        for (int i = 0; i < 32; i++) {
                json_unsigned(&j, 2);
                json_array_end(&j);
        }
        cr_assert(eq(chr, out.data[0], '['));
        cr_assert(eq(str, out.data + out.n - 6, ",2],2]"));
        cr_assert(zero(int, (int)j.depth));
}

/* Each byte value alone, read back by somebody else's parser. */
Test(json, is_read_back_by_another_parser)
{
        for (int c = 1; c < 0x80; c++) {
                scoped(buf_deinit) struct buf out = BUF_INIT;
                char text[] = { 'x', (char)c, 'y', '\0' };
                json_error_t error;
                json_t *value;
                struct json j;

                json_init(&j, &out);
                json_text(&j, text);
                value = json_loadb(out.data, out.n, JSON_DECODE_ANY, &error);
                cr_assert(ne(ptr, value, NULL), "%s: %s", out.data, error.text);
                cr_assert(eq(str, (char *)json_string_value(value), text));
                json_decref(value);
        }
}
