/* SPDX-License-Identifier: MIT */
/*
 * The jobs of a batch, one after the other: from the command line, from items put into a template, or from
 * JSON Lines.
 *
 * A bad line has to be found before anything runs, and a list of millions must not stand in memory. So JSON
 * Lines in a regular file are read twice, once to check and once to run; what comes through a pipe is kept in
 * a temporary file without a name while it is checked. --stream does without the check: jobs start as their
 * lines arrive, and a bad line then ends the starting. Items have no form that could be wrong (but for a NUL
 * and the kernel's longest argument), so they always stream.
 */
#include "cli/jobs.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/jobs_lines.h"
#include "cli/jobs_template.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longest line of JSON: its standard input may stand in it. */
#define JSON_LINE_MAX ((size_t)16 << 20)
#define SPOOL_WRITE_SIZE ((size_t)64 << 10)

struct jobs {
        struct jobs_options options;
        const char *name; /* of the input, in messages */
        int fd;           /* -1: the items are those of the command line */
        bool owned;
        struct lines lines;
        int spool_fd; /* -1: none */
        struct buf pending;
        bool spool_error;
        bool append; /* the template names no place for the item */
        size_t n_items;
        uint64_t n_given, n_skipped, n_checked; /* n_checked: all there are, or INBYE_UNKNOWN */
        bool ended;
        void (*complain)(void *userdata, const char *text);
        void *userdata;
};

DEFINE_SCOPED(jobs_freep, struct jobs, jobs_free)
DEFINE_SCOPED(command_unrefp, struct inbye_command, inbye_command_unref)

static void jobs_close(struct jobs *jobs)
{
        if (jobs->owned)
                fd_close(jobs->fd);
        jobs->fd = -1;
        jobs->owned = false;
}

void jobs_free(struct jobs *jobs)
{
        if (!jobs)
                return;
        lines_deinit(&jobs->lines);
        buf_deinit(&jobs->pending);
        fd_close(jobs->spool_fd);
        jobs_close(jobs);
        free(jobs);
}

/* Lines */

static int spool_flush(struct jobs *jobs)
{
        int r = jobs->pending.failed;

        if (r == 0 && jobs->pending.n > 0)
                r = fd_write_all(jobs->spool_fd, jobs->pending.data, jobs->pending.n);
        jobs->pending.n = 0;
        jobs->spool_error |= r < 0;
        return r;
}

/* As lines_next(); what is read is kept while there is a spool. */
static int next_line(struct jobs *jobs, char **ret_line, size_t *ret_n)
{
        int r = lines_next(&jobs->lines, ret_line, ret_n);

        if (r <= 0 || jobs->spool_fd < 0)
                return r;
        buf_append(&jobs->pending, *ret_line, *ret_n);
        buf_append_char(&jobs->pending, '\n');
        if (jobs->pending.n >= SPOOL_WRITE_SIZE || jobs->pending.failed)
                r = spool_flush(jobs);
        return r < 0 ? r : 1;
}

/* One job */

static int job_from_item(
        struct jobs *jobs, const char *item, struct inbye_batch_job *ret_job, struct job_fault *fault)
{
        scoped(command_unrefp) struct inbye_command *command = NULL;
        scoped(strv_freep) char **argv = NULL;
        int r;

        r = template_expand(jobs->options.words, jobs->append, item, jobs->n_given + 1, &argv);
        if (r == -E2BIG)
                return error_set_plain(&fault->error, INBYE_STAGE_ARGUMENT, E2BIG,
                        "an argument would be longer than the %zu bytes that the kernel takes",
                        TEMPLATE_ARGUMENT_MAX);
        if (r >= 0 && !argv[0][0])
                return error_set_plain(
                        &fault->error, INBYE_STAGE_ARGUMENT, EINVAL, "the name of the program is empty");
        if (r >= 0)
                r = inbye_command_open((const char *const *)argv, &command);
        if (r >= 0 && item[0])
                r = inbye_command_set_id(command, item);
        if (r < 0)
                return error_set(&fault->error, INBYE_STAGE_ARGUMENT, -r, "job");
        r = job_base_apply(&jobs->options.base, command, &fault->error);
        if (r < 0)
                return r;
        ret_job->command = TAKE(command);
        return 0;
}

static int make_job(struct jobs *jobs, const char *line, size_t n, struct inbye_batch_job *ret_job,
        struct job_fault *fault)
{
        *fault = (struct job_fault){ 0 };
        if (!jobs->options.words)
                return job_from_json(line, n, &jobs->options.base, ret_job, fault);
        if (strlen(line) != n)
                return error_set_plain(&fault->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "a NUL stands in the item; items that end with one are read with --null");
        return job_from_item(jobs, line, ret_job, fault);
}

/* What the library would refuse when it is to start, is refused before the first one does. */
static int job_from_line(struct jobs *jobs, const char *line, size_t n, struct inbye_batch_job *ret_job,
        struct job_fault *fault)
{
        int r = make_job(jobs, line, n, ret_job, fault);

        if (r < 0)
                return r;
        r = inbye_command_check(ret_job->command, &fault->error);
        if (r < 0) {
                inbye_command_unref(ret_job->command);
                ret_job->command = NULL;
        }
        return r;
}

static bool is_blank(const char *line)
{
        return line[strspn(line, " \t\r")] == '\0';
}

static void describe(const struct jobs *jobs, const struct job_fault *fault, struct inbye_error *reterr)
{
        char column[24] = "";

        if (fault->column)
                snprintf(column, sizeof(column), ":%zu", fault->column);
        error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBADMSG, "%s:%" PRIu64 "%s: %s", jobs->name,
                jobs->lines.number, column, fault->error.text);
        if (fault->error.hint[0])
                error_hint(reterr, "%s", fault->error.hint);
}

/* 1 a job; 0 the end; -EAGAIN; -EBADMSG a line that is wrong; another errno: it cannot be read. *reterr says.
 */
static int read_job(struct jobs *jobs, struct inbye_batch_job *ret_job, struct inbye_error *reterr)
{
        struct job_fault fault;
        char *line;
        size_t n;
        int r;

        do {
                r = next_line(jobs, &line, &n);
        } while (r > 0 && !jobs->options.words && is_blank(line) && strlen(line) == n);
        if (r == 0 || r == -EAGAIN)
                return r;
        if (r == -EMSGSIZE) {
                fault = (struct job_fault){ 0 };
                error_set_plain(&fault.error, INBYE_STAGE_ARGUMENT, EMSGSIZE, "longer than %zu bytes",
                        jobs->lines.n_max);
        } else if (r < 0) {
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "reading %s", jobs->name);
        } else if (job_from_line(jobs, line, n, ret_job, &fault) >= 0) {
                return 1;
        } else if (fault.error.number == ENOMEM) {
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "%s", jobs->name);
        }
        describe(jobs, &fault, reterr);
        return -EBADMSG;
}

/* The next item of the command line. */
static int take_item(struct jobs *jobs, struct inbye_batch_job *ret_job, struct inbye_error *reterr)
{
        const char *item = jobs->options.items[jobs->n_items];
        struct job_fault fault = { 0 };
        int r;

        if (!item)
                return 0;
        jobs->n_items++;
        r = job_from_item(jobs, item, ret_job, &fault);
        if (r >= 0)
                return 1;
        error_set_plain(
                reterr, INBYE_STAGE_ARGUMENT, EBADMSG, "item %zu: %s", jobs->n_items, fault.error.text);
        return r == -ENOMEM ? r : -EBADMSG;
}

static int take(struct jobs *jobs, struct inbye_batch_job *ret_job, struct inbye_error *reterr)
{
        return jobs->options.items ? take_item(jobs, ret_job, reterr) : read_job(jobs, ret_job, reterr);
}

int jobs_next(struct jobs *jobs, struct inbye_batch_job *ret_job)
{
        struct inbye_error error = { 0 };
        int r;

        for (;;) {
                r = take(jobs, ret_job, &error);
                if (r > 0)
                        jobs->n_given++;
                if (r == 0)
                        jobs->ended = true;
                if (r >= 0 || r == -EAGAIN)
                        return r;
                jobs->complain(jobs->userdata, error.text);
                if (r != -EBADMSG || !jobs->options.skip_invalid)
                        return r;
                jobs->n_skipped++;
        }
}

bool jobs_reads_file(const struct jobs *jobs, const char *path)
{
        struct stat input, other;

        if (jobs->fd < 0 || fstat(jobs->fd, &input) < 0 || !S_ISREG(input.st_mode))
                return false;
        return stat(path, &other) == 0 && other.st_dev == input.st_dev && other.st_ino == input.st_ino;
}

bool jobs_come_to_an_end(const struct jobs *jobs)
{
        struct stat st;

        return jobs->options.items || jobs->n_checked != INBYE_UNKNOWN ||
               (jobs->fd >= 0 && fstat(jobs->fd, &st) == 0 && S_ISREG(st.st_mode));
}

uint64_t jobs_n_skipped(const struct jobs *jobs)
{
        return jobs->n_skipped;
}

uint64_t jobs_n_left(const struct jobs *jobs)
{
        if (jobs->ended)
                return 0;
        return jobs->n_checked == INBYE_UNKNOWN ? INBYE_UNKNOWN : jobs->n_checked - jobs->n_given;
}

void jobs_start(struct jobs *jobs, struct inbye_loop *loop, void (*on_more)(void *userdata),
        void (*complain)(void *userdata, const char *text), void *userdata)
{
        jobs->complain = complain;
        jobs->userdata = userdata;
        lines_set_loop(&jobs->lines, loop, on_more, userdata);
}

/* Checking beforehand */

/* 1, as if it had been taken. */
static int check_one(struct jobs *jobs, const struct inbye_command *command, struct inbye_error *reterr)
{
        int r = jobs->options.check(jobs->options.check_userdata, jobs->n_given, command, reterr);

        return r < 0 ? r : 1;
}

/* All jobs, made and dropped. */
static int check_all(struct jobs *jobs, struct inbye_error *reterr)
{
        const struct jobs_options *options = &jobs->options;
        int r;

        do {
                struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

                r = take(jobs, &job, reterr);
                jobs->n_given += r > 0;
                if (r > 0 && options->check)
                        r = check_one(jobs, job.command, reterr);
                inbye_command_unref(job.command);
        } while (r > 0);
        jobs->n_checked = jobs->n_given;
        jobs->n_given = jobs->n_items = 0;
        return r;
}

static int rewind_to(struct jobs *jobs, off_t start, struct inbye_error *reterr)
{
        if (lseek(jobs->fd, start, SEEK_SET) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "rewinding %s", jobs->name);
        lines_restart(&jobs->lines);
        return 0;
}

static int refuse_spool(int r, const char *directory, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_PIPE, -r, "keeping the jobs in %s until they are checked", directory);
        error_hint(reterr, "set TMPDIR, or start them unchecked with --stream");
        return r;
}

/* What comes through a pipe is checked and kept in one go, line by line, so that their numbers stay. */
static int spool(struct jobs *jobs, struct inbye_error *reterr)
{
        const char *directory = getenv("TMPDIR");
        int r;

        if (!directory || !directory[0])
                directory = "/tmp";
        jobs->spool_fd = fd_open_unnamed(directory);
        if (jobs->spool_fd < 0)
                return refuse_spool(jobs->spool_fd, directory, reterr);
        r = check_all(jobs, reterr);
        if (r < 0)
                return jobs->spool_error ? refuse_spool(r, directory, reterr) : r;
        r = spool_flush(jobs);
        if (r < 0)
                return refuse_spool(r, directory, reterr);
        jobs_close(jobs);
        jobs->fd = jobs->lines.fd = TAKE_FD(jobs->spool_fd);
        jobs->owned = true;
        return rewind_to(jobs, 0, reterr);
}

static int check_input(struct jobs *jobs, struct inbye_error *reterr)
{
        struct stat st;
        off_t start;
        int r;

        if (fstat(jobs->fd, &st) < 0 || !S_ISREG(st.st_mode))
                return spool(jobs, reterr);
        start = lseek(jobs->fd, 0, SEEK_CUR);
        r = check_all(jobs, reterr);
        return r < 0 ? r : rewind_to(jobs, start, reterr);
}

/* Opening */

static int open_input(struct jobs *jobs, struct inbye_error *reterr)
{
        const char *path = jobs->options.path;
        struct stat st;

        if (!path || strcmp(path, "-") == 0) {
                jobs->name = "stdin";
                jobs->fd = STDIN_FILENO;
        } else {
                jobs->name = path;
                jobs->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                jobs->owned = jobs->fd >= 0;
        }
        if (jobs->fd < 0 || fstat(jobs->fd, &st) < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "cannot read '%s'", jobs->name);
        if (S_ISDIR(st.st_mode))
                return error_set(reterr, INBYE_STAGE_ARGUMENT, EISDIR, "cannot read '%s'", jobs->name);
        lines_init(&jobs->lines, jobs->fd, jobs->options.null_separated ? '\0' : '\n',
                jobs->options.words ? TEMPLATE_ARGUMENT_MAX : JSON_LINE_MAX);
        return 0;
}

static void say(void *userdata, const char *text)
{
        (void)userdata;
        cli_say("%s", text);
}

int jobs_open(const struct jobs_options *options, struct jobs **ret_jobs, struct inbye_error *reterr)
{
        scoped(jobs_freep) struct jobs *jobs = calloc(1, sizeof(*jobs));
        bool streams = options->stream || options->skip_invalid || options->words;
        int r;

        if (!jobs)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "jobs");
        jobs->options = *options;
        jobs->fd = jobs->spool_fd = -1;
        jobs->complain = say;
        jobs->n_checked = INBYE_UNKNOWN;
        jobs->append = options->words && !template_has_place(options->words);
        if (options->items) {
                r = options->skip_invalid ? 0 : check_all(jobs, reterr);
        } else {
                r = open_input(jobs, reterr);
                if (r >= 0 && !streams)
                        r = check_input(jobs, reterr);
        }
        if (r < 0)
                return r;
        *ret_jobs = TAKE(jobs);
        return 0;
}
