/* SPDX-License-Identifier: MIT */
/*
 * The signal mask and the dispositions, by the calls of POSIX. The child has a memory of its own, so the
 * signals that the C library keeps for itself do no harm there.
 */
#include "sys/signals.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>

enum { SIGNAL_MAX = 64 };

static void to_set(uint64_t mask, sigset_t *ret)
{
        (void)sigemptyset(ret);
        for (int signo = 1; signo <= SIGNAL_MAX; signo++)
                if (mask & SIGNAL_BIT(signo))
                        (void)sigaddset(ret, signo); /* EINVAL: there is no such signal here */
}

static uint64_t from_set(const sigset_t *set)
{
        uint64_t mask = 0;

        for (int signo = 1; signo <= SIGNAL_MAX; signo++)
                if (sigismember(set, signo) == 1)
                        mask |= SIGNAL_BIT(signo);
        return mask;
}

int sys_signal_mask(uint64_t mask, uint64_t *ret_old)
{
        sigset_t new, old;
        int r;

        to_set(mask, &new);
        r = pthread_sigmask(SIG_SETMASK, &new, &old);
        if (r == 0 && ret_old)
                *ret_old = from_set(&old);
        return -r;
}

uint64_t sys_signals_ignored(void)
{
        struct sigaction old;
        uint64_t ignored = 0;

        for (int signo = 1; signo <= SIGNAL_MAX; signo++)
                if (sigaction(signo, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
                        ignored |= SIGNAL_BIT(signo);
        return ignored;
}

int sys_signals_reset(uint64_t ignored)
{
        struct sigaction new = { .sa_flags = 0 };

        (void)sigemptyset(&new.sa_mask);
        for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
                if (signo == SIGKILL || signo == SIGSTOP)
                        continue;
                new.sa_handler = (ignored & SIGNAL_BIT(signo)) ? SIG_IGN : SIG_DFL;
                if (sigaction(signo, &new, NULL) < 0 && errno != EINVAL)
                        return -errno;
        }
        return 0;
}
