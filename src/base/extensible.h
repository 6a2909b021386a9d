/* SPDX-License-Identifier: MIT */
#ifndef BASE_EXTENSIBLE_H
#define BASE_EXTENSIBLE_H

#include <stddef.h>

/**
 * Take a caller's struct, whose first member is its size, as the kernel takes its extensible ones: a shorter
 * one is older and leaves the rest of `to` as it is, a longer one is fine while what is unknown of it is
 * zero.
 *
 * @return 0; -EINVAL: no struct of that kind; -E2BIG: it is of a newer version, with something set that is
 * not known here.
 */
int extensible_copy(void *to, size_t n, const void *from, size_t n_from);

#endif
