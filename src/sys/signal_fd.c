/* SPDX-License-Identifier: MIT */
/*
 * Signals by descriptor: signalfd(2), for which they have to be blocked. Blocking is by raw calls, as in
 * signals.c, so that adding one signal never touches another.
 */
#include "sys/signal_fd.h"
#include "base/fd.h"
#include "sys/signals.h"
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int block(uint64_t set)
{
        uint64_t old;
        int r;

        r = sys_signal_mask(~UINT64_C(0), &old);
        if (r < 0)
                return r;
        return sys_signal_mask(old | set, NULL);
}

static int make_set(uint64_t set, sigset_t *ret)
{
        sigemptyset(ret);
        for (int signo = 1; signo <= 64; signo++)
                if ((set & SIGNAL_BIT(signo)) && sigaddset(ret, signo) < 0)
                        return -EINVAL;
        return 0;
}

int sys_signal_fd(int fd, uint64_t set)
{
        sigset_t signals;
        int r;

        r = make_set(set, &signals);
        if (r < 0)
                return r;
        r = block(set);
        if (r < 0)
                return r;
        r = signalfd(fd, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        return r < 0 ? -errno : r;
}

bool sys_signal_fd_read(int fd, int *ret_signo, pid_t *ret_sender)
{
        struct signalfd_siginfo info;

        if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return false;
        *ret_signo = (int)info.ssi_signo;
        *ret_sender = (pid_t)info.ssi_pid;
        return true;
}

int sys_signal_fd_close(int fd)
{
        return fd_close(fd);
}
