/* SPDX-License-Identifier: MIT */
/*
 * The signal mask and the dispositions, by raw calls.
 *
 * The C library's wrappers hide the two or three signals that it keeps for itself (thread cancelling, setuid
 * across threads). Between clone and exec in memory shared with the owner these must be blocked and reset
 * like all others: a handler of the owner that ran in the child would act on the owner's memory.
 *
 * The kernel's struct sigaction differs from architecture to architecture in what follows the handler (flags,
 * a restorer or none, the mask). Only SIG_DFL and SIG_IGN are ever set here, for which all of that is zero:
 * so the handler, which stands first on each architecture that we build for, and a few zero words are the
 * whole struct.
 */
#include "sys/signals.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIGNAL_MAX = 64, MASK_BYTES = SIGNAL_MAX / 8 };

struct disposition {
        void (*handler)(int signo);
        unsigned long rest[7]; /* flags, restorer and mask take three of them at most */
};

int sys_signal_mask(uint64_t mask, uint64_t *ret_old)
{
        return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, ret_old, MASK_BYTES) < 0 ? -errno : 0;
}

uint64_t sys_signals_ignored(void)
{
        struct disposition old;
        uint64_t ignored = 0;

        for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
                old = (struct disposition){ 0 };
                if (syscall(SYS_rt_sigaction, signo, NULL, &old, MASK_BYTES) == 0 && old.handler == SIG_IGN)
                        ignored |= SIGNAL_BIT(signo);
        }
        return ignored;
}

int sys_signals_reset(uint64_t ignored)
{
        struct disposition new = { 0 };

        for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
                /* Not tried: it fails, and the errno that it would leave is the owner's. */
                if (signo == SIGKILL || signo == SIGSTOP)
                        continue;
                new.handler = (ignored & SIGNAL_BIT(signo)) ? SIG_IGN : SIG_DFL;
                if (syscall(SYS_rt_sigaction, signo, &new, NULL, MASK_BYTES) < 0 && errno != EINVAL)
                        return -errno;
        }
        return 0;
}
