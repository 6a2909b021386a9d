/* SPDX-License-Identifier: MIT */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <inbye/loop.h>
#include <signal.h>

/** Many signals through one descriptor: the limit on them may be low, and each start counts. */
struct cli_signals {
        int fd; /* -1: not open */
        struct inbye_watch *watch;
        inbye_watch_signal_fn fn;
        void *userdata;
};
#define CLI_SIGNALS_INIT                                                                                     \
        {                                                                                                    \
                .fd = -1                                                                                     \
        }

/** Blocks the set, for good. 0 or -errno. */
int cli_signals_open(struct cli_signals *signals, struct inbye_loop *loop, const sigset_t *set,
        inbye_watch_signal_fn fn, void *userdata);
void cli_signals_close(struct cli_signals *signals);

#endif
