/* SPDX-License-Identifier: MIT */
#include "base/json_read.h"
#include "base/scope.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct json_node *parsed(const char *text)
{
        struct json_node *node = NULL;
        struct json_fault fault = { 0 };

        cr_assert(zero(int, json_read(text, strlen(text), &node, &fault)), "%s: %s", text, fault.text);
        return node;
}

/* What is wrong with it, as LINE:COLUMN: TEXT. */
static const char *fault_of(const char *text)
{
        static char said[JSON_FAULT_SIZE + 64];
        struct json_node *node = NULL;
        struct json_fault fault = { 0 };

        cr_assert(eq(int, json_read(text, strlen(text), &node, &fault), -EINVAL), "%s", text);
        cr_assert(eq(ptr, node, NULL));
        snprintf(said, sizeof(said), "%zu:%zu: %s", fault.place.line, fault.place.column, fault.text);
        return said;
}

Test(json_read, keeps_what_it_read_and_where_it_stood)
{
        scoped(json_node_freep) struct json_node *node =
                parsed("{\n  \"a\": [1, \"gr\xc3\xbc\xc3\x9f\", true],\n  \"b\": null}");
        const struct json_node *a = json_node_get(node, "a"), *b = json_node_get(node, "b");

        cr_assert(eq(int, (int)node->kind, JSON_KIND_OBJECT));
        cr_assert(eq(int, (int)a->kind, JSON_KIND_ARRAY));
        cr_assert(eq(sz, a->key_place.line, 2));
        cr_assert(eq(sz, a->key_place.column, 3));
        cr_assert(eq(sz, a->place.column, 8));
        cr_assert(eq(str, a->first->text, "1"));
        cr_assert(eq(str, a->first->next->text, "gr\xc3\xbc\xc3\x9f"));
        cr_assert(eq(str, a->first->next->next->text, "true"));
        cr_assert(eq(sz, a->first->next->next->place.column, 20));
        cr_assert(eq(ptr, a->first->next->next->next, NULL));
        cr_assert(eq(int, (int)b->kind, JSON_KIND_NULL));
        cr_assert(eq(sz, b->place.line, 3));
        cr_assert(eq(ptr, (void *)json_node_get(node, "c"), NULL));
        cr_assert(eq(ptr, (void *)json_node_get(a, "c"), NULL));
}

Test(json_read, takes_numbers_as_they_are_written)
{
        static const char *const numbers[] = { "0", "-0", "18446744073709551615", "-1.5e+10", "2E3", "0.25" };

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                scoped(json_node_freep) struct json_node *node = parsed(numbers[i]);

                cr_assert(eq(int, (int)node->kind, JSON_KIND_NUMBER));
                cr_assert(eq(str, node->text, (char *)numbers[i]));
        }
}

Test(json_read, resolves_escapes)
{
        scoped(json_node_freep) struct json_node *node =
                parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00fc\\u20AC\\ud83d\\udc11\"");

        cr_assert(eq(str, node->text, "\"\\/\b\f\n\r\tA\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\x91"));
}

Test(json_read, says_where_something_is_wrong)
{
        cr_assert(eq(str, (char *)fault_of(""), "1:1: the text ends where a value is expected"));
        cr_assert(eq(str, (char *)fault_of("{\"a\":1,\n \"a\":2}"), "2:2: the key \"a\" is there twice"));
        cr_assert(eq(str, (char *)fault_of("{\"a\":1,}"), "1:8: a key in quotes is expected here, not '}'"));
        cr_assert(eq(str, (char *)fault_of("{\"a\" 1}"), "1:6: ':' is expected here, not '1'"));
        cr_assert(eq(str, (char *)fault_of("[1 2]"), "1:4: ',' or ']' is expected here, not '2'"));
        cr_assert(eq(str, (char *)fault_of("[1] x"), "1:5: the end is expected here, not 'x'"));
        cr_assert(eq(str, (char *)fault_of("\"abc"), "1:1: the string that begins here does not end"));
        cr_assert(eq(str, (char *)fault_of("\"a\nb\""), "1:3: a control character has to be escaped"));
        cr_assert(eq(str, (char *)fault_of("\"\\x\""), "1:2: there is no such escape"));
        cr_assert(eq(
                str, (char *)fault_of("\"\\u00g0\""), "1:6: a hexadecimal digit is expected here, not 'g'"));
        cr_assert(eq(str, (char *)fault_of("\"\\u0000\""), "1:2: \\u0000 is not taken"));
        cr_assert(eq(str, (char *)fault_of("\"\\ud83d\""), "1:2: half a surrogate pair"));
        cr_assert(eq(str, (char *)fault_of("\"\\ud83d\\u0041\""), "1:2: half a surrogate pair"));
        cr_assert(eq(str, (char *)fault_of("\"\xff\""), "1:2: this is not UTF-8"));
        cr_assert(eq(str, (char *)fault_of("01"), "1:1: a value is expected here, not '0'"));
        cr_assert(eq(str, (char *)fault_of("1."), "1:1: a value is expected here, not '1'"));
        cr_assert(eq(str, (char *)fault_of("1e"), "1:1: a value is expected here, not '1'"));
        cr_assert(eq(str, (char *)fault_of("tru"), "1:1: a value is expected here, not 't'"));
        cr_assert(eq(str, (char *)fault_of("\xc3\xbc"), "1:1: a value is expected here"));
}

Test(json_read, goes_no_deeper_than_32)
{
        char text[2 * 33 + 1];

        memset(text, '[', 33);
        memset(text + 33, ']', 33);
        text[66] = '\0';
        cr_assert(eq(str, (char *)fault_of(text), "1:33: this is nested too deep"));
        text[65] = '\0';
        json_node_free(parsed(text + 1));
}
