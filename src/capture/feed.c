/* SPDX-License-Identifier: MIT */
/*
 * Feeds the standard input of a child, as fast as it reads and no faster.
 *
 * First the bytes that the command was given (borrowed: they may be large, and the command outlives us), then
 * what came by feed_write(). Most input fits into the pipe, so feed_start() writes before it asks the loop
 * for anything: such a feed is closed before it was ever registered. A temporary file as standard input would
 * need no feeding, but the child could tell the difference, and interactive writing would need the pipe all
 * the same.
 *
 * A reader that goes away before it has read all is an ordinary thing (head(1)) and no error. While there is
 * nothing to write the pipe is watched for just that.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "capture/capture.h"
#include "capture/quiet.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { QUEUE_MAX = 1 << 20 };

int feed_open(struct feed *feed, const void *bytes, size_t n, bool close_at_end)
{
        int ends[2], r;

        assert(feed->fd < 0 && (bytes || n == 0));
        r = fd_pipe(ends);
        if (r < 0)
                return r;
        feed->read_fd = ends[0];
        feed->fd = ends[1];
        feed->fixed = bytes;
        feed->n_fixed = n;
        feed->fixed_at = 0;
        feed->close_at_end = close_at_end;
        return fcntl(feed->fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

void feed_close_read(struct feed *feed)
{
        feed->read_fd = fd_close(feed->read_fd);
}

static void close_write(struct feed *feed)
{
        loop_io_remove(&feed->io);
        feed->fd = fd_close(feed->fd);
        buf_deinit(&feed->queue);
        feed->queue_at = 0;
}

void feed_deinit(struct feed *feed)
{
        close_write(feed);
        feed_close_read(feed);
}

static size_t n_waiting(const struct feed *feed)
{
        return feed->n_fixed - feed->fixed_at + feed->queue.n - feed->queue_at;
}

/* Write of one run of bytes what the pipe takes. @return 0; -EAGAIN: it is full; -errno. */
static int write_run(struct feed *feed, const char *data, size_t n, size_t *at)
{
        while (*at < n) {
                ssize_t written = quiet_write(feed->fd, data + *at, n - *at);

                if (written < 0)
                        return (int)written;
                *at += (size_t)written;
        }
        return 0;
}

/* Write what goes, close where all is done or nobody reads. */
static void flush(struct feed *feed)
{
        int r = write_run(feed, feed->fixed, feed->n_fixed, &feed->fixed_at);

        if (r == 0)
                r = write_run(feed, feed->queue.data, feed->queue.n, &feed->queue_at);
        feed->broken = r < 0 && r != -EAGAIN;
        if (feed->broken || (r == 0 && feed->close_at_end))
                close_write(feed);
}

static uint32_t events_wanted(const struct feed *feed)
{
        return n_waiting(feed) > 0 ? LOOP_OUT : 0; /* LOOP_ERROR always comes */
}

static void on_writable(struct loop_io *io, uint32_t events)
{
        struct feed *feed = CONTAINER_OF(io, struct feed, io);

        if (events & LOOP_ERROR) {
                feed->broken = true;
                close_write(feed);
                return;
        }
        flush(feed);
        if (feed->fd >= 0 && n_waiting(feed) == 0)
                (void)loop_io_modify(io, 0);
}

int feed_start(struct feed *feed, struct inbye_loop *loop)
{
        assert(feed->fd >= 0 && !feed->loop);
        feed->loop = loop;
        flush(feed);
        if (feed->fd < 0)
                return 0;
        return loop_io_add(loop, &feed->io, feed->fd, events_wanted(feed), on_writable);
}

static int enqueue(struct feed *feed, const void *data, size_t n)
{
        if (feed->queue_at > feed->queue.n / 2) {
                buf_consume(&feed->queue, feed->queue_at);
                feed->queue_at = 0;
        }
        return buf_append(&feed->queue, data, n);
}

int feed_write(struct feed *feed, const void *data, size_t n)
{
        int r;

        if (feed->fd < 0 || feed->close_at_end)
                return -EPIPE;
        if (feed->queue.n - feed->queue_at > QUEUE_MAX)
                return -EAGAIN;
        r = enqueue(feed, data, n);
        if (r < 0 || !feed->io.loop)
                return r;
        flush(feed);
        if (feed->fd < 0)
                return -EPIPE;
        return n_waiting(feed) > 0 ? loop_io_modify(&feed->io, LOOP_OUT) : 0;
}

int feed_end(struct feed *feed)
{
        feed->close_at_end = true;
        if (feed->fd >= 0 && feed->loop && n_waiting(feed) == 0)
                close_write(feed);
        return 0;
}
