/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_ARENA_H
#define HOSTILE_ARENA_H

#include "cells.h"
#include "program.h"

/** A cgroup of the test's own, so that every session directory in it is of the test's making. */
struct arena {
        struct suite suite; /**< Its bystander and its neighbour are inside as well. */
        const char *owner;  /**< tests/helpers/owner */
        uint32_t mechanism; /**< The one that is tried. */
        char path[PATH_MAX], outside[PATH_MAX];
        int changes_fd;    /**< inotify: the arena, and the folder of the lists. */
        size_t n_sessions; /**< Those that are always there: the neighbour's. */
        struct inbye_loop *loop;
        struct inbye_group *group;
        size_t n_checks, n_failures;
};

/** @return 0, -errno: this host gives us no cgroup. */
int arena_init(struct arena *arena);
void arena_deinit(struct arena *arena);

/** Count it; say so when it failed. @return good. */
bool arena_check(struct arena *arena, bool good, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/** Session directories but for the neighbour's. */
size_t arena_count(const struct arena *arena);
/** The name of one of them, for a message. */
const char *arena_name_one(const struct arena *arena);
/** Wait until there is none. */
bool arena_await_none(const struct arena *arena, int timeout_ms);
/** Wait until the list says "ready". */
bool arena_await_ready(const struct arena *arena, struct witness *witness);
/** Nobody has the line, whether or not anybody ever had it. */
bool arena_line_is_cut(const struct witness *witness, int timeout_ms);

/** Neither the bystander nor the neighbour's tree was hit. */
void arena_check_others(struct arena *arena, const char *what);
/** Within the second that is promised no process and no session directory is left. */
void arena_check_nothing(struct arena *arena, struct witness *witness, const char *what);

/** Does the mechanism that is tried have a session directory? */
bool arena_has_sessions(const struct arena *arena);

/** Random SIGKILLs, from before the first spawn to after the last reap (owner_random.c). */
void random_kills(struct arena *arena, unsigned n, uint64_t seed);

#endif
