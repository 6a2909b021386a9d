/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_V1_DIR_H
#define LIMIT_V1_DIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A directory of v1 and its files, which may be kept open: opening one takes four times as long as reading
 * it. */
#define V1_DIR_FILES 12
struct v1_dir {
        int fd;    /* -1: there is none */
        bool keep; /* what is read and written from now on, until it is closed */
        struct {
                const char *name;
                int flags, fd;
        } files[V1_DIR_FILES];
        unsigned n_files;
};
#define V1_DIR_INIT                                                                                          \
        {                                                                                                    \
                .fd = -1                                                                                     \
        }
/** 0, -errno. */
int v1_dir_open(struct v1_dir *dir, int parent_fd, const char *path);
void v1_dir_close(struct v1_dir *dir);

/** Names are constants: they are kept. @return bytes read, -errno. */
ssize_t v1_dir_read(struct v1_dir *dir, const char *name, char *text, size_t size);
/** One short value, in a single write. 0, -errno. */
int v1_dir_write(struct v1_dir *dir, const char *name, const char *value);
/** The number that is all of a file. */
bool v1_dir_read_number(struct v1_dir *dir, const char *name, uint64_t *ret);
/** The number behind a key and its blank. INBYE_UNKNOWN: it is not there. */
uint64_t v1_dir_read_key(struct v1_dir *dir, const char *name, const char *key);

#endif
