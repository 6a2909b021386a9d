/* SPDX-License-Identifier: MIT */
/* The reader is the test itself where order matters, else a program that reads its standard input. */
#include "base/fd.h"
#include "capture/capture.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { TEN_MIB = 10 << 20 };

static struct inbye_loop *new_loop(void)
{
        struct inbye_loop *loop;

        cr_assert(zero(int, inbye_loop_open(&loop)));
        return loop;
}

static pid_t start(struct feed *feed, const char *script)
{
        char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, feed->read_fd, STDIN_FILENO);
        cr_assert(zero(int, posix_spawnp(&pid, "sh", &actions, NULL, argv, environ)));
        posix_spawn_file_actions_destroy(&actions);
        feed_close_read(feed);
        return pid;
}

static void turn_until_closed(struct inbye_loop *loop, struct feed *feed)
{
        while (feed->fd >= 0)
                cr_assert(ge(int, inbye_loop_dispatch(loop, INBYE_FOREVER), 0));
}

static int wait_for(pid_t pid)
{
        int status;

        cr_assert(eq(int, waitpid(pid, &status, 0), pid));
        return status;
}

static void expect(int fd, const char *text)
{
        char data[64] = "";

        cr_assert(eq(i64, read(fd, data, sizeof(data) - 1), (ssize_t)strlen(text)));
        cr_assert(eq(str, data, (char *)text));
}

Test(feed, small_input_never_needs_the_loop)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;

        cr_assert(zero(int, feed_open(&feed, "hello", 5, true)));
        cr_assert(zero(int, feed_start(&feed, loop)));
        cr_assert(eq(int, feed.fd, -1));
        cr_assert(not(feed.broken));
        expect(feed.read_fd, "hello");
        expect(feed.read_fd, "");
        feed_deinit(&feed);
        feed_deinit(&feed);
        inbye_loop_free(loop);
}

Test(feed, no_input_is_an_end_of_file)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;

        cr_assert(zero(int, feed_open(&feed, NULL, 0, true)));
        cr_assert(zero(int, feed_start(&feed, loop)));
        expect(feed.read_fd, "");
        feed_deinit(&feed);
        inbye_loop_free(loop);
}

Test(feed, large_input_arrives_whole)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;
        char *bytes = malloc(TEN_MIB);
        pid_t pid;

        memset(bytes, 'x', TEN_MIB);
        cr_assert(zero(int, feed_open(&feed, bytes, TEN_MIB, true)));
        pid = start(&feed, "test $(wc -c) = 10485760");
        cr_assert(zero(int, feed_start(&feed, loop)));
        turn_until_closed(loop, &feed);
        cr_assert(not(feed.broken));
        cr_assert(zero(int, wait_for(pid)));
        feed_deinit(&feed);
        inbye_loop_free(loop);
        free(bytes);
}

Test(feed, a_reader_that_reads_nothing_is_no_error)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;
        char *bytes = calloc(1, TEN_MIB);
        pid_t pid;

        cr_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
        cr_assert(zero(int, feed_open(&feed, bytes, TEN_MIB, true)));
        pid = start(&feed, "exit 0");
        cr_assert(zero(int, feed_start(&feed, loop)));
        turn_until_closed(loop, &feed);
        cr_assert(feed.broken);
        cr_assert(zero(int, wait_for(pid)));
        cr_assert(eq(int, feed_write(&feed, "x", 1), -EPIPE));
        feed_deinit(&feed);
        inbye_loop_free(loop);
        free(bytes);
}

Test(feed, notices_that_the_reader_has_gone_while_idle)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;

        cr_assert(zero(int, feed_open(&feed, NULL, 0, false)));
        cr_assert(zero(int, feed_start(&feed, loop)));
        cr_assert(zero(int, inbye_loop_dispatch(loop, 0)));
        feed_close_read(&feed);
        turn_until_closed(loop, &feed);
        cr_assert(feed.broken);
        feed_deinit(&feed);
        inbye_loop_free(loop);
}

Test(feed, writes_in_order_what_came_before_and_after_the_start)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;

        cr_assert(zero(int, feed_open(&feed, "a", 1, false)));
        cr_assert(zero(int, feed_write(&feed, "b", 1)));
        cr_assert(zero(int, feed_start(&feed, loop)));
        expect(feed.read_fd, "ab");
        cr_assert(zero(int, feed_write(&feed, "c", 1)));
        expect(feed.read_fd, "c");
        cr_assert(zero(int, inbye_loop_dispatch(loop, 0))); /* nothing to do, and no spinning */
        cr_assert(zero(int, feed_end(&feed)));
        cr_assert(zero(int, feed_end(&feed)));
        cr_assert(eq(int, feed_write(&feed, "d", 1), -EPIPE));
        expect(feed.read_fd, "");
        feed_deinit(&feed);
        inbye_loop_free(loop);
}

Test(feed, end_comes_after_what_waits_and_a_full_queue_says_so)
{
        struct inbye_loop *loop = new_loop();
        struct feed feed = FEED_INIT;
        char *bytes = malloc(TEN_MIB / 10);
        int r, n = 0;
        pid_t pid;

        memset(bytes, 'x', TEN_MIB / 10);
        cr_assert(zero(int, feed_open(&feed, NULL, 0, false)));
        cr_assert(zero(int, feed_start(&feed, loop)));
        while ((r = feed_write(&feed, bytes, TEN_MIB / 10)) == 0)
                n++;
        cr_assert(eq(int, r, -EAGAIN));
        cr_assert(eq(int, n, 2));
        cr_assert(zero(int, feed_end(&feed)));
        cr_assert(ge(int, feed.fd, 0));
        pid = start(&feed, "test $(wc -c) = 2097152");
        turn_until_closed(loop, &feed);
        cr_assert(zero(int, wait_for(pid)));
        feed_deinit(&feed);
        inbye_loop_free(loop);
        free(bytes);
}
