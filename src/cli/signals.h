/* SPDX-License-Identifier: MIT */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <inbye/loop.h>
#include <signal.h>

/** Many signals that have one listener. Zero-initialised: none. */
enum { CLI_SIGNALS_MAX = 64 };
struct cli_signals {
        struct inbye_watch *watches[CLI_SIGNALS_MAX];
};

/** Blocks the set, for good. 0 or -errno. */
int cli_signals_open(struct cli_signals *signals, struct inbye_loop *loop, const sigset_t *set,
        inbye_watch_signal_fn fn, void *userdata);
void cli_signals_close(struct cli_signals *signals);

#endif
