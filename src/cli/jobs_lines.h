/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBS_LINES_H
#define CLI_JOBS_LINES_H

#include "base/buf.h"
#include <inbye/loop.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lines (or NUL-terminated items) of a descriptor, one at a time, never more than one buffer ahead, never
 * waiting where the descriptor can be waited for.
 */
struct lines {
        int fd; /* borrowed */
        char separator;
        size_t n_max; /* longest line */
        struct buf buffer;
        size_t at;               /* where the next line begins in the buffer */
        size_t scanned;          /* bytes from there that hold no separator */
        uint64_t number;         /* of the line given last, from 1 */
        bool ended;              /* end of file was read */
        bool discarding;         /* inside a line that is too long */
        struct inbye_loop *loop; /* NULL: reading may wait */
        struct inbye_watch *watch;
        void (*on_more)(void *userdata);
        void *userdata;
};
void lines_init(struct lines *lines, int fd, char separator, size_t n_max);
void lines_deinit(struct lines *lines);
/** From here on do not wait: lines_next() gives -EAGAIN, and on_more is called when it is worth asking again.
 */
void lines_set_loop(
        struct lines *lines, struct inbye_loop *loop, void (*on_more)(void *userdata), void *userdata);
/** Begin anew; the caller has rewound the descriptor. */
void lines_restart(struct lines *lines);
/**
 * @param ret_line  Without its separator, NUL-terminated; valid until the next call.
 * @return  1 a line; 0 the end; -EAGAIN none yet; -EMSGSIZE this one (counted) is too long, the next one can
 * be asked for; -errno of read(2).
 */
int lines_next(struct lines *lines, char **ret_line, size_t *ret_n);

#endif
