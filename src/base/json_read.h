/* SPDX-License-Identifier: MIT */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include <stddef.h>

/* JSON as a tree that knows where each part of it stood. */

enum json_kind {
        JSON_KIND_NULL,
        JSON_KIND_BOOL,
        JSON_KIND_NUMBER,
        JSON_KIND_STRING,
        JSON_KIND_ARRAY,
        JSON_KIND_OBJECT
};

/** From 1; a column is counted in characters. */
struct json_place {
        size_t line, column;
};

struct json_node {
        enum json_kind kind;
        struct json_place place, key_place;
        char *key;  /* NULL: not of an object */
        char *text; /* of a string, UTF-8 without NUL; of a number, true and false as it is written */
        struct json_node *first, *next; /* what is in it; what comes after it in the same */
};

#define JSON_FAULT_SIZE 96
struct json_fault {
        struct json_place place;
        char text[JSON_FAULT_SIZE]; /* without the place */
};

/**
 * Read one value (RFC 8259) that is all of the n bytes; no key twice in an object, no U+0000, at most 32
 * deep.
 *
 * @return 0; -EINVAL, and *ret_fault says what is wrong where; -ENOMEM.
 */
int json_read(const char *data, size_t n, struct json_node **ret_node, struct json_fault *ret_fault);
void json_node_free(struct json_node *node);
void json_node_freep(struct json_node **node);
/** The member of that name. NULL: there is none, or the node is no object (or NULL). */
const struct json_node *json_node_get(const struct json_node *node, const char *key);
/** "a string", "an object"...: what it is. */
const char *json_kind_name(enum json_kind kind);

#endif
