/* SPDX-License-Identifier: MIT */
/*
 * Writing to what may be gone or full, without a signal to the owner.
 *
 * A pipe whose reader has gone answers with SIGPIPE, a file at RLIMIT_FSIZE with SIGXFSZ; either would kill a
 * program that only wanted to know. The dispositions belong to the program, so a library may not ignore
 * them. What it may do is block the two in the calling thread around the write and take the one that came off
 * the queue again: both are sent to the thread that wrote, so no other thread sees anything. One that was
 * pending before belongs to the owner and stays.
 *
 * Costs two system calls per write, a twentieth of copying 64 KiB. MSG_NOSIGNAL would be free but is for
 * sockets alone.
 */
#include "capture/quiet.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

struct quiet {
        sigset_t both, old, pending;
};

static void quiet_begin(struct quiet *quiet)
{
        sigemptyset(&quiet->both);
        sigaddset(&quiet->both, SIGPIPE);
        sigaddset(&quiet->both, SIGXFSZ);
        sigemptyset(&quiet->pending);
        pthread_sigmask(SIG_BLOCK, &quiet->both, &quiet->old);
        if (sigismember(&quiet->old, SIGPIPE) || sigismember(&quiet->old, SIGXFSZ))
                sigpending(&quiet->pending);
}

/* number: errno of the write, 0 where it went well. */
static void quiet_end(struct quiet *quiet, int number)
{
        int signo = number == EPIPE ? SIGPIPE : number == EFBIG ? SIGXFSZ : 0;
        struct timespec at_once = { 0 };
        sigset_t one;

        if (signo && !sigismember(&quiet->pending, signo)) {
                sigemptyset(&one);
                sigaddset(&one, signo);
                while (sigtimedwait(&one, NULL, &at_once) < 0 && errno == EINTR)
                        ;
        }
        pthread_sigmask(SIG_SETMASK, &quiet->old, NULL);
}

/* write(2) where offset < 0, else pwrite(2). */
static ssize_t write_some(int fd, const void *data, size_t n, off_t offset)
{
        struct quiet quiet;
        ssize_t written;
        int number;

        quiet_begin(&quiet);
        do
                written = offset < 0 ? write(fd, data, n) : pwrite(fd, data, n, offset);
        while (written < 0 && errno == EINTR);
        number = written < 0 ? errno : 0;
        quiet_end(&quiet, number);
        return written < 0 ? -number : written;
}

static int write_all(int fd, const char *data, size_t n, off_t offset)
{
        while (n > 0) {
                ssize_t written = write_some(fd, data, n, offset);

                if (written <= 0)
                        return written < 0 ? (int)written : -EIO;
                data += written;
                n -= (size_t)written;
                if (offset >= 0)
                        offset += written;
        }
        return 0;
}

ssize_t quiet_write(int fd, const void *data, size_t n)
{
        return write_some(fd, data, n, -1);
}

int quiet_write_all(int fd, const void *data, size_t n)
{
        return write_all(fd, data, n, -1);
}

int quiet_pwrite_all(int fd, const void *data, size_t n, off_t offset)
{
        return write_all(fd, data, n, offset);
}
