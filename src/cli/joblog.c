/* SPDX-License-Identifier: MIT */
/*
 * The log of a batch: what has ended, kept in a form in which a later run can go on from it.
 *
 * A line is one write(2) with O_APPEND, made when the job's tree is gone and its output is written. So
 * whatever ends inbye, at any moment: a job with a line need not run again, a job without one is run again,
 * and there is nothing in between. What inbye has written survives its own death in any case; with `sync`
 * also that of the machine. Only a machine that goes down, or a disk that is full, can leave a part of a
 * line: it is cut off before anything is added.
 *
 * A job is known by what it is (digest.c), not by its number: lines may be added to the list, or taken from
 * it. Where a list holds a job twice, its lines say which of the two they mean; to count the lines instead
 * was rejected: after a failure and its repetition there are two lines of one job, and the other one would
 * never run.
 *
 * The lock is one of fcntl(2): it dies with this process, while one of flock(2) would live on in a child that
 * has not yet come to its exec.
 */
#include "cli/joblog.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/jobs_lines.h"
#include "cli/tally.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER                                                                                               \
        "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\t"                        \
        "Status\tDigest\tAttempts"
#define N_COLUMNS 12
/* The longest command that the kernel takes, with each byte quoted. */
#define LINE_MAX_BYTES ((size_t)64 << 20)

/* What the tally knows of a job that has a line. */
enum { ENDED_BADLY = 1, ENDED_OK };

struct joblog {
        struct joblog_options options;
        int fd;
        char *directory; /* that commands are started in */
        struct tally met, ended;
};
DEFINE_SCOPED(joblog_freep, struct joblog, joblog_free)

void joblog_free(struct joblog *log)
{
        if (!log)
                return;
        fd_close(log->fd);
        free(log->directory);
        tally_deinit(&log->met);
        tally_deinit(&log->ended);
        free(log);
}

/* Reading */

static int refuse(const struct joblog *log, struct inbye_error *reterr, uint64_t line)
{
        error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBADMSG,
                "%s:%" PRIu64 ": this is no line of a job log of inbye", log->options.path, line);
        error_hint(reterr, "name another file, or leave --resume out to begin a new log here");
        return -EBADMSG;
}

static int hex_digit(char c)
{
        static const char digits[] = "0123456789abcdef";
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

/* "64 digits", or "64 digits:NTH". */
static int parse_key(const char *text, struct joblog_key *ret)
{
        uint64_t nth = 1;

        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

                if (low < 0)
                        return -EINVAL;
                ret->digest[i] = (unsigned char)(high << 4 | low);
        }
        text += (size_t)2 * DIGEST_SIZE;
        if (*text && (*text != ':' || parse_unsigned(text + 1, UINT32_MAX, &nth) < 0 || nth < 2))
                return -EINVAL;
        ret->nth = (uint32_t)nth;
        return 0;
}

/* Cut the line at its tabs. @return how many columns there are, at most one more than ours. */
static size_t split(char *line, char *columns[N_COLUMNS])
{
        size_t n = 0;

        for (char *rest = line; rest && n <= N_COLUMNS; n++) {
                char *column = str_cut(&rest, '\t');

                if (n < N_COLUMNS)
                        columns[n] = column;
        }
        return n;
}

static int take_line(struct joblog *log, char *line)
{
        char *columns[N_COLUMNS];
        struct joblog_key key;
        bool is_ok;

        if (split(line, columns) != N_COLUMNS || parse_key(columns[10], &key) < 0)
                return -EBADMSG;
        is_ok = strcmp(columns[9], inbye_status_name(INBYE_OK)) == 0;
        return tally_put(&log->ended, key.digest, key.nth, is_ok ? ENDED_OK : ENDED_BADLY);
}

/* Up to there: what a crash left of a last line is none. */
static int take_lines(struct joblog *log, struct lines *lines, off_t end)
{
        off_t at = 0;
        char *line;
        size_t n;

        while (at < end) {
                int r = lines_next(lines, &line, &n);

                if (r == 0)
                        return -EIO; /* somebody makes it shorter while we read */
                if (r > 0 && at == 0)
                        r = strcmp(line, HEADER) == 0 ? 0 : -EBADMSG;
                else if (r > 0)
                        r = take_line(log, line);
                if (r < 0)
                        return r;
                at += (off_t)n + 1;
        }
        return 0;
}

static int read_log(struct joblog *log, off_t end, struct inbye_error *reterr)
{
        struct lines lines;
        uint64_t number;
        int r;

        lines_init(&lines, log->fd, '\n', LINE_MAX_BYTES);
        r = take_lines(log, &lines, end);
        number = lines.number;
        lines_deinit(&lines);
        if (r == -EBADMSG || r == -EMSGSIZE)
                return refuse(log, reterr, number);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "reading '%s'", log->options.path);
        return 0;
}

/* Opening */

/* Where the last whole line ends. */
static off_t whole_lines(int fd, off_t size)
{
        char block[4096];

        while (size > 0) {
                off_t start = size > (off_t)sizeof(block) ? size - (off_t)sizeof(block) : 0;
                ssize_t n = pread(fd, block, (size_t)(size - start), start);

                if (n < 0)
                        return -errno;
                while (n > 0 && block[n - 1] != '\n')
                        n--;
                if (n > 0)
                        return start + (off_t)n;
                size = start;
        }
        return 0;
}

/* Is this what a crash left of the header? Anything else without a newline is somebody's file. */
static bool is_torn_header(int fd, off_t size)
{
        char text[sizeof(HEADER)];

        return size < (off_t)sizeof(text) && pread(fd, text, (size_t)size, 0) == (ssize_t)size &&
               memcmp(text, HEADER, (size_t)size) == 0;
}

/* Read first: nothing is cut from a file that is no log. */
static int resume(struct joblog *log, off_t size, struct inbye_error *reterr)
{
        off_t whole = whole_lines(log->fd, size);
        int r;

        if (whole < 0)
                return error_set(
                        reterr, INBYE_STAGE_ARGUMENT, (int)-whole, "reading '%s'", log->options.path);
        if (whole == 0 && !is_torn_header(log->fd, size))
                return refuse(log, reterr, 1);
        r = read_log(log, whole, reterr);
        if (r >= 0 && whole < size && ftruncate(log->fd, whole) < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "mending '%s'", log->options.path);
        return r;
}

static int lock(struct joblog *log, struct inbye_error *reterr)
{
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fcntl(log->fd, F_SETLK, &lock) == 0)
                return 0;
        if (errno != EAGAIN && errno != EACCES)
                return 0; /* a file system without locks */
        error_set_plain(
                reterr, INBYE_STAGE_ARGUMENT, EBUSY, "another batch writes to '%s'", log->options.path);
        error_hint(reterr, "wait for it, or name another file");
        return -EBUSY;
}

static int open_file(struct joblog *log, off_t *ret_size, struct inbye_error *reterr)
{
        const char *path = log->options.path;
        struct stat st;

        log->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);
        if (log->fd < 0 || fstat(log->fd, &st) < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "cannot write '%s'", path);
        if (!S_ISREG(st.st_mode))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' is no regular file: a log could not be read again from there", path);
        *ret_size = st.st_size;
        return 0;
}

static int begin(struct joblog *log, off_t size, struct inbye_error *reterr)
{
        struct stat st;
        int r = 0;

        if (log->options.resume != JOBLOG_ANEW)
                r = resume(log, size, reterr);
        else if (ftruncate(log->fd, 0) < 0)
                r = error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "emptying '%s'", log->options.path);
        if (r < 0)
                return r;
        if (fstat(log->fd, &st) == 0 && st.st_size == 0)
                r = fd_write_all(log->fd, HEADER "\n", strlen(HEADER) + 1);
        if (r >= 0 && log->options.sync && fsync(log->fd) < 0)
                r = -errno;
        return r < 0 ? error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "cannot write '%s'", log->options.path)
                     : 0;
}

int joblog_open(const struct joblog_options *options, struct joblog **ret_log, struct inbye_error *reterr)
{
        scoped(joblog_freep) struct joblog *log = calloc(1, sizeof(*log));
        off_t size = 0;
        int r;

        if (!log)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "job log");
        log->options = *options;
        log->fd = -1;
        r = digest_load(reterr);
        if (r < 0)
                return r;
        log->directory = getcwd(NULL, 0);
        if (!log->directory)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "the working directory of the jobs");
        r = open_file(log, &size, reterr);
        if (r >= 0)
                r = lock(log, reterr);
        if (r >= 0)
                r = begin(log, size, reterr);
        if (r < 0)
                return r;
        *ret_log = TAKE(log);
        return 0;
}

/* The list */

int joblog_meet(struct joblog *log, const struct inbye_command *command, struct joblog_key *ret_key)
{
        struct joblog_key key;
        uint32_t known;
        int r;

        digest_command(command, log->directory, key.digest);
        r = tally_count(&log->met, key.digest, &key.nth);
        if (r < 0)
                return r;
        *ret_key = key;
        known = tally_get(&log->ended, key.digest, key.nth);
        return known == ENDED_OK || (known == ENDED_BADLY && log->options.resume == JOBLOG_RESUME);
}

/* Writing */

/* What GNU parallel's users look at: 0 only where all is well, -1 where the exit code does not say why. */
static int exit_value(const struct inbye_result *result)
{
        enum inbye_status status = inbye_result_status(result);
        int code = inbye_result_code(result);

        if (status == INBYE_SPAWN_ERROR)
                return cli_error_status(inbye_result_error(result));
        if (status == INBYE_OK || code > 0)
                return code;
        return inbye_result_signal(result) ? 0 : -1;
}

static uint64_t bytes_received(const struct inbye_result *result)
{
        return inbye_result_bytes_seen(result, INBYE_STDOUT) + inbye_result_bytes_seen(result, INBYE_STDERR);
}

static void append_parallel(struct buf *line, const struct joblog_end *end)
{
        const struct inbye_result *result = end->result;
        uint64_t start_ms = inbye_result_start_ns(result) / INBYE_MILLISECOND;
        uint64_t ran_ms = inbye_result_duration_ns(result) / INBYE_MILLISECOND;

        buf_printf(line, "%" PRIu64 "\t:\t%" PRIu64 ".%03u\t%6" PRIu64 ".%03u\t0\t%" PRIu64 "\t%d\t%d\t",
                end->number, start_ms / 1000, (unsigned)(start_ms % 1000), ran_ms / 1000,
                (unsigned)(ran_ms % 1000), bytes_received(result), exit_value(result),
                inbye_result_signal(result));
        str_quote_vector(line, inbye_command_argv(inbye_result_command(result)));
}

static void append_ours(struct buf *line, const struct joblog_end *end)
{
        buf_printf(line, "\t%s\t", inbye_status_name(inbye_result_status(end->result)));
        for (size_t i = 0; i < DIGEST_SIZE; i++)
                buf_printf(line, "%02x", end->key.digest[i]);
        if (end->key.nth > 1)
                buf_printf(line, ":%" PRIu32, end->key.nth);
        buf_printf(line, "\t%u\n", end->attempts);
}

/* All of it or nothing: what a full disk took of it is cut off again. */
static int append_line(const struct joblog *log, const struct buf *line)
{
        ssize_t n = write(log->fd, line->data, line->n);
        int r = n < 0 ? -errno : -ENOSPC;
        struct stat st;

        if (n == (ssize_t)line->n)
                return log->options.sync && fdatasync(log->fd) < 0 ? -errno : 0;
        if (n > 0 && fstat(log->fd, &st) == 0 && ftruncate(log->fd, st.st_size - n) < 0)
                return r; /* half a line: the next run cuts it off */
        return r;
}

int joblog_write(struct joblog *log, const struct joblog_end *end)
{
        struct buf line = BUF_INIT;
        int r;

        if (inbye_result_status(end->result) == INBYE_CANCELLED || inbye_result_attempts(end->result) == 0)
                return 0;
        append_parallel(&line, end);
        append_ours(&line, end);
        r = line.failed;
        if (r == 0)
                r = append_line(log, &line);
        buf_deinit(&line);
        return r;
}
