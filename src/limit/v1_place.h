/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_V1_PLACE_H
#define LIMIT_V1_PLACE_H

#include "base/list.h"
#include "contain/registry.h"
#include "limit/v1.h"
#include "limit/v1_dir.h"
#include "warden/client.h"

/* What the files of v1 know of each other: a place is one controller's hierarchy. */
enum v1_place { V1_MEMORY, V1_PIDS, V1_CPU, V1_N };

/* The directory of a group in one hierarchy. */
struct place {
        uint32_t controller;
        char *below; /* of the base, as libcgroup takes it: below the root of the mount. NULL: not had */
        int base_fd;
        struct v1_dir dir;
        struct warden warden;
        struct loop_child warden_child; /* no stray, though a child of ours */
};

struct v1_group {
        struct inbye_loop *loop;
        char name[SESSION_NAME_SIZE];
        struct place places[V1_N];
        unsigned next_leaf, n_pool, n_keeping; /* trees whose files are kept open */
        struct list pool;                      /* of trees, ready for the next */
        bool limits_cpu;                       /* of the group as a whole */
        bool had_memory;                       /* a limit of that kind was ever in force */
};

/** Write the limits of one controller into its directory. */
int v1_apply(
        enum v1_place at, struct v1_dir *dir, const struct inbye_limits *limits, struct inbye_error *reterr);
/** The trees that are kept, and their leaves. */
void v1_pool_free(struct v1_group *group);

#endif
