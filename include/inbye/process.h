/* SPDX-License-Identifier: MIT */
#ifndef INBYE_PROCESS_H
#define INBYE_PROCESS_H

#include <inbye/base.h>
#include <inbye/group.h>
#include <inbye/result.h>

INBYE_BEGIN_DECLS

/**
 * A command that was started, and the tree that comes of it.
 *
 * Ownership: inbye_group_spawn() gives the caller a process, inbye_process_free() takes it back; a tree
 * that still lives is then ended with SIGKILL and waited for.
 * Threads: as the loop of its group.
 * Errors: 0 on success, a negative errno on failure; -ESRCH where the tree has ended already.
 */

/** Pid of the command itself. Kept from being recycled until the tree has ended. */
INBYE_API pid_t inbye_process_pid(const struct inbye_process *process);

/** Called once, from the loop, when the tree has ended and the result is complete. */
typedef void (*inbye_process_end_fn)(
        void *userdata, struct inbye_process *process, struct inbye_result *result);
/** The result belongs to the process: take a reference to keep it. */
INBYE_API void inbye_process_on_end(struct inbye_process *process, inbye_process_end_fn fn, void *userdata);

/** What happens in the life of a process. */
enum inbye_event_kind {
        INBYE_EVENT_OUTPUT, /**< Bytes came from a captured stream. */
        INBYE_EVENT_EXITED, /**< The command itself has ended; its tree perhaps not yet. */
        INBYE_EVENT_SIGNAL, /**< inbye sent a soft or a forwarded signal to the tree. */
        INBYE_EVENT_LIMIT,  /**< A time or output limit was overrun; `status` says which. */
        INBYE_EVENT_KILLED, /**< inbye sent SIGKILL to the tree. */
        INBYE_EVENT_N
};
struct inbye_event {
        enum inbye_event_kind kind;
        uint64_t since_start_ns;
        int signal;               /**< _SIGNAL: which. */
        enum inbye_status status; /**< _LIMIT: the status it leads to. */
        enum inbye_stream stream; /**< _OUTPUT: which. */
        const char *data;         /**< _OUTPUT: the bytes; valid during the call. */
        size_t n_bytes;
};
/** Stable name: "output", "exited", "signal", "limit", "killed". Static storage. */
INBYE_API const char *inbye_event_name(enum inbye_event_kind kind);

typedef void (*inbye_process_event_fn)(
        void *userdata, struct inbye_process *process, const struct inbye_event *event);
INBYE_API void inbye_process_on_event(
        struct inbye_process *process, inbye_process_event_fn fn, void *userdata);

/** The result, once the tree has ended; NULL before. Belongs to the process. */
INBYE_API struct inbye_result *inbye_process_result(const struct inbye_process *process);

/**
 * Turn the loop until the tree has ended.
 *
 * @param ret_result   Receives a reference of the caller's own; may be NULL.
 * @retval -ETIMEDOUT  It has not; nothing was done to it.
 */
INBYE_API INBYE_MUST_USE int inbye_process_wait(
        struct inbye_process *process, uint64_t timeout_ns, struct inbye_result **ret_result);

/** Send a signal to every member of the tree. Not an end: the status will tell what it did. */
INBYE_API int inbye_process_signal(struct inbye_process *process, int signo);
/** The same to the command alone. */
INBYE_API int inbye_process_signal_main(struct inbye_process *process, int signo);

/**
 * End the tree: soft signal, `grace_ns`, SIGKILL; status "cancelled". Once ending, a further call can
 * only make it sooner.
 * @param signo  0: the command's own soft signal.
 */
INBYE_API int inbye_process_cancel(struct inbye_process *process, int signo, uint64_t grace_ns);

/**
 * Stop every clock of the command (timeout, idle timeout, grace) and, where the mechanism can, freeze the
 * tree; and back again. The time in between counts for nothing.
 */
INBYE_API int inbye_process_pause(struct inbye_process *process);
INBYE_API int inbye_process_resume(struct inbye_process *process);

/**
 * Read nothing of the captured streams: for a listener to INBYE_EVENT_OUTPUT that has enough for now. The
 * command then waits at a full pipe, as it would at any slow reader; its clocks go on, but for the idle
 * timeout. What is in the pipes when the tree has ended comes in events all the same, then: nothing is lost.
 */
INBYE_API int inbye_process_pause_output(struct inbye_process *process);
INBYE_API int inbye_process_resume_output(struct inbye_process *process);

/**
 * Was the command itself stopped by a signal since the last call? For job control: to be called when
 * SIGCHLD arrives (the kernel has no other event for it).
 * @return  The signal that stopped it; 0 when it was not.
 */
INBYE_API int inbye_process_take_stop(struct inbye_process *process);

/**
 * Feed standard input (INBYE_INPUT_PIPE). What the pipe does not take is kept and written by the loop.
 * @retval -EPIPE   Closed, or the reader has gone.
 * @retval -EAGAIN  More than 1 MiB waits already: let the loop turn.
 */
INBYE_API INBYE_MUST_USE int inbye_process_write(
        struct inbye_process *process, const void *data, size_t n_bytes);
/** End of file, after what waits has been written. */
INBYE_API int inbye_process_close_input(struct inbye_process *process);

/** NULL is fine. */
INBYE_API void inbye_process_free(struct inbye_process *process);

INBYE_END_DECLS
#endif
