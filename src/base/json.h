/* SPDX-License-Identifier: MIT */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

/* jansson has a json_string() and a json_null(): the two here are called otherwise, so that a program can
 * link both. */

/** Writes one JSON value, compact, into a buf. Commas are its business; nesting up to 32. */
struct json {
        struct buf *out;
        unsigned depth;
        uint32_t has_member; /* bit per depth: a comma is due */
        bool after_key;
};
void json_init(struct json *json, struct buf *out);
void json_object_begin(struct json *json);
void json_object_end(struct json *json);
void json_array_begin(struct json *json);
void json_array_end(struct json *json);
void json_key(struct json *json, const char *key);
/** Text that is UTF-8 (a byte that is not becomes U+FFFD); NULL: null. */
void json_text(struct json *json, const char *text);
/** Bytes: a string where they are UTF-8, else {"base64":"..."}. */
void json_bytes(struct json *json, const char *data, size_t n);
/** Bytes as text to look at: always a string; what is not UTF-8 in them becomes U+FFFD. */
void json_legible(struct json *json, const char *data, size_t n);
void json_unsigned(struct json *json, uint64_t number);
void json_signed(struct json *json, int64_t number);
/** Seconds with nanosecond digits as needed: 1.25; null where it is UINT64_MAX (unknown). */
void json_seconds(struct json *json, uint64_t ns);
void json_bool(struct json *json, bool yes);
void json_none(struct json *json);
/** number, or null where it is UINT64_MAX (unknown). */
void json_known(struct json *json, uint64_t number);

#endif
