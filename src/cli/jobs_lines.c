/* SPDX-License-Identifier: MIT */
/*
 * A list of millions of jobs is read as it is needed: one buffer, refilled when it holds no whole line.
 *
 * O_NONBLOCK is not ours to set: it belongs to the open file, which other processes share. So a descriptor is
 * read only after poll(2) said that it is readable, one read(2) at a time; where poll has nothing, a watch is
 * put on it for exactly as long as somebody wants a line (a level-triggered watch on a full pipe that nobody
 * reads would keep the loop spinning). Regular files are always readable and cannot be watched.
 *
 * stdio was rejected: getline(3) waits, and a FILE in front of a pipe hides whether there is more.
 */
#include "cli/jobs_lines.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 << 10)

void lines_init(struct lines *lines, int fd, char separator, size_t n_max)
{
        *lines = (struct lines){ .fd = fd, .separator = separator, .n_max = n_max };
}

static void unwatch(struct lines *lines)
{
        inbye_watch_free(lines->watch);
        lines->watch = NULL;
}

void lines_deinit(struct lines *lines)
{
        unwatch(lines);
        buf_deinit(&lines->buffer);
        lines->buffer = (struct buf)BUF_INIT;
}

void lines_set_loop(
        struct lines *lines, struct inbye_loop *loop, void (*on_more)(void *userdata), void *userdata)
{
        lines->loop = loop;
        lines->on_more = on_more;
        lines->userdata = userdata;
}

void lines_restart(struct lines *lines)
{
        lines->buffer.n = 0;
        lines->at = lines->scanned = 0;
        lines->number = 0;
        lines->ended = lines->discarding = false;
}

static void on_readable(void *userdata, uint32_t events)
{
        struct lines *lines = userdata;

        (void)events;
        unwatch(lines);
        lines->on_more(lines->userdata);
}

/* 1: read(2) will not wait; 0: a watch will call; -errno. */
static int wait_readable(struct lines *lines)
{
        struct pollfd pollfd = { .fd = lines->fd, .events = POLLIN };
        int r;

        if (!lines->loop)
                return 1;
        if (lines->watch)
                return 0;
        if (poll(&pollfd, 1, 0) != 0)
                return 1; /* an error is for read(2) to tell */
        r = inbye_watch_fd(lines->loop, lines->fd, POLLIN, on_readable, lines, &lines->watch);
        return r == -EPERM ? 1 : r;
}

/* One read. 1; 0: nothing to read now; -errno. */
static int refill(struct lines *lines)
{
        ssize_t n;
        int r;

        r = wait_readable(lines);
        if (r <= 0)
                return r;
        buf_consume(&lines->buffer, lines->at);
        lines->at = 0;
        r = buf_reserve(&lines->buffer, READ_SIZE + 1);
        if (r < 0)
                return r;
        do
                n = read(lines->fd, lines->buffer.data + lines->buffer.n, READ_SIZE);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        lines->ended = n == 0;
        lines->buffer.n += (size_t)n;
        return 1;
}

/* The line of n bytes at `at` has been found; its separator, or the end of file, stands behind it. */
static int give(struct lines *lines, size_t n, size_t n_separator, char **ret_line, size_t *ret_n)
{
        char *line = lines->buffer.data + lines->at;
        bool too_long = lines->discarding || n > lines->n_max;

        lines->at += n + n_separator;
        lines->scanned = 0;
        lines->discarding = false;
        lines->number++;
        if (too_long)
                return -EMSGSIZE;
        line[n] = '\0'; /* in place of the separator, or in the byte that was reserved */
        *ret_line = line;
        *ret_n = n;
        return 1;
}

/* 1 or -EMSGSIZE: a whole line; 0: more has to be read. */
static int find(struct lines *lines, char **ret_line, size_t *ret_n)
{
        size_t n_left = lines->buffer.n - lines->at;
        const char *start, *end = NULL;

        if (n_left > lines->scanned) {
                start = lines->buffer.data + lines->at;
                end = memchr(start + lines->scanned, lines->separator, n_left - lines->scanned);
                if (end)
                        return give(lines, (size_t)(end - start), 1, ret_line, ret_n);
        }
        lines->scanned = n_left;
        if (n_left > lines->n_max) { /* keep none of it, only that it was there */
                lines->discarding = true;
                lines->at = lines->buffer.n;
                lines->scanned = 0;
        }
        return 0;
}

int lines_next(struct lines *lines, char **ret_line, size_t *ret_n)
{
        int r;

        for (;;) {
                r = find(lines, ret_line, ret_n);
                if (r != 0)
                        return r;
                if (lines->ended)
                        break;
                r = refill(lines);
                if (r == 0)
                        return -EAGAIN;
                if (r < 0)
                        return r;
        }
        if (lines->at == lines->buffer.n && !lines->discarding)
                return 0;
        return give(lines, lines->buffer.n - lines->at, 0, ret_line, ret_n);
}
