/* SPDX-License-Identifier: MIT */
#ifndef INBYE_HOST_H
#define INBYE_HOST_H

#include <inbye/base.h>
#include <inbye/group.h>

INBYE_BEGIN_DECLS

/**
 * What this host can hold, why not better, and what would mend it. Found by trying, never by version:
 * opening it makes and removes a leaf.
 *
 * Ownership: inbye_host_open() gives the caller a host, inbye_host_free() takes it back; strings live
 * as long as it.
 * Threads: any number may read it at once.
 */
struct inbye_host;

INBYE_API INBYE_MUST_USE int inbye_host_open(struct inbye_host **ret_host);
INBYE_API void inbye_host_free(struct inbye_host *host);

/** One mechanism on this host. */
struct inbye_host_mechanism {
        uint32_t mechanism; /**< INBYE_MECHANISM_* bit. */
        const char *name;
        int number;         /**< 0: it works here; else the errno that says why not. */
        const char *reason; /**< Why not, one sentence; NULL where it works. */
        const char *hint;   /**< What would mend it; NULL where nothing is known. */
        const char *cannot; /**< What it cannot hold even where it works; NULL: nothing. */
        const char *detail; /**< Where it works: with what (the directory, the calls). */
        /** What comes of a tree when its owner dies, even of SIGKILL: "whole_tree" is ended, "nothing". */
        const char *on_owner_death;
};
/** Strongest first; NULL beyond the last. */
INBYE_API const struct inbye_host_mechanism *inbye_host_mechanism(
        const struct inbye_host *host, size_t index);
/** The one that `auto` would take, or NULL. */
INBYE_API const struct inbye_host_mechanism *inbye_host_best(const struct inbye_host *host);

/** One cgroup controller on this host. */
struct inbye_host_controller {
        const char *name;  /**< "memory", "pids"... */
        int version;       /**< Hierarchy it lives on: 1 or 2; 0: unknown. */
        const char *mount; /**< Where that is mounted. */
};
/** NULL beyond the last. */
INBYE_API const struct inbye_host_controller *inbye_host_controller(
        const struct inbye_host *host, size_t index);

/** @param ret_json  One line of JSON, to be given to free(). */
INBYE_API INBYE_MUST_USE int inbye_host_json(const struct inbye_host *host, char **ret_json);

INBYE_END_DECLS
#endif
