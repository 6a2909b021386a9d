/* SPDX-License-Identifier: MIT */
/*
 * Many signals through one signalfd. inbye_watch_signal() takes a descriptor for each: nine of them are too
 * many where only sixteen may be open.
 */
#include "cli/signals.h"
#include "base/fd.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* One per call: the callback may close us, and what is still queued wakes us again. */
static void on_readable(void *userdata, uint32_t events)
{
        struct cli_signals *signals = userdata;
        struct signalfd_siginfo info;

        (void)events;
        if (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
                signals->fn(signals->userdata, (int)info.ssi_signo, (pid_t)info.ssi_pid);
}

int cli_signals_open(struct cli_signals *signals, struct inbye_loop *loop, const sigset_t *set,
        inbye_watch_signal_fn fn, void *userdata)
{
        int r;

        signals->fn = fn;
        signals->userdata = userdata;
        signals->fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals->fd < 0)
                return -errno;
        sigprocmask(SIG_BLOCK, set, NULL);
        r = inbye_watch_fd(loop, signals->fd, EPOLLIN, on_readable, signals, &signals->watch);
        if (r < 0)
                cli_signals_close(signals);
        return r;
}

void cli_signals_close(struct cli_signals *signals)
{
        inbye_watch_free(signals->watch);
        signals->watch = NULL;
        signals->fd = fd_close(signals->fd);
}
