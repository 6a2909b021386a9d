/* SPDX-License-Identifier: MIT */
#ifndef INBYE_COMMAND_H
#define INBYE_COMMAND_H

#include <inbye/base.h>

INBYE_BEGIN_DECLS

/**
 * What to run: program, arguments, environment, descriptors, limits of time and output.
 *
 * Ownership: inbye_command_open() gives the caller one reference, inbye_command_unref() takes one back.
 * Everything passed in is copied, but for descriptors, which the caller keeps open until the
 * command has been started for the last time.
 * Threads: setters need one thread at a time. Once it was started, a command never changes: every
 * setter then answers -EBUSY, and any thread may read and start it.
 * Errors: 0 on success, a negative errno on failure; a failed setter changes nothing.
 *         -EINVAL  The value makes no sense. -EBUSY  Started already. -ENOMEM.
 */
struct inbye_command;

/**
 * @param argv  NULL-terminated vector, never a shell string; argv[0] is looked up in the PATH
 *              of the *child's* environment when it holds no slash.
 * @retval -EINVAL  Empty vector or empty argv[0].
 */
INBYE_API INBYE_MUST_USE int inbye_command_open(const char *const *argv, struct inbye_command **ret_command);
INBYE_API struct inbye_command *inbye_command_ref(struct inbye_command *command);
INBYE_API void inbye_command_unref(struct inbye_command *command);

/** A changeable copy, not started yet. */
INBYE_API INBYE_MUST_USE int inbye_command_copy(
        const struct inbye_command *command, struct inbye_command **ret_command);

/** The arguments, NULL-terminated; they live as long as the command. */
INBYE_API const char *const *inbye_command_argv(const struct inbye_command *command);

/** Name for reports. Default: none. */
INBYE_API int inbye_command_set_id(struct inbye_command *command, const char *id);
INBYE_API const char *inbye_command_id(const struct inbye_command *command);

typedef void (*inbye_bytes_fn)(void *userdata, const void *data, size_t n_bytes);
/**
 * What makes it this command and no other, as bytes for a digest by which it is known again in a later run:
 * arguments, program, working directory, the settings of the environment, standard input and what its sandbox
 * takes away, each with its length. Timeouts, caps and other limits, ids and the descriptors of its output
 * are no part of it; of a file the name is, not what it holds, but for a filter of system calls. The bytes
 * are the same on every machine and in every version of inbye.
 *
 * @param fn  Called with one piece after the other, before this call returns.
 * @retval -EINVAL  NULL.
 * @retval -ENOMEM  What was handed to fn is not all.
 */
INBYE_API int inbye_command_identity(const struct inbye_command *command, inbye_bytes_fn fn, void *userdata);

/** Program to execute where it is not argv[0]. */
INBYE_API int inbye_command_set_program(struct inbye_command *command, const char *program);

/** Working directory. A missing one is reported as stage "chdir", apart from a missing program. */
INBYE_API int inbye_command_set_cwd(struct inbye_command *command, const char *cwd);

/**
 * Environment, built in this order whatever the order of the calls: the parent's, or nothing after
 * _env_clear(); then what _env_allow() names, copied from the parent; then _env_set() and
 * _env_unset() in the order they were called; then the files of _env_file() (NAME=VALUE lines,
 * # comments, read at once).
 *
 * @retval -EINVAL  A name that is empty or holds '='; a line of a file without '='.
 */
INBYE_API int inbye_command_env_clear(struct inbye_command *command);
INBYE_API int inbye_command_env_allow(struct inbye_command *command, const char *name);
INBYE_API int inbye_command_env_set(struct inbye_command *command, const char *name, const char *value);
INBYE_API int inbye_command_env_unset(struct inbye_command *command, const char *name);
INBYE_API int inbye_command_env_file(
        struct inbye_command *command, const char *path, struct inbye_error *reterr);
/** As _env_set(), the value being the pid of the child: for LISTEN_PID of sd_listen_fds(3). One name. */
INBYE_API int inbye_command_env_set_pid(struct inbye_command *command, const char *name);

/** Where standard input comes from. */
enum inbye_input {
        INBYE_INPUT_NULL,    /**< /dev/null: the default. */
        INBYE_INPUT_INHERIT, /**< The owner's own; none where that is closed or close-on-exec. */
        INBYE_INPUT_PIPE     /**< Kept open for inbye_process_write(). */
};

/** Streams and their bits. */
enum inbye_stream { INBYE_STDOUT = 1, INBYE_STDERR = 2 };

/** Where an output stream goes. */
enum inbye_output {
        INBYE_OUTPUT_CAPTURE, /**< Kept in memory, bounded: the default. */
        INBYE_OUTPUT_INHERIT, /**< As INBYE_INPUT_INHERIT. */
        INBYE_OUTPUT_NULL,    /**< /dev/null. */
        INBYE_OUTPUT_MERGE    /**< stderr only: wherever stdout goes. */
};

INBYE_API int inbye_command_set_input(struct inbye_command *command, enum inbye_input input);
/** Bytes to feed; an early exit of the reader is no error. */
INBYE_API int inbye_command_set_input_bytes(struct inbye_command *command, const void *data, size_t n_bytes);
/** The file itself becomes standard input: no copying. Opened at the start. */
INBYE_API int inbye_command_set_input_file(struct inbye_command *command, const char *path);
INBYE_API int inbye_command_set_input_fd(struct inbye_command *command, int fd);

INBYE_API int inbye_command_set_output(
        struct inbye_command *command, enum inbye_stream stream, enum inbye_output output);
#define INBYE_OUTPUT_APPEND 1u /**< Else the file is truncated at the start. */
#define INBYE_OUTPUT_NO_SYMLINKS                                                                             \
        2u /**< One on the way to it, or in its place, fails the start with ELOOP.                           \
            */
/** @param flags  INBYE_OUTPUT_* bits; others: -EINVAL. */
INBYE_API int inbye_command_set_output_file(
        struct inbye_command *command, enum inbye_stream stream, const char *path, unsigned flags);
INBYE_API int inbye_command_set_output_fd(struct inbye_command *command, enum inbye_stream stream, int fd);

/** What to keep of a captured stream that is longer than its cap. Its pipe is drained all the same. */
enum inbye_keep {
        INBYE_KEEP_BOTH, /**< The first half of the cap and the last: the default. */
        INBYE_KEEP_HEAD,
        INBYE_KEEP_TAIL,
        INBYE_KEEP_FAIL, /**< End the tree with status "output_limit". */
        INBYE_KEEP_SPILL /**< The first bytes stay in memory, all of them go to a file. */
};

/** Default cap of a captured stream, bytes. */
#define INBYE_CAPTURE_DEFAULT ((size_t)8 << 20)

/**
 * @param cap_bytes   Most bytes of this stream kept in memory.
 * @param spill_path  With INBYE_KEEP_SPILL: file to create, or NULL for one without a name that
 *                    lives as long as the result (inbye_result_spill_fd()). Else NULL.
 */
INBYE_API int inbye_command_set_capture(struct inbye_command *command, enum inbye_stream stream,
        size_t cap_bytes, enum inbye_keep keep, const char *spill_path);

/**
 * Send the raw bytes of a captured stream to a second sink as they come. A sink that does not take them
 * slows the child down, as a pipe would; one that fails is dropped and the failure told in the result.
 * Where it answers EPIPE, the pipe of the child is closed too: its next write gets SIGPIPE or EPIPE.
 */
INBYE_API int inbye_command_set_tee(struct inbye_command *command, enum inbye_stream stream, int fd);

/** Pass a descriptor >= 3 on under its own number. All others from 3 are closed in the child. */
INBYE_API int inbye_command_keep_fd(struct inbye_command *command, int fd);

/** Ids of the child. A change of uid clears the supplementary groups unless they are given; the uid that the
 * owner has already is no change, and needs no privilege. */
INBYE_API int inbye_command_set_uid(struct inbye_command *command, uid_t uid);
INBYE_API int inbye_command_set_gid(struct inbye_command *command, gid_t gid);
INBYE_API int inbye_command_set_groups(struct inbye_command *command, const gid_t *groups, size_t n_groups);

/** A session of its own (setsid(2)). */
INBYE_API int inbye_command_set_session(struct inbye_command *command, int on);
/** A process group of its own. Default: on where standard input is not inherited. */
INBYE_API int inbye_command_set_process_group(struct inbye_command *command, int on);
/**
 * Make the child's process group the foreground group of a terminal before it execs. Taking the terminal
 * back when the command has ended or stopped is the caller's.
 */
INBYE_API int inbye_command_set_foreground(struct inbye_command *command, int tty_fd);
INBYE_API int inbye_command_set_umask(struct inbye_command *command, mode_t mask);
/** @param nice  -20 to 19, absolute. */
INBYE_API int inbye_command_set_nice(struct inbye_command *command, int nice);
/** @param io_class 1 realtime, 2 best effort, 3 idle; @param level 0 (first) to 7. ioprio_set(2). */
INBYE_API int inbye_command_set_ioprio(struct inbye_command *command, int io_class, int level);
/** @param cpus  Array of CPU numbers below 1024. */
INBYE_API int inbye_command_set_affinity(struct inbye_command *command, const unsigned *cpus, size_t n_cpus);
/** @param resource  RLIMIT_*: per process (or per uid), never a limit of the tree. getrlimit(2). */
INBYE_API int inbye_command_set_rlimit(
        struct inbye_command *command, int resource, uint64_t soft, uint64_t hard);
/** Signals blocked in the child; bit n - 1 stands for signal n. Default: 0, none. */
INBYE_API int inbye_command_set_signal_mask(struct inbye_command *command, uint64_t mask);
/**
 * Leave the signals ignored that the owner ignores, as env(1) and nohup(1) expect. Default: off, every
 * signal of the child has its default action.
 */
INBYE_API int inbye_command_set_inherit_ignored(struct inbye_command *command, int on);
/** Signals ignored in the child, besides those; bit n - 1 stands for signal n. Default: 0, none. */
INBYE_API int inbye_command_set_ignored_signals(struct inbye_command *command, uint64_t signals);
/** Run a file without a `#!` line through /bin/sh, as execvp(3) does. Default: off. */
INBYE_API int inbye_command_set_shell_fallback(struct inbye_command *command, int on);

/** From the start; then the tree is ended, status "timeout". Default: INBYE_FOREVER. */
INBYE_API int inbye_command_set_timeout(struct inbye_command *command, uint64_t timeout_ns);
/** Without a byte on either captured stream; status "idle_timeout". Default: INBYE_FOREVER. */
INBYE_API int inbye_command_set_idle_timeout(struct inbye_command *command, uint64_t timeout_ns);
/** From the soft signal to SIGKILL. 0, the default: SIGKILL at once. */
INBYE_API int inbye_command_set_grace(struct inbye_command *command, uint64_t grace_ns);
/** The soft signal. Default: SIGTERM. */
INBYE_API int inbye_command_set_signal(struct inbye_command *command, int signo);
/** Exit codes that count as success. Default: 0 alone. */
INBYE_API int inbye_command_set_success_codes(
        struct inbye_command *command, const unsigned char *codes, size_t n_codes);

/** What becomes of processes that are left when the command itself has ended. */
enum inbye_leftovers {
        INBYE_LEFTOVERS_KILL, /**< Ended at once with SIGKILL, and listed: the default. */
        INBYE_LEFTOVERS_WAIT, /**< Waited for, under the same timeouts. */
        INBYE_LEFTOVERS_FAIL  /**< As KILL; and a result that would be "ok" becomes "nonzero". */
};
INBYE_API int inbye_command_set_leftovers(struct inbye_command *command, enum inbye_leftovers leftovers);

INBYE_END_DECLS
#endif
