/* SPDX-License-Identifier: MIT */
#ifndef BASE_MAKEFLAGS_H
#define BASE_MAKEFLAGS_H

#include "base/buf.h"
#include <stdbool.h>

/** Where the jobserver of a MAKEFLAGS is. */
struct makeflags_jobserver {
        int read_fd,
                write_fd; /* either may be negative: make says that this command has none; -1 with a path */
        const char *path; /* of a fifo, in the flags themselves; NULL: the descriptors */
        size_t n_path;
};

/**
 * The jobserver that counts: of the last --jobserver-auth=, or --jobserver-fds= where there is none.
 *
 * @return 1 there is one; 0 there is none; -EINVAL: there is, in a form that nobody understands.
 */
int makeflags_find(const char *flags, struct makeflags_jobserver *ret);
/** The flags with this jobserver, and n jobs, in place of what they say of either. flags may be NULL. */
int makeflags_append(struct buf *out, const char *flags, unsigned n, int read_fd, int write_fd);

#endif
