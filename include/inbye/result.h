/* SPDX-License-Identifier: MIT */
#ifndef INBYE_RESULT_H
#define INBYE_RESULT_H

#include <inbye/base.h>
#include <inbye/command.h>
#include <inbye/limits.h>

INBYE_BEGIN_DECLS

/**
 * What came of a command. Complete and immutable once it exists.
 *
 * Ownership: whoever is given a result holds one reference; inbye_result_unref() gives it back. Strings
 * and arrays live as long as the result.
 * Threads: any number at once.
 */
struct inbye_result;
struct inbye_group;

INBYE_API struct inbye_result *inbye_result_ref(struct inbye_result *result);
INBYE_API void inbye_result_unref(struct inbye_result *result);

/**
 * The result of a command that inbye_group_spawn() could not start: "spawn_error" with that error, or
 * "cancelled" where its number is ECANCELED.
 *
 * @param group  Whose mechanism the result names; NULL: none.
 */
INBYE_API INBYE_MUST_USE int inbye_result_from_error(struct inbye_command *command,
        const struct inbye_group *group, const struct inbye_error *error, struct inbye_result **ret_result);

/** The closed set of outcomes. Cancel beats timeout; timeout stays whatever the manner of death. */
enum inbye_status {
        INBYE_OK,           /**< Exited with a success code. */
        INBYE_NONZERO,      /**< Exited with another code. */
        INBYE_SIGNALED,     /**< Died of a signal that inbye did not send. */
        INBYE_TIMEOUT,      /**< Overran its time and was ended. */
        INBYE_IDLE_TIMEOUT, /**< Was silent too long and was ended. */
        INBYE_CANCELLED,    /**< Ended on the owner's wish, or never started because of it. */
        INBYE_OUTPUT_LIMIT, /**< Wrote more than INBYE_KEEP_FAIL allows and was ended. */
        INBYE_OOM,          /**< Its memory limit, or its group's, was reached and the kernel ended it. */
        INBYE_LIMIT,        /**< Failed after it met its limit of tasks. */
        INBYE_SPAWN_ERROR,  /**< The program was never started: see inbye_result_error(). */
        INBYE_LOST,         /**< It ran, but how it ended cannot be known, or it cannot be ended. */
        INBYE_STATUS_N
};
/** Stable name: "ok", "nonzero", "signaled", "timeout", "idle_timeout"... Static storage. */
INBYE_API const char *inbye_status_name(enum inbye_status status);

INBYE_API enum inbye_status inbye_result_status(const struct inbye_result *result);
/** Exit code, or -1 when it did not exit. */
INBYE_API int inbye_result_code(const struct inbye_result *result);
/** Signal that ended the command, or 0. */
INBYE_API int inbye_result_signal(const struct inbye_result *result);
INBYE_API int inbye_result_core_dumped(const struct inbye_result *result);
/** Starts that it took, those that failed to start included. 0: it was never started, because its batch had
 * been ended. */
INBYE_API uint32_t inbye_result_attempts(const struct inbye_result *result);
INBYE_API pid_t inbye_result_pid(const struct inbye_result *result);
INBYE_API struct inbye_command *inbye_result_command(const struct inbye_result *result);
/** Stage, errno and text where the status is "spawn_error"; else NULL. */
INBYE_API const struct inbye_error *inbye_result_error(const struct inbye_result *result);

/**
 * Captured output. With INBYE_KEEP_BOTH and a truncated stream, head and tail stand one after the other;
 * inbye_result_gap() is where bytes are missing.
 *
 * @param ret_n_bytes  Bytes kept; may be NULL.
 */
INBYE_API const char *inbye_result_output(
        const struct inbye_result *result, enum inbye_stream stream, size_t *ret_n_bytes);
/** Bytes that the stream carried, kept or not. */
INBYE_API uint64_t inbye_result_bytes_seen(const struct inbye_result *result, enum inbye_stream stream);
INBYE_API int inbye_result_truncated(const struct inbye_result *result, enum inbye_stream stream);
/** errno that made the second sink of the stream (inbye_command_set_tee()) be dropped; 0: none. ETIMEDOUT: it
 * had not taken everything in time after the end. */
INBYE_API int inbye_result_tee_error(const struct inbye_result *result, enum inbye_stream stream);
/** Offset in the kept bytes after which bytes are missing. The number kept where none are. */
INBYE_API size_t inbye_result_gap(const struct inbye_result *result, enum inbye_stream stream);
/** File with all bytes (INBYE_KEEP_SPILL and more than the cap), or -1. The result keeps it. */
INBYE_API int inbye_result_spill_fd(const struct inbye_result *result, enum inbye_stream stream);

/** Wall clock at the start, nanoseconds since 1970. */
INBYE_API uint64_t inbye_result_start_ns(const struct inbye_result *result);
/** From the start until the tree was empty. */
INBYE_API uint64_t inbye_result_duration_ns(const struct inbye_result *result);

/** A number that could not be had. */
#define INBYE_UNKNOWN UINT64_MAX

/** What the whole tree used. INBYE_UNKNOWN where it could not be read. */
struct inbye_usage {
        size_t size;                /**< Set by the caller: sizeof(struct inbye_usage). */
        uint64_t cpu_user_us;       /**< Microseconds. */
        uint64_t cpu_system_us;     /**< Microseconds. */
        uint64_t peak_memory_bytes; /**< Of the tree; from rusage: of its largest process, and known
                                     *   only where above the owner's own peak. */
        uint64_t peak_processes;    /**< Tasks: threads are counted. */
        uint64_t io_read_bytes;
        uint64_t io_written_bytes;
        const char *cpu_source;    /**< "cgroup", "rusage" or "unknown". */
        const char *memory_source; /**< "cgroup", "rusage" or "unknown". */
        uint64_t cpu_stall_us;     /**< Time in which a member waited for a CPU, microseconds. */
        uint64_t memory_stall_us;  /**< For memory. */
        uint64_t io_stall_us;      /**< For a disk. */
};
/** @retval -E2BIG  usage->size is larger than the library knows. */
INBYE_API int inbye_result_usage(const struct inbye_result *result, struct inbye_usage *usage);

/** What came of a limit, of the command or of its group. */
INBYE_API enum inbye_verdict inbye_result_verdict(const struct inbye_result *result, enum inbye_limit limit);
/**
 * Whose limit it was, where the OOM killer ended members of the tree: "command", "group" (status "oom" in
 * both cases), "inside" (one that the command set itself, further down) or "outside" (of a cgroup around us,
 * or of the whole host). NULL: it ended none, or that is not known. Static storage.
 */
INBYE_API const char *inbye_result_oom(const struct inbye_result *result);

/** Name of the mechanism that held the tree. */
INBYE_API const char *inbye_result_mechanism(const struct inbye_result *result);
/** What that mechanism cannot hold, one sentence; NULL where it holds all. */
INBYE_API const char *inbye_result_cannot(const struct inbye_result *result);
/** What would have come of the tree, had its owner died: "whole_tree" is ended, or "nothing". NULL: nothing
 * held it. */
INBYE_API const char *inbye_result_on_owner_death(const struct inbye_result *result);
/**
 * A stronger mechanism that was allowed and does not work here. NULL beyond the last.
 *
 * @param ret_reason  Why not, one sentence; may be NULL.
 */
INBYE_API const char *inbye_result_passed_over(
        const struct inbye_result *result, size_t index, const char **ret_reason);

/**
 * What its sandbox left out of a profile, as it was optional and not to be had here. NULL beyond the last.
 *
 * @param ret_reason  Why; may be NULL.
 * @return The setting ("KEY=VALUE"), the path that is not there, or the limit that could not be enforced.
 */
INBYE_API const char *inbye_result_sandbox_skipped(
        const struct inbye_result *result, size_t index, const char **ret_reason);

/** A process that was there when the command had ended, or that could not be ended. */
struct inbye_leftover {
        pid_t pid;
        const char *name; /**< comm, at most 15 bytes; "" where unknown. */
        uint64_t age_ns;  /**< Since its start; INBYE_UNKNOWN where it could not be read. */
        uint32_t held;    /**< INBYE_STDOUT | INBYE_STDERR: captured streams it held open. */
        char state;       /**< As in proc(5): 'S', 'D'...; '?' where unknown. */
        int unkillable;   /**< Still there after SIGKILL and the time for it. */
};
/** How many there were; inbye_result_leftover() knows the first 64 of them. SIZE_MAX: some, and nobody can
 * tell how many or who (no /proc). */
INBYE_API size_t inbye_result_n_leftovers(const struct inbye_result *result);
/** @return NULL beyond the last one known. */
INBYE_API const struct inbye_leftover *inbye_result_leftover(const struct inbye_result *result, size_t index);

/**
 * How many got away from what held the tree (they moved to another cgroup, left the process group), and were
 * found when it was empty, and ended. Only an owner that reaps orphans (inbye_loop_reap_orphans()) can find
 * them: INBYE_UNKNOWN where it does not, or cannot tell them from others. inbye_result_escaped() knows the
 * first 64.
 */
INBYE_API uint64_t inbye_result_n_escaped(const struct inbye_result *result);
/** @return NULL beyond the last one known. */
INBYE_API const struct inbye_leftover *inbye_result_escaped(const struct inbye_result *result, size_t index);

/** A system call that a filter of the sandbox answered in place of the kernel. */
struct inbye_denial {
        const char *call;      /**< Its name; NULL where it has none that is known here. */
        const char *rule;      /**< The filter: "profile NAME", its file, or its list of calls. */
        const char *program;   /**< comm of who made it first, at most 15 bytes; "" where unknown. */
        uint64_t n_times;      /**< How often. */
        uint64_t arguments[6]; /**< Registers of the first time: what they mean depends on the call. */
        int number;            /**< Of the call. */
        uint32_t machine;      /**< AUDIT_ARCH_* of who made it first. */
        int error;             /**< errno that it got. ENOSYS: the filter does not know it. */
        int done;              /**< It was done all the same: profile "measure". */
};
/**
 * How many calls were denied, those done all the same included, inbye_result_denial() knows the first 64
 * that differ in call, errno or filter. INBYE_UNKNOWN: nobody watched, or not all filters
 * (inbye_sandbox_watch_denials()).
 */
INBYE_API uint64_t inbye_result_n_denials(const struct inbye_result *result);
/** @return NULL beyond the last one known. */
INBYE_API const struct inbye_denial *inbye_result_denial(const struct inbye_result *result, size_t index);

/** Leave the output out of the JSON. */
#define INBYE_JSON_NO_OUTPUT 1u

/**
 * The result as one line of JSON without a newline; inbye-report(5) names its keys. Bytes that are not
 * UTF-8 appear as {"base64": "..."}.
 *
 * @param ret_json     Receives a string to be given to free().
 * @param ret_n_bytes  Its length; may be NULL.
 */
INBYE_API INBYE_MUST_USE int inbye_result_json(
        const struct inbye_result *result, uint32_t flags, char **ret_json, size_t *ret_n_bytes);

INBYE_END_DECLS
#endif
