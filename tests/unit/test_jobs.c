/* SPDX-License-Identifier: MIT */
/* Reading jobs: lines however they arrive, items put into templates, JSON and what is wrong with it. */
#include "base/scope.h"
#include "base/str.h"
#include "cli/jobs.h"
#include "cli/jobs_lines.h"
#include "cli/jobs_template.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- lines */

static int pipe_with(const char *data, size_t n, int *ret_write)
{
        int fds[2];

        cr_assert(zero(int, pipe(fds)));
        cr_assert(eq(int, (int)write(fds[1], data, n), (int)n));
        if (ret_write)
                *ret_write = fds[1];
        else
                close(fds[1]);
        return fds[0];
}

static void expect_line(struct lines *lines, const char *expected)
{
        char *line = NULL;
        size_t n = 0;

        cr_assert(eq(int, lines_next(lines, &line, &n), 1));
        cr_assert(eq(sz, n, strlen(expected)));
        cr_assert(eq(str, line, (char *)expected));
}

static void expect_none(struct lines *lines, int why)
{
        char *line;
        size_t n;

        cr_assert(eq(int, lines_next(lines, &line, &n), why));
}

Test(lines, splits_at_the_separator)
{
        struct lines lines;
        int fd = pipe_with("one\n\nthree", 10, NULL);

        lines_init(&lines, fd, '\n', 100);
        expect_line(&lines, "one");
        expect_line(&lines, "");
        expect_line(&lines, "three");
        cr_assert(eq(u64, lines.number, 3));
        expect_none(&lines, 0);
        expect_none(&lines, 0);
        lines_deinit(&lines);
        close(fd);
}

Test(lines, an_empty_input_has_none)
{
        struct lines lines;
        int fd = open("/dev/null", O_RDONLY);

        lines_init(&lines, fd, '\0', 100);
        expect_none(&lines, 0);
        lines_deinit(&lines);
        close(fd);
}

Test(lines, passes_over_a_line_that_is_too_long)
{
        scoped(freep) char *data = calloc(1, 60000);
        struct lines lines;
        int fd;

        memset(data, 'x', 50000);
        memcpy(data + 50000, "\nok\n12345", 9);
        fd = pipe_with(data, 50009, NULL);
        lines_init(&lines, fd, '\n', 4);
        expect_none(&lines, -EMSGSIZE);
        expect_line(&lines, "ok");
        expect_none(&lines, -EMSGSIZE);
        cr_assert(eq(u64, lines.number, 3));
        expect_none(&lines, 0);
        lines_deinit(&lines);
        close(fd);
}

static void count_call(void *userdata)
{
        ++*(int *)userdata;
}

Test(lines, never_waits_where_there_is_a_loop)
{
        struct inbye_loop *loop;
        struct lines lines;
        int n_calls = 0, write_fd, fd = pipe_with("par", 3, &write_fd);

        cr_assert(zero(int, inbye_loop_open(&loop)));
        lines_init(&lines, fd, '\n', 100);
        lines_set_loop(&lines, loop, count_call, &n_calls);
        expect_none(&lines, -EAGAIN);
        expect_none(&lines, -EAGAIN);
        cr_assert(zero(int, inbye_loop_dispatch(loop, 0)));
        cr_assert(eq(int, (int)write(write_fd, "t\nrest", 6), 6));
        cr_assert(gt(int, inbye_loop_dispatch(loop, INBYE_SECOND), 0));
        cr_assert(eq(int, n_calls, 1));
        expect_line(&lines, "part");
        cr_assert(zero(int, inbye_loop_dispatch(loop, 0))); /* nobody wants a line: nothing is watched */
        close(write_fd);
        expect_line(&lines, "rest");
        expect_none(&lines, 0);
        lines_deinit(&lines);
        inbye_loop_free(loop);
        close(fd);
}

/* --- templates */

static void expect_expanded(const char *const *words, const char *item, const char *expected)
{
        scoped(strv_freep) char **argv = NULL;
        struct buf line = BUF_INIT;

        cr_assert(zero(int, template_expand(words, !template_has_place(words), item, 7, &argv)));
        str_quote_vector(&line, (const char *const *)argv);
        cr_assert(eq(str, line.data, (char *)expected));
        buf_deinit(&line);
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(template, replaces_as_parallel_does)
{
        expect_expanded(WORDS("x", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}"), "a.b/c.d.e",
                "x a.b/c.d.e a.b/c.d c.d.e a.b c.d 7");
        expect_expanded(WORDS("{.}", "{/}", "{//}", "{/.}"), "plain", "plain plain . plain");
        expect_expanded(WORDS("{.}", "{/}", "{//}", "{/.}"), "a.b/c", "a.b/c c a.b c");
        expect_expanded(WORDS("{.}", "{/}", "{//}", "{/.}"), "/c", "/c c / c");
        expect_expanded(WORDS("{.}", "{/}", "{//}", "{/.}"), ".profile", "'' .profile . ''");
        expect_expanded(WORDS("{//}"), "a/b/", "a");
        expect_expanded(WORDS("{//}"), "a//b", "a");
        expect_expanded(WORDS("{//}"), "//", "/");
        expect_expanded(WORDS("{//}"), "", ".");
}

Test(template, an_argument_stays_one)
{
        expect_expanded(WORDS("cp", "{}", "to={};{}"), "a b", "cp 'a b' 'to=a b;a b'");
        expect_expanded(WORDS("x", "{}"), "{#}{}", "x '{#}{}'");
        expect_expanded(WORDS("x", "{", "{y}", "}{"), "i", "x '{' '{y}' '}{' i");
        expect_expanded(WORDS("x"), "", "x ''");
        expect_expanded(WORDS("echo", "{#}"), "unseen", "echo 7");
}

Test(template, refuses_what_no_kernel_takes)
{
        scoped(freep) char *item = calloc(1, TEMPLATE_ARGUMENT_MAX + 2);
        char **argv = NULL;

        memset(item, 'x', TEMPLATE_ARGUMENT_MAX);
        cr_assert(zero(int, template_expand(WORDS("{}"), false, item, 1, &argv)));
        strv_free(argv);
        cr_assert(eq(int, template_expand(WORDS("{}y"), false, item, 1, &argv), -E2BIG));
        cr_assert(eq(int, template_expand(WORDS("{}{}"), false, item, 1, &argv), -E2BIG));
}

/* --- JSON */

static struct job_base base;

static void open_base(void)
{
        base = (struct job_base){
                .settings = settings_open(), .capture_limit = "1K", .capture_keep = "tail"
        };
        cr_assert(ne(ptr, (void *)base.settings, NULL));
}

static void close_base(void)
{
        settings_free((struct settings *)base.settings);
}

static struct inbye_command *parse(const char *line)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct job_fault fault;
        int r = job_from_json(line, strlen(line), &base, &job, &fault);

        cr_assert(zero(int, r), "%s: %s", line, fault.error.text);
        return job.command;
}

static char fault_text[1024]; /* of the last */

static void expect_fault(const char *line, size_t column, const char *part)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct job_fault fault;

        cr_assert(lt(int, job_from_json(line, strlen(line), &base, &job, &fault), 0), "%s", line);
        cr_assert(ne(ptr, strstr(fault.error.text, part), NULL), "%s: %s", line, fault.error.text);
        cr_assert(eq(sz, fault.column, column), "%s: %s", line, fault.error.text);
        cr_assert(zero(ptr, job.command));
        snprintf(fault_text, sizeof(fault_text), "%s", fault.error.text);
}

Test(job_json, an_array_is_an_argv, .init = open_base, .fini = close_base)
{
        struct inbye_command *command = parse("[\"echo\", \"a b\", \"\", \"\\u00e4\"]");
        const char *const *argv = inbye_command_argv(command);

        cr_assert(eq(str, (char *)argv[1], "a b"));
        cr_assert(eq(str, (char *)argv[2], ""));
        cr_assert(eq(str, (char *)argv[3], "\xc3\xa4"));
        cr_assert(zero(ptr, (void *)argv[4]));
        cr_assert(zero(ptr, (void *)inbye_command_id(command)));
        inbye_command_unref(command);
}

Test(job_json, an_object_takes_every_setting, .init = open_base, .fini = close_base)
{
        struct inbye_command *command = parse(
                "{\"timeout\": 1.5, \"argv\": [\"x\"], \"id\": 12, \"cwd\": \"/\", \"grace\": \"300ms\","
                "\"env\": {\"A\": \"1\", \"B\": null}, \"stdin\": \"text\", \"signal\": \"INT\","
                "\"success_codes\": [0, 3], \"nice\": 5, \"umask\": \"022\", \"clear_env\": true,"
                "\"allow_env\": [\"PATH\", \"HOME\"], \"rlimit\": [\"core=0\"], \"leftovers\": \"wait\","
                "\"setsid\": false, \"capture_keep\": \"head\", \"idle_timeout\": 0}");

        cr_assert(eq(str, (char *)inbye_command_id(command), "12"));
        inbye_command_unref(command);
}

Test(job_json, bytes_come_as_base64, .init = open_base, .fini = close_base)
{
        struct inbye_command *command = parse("[\"x\", {\"base64\": \"/wE=\"}, {\"base64\": \"\"}]");

        cr_assert(eq(str, (char *)inbye_command_argv(command)[1], "\xff\x01"));
        cr_assert(eq(str, (char *)inbye_command_argv(command)[2], ""));
        inbye_command_unref(command);
        expect_fault("[\"x\", {\"base64\": \"/wE\"}]", 1, "base64");
        expect_fault("[\"x\", {\"base64\": \"====\"}]", 1, "base64");
        expect_fault("[\"x\", {\"base64\": \"AGE=\"}]", 1, "NUL");
        expect_fault("[\"x\", {\"base64\": \"YWE=\", \"more\": 1}]", 1, "base64");
}

Test(job_json, says_what_is_wrong_and_where, .init = open_base, .fini = close_base)
{
        expect_fault("[\"echo\", \"a\"", 12, "not JSON");
        expect_fault("{\"argv\": [\"x\"]} x", 17, "not JSON");
        expect_fault("[\"a\\u0000b\"]", 2, "not JSON");
        expect_fault("\"echo\"", 1, "not JSON");
        expect_fault("[]", 1, "argv is empty");
        expect_fault("[\"\"]", 1, "argv is empty");
        expect_fault("{}", 1, "there is no argv");
        expect_fault("{\"id\": \"x\", \"argv\": \"x\"}", 13, "argv is not an array");
        expect_fault("{\"id\": \"\xc3\xa4\", \"argv\": [1]}", 13, "neither a string");
        expect_fault("{\"argv\": [\"x\"], \"timout\": 3}", 17, "did you mean 'timeout'");
        expect_fault("{\"argv\": [\"x\"], \"idle-timeout\": 3}", 17, "did you mean 'idle_timeout'");
        expect_fault("{\"argv\": [\"x\"], \"zzzzzz\": 3}", 17, "unknown key 'zzzzzz'");
        expect_fault("{\"argv\": [\"x\"], \"mechanism\": \"cgroup\"}", 17, "unknown key");
        expect_fault("{\"argv\": [\"x\"], \"timeout\": \"soon\"}", 17, "timeout: ");
        expect_fault("{\"argv\": [\"x\"], \"timeout\": -1}", 17, "timeout: ");
        expect_fault("{\"argv\": [\"x\"], \"timeout\": null}", 17, "timeout: ");
        expect_fault("{\"argv\": [\"x\"], \"umask\": 22}", 17, "umask: ");
        expect_fault("{\"argv\": [\"x\"], \"setsid\": 1}", 17, "setsid: ");
        expect_fault("{\"argv\": [\"x\"], \"id\": 1.5}", 17, "id is neither");
        expect_fault("{\"argv\": [\"x\"], \"id\": \"\"}", 17, "id is empty");
        expect_fault("{\"argv\": [\"x\"], \"env\": {\"A=\": \"\"}}", 17, "env: ");
        expect_fault("{\"argv\": [\"x\"], \"env\": [\"A=1\"]}", 17, "env is not an object");
        expect_fault("{\"argv\": [\"x\"], \"stdin\": \"\", \"stdin_file\": \"y\"}", 30, "exclude each other");
        expect_fault("{\"argv\": [\"x\"], \"argv\": [\"y\"]}", 17, "not JSON");
        expect_fault("[\"a\\u0000b\"]", 2, "\\u0000 is not taken");
        expect_fault("[\"x\", 3]", 1, "argv[1] is neither");
        expect_fault("{\"argv\": [\"x\"], \"success_codes\": 999}", 17, "success_codes: ");
        expect_fault("{\"argv\": [\"x\"], \"success_codes\": [0, {}]}", 17, "success_codes[1]: ");
        expect_fault("{\"argv\": [\"x\"], \"cwd\": \"\"}", 17, "cwd: ");
        cr_assert(zero(ptr, strstr(fault_text, "--")), "%s", fault_text);
}

/* --- the source as a whole */

static char error_text[1024];
static void keep_text(void *userdata, const char *text)
{
        (void)userdata;
        snprintf(error_text, sizeof(error_text), "%s", text);
}

static char *file_with(const char *text)
{
        static char path[64];
        int fd;

        snprintf(path, sizeof(path), "/tmp/inbye-test.XXXXXX");
        fd = mkstemp(path);
        cr_assert(ge(int, fd, 0));
        cr_assert(eq(int, (int)write(fd, text, strlen(text)), (int)strlen(text)));
        close(fd);
        return path;
}

static struct inbye_command *next_of(struct jobs *jobs)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

        cr_assert(eq(int, jobs_next(jobs, &job), 1));
        return job.command;
}

static void expect_first_word(struct jobs *jobs, const char *word)
{
        struct inbye_command *command = next_of(jobs);

        cr_assert(eq(str, (char *)inbye_command_argv(command)[0], (char *)word));
        inbye_command_unref(command);
}

Test(jobs, a_file_is_checked_before_its_first_job, .init = open_base, .fini = close_base)
{
        struct jobs_options options = { .base = base, .path = file_with("[\"a\"]\n\n[\"b\"\n") };
        struct inbye_error error = { 0 };
        struct jobs *jobs = NULL;

        cr_assert(eq(int, jobs_open(&options, &jobs, &error), -EBADMSG));
        cr_assert(ne(ptr, strstr(error.text, ":3:"), NULL), "%s", error.text);
        unlink(options.path);
}

Test(jobs, a_checked_file_is_read_from_its_start, .init = open_base, .fini = close_base)
{
        struct jobs_options options = { .base = base, .path = file_with("[\"a\"]\n \t\n[\"b\"]") };
        struct inbye_error error = { 0 };
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct jobs *jobs = NULL;

        cr_assert(zero(int, jobs_open(&options, &jobs, &error)));
        cr_assert(eq(u64, jobs_n_left(jobs), 2));
        expect_first_word(jobs, "a");
        expect_first_word(jobs, "b");
        cr_assert(zero(u64, jobs_n_left(jobs)));
        cr_assert(zero(int, jobs_next(jobs, &job)));
        jobs_free(jobs);
        unlink(options.path);
}

Test(jobs, an_invalid_line_can_be_skipped, .init = open_base, .fini = close_base)
{
        struct jobs_options options = {
                .base = base, .path = file_with("oops\n[\"b\"]\n"), .skip_invalid = true
        };
        struct inbye_error error = { 0 };
        struct jobs *jobs = NULL;

        cr_assert(zero(int, jobs_open(&options, &jobs, &error)));
        jobs_start(jobs, NULL, NULL, keep_text, NULL);
        expect_first_word(jobs, "b");
        cr_assert(ne(ptr, strstr(error_text, ":1:1: not JSON"), NULL), "%s", error_text);
        cr_assert(eq(u64, jobs_n_skipped(jobs), 1));
        jobs_free(jobs);
        unlink(options.path);
}

Test(jobs, a_pipe_is_checked_through_a_file_without_a_name, .init = open_base, .fini = close_base)
{
        struct jobs_options options = { .base = base };
        struct inbye_error error = { 0 };
        struct jobs *jobs = NULL;
        int fd = pipe_with("[\"a\"]\n[\"b\"]\n", 12, NULL);

        cr_assert(eq(int, dup2(fd, STDIN_FILENO), STDIN_FILENO));
        close(fd);
        cr_assert(zero(int, jobs_open(&options, &jobs, &error)), "%s", error.text);
        cr_assert(eq(u64, jobs_n_left(jobs), 2));
        expect_first_word(jobs, "a");
        expect_first_word(jobs, "b");
        jobs_free(jobs);
}

Test(jobs, items_of_the_command_line, .init = open_base, .fini = close_base)
{
        const char *const items[] = { "x y", "", NULL };
        struct jobs_options options = { .base = base, .words = WORDS("echo"), .items = items };
        struct inbye_error error = { 0 };
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct inbye_command *command;
        struct jobs *jobs = NULL;

        cr_assert(zero(int, jobs_open(&options, &jobs, &error)));
        command = next_of(jobs);
        cr_assert(eq(str, (char *)inbye_command_argv(command)[1], "x y"));
        cr_assert(eq(str, (char *)inbye_command_id(command), "x y"));
        inbye_command_unref(command);
        command = next_of(jobs);
        cr_assert(eq(str, (char *)inbye_command_argv(command)[1], ""));
        cr_assert(zero(ptr, (void *)inbye_command_id(command)));
        inbye_command_unref(command);
        cr_assert(zero(int, jobs_next(jobs, &job)));
        jobs_free(jobs);
}

Test(jobs, a_nul_in_an_item_is_refused, .init = open_base, .fini = close_base)
{
        struct jobs_options options = { .base = base, .words = WORDS("echo") };
        struct inbye_error error = { 0 };
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct jobs *jobs = NULL;
        int fd = pipe_with("a\0b\n", 4, NULL);

        cr_assert(eq(int, dup2(fd, STDIN_FILENO), STDIN_FILENO));
        close(fd);
        cr_assert(zero(int, jobs_open(&options, &jobs, &error)));
        jobs_start(jobs, NULL, NULL, keep_text, NULL);
        cr_assert(eq(int, jobs_next(jobs, &job), -EBADMSG));
        cr_assert(ne(ptr, strstr(error_text, "--null"), NULL), "%s", error_text);
        jobs_free(jobs);
}
