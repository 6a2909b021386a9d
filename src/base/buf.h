/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/** Growable bytes, always NUL-terminated behind the last one once anything was appended. A failed append
 * sticks: check `failed` (or the return of any later call) once at the end. */
struct buf {
        char *data; /* NULL while empty */
        size_t n;
        size_t allocated;
        int failed; /* 0 or -ENOMEM */
};
#define BUF_INIT                                                                                             \
        {                                                                                                    \
                NULL, 0, 0, 0                                                                                \
        }

void buf_deinit(struct buf *buf);
int buf_reserve(struct buf *buf, size_t n_more);
int buf_append(struct buf *buf, const void *data, size_t n);
int buf_append_str(struct buf *buf, const char *string);
int buf_append_char(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Drop the first n bytes. */
void buf_consume(struct buf *buf, size_t n);
/** Hand the (NUL-terminated, never NULL) bytes to the caller and start anew. -ENOMEM when something failed.
 */
int buf_steal(struct buf *buf, char **ret_data, size_t *ret_n);

#endif
