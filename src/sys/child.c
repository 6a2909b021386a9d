/* SPDX-License-Identifier: MIT */
/*
 * Children where there are no pidfds: kernels before 5.3, filters that refuse the calls, other systems.
 *
 * The number of a child is its own until it is reaped, so it can be signalled by it. A host program with a
 * loop around wait(-1) may have reaped it behind our back: so waitid(2) is asked first whether we still have
 * that child. (What is left is that it is reaped between the two calls, by a thread of our own process.)
 *
 * That it has ended is told by a thread that waits for it, without taking its status, and closes the write
 * end of a pipe. SIGCHLD was rejected: its handler and its mask belong to the host program, and a program
 * with threads that do not block it loses the signal to one of them. The thread touches neither, and is there
 * only while the child is.
 */
#include "sys/child.h"
#include "base/fd.h"
#include "base/scope.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beyond what the C library asks for: one call. */
enum { STACK_SIZE = 32 << 10 };

/* 1: it has ended, or is no child of ours (any more); 0: it lives. */
static int child_look(pid_t pid)
{
        siginfo_t info = { 0 };
        int r;

        do
                r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG);
        while (r < 0 && errno == EINTR);
        return r < 0 || info.si_pid != 0;
}

int sys_child_signal(int pidfd, pid_t pid, int signo)
{
        siginfo_t info = { 0 };

        if (pidfd >= 0)
                return sys_pidfd_send_signal(pidfd, signo);
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 && errno == ECHILD)
                return -ESRCH;
        return kill(pid, signo) < 0 ? -errno : 0;
}

int sys_child_has_ended(int pidfd, pid_t pid)
{
        return pidfd >= 0 ? sys_pidfd_has_ended(pidfd) : child_look(pid);
}

void sys_child_reap(int pidfd, pid_t pid)
{
        siginfo_t info;

        (void)pidfd;
        while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
                ;
}

struct watcher {
        pid_t pid;
        int write_fd;
};

static void *watch(void *argument)
{
        scoped(freep) struct watcher *watcher = argument;
        siginfo_t info;

        while (waitid(P_PID, (id_t)watcher->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
                ;
        fd_close(watcher->write_fd);
        return NULL;
}

/* Detached, on a small stack. 0 or -errno. */
static int start_with(pthread_attr_t *attributes, struct watcher *watcher)
{
        long least = sysconf(_SC_THREAD_STACK_MIN);
        pthread_t thread;
        int r;

        r = pthread_attr_setdetachstate(attributes, PTHREAD_CREATE_DETACHED);
        if (r == 0)
                r = pthread_attr_setstacksize(attributes, (size_t)(least > 0 ? least : 0) + STACK_SIZE);
        if (r == 0)
                r = pthread_create(&thread, attributes, watch, watcher);
        return -r;
}

/* No signal is ever handled in it: it is born with all of them blocked. */
static int start_thread(struct watcher *watcher)
{
        pthread_attr_t attributes;
        sigset_t all, old;
        int r;

        r = -pthread_attr_init(&attributes);
        if (r < 0)
                return r;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = start_with(&attributes, watcher);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        pthread_attr_destroy(&attributes);
        return r;
}

int sys_child_end_fd(pid_t pid)
{
        scoped(fd_closep) int read_fd = -1, write_fd = -1;
        scoped(freep) struct watcher *watcher = malloc(sizeof(*watcher));
        int ends[2], r;

        if (!watcher)
                return -ENOMEM;
        r = fd_pipe(ends);
        if (r < 0)
                return r;
        read_fd = ends[0];
        write_fd = ends[1];
        *watcher = (struct watcher){ .pid = pid, .write_fd = write_fd };
        r = start_thread(watcher);
        if (r < 0)
                return r;
        TAKE(watcher); /* the thread's from here on */
        TAKE_FD(write_fd);
        return TAKE_FD(read_fd);
}
