/* SPDX-License-Identifier: MIT */
#ifndef CLI_REPLACE_H
#define CLI_REPLACE_H

#include <inbye/inbye.h>

/** A file that is written out of sight and takes its name only when it is whole. */
struct replace {
        int fd;          /* -1: there is none */
        char *path;      /* what it will be called, links followed */
        char *temporary; /* its name until then; NULL: it has none */
};
#define REPLACE_INIT                                                                                         \
        {                                                                                                    \
                -1, NULL, NULL                                                                               \
        }

/** Begin; what has that name now stays as it is. -EINVAL: it is no regular file. */
int replace_open(struct replace *replace, const char *name, struct inbye_error *reterr);
/** Take the name. 0 or -errno: what had the name still has it. Closes in any case. */
int replace_commit(struct replace *replace);
/** Leave nothing behind. Fine at any time. */
void replace_discard(struct replace *replace);

#endif
