/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_CONTROLLERS_H
#define LIMIT_CONTROLLERS_H

#include <stddef.h>

/* What libcgroup knows and does; the one door to it. Any thread. */

/** Where a cgroup controller lives. */
struct controller {
        char name[32];
        int version; /* of its hierarchy, 1 or 2; 0: unknown */
        char mount[256];
        char groups[128]; /* v1: names of the cgroups at its top, blanks between; cut where there are many */
};

/**
 * The controllers of this host.
 *
 * @param ret_controllers  Array to be given to free().
 * @retval -ENOSYS  Built without libcgroup.
 */
int controllers_list(struct controller **ret_controllers, size_t *ret_n);

/** Make a cgroup of a v1 controller; the path is below the root of its hierarchy's mount. */
int controllers_make(const char *controller, const char *path);
/** Remove it if it is empty. */
void controllers_remove(const char *controller, const char *path);
/** Tell cgrulesengd, where it runs, to leave this process and its children where they are. */
void controllers_keep_rules_away(void);

#endif
