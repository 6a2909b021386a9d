/* SPDX-License-Identifier: MIT */
/*
 * Many signals that have one listener.
 */
#include "cli/signals.h"

int cli_signals_open(struct cli_signals *signals, struct inbye_loop *loop, const sigset_t *set,
        inbye_watch_signal_fn fn, void *userdata)
{
        int r = 0;

        for (int signo = 1; signo <= CLI_SIGNALS_MAX && r == 0; signo++)
                if (sigismember(set, signo) == 1)
                        r = inbye_watch_signal(loop, signo, fn, userdata, &signals->watches[signo - 1]);
        if (r < 0)
                cli_signals_close(signals);
        return r;
}

void cli_signals_close(struct cli_signals *signals)
{
        for (int i = 0; i < CLI_SIGNALS_MAX; i++) {
                inbye_watch_free(signals->watches[i]);
                signals->watches[i] = NULL;
        }
}
