/* SPDX-License-Identifier: MIT */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/** The controlling terminal, and who has its foreground. */
struct terminal {
        int fd;     /* -1: there is none */
        bool given; /* the command has it from us */
        bool saved;
        struct termios modes; /* as they were when we gave it away first */
};
#define TERMINAL_INIT                                                                                        \
        {                                                                                                    \
                .fd = -1                                                                                     \
        }

void terminal_open(struct terminal *terminal);
/** Takes it back first. */
void terminal_close(struct terminal *terminal);

/** Is our own process group in the foreground? */
bool terminal_is_ours(const struct terminal *terminal);
/** Should the command have the foreground from its start on? */
bool terminal_is_for_command(const struct terminal *terminal);
/** The child will take it by itself between clone and exec. */
void terminal_note_given(struct terminal *terminal);
void terminal_give(struct terminal *terminal, pid_t group);
void terminal_take_back(struct terminal *terminal);
/** Modes as they were: what the command had set when we killed it is of no use to anybody. */
void terminal_restore_modes(struct terminal *terminal);

#endif
