/* SPDX-License-Identifier: MIT */
/*
 * Where reports and events go: a file, stdout, or a descriptor that the caller opened for us.
 *
 * A sink is opened before anything is started, so a path that cannot be written is refused while nothing has
 * happened yet; it is emptied then, so that the report of an earlier run is never taken for this one's. A
 * line is written whole or not at all (what a SIGKILL cut is cut off when lines are appended): where a
 * regular file takes only a part of it (no space left), it is cut back. A temporary file and rename(2) were
 * rejected: they break /dev/stderr, pipes and files that someone already follows.
 *
 * A sink may be `queued`: a slow reader must not stop the loop, or no timeout and no signal would work; nor,
 * at the end, keep us for ever. O_NONBLOCK belongs to the open file description, which others share, so only
 * what poll(2) promises room for is written and the rest waits for the loop.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/misc.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUEUE_MAX ((size_t)1 << 20)

static int open_number(struct cli_sink *sink, const char *text, struct inbye_error *reterr)
{
        int fd, flags;

        if (parse_int(text, 0, INT_MAX, &fd) < 0)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' is no descriptor, as in fd:3", text);
        flags = fcntl(fd, F_GETFL);
        if (flags < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, EBADF, "descriptor %d", fd);
        if ((flags & O_ACCMODE) == O_RDONLY)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EBADF, "descriptor %d is not open for writing", fd);
        sink->fd = fd;
        return 0;
}

/* What was closed when we came is something of ours now, and close-on-exec. */
static int open_stdout(struct cli_sink *sink, struct inbye_error *reterr)
{
        int flags = fcntl(STDOUT_FILENO, F_GETFD);

        if (flags < 0 || (flags & FD_CLOEXEC))
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EBADF, "cannot write '-': standard output is closed");
        sink->fd = STDOUT_FILENO;
        return 0;
}

static int open_sink(struct cli_sink *sink, const char *name, int flags, struct inbye_error *reterr)
{
        cli_sink_discard(sink);
        sink->name = name;
        if (str_starts_with(name, "fd:"))
                return open_number(sink, name + 3, reterr);
        if (strcmp(name, "-") == 0)
                return open_stdout(sink, reterr);
        sink->fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC | flags, 0666);
        if (sink->fd < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write '%s'", name);
        sink->owned = true;
        return 0;
}

int cli_sink_open(struct cli_sink *sink, const char *name, struct inbye_error *reterr)
{
        return open_sink(sink, name, O_TRUNC, reterr);
}

/* @return the offset behind the last newline, or -errno. */
static off_t find_end_of_lines(int fd, off_t size)
{
        char data[4096];

        while (size > 0) {
                size_t n = size < (off_t)sizeof(data) ? (size_t)size : sizeof(data);
                ssize_t got = pread(fd, data, n, size - (off_t)n);

                if (got != (ssize_t)n)
                        return got < 0 ? -errno : -EIO;
                for (; n > 0 && data[n - 1] != '\n'; n--)
                        size--;
                if (n > 0)
                        break;
        }
        return size;
}

static int cut_last_line(struct cli_sink *sink)
{
        struct stat st;
        off_t end;
        int fd;

        if (fstat(sink->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        fd = open(sink->name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        end = find_end_of_lines(fd, st.st_size);
        fd_close(fd);
        if (end < 0)
                return (int)end;
        return end < st.st_size && ftruncate(sink->fd, end) < 0 ? -errno : 0;
}

int cli_sink_append(struct cli_sink *sink, const char *name, struct inbye_error *reterr)
{
        int r;

        r = open_sink(sink, name, 0, reterr);
        if (r < 0 || !sink->owned)
                return r;
        r = cut_last_line(sink);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot append to '%s'", name);
        return 0;
}

int cli_sink_refuse(const char *name, const char *file, struct inbye_error *reterr)
{
        struct stat sink, other;

        if (!name || !file || stat(name, &sink) < 0 || stat(file, &other) < 0 || !S_ISREG(sink.st_mode) ||
                sink.st_dev != other.st_dev || sink.st_ino != other.st_ino)
                return 0;
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                "'%s' is a file of the command's own ('%s'): nothing else can be written there", name, file);
}

/* Back to where the line began: a reader sees whole lines only. */
static void cut_back(int fd, off_t size)
{
        if (size >= 0 && ftruncate(fd, size) < 0)
                return; /* a descriptor that refuses it: half a line stays, and the error is told anyway */
}

static off_t size_of_file(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static bool has_queue(const struct cli_sink *sink)
{
        return sink->queue.n > sink->queue_at;
}

static void drop_queue(struct cli_sink *sink)
{
        inbye_watch_free(sink->watch);
        sink->watch = NULL;
        buf_deinit(&sink->queue);
        sink->queue = (struct buf)BUF_INIT;
        sink->queue_at = 0;
}

/* @return bytes taken, -EAGAIN: it takes none now, or another -errno. */
static ssize_t write_some(int fd, const char *data, size_t n)
{
        struct pollfd at = { .fd = fd, .events = POLLOUT };
        ssize_t written;

        if (poll(&at, 1, 0) <= 0)
                return -EAGAIN;
        written = send_now(fd, data, n);
        if (written < 0 && errno == ENOTSOCK)
                written = write(fd, data, n < PIPE_BUF ? n : PIPE_BUF);
        if (written < 0)
                return -errno;
        return written > 0 ? written : -EIO;
}

static void write_queue(struct cli_sink *sink)
{
        ssize_t r = 0;

        while (has_queue(sink)) {
                r = write_some(sink->fd, sink->queue.data + sink->queue_at, sink->queue.n - sink->queue_at);
                if (r == -EINTR)
                        continue;
                if (r < 0)
                        break;
                sink->queue_at += (size_t)r;
        }
        if (r < 0 && r != -EAGAIN)
                sink->failed = (int)r;
        if (sink->failed < 0 || !has_queue(sink)) {
                drop_queue(sink);
        } else if (sink->queue_at > sink->queue.n / 2) {
                buf_consume(&sink->queue, sink->queue_at);
                sink->queue_at = 0;
        }
}

static void on_room(void *userdata, uint32_t events)
{
        (void)events;
        write_queue(userdata);
}

static int queue_line(struct cli_sink *sink, const struct buf *whole)
{
        int r = buf_append(&sink->queue, whole->data, whole->n);

        if (r < 0)
                return r;
        write_queue(sink);
        /* Without a watch it goes out with the next line. */
        if (has_queue(sink) && sink->loop && !sink->watch)
                (void)!inbye_watch_fd(sink->loop, sink->fd, POLLOUT, on_room, sink, &sink->watch);
        return sink->failed;
}

bool cli_sink_has_room(const struct cli_sink *sink, size_t n)
{
        size_t waiting = sink->queue.n - sink->queue_at;

        return waiting == 0 || waiting + n <= QUEUE_MAX;
}

int cli_sink_flush(struct cli_sink *sink, uint64_t patience_ns)
{
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), patience_ns);
        struct pollfd at = { .fd = sink->fd, .events = POLLOUT };

        while (has_queue(sink)) {
                uint64_t left_ns = clock_left(clock_now_ns(), deadline_ns);
                size_t n = sink->queue.n - sink->queue_at;

                if (left_ns == 0) {
                        sink->failed = -ETIMEDOUT;
                        drop_queue(sink);
                        break;
                }
                (void)poll(&at, 1, (int)((left_ns + INBYE_MILLISECOND - 1) / INBYE_MILLISECOND));
                write_queue(sink);
                if (sink->queue.n - sink->queue_at < n)
                        deadline_ns = clock_deadline(clock_now_ns(), patience_ns);
        }
        return sink->failed;
}

static int write_whole(struct cli_sink *sink, const struct buf *whole)
{
        off_t size = size_of_file(sink->fd);
        int r;

        if (sink->queued && size < 0)
                return queue_line(sink, whole);
        r = fd_write_all(sink->fd, whole->data, whole->n);
        if (r < 0)
                cut_back(sink->fd, size);
        return r;
}

int cli_sink_line(struct cli_sink *sink, const char *line, size_t n)
{
        struct buf whole = BUF_INIT;
        int r;

        if (sink->fd < 0 || sink->failed < 0)
                return sink->failed;
        buf_append(&whole, line, n);
        buf_append_char(&whole, '\n');
        r = whole.failed;
        if (r == 0)
                r = write_whole(sink, &whole);
        buf_deinit(&whole);
        sink->failed = r;
        return r;
}

int cli_sink_close(struct cli_sink *sink)
{
        int r = sink->failed;

        drop_queue(sink);
        /* some file systems tell only now that there was no room */
        if (sink->fd >= 0 && sink->owned && close(sink->fd) < 0 && r == 0)
                r = -errno;
        sink->fd = -1;
        if (r == -ETIMEDOUT)
                cli_say("cannot write '%s': its reader is too slow, the rest is lost", sink->name);
        else if (r < 0)
                cli_say("cannot write '%s': %s", sink->name, strerror(-r));
        return r;
}

void cli_sink_discard(struct cli_sink *sink)
{
        drop_queue(sink);
        if (sink->owned)
                fd_close(sink->fd);
        *sink = (struct cli_sink)CLI_SINK_INIT;
}
