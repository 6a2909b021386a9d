/* SPDX-License-Identifier: MIT */
/*
 * The writers are programs (head, tr, sh) started with the pump's own end, so that pipes fill and end as they
 * do in life. Where a test must decide what happens when, it holds the writing end itself.
 */
#include "base/fd.h"
#include "capture/capture.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A pump in a loop, and what it told. */
struct rig {
        struct inbye_loop *loop;
        struct pump pump;
        uint64_t n_told;
        int n_over, n_end;
        bool free_on_bytes;
};

static void on_bytes(struct pump *pump, const char *data, size_t n)
{
        struct rig *rig = pump->userdata;

        cr_assert(ne(ptr, (void *)data, NULL));
        rig->n_told += n;
        if (rig->free_on_bytes)
                pump_deinit(pump);
}

static void on_over(struct pump *pump)
{
        ((struct rig *)pump->userdata)->n_over++;
}

static void on_end(struct pump *pump)
{
        ((struct rig *)pump->userdata)->n_end++;
}

static void rig_open(struct rig *rig, enum inbye_keep policy, size_t cap, int tee_fd)
{
        *rig = (struct rig){ .pump = PUMP_INIT };
        cr_assert(zero(int, inbye_loop_open(&rig->loop)));
        cr_assert(zero(int, pump_open(&rig->pump, policy, cap, NULL, tee_fd)));
        rig->pump.on_bytes = on_bytes;
        rig->pump.on_over = on_over;
        rig->pump.on_end = on_end;
        rig->pump.userdata = rig;
        cr_assert(zero(int, pump_start(&rig->pump, rig->loop)));
}

static void rig_close(struct rig *rig)
{
        pump_deinit(&rig->pump);
        pump_deinit(&rig->pump);
        inbye_loop_free(rig->loop);
}

static void rig_write(struct rig *rig, const char *text)
{
        cr_assert(zero(int, fd_write_all(rig->pump.write_fd, text, strlen(text))));
}

static pid_t start(struct rig *rig, const char *script)
{
        char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
        posix_spawn_file_actions_t actions;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, rig->pump.write_fd, STDOUT_FILENO);
        cr_assert(zero(int, posix_spawnp(&pid, "sh", &actions, NULL, argv, environ)));
        posix_spawn_file_actions_destroy(&actions);
        pump_close_write(&rig->pump);
        return pid;
}

static void turn(struct rig *rig)
{
        cr_assert(ge(int, inbye_loop_dispatch(rig->loop, INBYE_FOREVER), 0));
}

static void turn_until_end(struct rig *rig)
{
        while (!rig->pump.ended)
                turn(rig);
        cr_assert(eq(int, rig->n_end, 1));
}

static void reap(pid_t pid)
{
        int status;

        cr_assert(eq(int, waitpid(pid, &status, 0), pid));
        cr_assert(zero(int, status));
}

static void check_kept(struct rig *rig, const char *text)
{
        struct kept kept;

        cr_assert(zero(int, keep_finish(&rig->pump.keep, &kept)));
        cr_assert(eq(str, kept.data, (char *)text));
        kept_deinit(&kept);
}

static size_t rss_anon_kib(void)
{
        FILE *file = fopen("/proc/self/status", "re");
        char line[256];
        size_t kib = 0;

        cr_assert(ne(ptr, file, NULL));
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, "RssAnon:", 8) == 0)
                        kib = strtoull(line + 8, NULL, 10);
        fclose(file);
        return kib;
}

static bool is_readable(int fd)
{
        struct pollfd at = { .fd = fd, .events = POLLIN };

        return poll(&at, 1, 0) > 0;
}

Test(pump, takes_all_until_the_end_of_file)
{
        struct rig rig;
        pid_t pid;

        rig_open(&rig, INBYE_KEEP_BOTH, 1000, -1);
        pid = start(&rig, "echo one; echo two");
        turn_until_end(&rig);
        reap(pid);
        cr_assert(eq(u64, rig.n_told, 8));
        check_kept(&rig, "one\ntwo\n");
        pump_drain(&rig.pump);
        rig_close(&rig);
}

Test(pump, ends_where_nothing_was_written)
{
        struct rig rig;

        rig_open(&rig, INBYE_KEEP_BOTH, 1000, -1);
        pump_close_write(&rig.pump);
        turn_until_end(&rig);
        check_kept(&rig, "");
        rig_close(&rig);
}

Test(pump, a_line_without_end_costs_no_memory)
{
        struct rig rig;
        size_t before = rss_anon_kib();
        pid_t pid;

        rig_open(&rig, INBYE_KEEP_BOTH, INBYE_CAPTURE_DEFAULT, -1);
        pid = start(&rig, "head -c 268435456 /dev/zero");
        while (!rig.pump.ended) {
                turn(&rig);
                cr_assert(lt(sz, rss_anon_kib(), before + 24 * 1024));
        }
        reap(pid);
        cr_assert(eq(u64, rig.pump.keep.n_seen, 256 << 20));
        cr_assert(eq(u64, rig.n_told, 256 << 20));
        cr_assert(rig.pump.grown);
        rig_close(&rig);
}

Test(pump, a_turn_is_bounded)
{
        struct rig rig;
        pid_t pid;

        rig_open(&rig, INBYE_KEEP_TAIL, 4 << 20, -1);
        pid = start(&rig, "head -c 33554432 /dev/zero");
        for (uint64_t told = 0; !rig.pump.ended; told = rig.n_told) {
                turn(&rig);
                cr_assert(le(u64, rig.n_told - told, 1 << 20));
        }
        reap(pid);
        rig_close(&rig);
}

Test(pump, tells_once_that_the_cap_was_overrun)
{
        struct rig rig;

        rig_open(&rig, INBYE_KEEP_FAIL, 4, -1);
        rig_write(&rig, "1234");
        turn(&rig);
        cr_assert(zero(int, rig.n_over));
        rig_write(&rig, "5");
        turn(&rig);
        cr_assert(eq(int, rig.n_over, 1));
        rig_write(&rig, "6");
        pump_close_write(&rig.pump);
        turn_until_end(&rig);
        cr_assert(eq(int, rig.n_over, 1));
        cr_assert(eq(u64, rig.pump.keep.n_seen, 6));
        check_kept(&rig, "1234");
        rig_close(&rig);
}

Test(pump, drains_on_when_the_spill_fails)
{
        struct rig rig;

        rig_open(&rig, INBYE_KEEP_SPILL, 4, -1);
        rig.pump.keep.spill_path = "/nonexistent/file";
        rig_write(&rig, "12345");
        turn(&rig);
        cr_assert(eq(int, rig.pump.error, ENOENT));
        rig_write(&rig, "67");
        pump_close_write(&rig.pump);
        turn_until_end(&rig);
        cr_assert(eq(u64, rig.pump.keep.n_seen, 7));
        cr_assert(keep_is_truncated(&rig.pump.keep));
        rig_close(&rig);
}

Test(pump, may_be_freed_while_it_tells)
{
        struct rig rig;

        rig_open(&rig, INBYE_KEEP_FAIL, 1, -1);
        rig.free_on_bytes = true;
        rig_write(&rig, "bytes");
        turn(&rig);
        cr_assert(eq(u64, rig.n_told, 5));
        cr_assert(zero(int, rig.n_over));
        rig_close(&rig);
}

Test(pump, drain_takes_what_is_there_and_leaves_a_writer_that_never_closes)
{
        struct rig rig;
        int writer;

        rig_open(&rig, INBYE_KEEP_BOTH, 1000, -1);
        writer = fd_dup_above(rig.pump.write_fd, 3);
        pump_close_write(&rig.pump);
        cr_assert(zero(int, fd_write_all(writer, "last words", 10)));
        pump_drain(&rig.pump);
        cr_assert(eq(int, rig.pump.fd, -1));
        cr_assert(not(rig.pump.ended));
        cr_assert(zero(int, rig.n_end));
        cr_assert(eq(u64, rig.n_told, 10));
        check_kept(&rig, "last words");
        fd_close(writer);
        rig_close(&rig);
}

/* yes(1) writes faster than we read, for ever. */
Test(pump, drain_takes_no_more_than_the_pipe_held)
{
        struct rig rig;
        pid_t pid;
        uint64_t before;

        rig_open(&rig, INBYE_KEEP_TAIL, 1000, -1);
        pid = start(&rig, "exec yes");
        turn(&rig);
        before = rig.n_told;
        pump_drain(&rig.pump);
        cr_assert(le(u64, rig.n_told - before, 256 << 10));
        cr_assert(eq(int, waitpid(pid, NULL, 0), pid)); /* of SIGPIPE */
        rig_close(&rig);
}

/* Fill a pipe until it takes nothing more. @return bytes. */
static size_t stuff(int fd)
{
        struct pollfd at = { .fd = fd, .events = POLLOUT };
        static const char page[4096];
        size_t n = 0;

        while (poll(&at, 1, 0) > 0)
                n += (size_t)write(fd, page, sizeof(page));
        return n;
}

static void swallow(int fd, size_t n)
{
        char data[4096];

        while (n > 0) {
                ssize_t got = read(fd, data, n < sizeof(data) ? n : sizeof(data));

                cr_assert(gt(i64, got, 0));
                n -= (size_t)got;
        }
}

Test(pump, reads_nothing_while_the_tee_is_full)
{
        int sink[2];
        struct rig rig;
        char text[8] = "";
        size_t n;

        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        n = stuff(sink[1]);
        rig_open(&rig, INBYE_KEEP_BOTH, 1000, sink[1]);
        rig_write(&rig, "one");
        turn(&rig);
        rig_write(&rig, "two");
        pump_close_write(&rig.pump);
        cr_assert(eq(int, inbye_loop_dispatch(rig.loop, 0) >= 0, 1));
        cr_assert(zero(int, inbye_loop_dispatch(rig.loop, 0))); /* the hang-up does not spin */
        cr_assert(eq(u64, rig.n_told, 3));
        cr_assert(not(rig.pump.ended));
        swallow(sink[0], n);
        turn_until_end(&rig);
        cr_assert(eq(u64, rig.n_told, 6));
        cr_assert(eq(i64, read(sink[0], text, sizeof(text)), 6));
        cr_assert(eq(str, text, (char *)"onetwo"));
        check_kept(&rig, "onetwo");
        cr_assert(not(fcntl(sink[1], F_GETFL) & O_NONBLOCK));
        rig_close(&rig);
        fd_close(sink[0]);
        fd_close(sink[1]);
}

/* A reader at its own pace behind the sink gets every byte in order. */
static void check_slow_tee(int tee_fd, int read_fd)
{
        enum { N = 3000000 };
        struct rig rig;
        size_t n_got = 0;
        pid_t pid;

        rig_open(&rig, INBYE_KEEP_HEAD, 1000, tee_fd);
        pid = start(&rig, "yes 0123456789abcde | head -c 3000000");
        while (n_got < N) {
                char data[5000];
                ssize_t got;

                while (!is_readable(read_fd))
                        turn(&rig);
                got = read(read_fd, data, sizeof(data));
                cr_assert(gt(i64, got, 0));
                for (ssize_t i = 0; i < got; i++)
                        cr_assert(eq(chr, data[i], "0123456789abcde\n"[(n_got + (size_t)i) % 16]));
                n_got += (size_t)got;
        }
        turn_until_end(&rig);
        reap(pid);
        cr_assert(eq(u64, rig.pump.keep.n_seen, N));
        cr_assert(zero(int, rig.pump.tee_error));
        rig_close(&rig);
}

Test(pump, tee_to_a_slow_pipe_loses_nothing)
{
        int sink[2];

        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        check_slow_tee(sink[1], sink[0]);
}

Test(pump, tee_to_a_slow_socket_loses_nothing)
{
        int sink[2];

        cr_assert(zero(int, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sink)));
        check_slow_tee(sink[1], sink[0]);
}

Test(pump, two_pumps_share_a_sink_and_a_file_takes_all)
{
        char path[] = "/tmp/inbye-test-pump-XXXXXX", text[16] = "";
        int fd = mkstemp(path);
        struct rig one, two;

        cr_assert(ge(int, fd, 0));
        cr_assert(zero(int, unlink(path)));
        rig_open(&one, INBYE_KEEP_BOTH, 100, fd);
        rig_open(&two, INBYE_KEEP_BOTH, 100, fd);
        rig_write(&one, "one");
        turn(&one);
        rig_write(&two, "two");
        turn(&two);
        cr_assert(eq(i64, pread(fd, text, sizeof(text), 0), 6));
        cr_assert(eq(str, text, (char *)"onetwo"));
        rig_close(&one);
        rig_close(&two);
        fd_close(fd);
}

Test(pump, two_pumps_of_a_loop_share_a_pipe_as_sink)
{
        struct pump other = PUMP_INIT;
        struct rig rig;
        int sink[2];

        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        rig_open(&rig, INBYE_KEEP_BOTH, 100, sink[1]);
        cr_assert(zero(int, pump_open(&other, INBYE_KEEP_BOTH, 100, NULL, sink[1])));
        cr_assert(zero(int, pump_start(&other, rig.loop)));
        pump_deinit(&other);
        rig_close(&rig);
        fd_close(sink[0]);
        fd_close(sink[1]);
}

static void check_broken_tee(int tee_fd, int number)
{
        struct rig rig;

        rig_open(&rig, INBYE_KEEP_BOTH, 100, tee_fd);
        rig_write(&rig, "one");
        while (rig.n_told < 3)
                turn(&rig);
        cr_assert(eq(int, rig.pump.tee_error, number));
        cr_assert(eq(int, rig.pump.tee_fd, -1));
        if (number == EPIPE) { /* the child is to see it as well */
                cr_assert(eq(int, rig.pump.fd, -1));
                pump_drain(&rig.pump);
                check_kept(&rig, "one");
        } else {
                rig_write(&rig, "two");
                pump_close_write(&rig.pump);
                turn_until_end(&rig);
                check_kept(&rig, "onetwo");
        }
        rig_close(&rig);
}

/* SIGPIPE has its default action here: that the test lives shows that none came. */
Test(pump, a_tee_that_breaks_is_dropped)
{
        int sink[2], pair[2];

        cr_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        fd_close(sink[0]);
        check_broken_tee(sink[1], EPIPE);
        cr_assert(zero(int, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)));
        fd_close(pair[0]);
        check_broken_tee(pair[1], EPIPE);
        check_broken_tee(open("/dev/full", O_WRONLY | O_CLOEXEC), ENOSPC);
}

Test(pump, a_pending_sigpipe_of_the_owner_stays)
{
        int sink[2];
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        cr_assert(zero(int, pthread_sigmask(SIG_BLOCK, &set, NULL)));
        cr_assert(zero(int, raise(SIGPIPE)));
        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        fd_close(sink[0]);
        check_broken_tee(sink[1], EPIPE);
        cr_assert(zero(int, sigpending(&set)));
        cr_assert(eq(int, sigismember(&set, SIGPIPE), 1));
}

Test(pump, drain_gives_up_on_a_tee_that_never_takes_bytes)
{
        struct rig rig;
        int sink[2];

        cr_assert(zero(int, pipe2(sink, O_CLOEXEC)));
        stuff(sink[1]);
        rig_open(&rig, INBYE_KEEP_BOTH, 100, sink[1]);
        rig_write(&rig, "one");
        pump_drain(&rig.pump);
        cr_assert(eq(int, rig.pump.tee_error, ETIMEDOUT));
        check_kept(&rig, "one");
        rig_close(&rig);
}

Test(pump, a_bad_tee_is_refused)
{
        struct pump pump = PUMP_INIT;

        cr_assert(eq(int, pump_open(&pump, INBYE_KEEP_BOTH, 100, NULL, 987), -EBADF));
        cr_assert(eq(int, pump.fd, -1));
        cr_assert(eq(int, pump.write_fd, -1));
        pump_deinit(&pump);
}
