/* SPDX-License-Identifier: MIT */
/*
 * Signals by descriptor, with what POSIX has: a handler that writes the number into a pipe. The signal must
 * not be blocked for it, in one thread of the process at least; the one that asks takes that upon itself.
 *
 * The handler finds the pipes in a table of fixed size, which it only reads: it may run at any moment, in any
 * thread. When nobody asks for a signal any more it is blocked and its old action put back, so that what
 * comes late waits.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "sys/signal_fd.h"
#include "sys/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LISTENERS_MAX = 32, SIGNAL_MAX = 64 };

struct record {
        int signo;
        pid_t sender;
};

static struct listener {
        atomic_int write_fd; /* 0: free (a descriptor above 2 otherwise) */
        int read_fd;
        _Atomic uint64_t set;
} listeners[LISTENERS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of those who change the table */
static struct sigaction old_actions[SIGNAL_MAX + 1];
static uint64_t handled;

static void on_signal(int signo, siginfo_t *info, void *context)
{
        struct record record = { .signo = signo, .sender = info ? info->si_pid : 0 };
        int saved = errno;

        (void)context;
        for (int i = 0; i < LISTENERS_MAX; i++) {
                int fd = atomic_load(&listeners[i].write_fd);

                if (fd && (atomic_load(&listeners[i].set) & SIGNAL_BIT(signo)))
                        (void)!write(fd, &record, sizeof(record));
        }
        errno = saved;
}

static int handle(int signo)
{
        struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };

        (void)sigfillset(&action.sa_mask);
        action.sa_sigaction = on_signal;
        return sigaction(signo, &action, &old_actions[signo]) < 0 ? -errno : 0;
}

static void change_mask(int how, int signo)
{
        sigset_t one;

        (void)sigemptyset(&one);
        (void)sigaddset(&one, signo);
        (void)pthread_sigmask(how, &one, NULL);
}

static void let_go(int signo)
{
        change_mask(SIG_BLOCK, signo);
        (void)sigaction(signo, &old_actions[signo], NULL);
}

/* Handle what somebody listens to, and nothing else. */
static int settle(void)
{
        uint64_t wanted = 0;
        int r = 0;

        for (int i = 0; i < LISTENERS_MAX; i++)
                wanted |= atomic_load(&listeners[i].set);
        for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
                if (!((wanted ^ handled) & SIGNAL_BIT(signo)))
                        continue;
                if (handled & SIGNAL_BIT(signo))
                        let_go(signo);
                else
                        r = handle(signo);
                if (r < 0)
                        return r;
                handled ^= SIGNAL_BIT(signo);
        }
        return 0;
}

static struct listener *find(int fd)
{
        for (int i = 0; i < LISTENERS_MAX; i++)
                if (fd < 0 ? !atomic_load(&listeners[i].write_fd)
                           : atomic_load(&listeners[i].write_fd) && listeners[i].read_fd == fd)
                        return &listeners[i];
        return NULL;
}

static int make_pipe(struct listener *listener)
{
        scoped(fd_closep) int read_fd = -1, write_fd = -1;
        int ends[2], high, r;

        r = fd_pipe(ends);
        if (r < 0)
                return r;
        read_fd = ends[0];
        write_fd = ends[1];
        high = fd_dup_above(write_fd, 3);
        if (high < 0)
                return high;
        fd_close(write_fd);
        write_fd = high;
        r = fd_set_nonblock(read_fd);
        if (r == 0)
                r = fd_set_nonblock(write_fd);
        if (r < 0)
                return r;
        listener->read_fd = TAKE_FD(read_fd);
        atomic_store(&listener->write_fd, write_fd);
        TAKE_FD(write_fd);
        return 0;
}

static void free_listener(struct listener *listener)
{
        int write_fd = atomic_exchange(&listener->write_fd, 0);

        atomic_store(&listener->set, 0);
        (void)settle();
        fd_close(write_fd);
        fd_close(listener->read_fd);
}

static int change(struct listener *listener, uint64_t set)
{
        uint64_t old = atomic_exchange(&listener->set, set);
        int r = settle();

        if (r < 0) {
                atomic_store(&listener->set, old);
                (void)settle();
                return r;
        }
        for (int signo = 1; signo <= SIGNAL_MAX; signo++)
                if (set & ~old & SIGNAL_BIT(signo))
                        change_mask(SIG_UNBLOCK, signo);
        return listener->read_fd;
}

int sys_signal_fd(int fd, uint64_t set)
{
        struct listener *listener;
        int r = 0;

        (void)pthread_mutex_lock(&lock);
        listener = find(fd);
        if (!listener)
                r = -EMFILE;
        else if (fd < 0)
                r = make_pipe(listener);
        if (r == 0) {
                r = change(listener, set);
                if (r < 0 && fd < 0)
                        free_listener(listener);
        }
        (void)pthread_mutex_unlock(&lock);
        return r;
}

bool sys_signal_fd_read(int fd, int *ret_signo, pid_t *ret_sender)
{
        struct record record;

        if (read(fd, &record, sizeof(record)) != (ssize_t)sizeof(record))
                return false;
        *ret_signo = record.signo;
        *ret_sender = record.sender;
        return true;
}

int sys_signal_fd_close(int fd)
{
        struct listener *listener;

        (void)pthread_mutex_lock(&lock);
        listener = fd < 0 ? NULL : find(fd);
        if (listener)
                free_listener(listener);
        (void)pthread_mutex_unlock(&lock);
        return -1;
}
