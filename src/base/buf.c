/* SPDX-License-Identifier: MIT */
/*
 * A growable run of bytes. Room doubles, so that appending n bytes one by one costs O(n); the first
 * allocation is large enough for a line of a report, so that most buffers allocate once.
 *
 * A failed allocation sticks in the buffer and every later append fails as well: whoever builds a line out of
 * thirty pieces looks once, at the end, instead of thirty times. What had been appended until then stays
 * valid. open_memstream(3) was rejected: it cannot drop bytes at the front, and costs a FILE with a lock.
 */
#include "base/buf.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ALLOCATION = 128 };

void buf_deinit(struct buf *buf)
{
        free(buf->data);
        *buf = (struct buf)BUF_INIT;
}

static int buf_fail(struct buf *buf)
{
        buf->failed = -ENOMEM;
        return buf->failed;
}

int buf_reserve(struct buf *buf, size_t n_more)
{
        size_t needed, allocated = buf->allocated ? buf->allocated : FIRST_ALLOCATION;
        char *data;

        if (buf->failed)
                return buf->failed;
        if (__builtin_add_overflow(buf->n, n_more, &needed) || __builtin_add_overflow(needed, 1, &needed))
                return buf_fail(buf);
        if (needed <= buf->allocated)
                return 0;
        while (allocated < needed)
                if (__builtin_mul_overflow(allocated, 2, &allocated))
                        allocated = needed;
        data = realloc(buf->data, allocated);
        if (!data)
                return buf_fail(buf);
        buf->data = data;
        buf->allocated = allocated;
        buf->data[buf->n] = '\0';
        return 0;
}

int buf_append(struct buf *buf, const void *data, size_t n)
{
        int r = buf_reserve(buf, n);

        if (r < 0)
                return r;
        if (n > 0)
                memcpy(buf->data + buf->n, data, n);
        buf->n += n;
        buf->data[buf->n] = '\0';
        return 0;
}

int buf_append_str(struct buf *buf, const char *string)
{
        return buf_append(buf, string, strlen(string));
}

int buf_append_char(struct buf *buf, char c)
{
        return buf_append(buf, &c, 1);
}

__attribute__((format(printf, 2, 0))) static int buf_vprintf(
        struct buf *buf, const char *format, va_list arguments)
{
        va_list again;
        int n;

        va_copy(again, arguments);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (n < 0 || buf_reserve(buf, (size_t)n) < 0)
                return buf_fail(buf);
        (void)vsnprintf(buf->data + buf->n, (size_t)n + 1, format, arguments);
        buf->n += (size_t)n;
        return 0;
}

int buf_printf(struct buf *buf, const char *format, ...)
{
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = buf_vprintf(buf, format, arguments);
        va_end(arguments);
        return r;
}

void buf_consume(struct buf *buf, size_t n)
{
        assert(n <= buf->n);

        if (n == 0)
                return;
        buf->n -= n;
        memmove(buf->data, buf->data + n, buf->n + 1); /* the NUL comes along */
}

int buf_steal(struct buf *buf, char **ret_data, size_t *ret_n)
{
        int r = buf_reserve(buf, 0); /* never NULL, even when nothing was appended */

        if (r < 0) {
                buf_deinit(buf);
                return r;
        }
        *ret_data = buf->data;
        if (ret_n)
                *ret_n = buf->n;
        *buf = (struct buf)BUF_INIT;
        return 0;
}
