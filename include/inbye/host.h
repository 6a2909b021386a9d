/* SPDX-License-Identifier: MIT */
#ifndef INBYE_HOST_H
#define INBYE_HOST_H

#include <inbye/base.h>
#include <inbye/group.h>
#include <inbye/limits.h>

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
        /** Why it is not taken by default, where it works; NULL: it is. */
        const char *reluctance;
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
        /** v1: the cgroups that somebody (cgconfig, a service manager) has set up there, blanks between; cut
         * where there are many. NULL: none, or not known. */
        const char *groups;
};
/** NULL beyond the last. */
INBYE_API const struct inbye_host_controller *inbye_host_controller(
        const struct inbye_host *host, size_t index);

/** One limit of trees on this host. */
struct inbye_host_limit {
        enum inbye_limit limit;
        const char *name;
        int number;         /**< 0: it can be enforced here; else the errno that says why not. */
        int version;        /**< Of the hierarchy that has its controller, 1 or 2; 0: none. */
        const char *reason; /**< Why not; NULL where it can. */
        const char *hint;   /**< What would grant it; NULL where nothing is known. */
};
/**
 * Try each limit for a group that holds nothing.
 *
 * @param group_flags  INBYE_GROUP_* bits: what may be done to have them. May this process be moved?
 */
INBYE_API INBYE_MUST_USE int inbye_host_try_limits(
        struct inbye_host *host, uint32_t group_flags, struct inbye_error *reterr);
/** NULL beyond the last, and while they were not tried. */
INBYE_API const struct inbye_host_limit *inbye_host_limit(const struct inbye_host *host, size_t index);

/** @param ret_json  One line of JSON, to be given to free(). */
INBYE_API INBYE_MUST_USE int inbye_host_json(const struct inbye_host *host, char **ret_json);

INBYE_END_DECLS
#endif
