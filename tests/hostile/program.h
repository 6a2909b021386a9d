/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_PROGRAM_H
#define HOSTILE_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/** A program that the test starts by itself, not through inbye, with its stdout on a pipe. */
struct program {
        pid_t pid;
        int pidfd;
        int output_fd;
        char output[256];
        size_t n_output;
};
#define PROGRAM_NULL                                                                                         \
        {                                                                                                    \
                .pidfd = -1, .output_fd = -1                                                                 \
        }

/**
 * @param log    Goes into its $HOSTILE_LOG; may be NULL.
 * @param input  File that becomes its stdin; NULL: /dev/null.
 */
int program_start(struct program *program, const char *const *argv, const char *log, const char *input);
/** The same in a process group of its own, which a terminal would send its signals to. */
int program_start_leader(
        struct program *program, const char *const *argv, const char *log, const char *input);
/** Read until it has written this text. @return false: it ended first, or the time is up. */
bool program_expect(struct program *program, const char *text, int timeout_ms);
/** Has it ended? It is not waited for: a tracer may keep its status from us as long as it lives. */
bool program_has_ended(const struct program *program, int timeout_ms);
/** Wait for its end. @param ret_status  As from waitpid(2). @return 0 or -ETIMEDOUT. */
int program_wait(struct program *program, int timeout_ms, int *ret_status);
/** A child of it that has this name; 0: none. */
pid_t program_child(const struct program *program, const char *name);
/** Closes the pipe; one that is still there is killed and waited for. */
void program_deinit(struct program *program);

#endif
