/* SPDX-License-Identifier: MIT */
#ifndef INBYE_REGISTRY_H
#define INBYE_REGISTRY_H

#include <inbye/base.h>

INBYE_BEGIN_DECLS

/** What is known of the process that a session belongs to. */
enum inbye_owner {
        INBYE_OWNER_UNKNOWN, /**< No entry, or nothing could be proven. */
        INBYE_OWNER_ALIVE,   /**< In another pid namespace: it, or a child that it forked. */
        INBYE_OWNER_DEAD,    /**< Proven: no process has its pid and start time, or nobody holds its lock. */
        INBYE_OWNER_N
};
/** "unknown", "alive", "dead". Static storage. Any thread. */
INBYE_API const char *inbye_owner_name(enum inbye_owner owner);

/**
 * The sessions of mechanism cgroup that are there now, read from the cgroup tree itself: what runs under
 * inbye, and what dead owners left. So are, at the end, the directories of limits in v1 hierarchies that dead
 * owners left: of those owners nothing but their death is known.
 *
 * Ownership: inbye_registry_open() gives the caller a registry, inbye_registry_free() takes it back. A
 * session lives until the next call of inbye_registry_next() or inbye_registry_free().
 * Threads: one call at a time per registry.
 */
struct inbye_registry;

struct inbye_session {
        const char *name;           /**< Of its directory: "inbye.<32 hexadecimal digits>". */
        const char *path;           /**< Of its directory. */
        enum inbye_owner owner;     /**< Of the moment when it was looked at. */
        pid_t owner_pid;            /**< In the pid namespace that it lives in. 0: unknown. */
        uint64_t owner_start_ticks; /**< Clock ticks after boot, proc(5) field 22. */
        uint64_t started_ns;        /**< Nanoseconds since 1970. 0: unknown. */
        uint64_t n_processes;       /**< In all its trees. UINT64_MAX: unknown. */
        uint64_t cpu_us;            /**< Used by them so far. UINT64_MAX: unknown. */
        const char *command;        /**< Of the owner, cut short, one clean line. NULL: unknown. */
};

/** All that the mount shows, not only what is below the own cgroup. */
#define INBYE_REGISTRY_ALL 1u

/**
 * @param flags  INBYE_REGISTRY_* bits. 0: the sessions below the cgroup of this process.
 * @retval -EOPNOTSUPP  There is no cgroup tree here, of v2 or v1; reterr says why.
 */
INBYE_API INBYE_MUST_USE int inbye_registry_open(
        uint32_t flags, struct inbye_registry **ret_registry, struct inbye_error *reterr);
INBYE_API void inbye_registry_free(struct inbye_registry *registry);

/** The next session that still is there; NULL beyond the last. */
INBYE_API const struct inbye_session *inbye_registry_next(struct inbye_registry *registry);

/**
 * End the session that inbye_registry_next() gave last, if its owner is dead, and remove it: SIGKILL, wait
 * until it is empty, remove its directories. The owner is looked at again first.
 *
 * @retval 0           It is gone, or somebody else removed it meanwhile.
 * @retval -EBUSY      Its owner is alive, or not proven to be dead: nothing was done.
 * @retval -ETIMEDOUT  Processes are left; they were told to end.
 * @retval -EACCES, -EPERM  It is not ours to end.
 */
INBYE_API INBYE_MUST_USE int inbye_registry_end(
        struct inbye_registry *registry, uint64_t timeout_ns, struct inbye_error *reterr);

INBYE_END_DECLS
#endif
