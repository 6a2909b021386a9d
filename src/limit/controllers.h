/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_CONTROLLERS_H
#define LIMIT_CONTROLLERS_H

#include <stddef.h>

/** Where a cgroup controller lives. */
struct controller {
        char name[32];
        int version; /* of its hierarchy, 1 or 2; 0: unknown */
        char mount[256];
};

/**
 * The controllers of this host.
 *
 * @param ret_controllers  Array to be given to free().
 * @retval -ENOSYS  Built without libcgroup.
 */
int controllers_list(struct controller **ret_controllers, size_t *ret_n);

#endif
