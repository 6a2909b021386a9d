/* SPDX-License-Identifier: MIT */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

/** NULL-terminated vectors of strings on the heap. */
size_t strv_length(const char *const *vector);
/** Deep copy. NULL vector: an empty one. @return NULL: no memory. */
char **strv_copy(const char *const *vector);
void strv_free(char **vector);
/** Append a copy of the string (reallocates *vector, which may be NULL). 0 or -ENOMEM. */
int strv_append(char ***vector, const char *string);
void strv_freep(char ***vector);

/** One word, quoted for a shell where it needs it; control characters become $'\xNN'. */
void str_quote(struct buf *out, const char *word);
/** All words, one space between. */
void str_quote_vector(struct buf *out, const char *const *words);
/** Text for a terminal: control characters and invalid UTF-8 replaced by '?' (tabs become spaces). */
void str_append_clean(struct buf *out, const char *text);
/** The same into size > 0 bytes, NUL-terminated, cut between characters. @return bytes without the NUL. */
size_t str_clean(const char *text, char *out, size_t size);
/** Is it valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF)? */
bool str_is_utf8(const char *data, size_t n);
/** Bytes of the character at the start of n > 0 bytes; 0: no valid one stands there. */
size_t str_utf8_length(const char *data, size_t n);
/** Are the n bytes this word, upper and lower case of ASCII letters alike? */
bool str_is_word(const char *text, size_t n, const char *word);
/** The candidate nearest to the word, when near enough to be a typing error; else NULL. */
const char *str_nearest(const char *word, const char *const *candidates);
/** Cut the word off that ends at the separator, or at the end: *rest moves behind it, or becomes NULL. */
char *str_cut(char **rest, char separator);
/** The environment of this process, never NULL. It is not the caller's. */
char **str_environment(void);
/** A variable of the environment; NULL also where the program has more rights than whoever started it. */
const char *str_getenv_trusted(const char *name);
bool str_starts_with(const char *string, const char *prefix);

#endif
