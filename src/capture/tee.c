/* SPDX-License-Identifier: MIT */
/*
 * The second sink: raw bytes, in order, at the sink's own pace, and never a wait in the loop for it.
 *
 * O_NONBLOCK would be the plain way and is not open to us: it belongs to the open file description, which we
 * share with whoever gave us the descriptor (it may be the terminal of the shell). So we write only what
 * poll(2) promises room for: PIPE_BUF bytes at a time to pipes and terminals, as much as it takes to a socket
 * (MSG_DONTWAIT). What is left waits in a buffer of one read, and as long as it does, its pump reads nothing:
 * the child feels the slow sink as it would feel a slow pipe. Files that cannot be polled are always ready
 * and get all at once.
 *
 * The descriptor is copied, because epoll takes a descriptor once, and one sink may serve both streams of
 * many commands. While nothing waits it stays registered but is disarmed (LOOP_ONCE): arming it anew
 * cannot fail for lack of memory, and a sink whose reader has gone does not wake us all the time.
 *
 * A sink that fails is dropped and the reading goes on, but for EPIPE: then the child is to see what it would
 * see without us, or `yes` in front of `head` would run for ever. So the read end of its pipe goes as well.
 */
#include "capture/tee.h"
#include "base/clock.h"
#include "base/fd.h"
#include "capture/quiet.h"
#include "sys/pipe.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int tee_open(struct pump *pump, int fd)
{
        struct stat st;
        int copy;

        if (fd < 0)
                return 0;
        copy = fd_dup_above(fd, 3);
        if (copy < 0)
                return copy;
        pump->tee_fd = copy;
        pump->tee_is_socket = fstat(copy, &st) == 0 && S_ISSOCK(st.st_mode);
        return 0;
}

int tee_start(struct pump *pump, struct inbye_loop *loop, void (*fn)(struct loop_io *io, uint32_t events))
{
        int r;

        if (pump->tee_fd < 0)
                return 0;
        r = loop_io_add(loop, &pump->tee_io, pump->tee_fd, LOOP_ONCE, fn);
        pump->tee_is_file = r == -EPERM;
        return pump->tee_is_file ? 0 : r;
}

bool tee_waits(const struct pump *pump)
{
        return pump->tee_n > pump->tee_at;
}

void tee_close(struct pump *pump)
{
        loop_io_remove(&pump->tee_io);
        pump->tee_fd = fd_close(pump->tee_fd);
        free(pump->tee_buffer);
        pump->tee_buffer = NULL;
        pump->tee_n = pump->tee_at = 0;
}

static void drop(struct pump *pump, int number)
{
        pump->tee_error = number;
        tee_close(pump);
        if (number != EPIPE)
                return;
        loop_io_remove(&pump->io);
        pump->fd = fd_close(pump->fd);
}

static bool has_room(int fd)
{
        struct pollfd at = { .fd = fd, .events = POLLOUT };

        return poll(&at, 1, 0) > 0;
}

/* @return bytes taken, -EAGAIN or another -errno. */
static ssize_t write_some(const struct pump *pump, const char *data, size_t n)
{
        ssize_t written;

        if (pump->tee_is_file)
                return quiet_write(pump->tee_fd, data, n);
        if (pump->tee_is_socket) {
                written = sys_send_now(pump->tee_fd, data, n);
                if (written != -EOPNOTSUPP)
                        return written;
        }
        if (!has_room(pump->tee_fd))
                return -EAGAIN;
        return quiet_write(pump->tee_fd, data, n < PIPE_BUF ? n : PIPE_BUF);
}

/* Write until the sink has enough. @return bytes taken; the sink is dropped where it fails. */
static size_t write_on(struct pump *pump, const char *data, size_t n)
{
        size_t done = 0;

        while (done < n) {
                ssize_t r = write_some(pump, data + done, n - done);

                if (r == -EINTR)
                        continue;
                if (r == -EAGAIN)
                        break;
                if (r <= 0) {
                        drop(pump, r < 0 ? (int)-r : EIO);
                        break;
                }
                done += (size_t)r;
        }
        return done;
}

void tee_take(struct pump *pump, const char *data, size_t n)
{
        size_t done;

        assert(!tee_waits(pump));
        if (pump->tee_fd < 0)
                return;
        done = write_on(pump, data, n);
        if (done == n || pump->tee_fd < 0)
                return;
        free(pump->tee_buffer);
        pump->tee_buffer = malloc(n - done);
        if (!pump->tee_buffer) {
                drop(pump, ENOMEM);
                return;
        }
        memcpy(pump->tee_buffer, data + done, n - done);
        pump->tee_n = n - done;
        pump->tee_at = 0;
}

void tee_flush(struct pump *pump)
{
        if (tee_waits(pump))
                pump->tee_at += write_on(pump, pump->tee_buffer + pump->tee_at, pump->tee_n - pump->tee_at);
}

void tee_flush_until(struct pump *pump, uint64_t deadline_ns)
{
        struct pollfd at = { .fd = pump->tee_fd, .events = POLLOUT };

        for (;;) {
                uint64_t left_ns;

                tee_flush(pump);
                if (!tee_waits(pump))
                        return;
                left_ns = clock_left(clock_now_ns(), deadline_ns);
                if (left_ns == 0)
                        break;
                (void)poll(&at, 1, (int)((left_ns + INBYE_MILLISECOND - 1) / INBYE_MILLISECOND));
        }
        drop(pump, ETIMEDOUT);
}
