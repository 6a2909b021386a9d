/* SPDX-License-Identifier: MIT */
/*
 * Where reports and events go: a file, stdout, or a descriptor that the caller opened for us.
 *
 * A sink is opened before anything is started, so a path that cannot be written is refused while nothing has
 * happened yet; it is emptied then, so that the report of an earlier run is never taken for this one's. A
 * line is written whole or not at all: where a regular file takes only a part of it (no space left), it is
 * cut back. A temporary file and rename(2) were rejected: they break /dev/stderr, pipes and files that
 * someone already follows.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int cli_sink_open(struct cli_sink *sink, const char *name, struct inbye_error *reterr)
{
        cli_sink_discard(sink);
        sink->name = name;
        if (str_starts_with(name, "fd:"))
                return open_number(sink, name + 3, reterr);
        if (strcmp(name, "-") == 0) {
                sink->fd = STDOUT_FILENO;
                return 0;
        }
        sink->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOCTTY | O_CLOEXEC, 0666);
        if (sink->fd < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write '%s'", name);
        sink->owned = true;
        return 0;
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

int cli_sink_line(struct cli_sink *sink, const char *line, size_t n)
{
        struct buf whole = BUF_INIT;
        off_t size;
        int r;

        if (sink->fd < 0 || sink->failed < 0)
                return sink->failed;
        buf_append(&whole, line, n);
        buf_append_char(&whole, '\n');
        r = whole.failed;
        if (r == 0) {
                size = size_of_file(sink->fd);
                r = fd_write_all(sink->fd, whole.data, whole.n);
                if (r < 0)
                        cut_back(sink->fd, size);
        }
        buf_deinit(&whole);
        sink->failed = r;
        return r;
}

int cli_sink_close(struct cli_sink *sink)
{
        int r = sink->failed;

        /* some file systems tell only now that there was no room */
        if (sink->fd >= 0 && sink->owned && close(sink->fd) < 0 && r == 0)
                r = -errno;
        sink->fd = -1;
        if (r < 0)
                cli_say("cannot write '%s': %s", sink->name, strerror(-r));
        return r;
}

void cli_sink_discard(struct cli_sink *sink)
{
        if (sink->owned)
                fd_close(sink->fd);
        *sink = (struct cli_sink)CLI_SINK_INIT;
}
