/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_APPLY_H
#define LIMIT_APPLY_H

#include "limit/limit.h"

/**
 * Write limits into a v2 directory, those of these controllers: all, or what was `before` (NULL: nothing) is
 * put back.
 */
int apply_limits(int dir_fd, uint32_t controllers, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr);

#endif
