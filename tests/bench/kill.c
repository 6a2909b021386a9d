/* SPDX-License-Identifier: MIT */
/*
 * From the wish to end a tree to its result: a thousand sleepers against one bare cgroup.kill; one process
 * that has just been started, and a daemon that a command left behind, against the clock. Ten milliseconds is
 * how late the kernel may tell of an empty cgroup: that must not show.
 */
#include "bench.h"
#include <inbye/inbye.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENOUGH_MS 2.0

struct kills {
        struct host host;
        struct inbye_command *command;
        const char *argv[4];
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        bool *is_ready = userdata;

        (void)process;
        if (event->kind == INBYE_EVENT_OUTPUT)
                *is_ready = true;
}

static struct inbye_process *spawn_ready(struct kills *kills)
{
        struct inbye_process *process;
        struct inbye_error error;
        bool is_ready = false;

        if (inbye_group_spawn(kills->host.group, kills->command, &process, &error) < 0)
                die("%s", error.text);
        inbye_process_on_event(process, on_event, &is_ready);
        while (!is_ready)
                if (inbye_process_result(process) || inbye_loop_dispatch(kills->host.loop, INBYE_FOREVER) < 0)
                        die("the tree did not come up");
        inbye_process_on_event(process, NULL, NULL);
        return process;
}

static double end(struct inbye_process *process)
{
        double since = now(), taken;

        if (inbye_process_cancel(process, SIGKILL, 0) < 0 ||
                inbye_process_wait(process, INBYE_FOREVER, NULL) < 0)
                die("cannot end a tree");
        taken = now() - since;
        if (inbye_result_status(inbye_process_result(process)) != INBYE_CANCELLED)
                die("a tree ended otherwise");
        inbye_process_free(process);
        reap_ended();
        return taken * 1e3;
}

static double kill_held(void *userdata)
{
        return end(spawn_ready(userdata));
}

static void read_ready(int fd)
{
        char text[16];

        if (read(fd, text, sizeof(text)) <= 0)
                die("the tree did not come up");
        close(fd);
}

static double kill_bare(void *userdata)
{
        struct kills *kills = userdata;
        struct leaf leaf;
        double since, taken;
        int fds[2];

        if (pipe(fds) < 0)
                die("no pipe");
        leaf_open(&leaf);
        (void)leaf_start(&leaf, kills->argv, fds[1]);
        close(fds[1]);
        read_ready(fds[0]);
        since = now();
        leaf_kill(&leaf);
        taken = now() - since;
        reap_ended();
        leaf_close(&leaf);
        return taken * 1e3;
}

static void kills_open(struct kills *kills, const char *program, const char *what, const char *n)
{
        host_open(&kills->host);
        kills->argv[0] = program;
        kills->argv[1] = what;
        kills->argv[2] = n;
        kills->command = command_of(kills->argv);
}

static void kills_close(struct kills *kills)
{
        inbye_command_unref(kills->command);
        host_close(&kills->host);
        reap_all();
}

static void kill_many(const struct bench *bench)
{
        struct kills kills = { 0 };
        struct outcome outcome;

        kills_open(&kills, bench->load, "sleepers", "1000");
        outcome = contest_run(&(struct contest){ .ours = kill_held,
                .theirs = kill_bare,
                .userdata = &kills,
                .n_rounds = bench->quick ? 5 : 21 });
        kills_close(&kills);
        row_print(&(struct row){ .what = "end a tree of 1000 sleepers / bare cgroup.kill",
                .unit = "ms",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_MOST,
                .wanted = 1.2 });
}

static void print_time(const char *what, const char *which, double ms, enum wish wish)
{
        char text[64];

        snprintf(text, sizeof(text), "%s, %s", what, which);
        row_print(&(struct row){ .what = text, .unit = "ms", .ours = ms, .wish = wish, .wanted = ENOUGH_MS });
}

/* The slowest of a few say nothing but how busy the machine was. */
static void print_times(const struct bench *bench, const char *what, struct samples *samples)
{
        print_time(what, "median", samples_quantile(samples, 0.5), AT_MOST);
        print_time(what, "95 %", samples_quantile(samples, 0.95), bench->quick ? WITHOUT_WISH : AT_MOST);
        samples_free(samples);
}

static void kill_one(const struct bench *bench)
{
        struct kills kills = { 0 };
        struct samples samples = { 0 };

        kills_open(&kills, "/bin/sleep", "1000", NULL);
        for (int i = 0; i < (bench->quick ? 50 : 300); i++) {
                struct inbye_process *process;

                if (inbye_group_spawn(kills.host.group, kills.command, &process, NULL) < 0)
                        die("cannot start /bin/sleep");
                samples_add(&samples, end(process));
        }
        kills_close(&kills);
        print_times(bench, "end one process just started", &samples);
}

static void on_exit_of_main(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        double *since = userdata;

        (void)process;
        if (event->kind == INBYE_EVENT_EXITED)
                *since = now();
}

/* From the end of the command to its result: in between the daemon that it left is found and ended. */
static double end_leftover(struct kills *kills)
{
        struct inbye_process *process;
        double since = 0, taken;

        if (inbye_group_spawn(kills->host.group, kills->command, &process, NULL) < 0)
                die("cannot start %s", kills->argv[0]);
        inbye_process_on_event(process, on_exit_of_main, &since);
        if (inbye_process_wait(process, INBYE_FOREVER, NULL) < 0)
                die("cannot wait");
        taken = now() - since;
        if (inbye_result_n_leftovers(inbye_process_result(process)) != 1)
                die("the daemon was not found");
        inbye_process_free(process);
        reap_ended();
        return taken * 1e3;
}

static void kill_leftover(const struct bench *bench)
{
        struct kills kills = { 0 };
        struct samples samples = { 0 };

        kills_open(&kills, bench->load, "daemon", NULL);
        for (int i = 0; i < (bench->quick ? 50 : 300); i++)
                samples_add(&samples, end_leftover(&kills));
        kills_close(&kills);
        print_time("end a daemon that was left behind", "median", samples_quantile(&samples, 0.5), AT_MOST);
        print_time(
                "end a daemon that was left behind", "95 %", samples_quantile(&samples, 0.95), WITHOUT_WISH);
        samples_free(&samples);
}

void bench_kill(const struct bench *bench)
{
        kill_many(bench);
        kill_one(bench);
        kill_leftover(bench);
}
