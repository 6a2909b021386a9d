/* SPDX-License-Identifier: MIT */
#ifndef INBYE_BASE_H
#define INBYE_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
#define INBYE_BEGIN_DECLS extern "C" {
#define INBYE_END_DECLS }
#else
#define INBYE_BEGIN_DECLS
#define INBYE_END_DECLS
#endif

#if defined(__GNUC__)
#define INBYE_API __attribute__((visibility("default")))
#define INBYE_MUST_USE __attribute__((warn_unused_result))
#else
#define INBYE_API
#define INBYE_MUST_USE
#endif

/** No deadline. Every `timeout_ns` below takes it. */
#define INBYE_FOREVER UINT64_MAX

/** Units of time: every time in this interface is nanoseconds of CLOCK_MONOTONIC. */
#define INBYE_MILLISECOND UINT64_C(1000000)
#define INBYE_SECOND UINT64_C(1000000000)

INBYE_BEGIN_DECLS

/** Version of the library that is running, "MAJOR.MINOR.PATCH". Static storage. Any thread. */
INBYE_API const char *inbye_version(void);

/**
 * Which step failed. A stage between _STDIO and _EXEC failed in the child, between clone and exec;
 * the program was then not started.
 */
enum inbye_stage {
        INBYE_STAGE_NONE,
        INBYE_STAGE_ARGUMENT,  /**< The request itself is wrong: nothing was tried. */
        INBYE_STAGE_MECHANISM, /**< No mechanism that may be used works on this host. */
        INBYE_STAGE_LEAF,      /**< The container of the tree could not be made. */
        INBYE_STAGE_PIPE,      /**< A pipe, a file or another descriptor could not be made. */
        INBYE_STAGE_CLONE,     /**< The new process could not be made. */
        INBYE_STAGE_JOIN,      /**< The new process could not enter its leaf. */
        INBYE_STAGE_SESSION,   /**< setsid or setpgid. */
        INBYE_STAGE_STDIO,     /**< A descriptor could not be put in its place. */
        INBYE_STAGE_CHDIR,     /**< The working directory. */
        INBYE_STAGE_RLIMIT,
        INBYE_STAGE_NICE,
        INBYE_STAGE_IOPRIO,
        INBYE_STAGE_AFFINITY,
        INBYE_STAGE_GROUPS, /**< Supplementary groups. */
        INBYE_STAGE_GID,
        INBYE_STAGE_UID,
        INBYE_STAGE_SIGNALS, /**< Signal mask or dispositions. */
        INBYE_STAGE_EXEC,    /**< Program not found, not executable, argument list too long... */
        INBYE_STAGE_LOOP,    /**< The event loop of the owner. */
        INBYE_STAGE_CAPTURE, /**< Keeping the output: the spill file, the second sink. */
        INBYE_STAGE_LIMIT,   /**< A limit of the tree cannot be enforced. */
        INBYE_STAGE_SANDBOX, /**< A part of the sandbox: not to be had here, or it failed in the child. */
        INBYE_STAGE_N
};

/** Stable name of a stage, as in reports: "exec", "chdir"... Static storage. Any thread. */
INBYE_API const char *inbye_stage_name(enum inbye_stage stage);

/**
 * What an errno alone cannot say. The storage is the caller's; every `reterr` may be NULL. Written only
 * when the call fails.
 */
struct inbye_error {
        enum inbye_stage stage;
        int number;     /**< errno value, positive. 0: none. */
        char text[512]; /**< What was being done and what was wrong; one line, no newline at its end. */
        char hint[256]; /**< How to mend it; empty where nothing is known. */
};

/**
 * Quote an argv for a shell, control characters replaced, for display.
 *
 * @param ret_line  Receives a string to be given to free().
 * @retval -ENOMEM
 */
INBYE_API INBYE_MUST_USE int inbye_quote(const char *const *argv, char **ret_line);

INBYE_END_DECLS
#endif
