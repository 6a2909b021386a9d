/* SPDX-License-Identifier: MIT */
/*
 * Drains the pipe of one stream into what is kept of it, a second sink and whoever listens.
 *
 * The pipe must be empty again before the child notices, and a batch of thousands of silent commands must not
 * pay for it. So the pipe starts as it comes; the first read that finds it half full asks for 256 KiB (the
 * kernel may refuse when the user has many pipes: then it stays small). Enlarging each pipe in advance was
 * rejected: it makes the pipe a quarter dearer and spends what the user may have in large pipes on commands
 * that write one line. Bytes go straight to their place where the keep has room for a good deal, else by way
 * of the stack: measured, that is as fast as a bare read loop on a pipe of that size. A turn reads 1 MiB at
 * most, then the others have theirs.
 *
 * Waiting for a slow tee, or for an owner that has enough, disarms the read end (LOOP_ONCE) in place of
 * removing it: arming it again cannot fail, and the hang-up that epoll always reports does not spin the loop
 * meanwhile.
 *
 * End of file may never come, since any descendant can hold the pipe: pump_drain() takes what was there when
 * the tree had ended and closes. Every close comes after the removal from the epoll: see loop.c.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "base/scope.h"
#include "capture/capture.h"
#include "capture/tee.h"
#include "sys/pipe.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        CHUNK = 64 << 10,      /* one read by way of the stack */
        DIRECT_MIN = 64 << 10, /* room that is worth a read without a copy */
        TURN = 1 << 20,        /* most bytes of one turn */
        PIPE_LARGE = 256 << 10,
        PIPE_HALF = 32 << 10, /* of what a pipe has unasked */
};
#define TEE_LAST_NS (100 * INBYE_MILLISECOND)

static size_t min_size(size_t a, size_t b)
{
        return a < b ? a : b;
}

static ssize_t read_some(int fd, char *data, size_t n)
{
        ssize_t got;

        do
                got = read(fd, data, n);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
}

int pump_open(struct pump *pump, enum inbye_keep policy, size_t cap, const char *spill_path, int tee_fd)
{
        struct stat st = { 0 };
        int ends[2];
        int r;

        assert(pump->fd < 0);
        keep_init(&pump->keep, policy, cap, spill_path);
        r = fd_pipe(ends);
        if (r < 0)
                return r;
        pump->fd = ends[0];
        pump->write_fd = ends[1];
        r = fcntl(pump->fd, F_SETFL, O_NONBLOCK) < 0 || fstat(pump->fd, &st) < 0 ? -errno : 0;
        if (r == 0)
                r = tee_open(pump, tee_fd);
        if (r < 0) {
                pump_deinit(pump);
                return r;
        }
        pump->inode = st.st_ino;
        return 0;
}

void pump_close_write(struct pump *pump)
{
        pump->write_fd = fd_close(pump->write_fd);
}

static void close_read(struct pump *pump)
{
        loop_io_remove(&pump->io);
        pump->fd = fd_close(pump->fd);
}

void pump_deinit(struct pump *pump)
{
        if (pump->gone)
                *pump->gone = true;
        pump->gone = NULL;
        close_read(pump);
        pump_close_write(pump);
        tee_close(pump);
        keep_deinit(&pump->keep);
}

/* Best effort, once. */
static void grow_pipe(struct pump *pump)
{
        if (pump->grown)
                return;
        pump->grown = true;
        sys_pipe_grow(pump->fd, PIPE_LARGE);
}

/* A keep that failed counts on. */
static void keep_copy(struct pump *pump, const char *data, size_t n)
{
        int r;

        if (pump->error) {
                pump->keep.n_seen += n;
                return;
        }
        r = keep_take(&pump->keep, data, n);
        if (r < 0)
                pump->error = -r;
}

static bool is_over(const struct pump *pump)
{
        return pump->keep.policy == INBYE_KEEP_FAIL && pump->keep.n_seen > pump->keep.cap;
}

/* After on_bytes nothing is touched: it may have freed the pump. */
static void deliver(struct pump *pump, const char *data, size_t n)
{
        if (n >= PIPE_HALF)
                grow_pipe(pump);
        tee_take(pump, data, n);
        if (pump->on_bytes)
                pump->on_bytes(pump, data, n);
}

static ssize_t read_direct(struct pump *pump, char *place, size_t n)
{
        ssize_t got = read_some(pump->fd, place, n);

        if (got > 0) {
                keep_commit(&pump->keep, (size_t)got);
                deliver(pump, place, (size_t)got);
        }
        return got;
}

static ssize_t read_copy(struct pump *pump, size_t n)
{
        char chunk[CHUNK];
        ssize_t got = read_some(pump->fd, chunk, min_size(n, CHUNK));

        if (got > 0) {
                keep_copy(pump, chunk, (size_t)got);
                deliver(pump, chunk, (size_t)got);
        }
        return got;
}

/* One read. @return bytes; 0 at the end; -EAGAIN: nothing now; -errno. */
static ssize_t read_once(struct pump *pump, size_t n)
{
        size_t room = 0;
        char *place = pump->error ? NULL : keep_room(&pump->keep, &room);

        return room >= DIRECT_MIN ? read_direct(pump, place, min_size(room, n)) : read_copy(pump, n);
}

static void tell_over(struct pump *pump)
{
        if (pump->over || !is_over(pump))
                return;
        pump->over = true;
        if (pump->on_over)
                pump->on_over(pump);
}

/* What one call of read_up_to() may do. */
struct reading {
        size_t n;           /* bytes at most */
        bool to_end;        /* a short read is no reason to stop: end of file is known to be near */
        uint64_t tee_until; /* how long to wait for the tee, clock_now_ns(); 0: stop while it waits */
};

/* Read until that is done, or until the pipe is empty, at its end, or closed by a callback.
 * @return what the last read gave (> 0: there may be more); -ECANCELED: the pump is no more. */
static ssize_t read_up_to(struct pump *pump, struct reading reading)
{
        bool *outer = pump->gone;
        bool gone = false;
        bool is_short = false;
        ssize_t got = 1;

        pump->gone = &gone;
        while (reading.n > 0 && got > 0 && !is_short && pump->fd >= 0) {
                if (reading.tee_until)
                        tee_flush_until(pump, reading.tee_until);
                else if (pump->paused || tee_waits(pump))
                        break;
                if (pump->fd < 0) /* the reader of the tee has gone */
                        break;
                got = read_once(pump, reading.n);
                if (!gone)
                        tell_over(pump);
                if (gone) {
                        if (outer)
                                *outer = true;
                        return -ECANCELED;
                }
                if (got > 0) {
                        is_short = !reading.to_end && (size_t)got < min_size(reading.n, CHUNK);
                        reading.n -= (size_t)got;
                }
        }
        pump->gone = outer;
        return got;
}

static void on_readable(struct loop_io *io, uint32_t events)
{
        struct pump *pump = CONTAINER_OF(io, struct pump, io);
        ssize_t got;

        if (pump->paused || tee_waits(pump))
                return;
        got = read_up_to(pump, (struct reading){ .n = TURN, .to_end = events & LOOP_HANGUP });
        if (got == -ECANCELED || got == -EAGAIN || pump->fd < 0)
                return;
        if (got <= 0) {
                pump->ended = true;
                close_read(pump);
                if (pump->on_end)
                        pump->on_end(pump);
        } else if (tee_waits(pump)) {
                (void)loop_io_modify(&pump->io, LOOP_ONCE);
                (void)loop_io_modify(&pump->tee_io, LOOP_OUT);
        }
}

/* Read on, unless somebody does not want more now. */
static void arm(struct pump *pump)
{
        if (pump->io.loop)
                (void)loop_io_modify(&pump->io, pump->paused || tee_waits(pump) ? LOOP_ONCE : LOOP_IN);
}

static void on_tee(struct loop_io *io, uint32_t events)
{
        struct pump *pump = CONTAINER_OF(io, struct pump, tee_io);

        (void)events;
        if (!tee_waits(pump))
                return;
        tee_flush(pump);
        if (tee_waits(pump))
                return;
        if (pump->tee_io.loop)
                (void)loop_io_modify(&pump->tee_io, LOOP_ONCE);
        arm(pump);
}

void pump_pause(struct pump *pump, bool paused)
{
        pump->paused = paused;
        arm(pump);
}

int pump_start(struct pump *pump, struct inbye_loop *loop)
{
        int r;

        assert(pump->fd >= 0);
        r = loop_io_add(loop, &pump->io, pump->fd, LOOP_IN, on_readable);
        return r < 0 ? r : tee_start(pump, loop, on_tee);
}

void pump_drain(struct pump *pump)
{
        uint64_t tee_until = clock_now_ns() + TEE_LAST_NS;
        size_t n = pump->fd < 0 ? 0 : sys_pipe_held(pump->fd);

        if (n > 0) {
                ssize_t got = read_up_to(pump, (struct reading){ n, true, tee_until });

                if (got == -ECANCELED)
                        return;
        }
        if (tee_waits(pump))
                tee_flush_until(pump, tee_until);
        tee_close(pump);
        close_read(pump);
}
