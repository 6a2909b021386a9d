/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_LOOKUP_H
#define SPAWN_LOOKUP_H

#include "spawn/spawn.h"

/* Where PATH is not in the environment of the child. */
#define SPAWN_DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* What the child hands to exec, one after the other. One block of memory. */
struct spawn_lookup {
        const char *program;
        const char *search;      /* the PATH that was gone through; NULL: the program holds a slash */
        const char **paths;      /* candidates in order */
        size_t n_paths;          /* 0: the program's name is empty */
        const char **shell_argv; /* /bin/sh FILE ARGS, the child fills in FILE; NULL: no fallback */
};

/** 0 or -ENOMEM. */
int lookup_init(struct spawn_lookup *lookup, const struct spawn_plan *plan);
void lookup_deinit(struct spawn_lookup *lookup);

#endif
