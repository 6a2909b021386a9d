/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/fd.h"
#include "limit/scope.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Well over what a busy machine takes for an answer, well under what it may take. */
#define PATIENCE (20 * INBYE_SECOND)
#define SHORT (200 * INBYE_MILLISECOND)

/* A bus that is asked by whoever asks his own. */
struct bus {
        char dir[64], path[80];
        pid_t pid;
};

static void bus_start(struct bus *bus, const char *how)
{
        char script[512], address[96], ready[8] = "";
        posix_spawn_file_actions_t actions;
        int out[2];

        snprintf(bus->dir, sizeof(bus->dir), "/tmp/inbye-bus.XXXXXX");
        cr_assert(ne(ptr, mkdtemp(bus->dir), NULL));
        snprintf(bus->path, sizeof(bus->path), "%s/bus", bus->dir);
        snprintf(address, sizeof(address), "unix:path=%s", bus->path);
        setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
        setenv("DBUS_SESSION_BUS_ADDRESS", address, 1);
        snprintf(script, sizeof(script), "%s/tests/unit/fake_bus.py", getenv("INBYE_SOURCE"));
        cr_assert(zero(int, pipe2(out, O_CLOEXEC)));
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        cr_assert(zero(int, posix_spawnp(&bus->pid, "python3", &actions, NULL,
                                    (char *[]){ "python3", script, bus->path, (char *)how, NULL }, environ)));
        posix_spawn_file_actions_destroy(&actions);
        fd_close(out[1]);
        cr_assert(eq(long, read(out[0], ready, 6), 6));
        fd_close(out[0]);
}

/* It goes by itself when nobody is connected any more. */
static void bus_stop(struct bus *bus)
{
        int status;

        cr_assert(eq(int, waitpid(bus->pid, &status, 0), bus->pid));
        cr_assert(zero(int, status));
        unlink(bus->path);
        rmdir(bus->dir);
}

static int enter(const char *how, uint64_t timeout_ns, struct inbye_error *reterr)
{
        struct bus bus;
        int r;

        bus_start(&bus, how);
        r = scope_enter(timeout_ns, reterr);
        bus_stop(&bus);
        return r;
}

static void expect(const char *how, int wanted, const char *text)
{
        struct inbye_error error = { 0 };
        int r = enter(how, PATIENCE, &error);

        /* Whoever writes to a bus that goes learns of it by the one or the other. */
        if (r == -EPIPE && wanted == -ECONNRESET)
                r = wanted;
        cr_assert(eq(int, r, wanted), "%s", error.text);
        cr_assert(ne(ptr, strstr(error.text, text), NULL), "%s", error.text);
        if (r < 0)
                cr_assert(ne(chr, error.hint[0], '\0'));
}

static void expect_in_time(const char *how)
{
        uint64_t begin_ns, took_ns;
        struct inbye_error error = { 0 };
        struct bus bus;
        int r;

        bus_start(&bus, how);
        begin_ns = clock_now_ns();
        r = scope_enter(SHORT, &error);
        took_ns = clock_now_ns() - begin_ns;
        bus_stop(&bus);
        cr_assert(eq(int, r, -ETIMEDOUT), "%s", error.text);
        cr_assert(ge(u64, took_ns, SHORT - INBYE_MILLISECOND));
        cr_assert(lt(u64, took_ns, SHORT + 3 * INBYE_SECOND));
        cr_assert(ne(ptr, strstr(error.text, "no answer within 0.2 s"), NULL), "%s", error.text);
        cr_assert(ne(ptr, strstr(error.hint, "systemctl"), NULL), "%s", error.hint);
}

Test(scope, is_entered_when_the_job_is_done)
{
        expect("granting", 0, "");
}

Test(scope, is_refused_in_the_words_of_systemd)
{
        expect("refusing", -EACCES, "not for you");
}

Test(scope, is_refused_when_the_job_fails)
{
        expect("failing", -EIO, "failed");
}

Test(scope, is_refused_when_the_bus_goes_away)
{
        expect("absent", -ECONNRESET, "gave no scope");
}

Test(scope, is_refused_where_there_is_no_bus)
{
        struct inbye_error error = { 0 };

        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
        setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
        cr_assert(eq(int, scope_enter(PATIENCE, &error), -ENOENT), "%s", error.text);
        cr_assert(ne(chr, error.hint[0], '\0'));
}

Test(scope, is_not_waited_for_when_the_bus_never_speaks)
{
        expect_in_time("deaf");
}

Test(scope, is_not_waited_for_when_systemd_is_silent)
{
        expect_in_time("mute");
}
