/* SPDX-License-Identifier: MIT */
#ifndef CLI_STEER_H
#define CLI_STEER_H

#include "cli/cli.h"
#include "cli/signals.h"
#include "cli/terminal.h"

/** What reaches inbye from outside while a command runs: signals, and the keys of the terminal. */
struct steer {
        struct inbye_process *process; /* NULL until it was started */
        struct terminal terminal;
        bool own_session; /* of the command: the terminal is out of its reach */
        uint64_t cancel_grace_ns;
        int cancel_signo; /* first signal that was a cancel; 0: none */
        int key_signo;    /* last one that came from a key and was passed on; 0: none */
        struct cli_signals signals;
};

#define STEER_INIT                                                                                           \
        {                                                                                                    \
                .terminal = TERMINAL_INIT, .cancel_grace_ns = 300 * INBYE_MILLISECOND                        \
        }

/** Before the start: signals that come from now on are kept until the loop turns. 0 or -errno. */
int steer_open(struct steer *steer, struct inbye_loop *loop);
/** Let the command be born in the foreground where it should be. */
int steer_prepare(struct steer *steer, struct inbye_command *command);
/** Turn the loop until the tree has ended. @return 0 or -errno of the loop. */
int steer_until_end(struct steer *steer, struct inbye_loop *loop);
/**
 * Was the command ended by a key of the terminal? Then we have to die of that signal too, for the shell above
 * us to see, and those that share our process group and would have got it without us get it as well. To be
 * asked before steer_close(). @return the signal or 0.
 */
int steer_key_signal(const struct steer *steer, const struct inbye_result *result);
/** Takes the terminal back; the signals stay blocked. */
void steer_close(struct steer *steer);

#endif
