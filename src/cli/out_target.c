/* SPDX-License-Identifier: MIT */
/*
 * Writing to descriptors that we were given, without ever waiting for who reads them: timeouts of running
 * jobs must fire while a pager shows its first page.
 *
 * O_NONBLOCK on an inherited descriptor is out of the question: it is a flag of the open file, which the
 * shell and its other children share. But /proc/self/fd/N of a pipe or a terminal can be opened anew, and the
 * flag of that open file is ours alone. To a socket one can send without waiting. Where /proc is missing or
 * the terminal belongs to somebody else, poll(2) is asked before each write, which then is at most PIPE_BUF:
 * that much fits into a pipe that polls writable. A thread that does the waiting was rejected: it costs two
 * switches for every job and a process with threads cannot fork freely.
 */
#include "base/fd.h"
#include "base/misc.h"
#include "cli/out.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int reopen(int fd)
{
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void out_target_init(struct out_target *target, int fd, const char *name)
{
        struct stat st;

        *target = (struct out_target){ .name = name, .fd = fd, .own_fd = -1, .how = OUT_DIRECT };
        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        if (S_ISSOCK(st.st_mode)) {
                target->how = OUT_SOCKET;
        } else if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd))) {
                target->own_fd = reopen(fd);
                target->how = target->own_fd >= 0 ? OUT_NONBLOCK : OUT_CAREFUL;
        }
}

void out_target_deinit(struct out_target *target)
{
        target->own_fd = fd_close(target->own_fd);
}

static ssize_t write_carefully(int fd, const char *data, size_t n)
{
        struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

        if (poll(&pollfd, 1, 0) == 0) {
                errno = EAGAIN;
                return -1;
        }
        return write(fd, data, n < PIPE_BUF ? n : PIPE_BUF);
}

static ssize_t write_once(const struct out_target *target, const char *data, size_t n)
{
        switch (target->how) {
        case OUT_SOCKET:
                return send_now(target->fd, data, n);
        case OUT_CAREFUL:
                return write_carefully(target->fd, data, n);
        case OUT_NONBLOCK:
                return write(target->own_fd, data, n);
        default:
                return write(target->fd, data, n);
        }
}

ssize_t out_target_write(const struct out_target *target, const char *data, size_t n)
{
        ssize_t written;

        do
                written = write_once(target, data, n);
        while (written < 0 && errno == EINTR);
        if (written < 0)
                return errno == EWOULDBLOCK ? -EAGAIN : -errno;
        return written == 0 && n > 0 ? -EIO : written;
}

int out_target_wait_fd(const struct out_target *target)
{
        return target->own_fd >= 0 ? target->own_fd : target->fd;
}
