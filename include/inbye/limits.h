/* SPDX-License-Identifier: MIT */
#ifndef INBYE_LIMITS_H
#define INBYE_LIMITS_H

#include <inbye/base.h>

INBYE_BEGIN_DECLS

/**
 * Limits of a whole tree, kept by the kernel's cgroup controllers: of one command
 * (inbye_command_set_limits()) or of all trees of a group together (inbye_group_set_limits(), or the group's
 * options). They are in force before the command executes, for it and all that comes of it.
 *
 * A limit that cannot be enforced on this host is refused before anything runs, with the controller that is
 * missing, where, and what would grant it; never passed over. Limits of each process are another thing:
 * inbye_command_set_rlimit().
 */
enum inbye_limit {
        INBYE_LIMIT_MEMORY,     /**< Bytes, page cache included. */
        INBYE_LIMIT_SWAP,       /**< Bytes, on top of the memory. */
        INBYE_LIMIT_TASKS,      /**< Threads: a process has at least one. */
        INBYE_LIMIT_CPU,        /**< CPU time per time. */
        INBYE_LIMIT_CPU_WEIGHT, /**< Share of the CPUs where they are contended. */
        INBYE_LIMIT_IO_WEIGHT,  /**< Share of the disks where they are contended. */
        INBYE_LIMIT_IO_MAX,     /**< Bandwidth and operations of a disk. */
        INBYE_LIMIT_CPUS,       /**< CPUs that may be used. */
        INBYE_LIMIT_N
};

/** Stable name: "memory", "swap", "tasks", "cpu", "cpu-weight", "io-weight", "io-max", "cpus". NULL beyond
 * the last. Static storage. Any thread. */
INBYE_API const char *inbye_limit_name(enum inbye_limit limit);

/** As good as no limit. */
#define INBYE_UNLIMITED UINT64_MAX
/** Swap: none where memory is limited (what does not fit would else only be slow), else not limited. */
#define INBYE_SWAP_DEFAULT (UINT64_MAX - 1)

/** Start from INBYE_LIMITS_INIT, which limits nothing. */
struct inbye_limits {
        size_t size;           /**< Bytes of this struct the caller was compiled with; set by _INIT. */
        uint64_t memory_bytes; /**< More makes the kernel reclaim, and then end the tree as one: status "oom".
                                */
        uint64_t swap_bytes;
        uint64_t tasks; /**< What would be one more is not made: fork(2) and clone(2) fail with EAGAIN. */
        uint64_t cpu_us_per_s; /**< Microseconds of CPU time per second: 500000 is half a core. From 1000. */
        uint32_t cpu_weight;   /**< 1 to 10000, as against 100 of others. 0: not set. */
        uint32_t io_weight;    /**< The same, on disks with the scheduler bfq or with io.cost. 0: not set. */
        const char *io_max; /**< Lines as in the kernel's io.max: "8:0 rbps=1048576 wiops=100". NULL: none. */
        const char *cpus;   /**< CPUs as in cpuset(7): "0-3,7". NULL: all. */
};
#define INBYE_LIMITS_INIT                                                                                    \
        {                                                                                                    \
                sizeof(struct inbye_limits), INBYE_UNLIMITED, INBYE_SWAP_DEFAULT, INBYE_UNLIMITED,           \
                        INBYE_UNLIMITED, 0, 0, NULL, NULL                                                    \
        }

struct inbye_command;
struct inbye_group;

/**
 * Limits of each tree that the command is started as. Strings are copied.
 *
 * @param limits    NULL: none.
 * @retval -EINVAL  A value that makes no sense: no memory, no tasks, too little CPU, a weight out of range.
 * @retval -E2BIG   limits->size is of a newer version, with fields set that this one lacks.
 * @retval -EBUSY   It was started already.
 */
INBYE_API INBYE_MUST_USE int inbye_command_set_limits(
        struct inbye_command *command, const struct inbye_limits *limits);

/**
 * Limits of all trees of the group together, now and from now on; they may be running. All of them are put
 * in force or none: what was before is then put back. What is not limited here and was before, is no longer.
 *
 * @retval -EOPNOTSUPP  A limit cannot be enforced; reterr says which, why and what would grant it.
 */
INBYE_API INBYE_MUST_USE int inbye_group_set_limits(
        struct inbye_group *group, const struct inbye_limits *limits, struct inbye_error *reterr);

/** What came of a limit. */
enum inbye_verdict {
        INBYE_VERDICT_NONE,        /**< There was no such limit, or it is one that can only slow down. */
        INBYE_VERDICT_NOT_TRIPPED, /**< It was never reached. */
        INBYE_VERDICT_TRIPPED, /**< It was: memory: somebody was killed; tasks: a fork failed; cpu: throttled.
                                */
        INBYE_VERDICT_UNKNOWN, /**< The kernel does not tell, or not any more. */
        INBYE_VERDICT_N
};
/** Stable name: "none", "not_tripped", "tripped", "unknown". Static storage. Any thread. */
INBYE_API const char *inbye_verdict_name(enum inbye_verdict verdict);

INBYE_END_DECLS
#endif
