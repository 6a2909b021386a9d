/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CONFINE_H
#define SPAWN_CONFINE_H

#include "spawn/child.h"

/* The sandbox's share of the child's steps (confine.c). Each returns 0 or -errno, with report.detail set. */

enum confine_step {
        CONFINE_CLONE, /* not a step of the child: its birth, with namespaces */
        CONFINE_MAP,
        CONFINE_LOOPBACK,
        CONFINE_DETACH,
        CONFINE_ROOT,
        CONFINE_MOUNT, /* with the index of the mount */
        CONFINE_LEAVE,
        CONFINE_NULL, /* with the number of the stream */
        CONFINE_CWD,
        CONFINE_BOUND,
        CONFINE_CAPABILITIES,
        CONFINE_PRIVILEGES,
        CONFINE_LANDLOCK,
        CONFINE_ACCESS, /* with the index of the access */
        CONFINE_FILTER, /* with the index of the filter */
        CONFINE_LISTENER,
        CONFINE_N_STEPS
};
/* A step and an index in one number. */
#define CONFINE_DETAIL(step, index) ((int)(step) | (int)(index) << 8)
#define CONFINE_STEP(detail) ((enum confine_step)((detail)&0xff))
#define CONFINE_INDEX(detail) ((size_t)(detail) >> 8)

/** What it sees: while it still may mount. */
int confine_place(struct spawn_child *child);
/** What no exec may bring back: while it still may say so. */
int confine_bound(struct spawn_child *child);
/** What it may: when all else that takes privilege is done. */
int confine_drop(struct spawn_child *child);
/** What it may reach and call: the last before exec. */
int confine_enter(struct spawn_child *child);

/** Ids of the user namespace that the caller was born in. */
int confine_map(const char *uid_map, const char *gid_map);

#endif
