/* SPDX-License-Identifier: MIT */
/*
 * Results of a batch as JUnit XML, the form that CI servers read: a test case for each job, in the order in
 * which results come.
 *
 * The format wants its totals in front, and they are known only at the end. So the two opening tags stand in
 * a block of fixed size, filled up with spaces, which is written anew with each case; and each case is
 * followed by the closing tags, over which the next one is written. Nothing is kept in memory, and the file
 * is a whole document after every case, should inbye be killed. A temporary file with the cases was rejected:
 * it doubles the writing, and after a crash there would be no report at all.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "cli/batch.h"
#include "cli/xml.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define HEAD_BYTES ((size_t)1024)
#define TAIL "</testsuite>\n</testsuites>\n"
/* Written at a time of what a job wrote: escaped it is up to six times as long. */
#define PIECE_BYTES ((size_t)64 << 10)

struct observer {
        struct batch_view view;
        int fd;
        off_t at; /* where the next case is written */
        uint64_t n_cases, n_failures, n_errors, n_skipped;
        uint64_t started_ns; /* monotonic */
        char host[65], timestamp[CLOCK_TEXT_SIZE];
        bool failed;
};

static void observer_free(void *userdata)
{
        struct observer *observer = userdata;

        if (!observer)
                return;
        fd_close(observer->fd);
        free(observer);
}
DEFINE_SCOPED(observer_freep, struct observer, observer_free)

static int write_at(int fd, off_t at, const struct buf *text)
{
        size_t n_done = 0;

        if (text->failed)
                return text->failed;
        while (n_done < text->n) {
                ssize_t n = pwrite(fd, text->data + n_done, text->n - n_done, at + (off_t)n_done);

                if (n <= 0)
                        return n < 0 ? -errno : -ENOSPC;
                n_done += (size_t)n;
        }
        return 0;
}

static void append_seconds(struct buf *text, uint64_t ns)
{
        uint64_t ms = ns / INBYE_MILLISECOND;

        buf_printf(text, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
}

static void append_totals(struct buf *text, const struct observer *observer)
{
        buf_printf(text,
                "tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64
                "\" time=\"",
                observer->n_cases, observer->n_failures, observer->n_errors, observer->n_skipped);
        append_seconds(text, clock_now_ns() - observer->started_ns);
        buf_append_char(text, '"');
}

static int write_head(struct observer *observer)
{
        struct buf head = BUF_INIT;
        int r;

        buf_append_str(&head, DECLARATION "<testsuites name=\"inbye batch\" ");
        append_totals(&head, observer);
        buf_append_str(&head, ">\n<testsuite name=\"inbye batch\" ");
        append_totals(&head, observer);
        buf_append_str(&head, " hostname=\"");
        xml_append_string(&head, observer->host);
        buf_printf(&head, "\" timestamp=\"%.19s\"", observer->timestamp);
        while (head.n < HEAD_BYTES - 2 && !head.failed)
                buf_append_char(&head, ' ');
        buf_append_str(&head, ">\n");
        r = write_at(observer->fd, 0, &head);
        buf_deinit(&head);
        return r;
}

static int flush(struct observer *observer, struct buf *text)
{
        int r = write_at(observer->fd, observer->at, text);

        if (r >= 0)
                observer->at += (off_t)text->n;
        text->n = 0;
        return r;
}

static int write_tail(struct observer *observer)
{
        struct buf tail = BUF_INIT;
        int r;

        buf_append_str(&tail, TAIL);
        r = write_at(observer->fd, observer->at, &tail);
        buf_deinit(&tail);
        return r;
}

static int write_output(struct observer *observer, struct buf *text, const struct inbye_result *result,
        enum inbye_stream stream, const char *tag)
{
        const char *data;
        size_t n, n_piece;
        int r = 0;

        data = inbye_result_output(result, stream, &n);
        if (n == 0)
                return 0;
        buf_printf(text, "<%s>", tag);
        for (size_t i = 0; i < n && r >= 0; i += n_piece) {
                n_piece = n - i < PIECE_BYTES ? n - i : PIECE_BYTES;
                /* not through the middle of a character */
                while (i + n_piece < n && n_piece > 1 && ((unsigned char)data[i + n_piece] & 0xc0) == 0x80 &&
                        n_piece > PIECE_BYTES - 4)
                        n_piece--;
                xml_append(text, data + i, n_piece);
                if (text->n > PIECE_BYTES)
                        r = flush(observer, text);
        }
        buf_printf(text, "</%s>\n", tag);
        return r;
}

static void append_name(struct buf *text, const struct inbye_command *command)
{
        const char *id = inbye_command_id(command);
        struct buf name = BUF_INIT;

        if (id)
                buf_append_str(&name, id);
        else
                out_report_command(&name, command);
        xml_append(text, name.data ? name.data : "", name.n);
        buf_deinit(&name);
}

/* What went wrong with the command is a failure, what kept inbye from running it is an error. */
static void append_outcome(struct observer *observer, struct buf *text, const struct inbye_result *result)
{
        enum inbye_status status = inbye_result_status(result);
        struct buf message = BUF_INIT;
        const char *tag = "failure";

        if (status == INBYE_OK)
                return;
        out_report_outcome(&message, result);
        if (status == INBYE_SPAWN_ERROR || status == INBYE_LOST) {
                tag = "error";
                observer->n_errors++;
        } else if (status == INBYE_CANCELLED) {
                tag = "skipped";
                observer->n_skipped++;
        } else {
                observer->n_failures++;
        }
        buf_printf(text, "<%s message=\"", tag);
        xml_append(text, message.data ? message.data : "", message.n);
        buf_append_char(text, '"');
        if (status != INBYE_CANCELLED)
                buf_printf(text, " type=\"%s\"", inbye_status_name(status));
        buf_append_str(text, "/>\n");
        buf_deinit(&message);
}

static int write_case(struct observer *observer, const struct inbye_result *result)
{
        struct buf text = BUF_INIT;
        int r;

        observer->n_cases++;
        buf_append_str(&text, "<testcase classname=\"inbye.batch\" name=\"");
        append_name(&text, inbye_result_command(result));
        buf_append_str(&text, "\" time=\"");
        append_seconds(&text, inbye_result_duration_ns(result));
        buf_append_str(&text, "\">\n");
        append_outcome(observer, &text, result);
        r = write_output(observer, &text, result, INBYE_STDOUT, "system-out");
        if (r >= 0)
                r = write_output(observer, &text, result, INBYE_STDERR, "system-err");
        buf_append_str(&text, "</testcase>\n");
        if (r >= 0)
                r = flush(observer, &text);
        buf_deinit(&text);
        return r;
}

static void fail(struct observer *observer, int r)
{
        if (!observer->failed)
                batch_cannot_write(observer->view.session, observer->view.wishes->record.junit, r);
        observer->failed = true;
}

static void on_result(void *userdata, uint64_t number, struct inbye_result *result)
{
        struct observer *observer = userdata;
        int r;

        (void)number;
        if (observer->failed)
                return;
        r = write_case(observer, result);
        if (r >= 0)
                r = write_tail(observer);
        if (r >= 0)
                r = write_head(observer);
        if (r < 0)
                fail(observer, r);
}

static int on_finish(void *userdata, const struct out_summary *summary)
{
        struct observer *observer = userdata;
        int r;

        (void)summary;
        if (observer->failed)
                return -EIO;
        r = write_head(observer);
        if (r < 0)
                fail(observer, r);
        return r;
}

static int open_file(struct observer *observer, const char *path, struct inbye_error *reterr)
{
        struct stat st;

        observer->fd = open(path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);
        if (observer->fd < 0 || fstat(observer->fd, &st) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write '%s'", path);
        if (!S_ISREG(st.st_mode))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' is no regular file: JUnit has its totals in front, which are known at the end",
                        path);
        if (ftruncate(observer->fd, 0) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "emptying '%s'", path);
        return 0;
}

static int begin(struct observer *observer, struct inbye_error *reterr)
{
        int r;

        observer->at = (off_t)HEAD_BYTES;
        observer->started_ns = clock_now_ns();
        clock_format_wall(clock_wall_ns(), observer->timestamp);
        if (gethostname(observer->host, sizeof(observer->host) - 1) < 0)
                observer->host[0] = '\0';
        r = write_head(observer);
        if (r >= 0)
                r = write_tail(observer);
        return r < 0 ? error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot write '%s'",
                               observer->view.wishes->record.junit)
                     : 0;
}

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        scoped(observer_freep) struct observer *observer = NULL;
        const char *path = view->wishes->record.junit;
        int r;

        if (!path)
                return 0;
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "JUnit report");
        observer->view = *view;
        observer->fd = -1;
        r = open_file(observer, path, reterr);
        if (r >= 0)
                r = begin(observer, reterr);
        if (r < 0)
                return r;
        *ret_observer = TAKE(observer);
        return 1;
}

const struct batch_observer_ops batch_junit = {
        .open = observer_open,
        .on_result = on_result,
        .on_finish = on_finish,
        .free = observer_free,
};
