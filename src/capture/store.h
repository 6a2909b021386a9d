/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_STORE_H
#define CAPTURE_STORE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes at offsets, in memory while they are few or memory is not, else in a file without a name. */
struct store {
        char *data;       /* NULL: none yet, or in the file */
        size_t n;         /* bytes [0, n) were written */
        size_t allocated; /* bytes of data that may be written; one more is there for a NUL */
        size_t mapped;    /* length of the mapping that data is; 0: it came from malloc() */
        size_t charged;   /* part of the memory budget that it holds */
        int fd;           /* the file, -1: none */
        bool no_file;     /* there is no file to be had */
};
#define STORE_INIT                                                                                           \
        {                                                                                                    \
                .fd = -1                                                                                     \
        }

void store_deinit(struct store *store);
/** Make room for `need` bytes, or rather for `wish` (>= need). 0 or -ENOMEM. */
int store_reserve(struct store *store, size_t need, size_t wish);
/** Write bytes for which there is room. 0; -ENOMEM: the file failed, and memory as well. */
int store_write(struct store *store, size_t at, const char *data, size_t n);
/** Bytes [head, n) become [middle, n) followed by [head, middle). 0 or -ENOMEM. */
int store_rotate(struct store *store, size_t head, size_t middle);
/** Append all bytes to a file. 0 or -errno. */
int store_copy_to(const struct store *store, int fd);
/** Hand the bytes out, NUL-terminated; the store is then empty. 0 or -ENOMEM. */
int store_finish(
        struct store *store, char **ret_data, size_t *ret_n, size_t *ret_mapped, size_t *ret_charged);
/** Free what store_finish() handed out. */
void store_free_block(char *data, size_t mapped, size_t charged);

/** Open an unlinked file for reading and writing, on a disk where there is one. @return it or -errno. */
int store_open_file(void);
/** For tests: the budget of this process, bytes. @return the old one. */
size_t store_set_budget(size_t bytes);

#endif
