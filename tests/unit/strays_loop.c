/* SPDX-License-Identifier: MIT */
/*
 * Who got away from a tree, found by an owner that reaps orphans; and who must not be touched. A plain
 * program of one thread, as for orphans_loop.c.
 *
 * The strays leave a process group, which needs no right and no cgroup. Each writes its pid once it is what
 * it is to be; whether it lives is asked of that pid, which nobody but us reaps.
 */
#include "sys/proc.h"
#include <inbye/inbye.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE (20 * INBYE_SECOND)

static int n_passed, n_failed, n_skipped;

static void check(bool good, const char *what)
{
        if (good)
                n_passed++;
        else
                n_failed++;
        if (!good)
                printf("not ok %s\n", what);
}

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        printf("cannot %s: %s\n", what, strerror(-r));
        exit(1);
}

/* One command, told to end by a byte on its standard input, when its output has been read. */
struct run {
        struct inbye_group *group;
        struct inbye_process *process;
        struct inbye_result *result;
        char output[64];
        size_t n_output;
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct run *run = userdata;

        (void)process;
        if (event->kind != INBYE_EVENT_OUTPUT || run->n_output + event->n_bytes >= sizeof(run->output))
                return;
        memcpy(run->output + run->n_output, event->data, event->n_bytes);
        run->n_output += event->n_bytes;
}

static void run_open(struct run *run, struct inbye_loop *loop, uint32_t mechanism, const char *script)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_command *command = NULL;

        *run = (struct run){ 0 };
        options.mechanisms = mechanism;
        must(inbye_group_open(loop, &options, &run->group, NULL), "open a group");
        must(inbye_command_open((const char *const[]){ "sh", "-c", script, NULL }, &command), "make it");
        must(inbye_command_set_input(command, INBYE_INPUT_PIPE), "feed it");
        must(inbye_group_spawn(run->group, command, &run->process, NULL), "start it");
        inbye_process_on_event(run->process, on_event, run);
        inbye_command_unref(command);
}

/* The pid that it wrote in its first line. */
static pid_t run_read_pid(struct run *run, struct inbye_loop *loop)
{
        while (!memchr(run->output, '\n', run->n_output))
                if (inbye_loop_dispatch(loop, PATIENCE) <= 0)
                        return -1;
        return (pid_t)strtol(run->output, NULL, 10);
}

static uint64_t run_end(struct run *run)
{
        must(inbye_process_close_input(run->process), "end it");
        must(inbye_process_wait(run->process, PATIENCE, &run->result), "wait for its end");
        return inbye_result_n_escaped(run->result);
}

static void run_close(struct run *run)
{
        inbye_result_unref(run->result);
        inbye_process_free(run->process);
        inbye_group_free(run->group);
}

static bool is_alive(pid_t pid)
{
        struct proc_stat stat;

        return pid > 0 && proc_read_stat(pid, &stat) == 0 && stat.state != 'Z';
}

static struct inbye_loop *open_reaping(void)
{
        struct inbye_loop *loop = NULL;

        must(inbye_loop_open(&loop), "open a loop");
        must(inbye_loop_reap_orphans(loop), "reap orphans");
        return loop;
}

/* --- found ---------------------------------------------------------------------------------------------- */

#define LEAVES "setsid sh -c 'echo $$; exec sleep 50 >/dev/null' & read line; exit 0"
#define STAYS "read line; exit 0"

static void finds_who_left_the_group(void)
{
        struct inbye_loop *loop = open_reaping();
        const struct inbye_leftover *one;
        struct run run;
        pid_t pid;

        run_open(&run, loop, INBYE_MECHANISM_PGROUP, LEAVES);
        pid = run_read_pid(&run, loop);
        check(is_alive(pid), "the stray is there before the end");
        check(run_end(&run) == 1, "one has escaped");
        check(!is_alive(pid), "it was ended");
        one = inbye_result_escaped(run.result, 0);
        check(one && one->pid == pid && !one->unkillable, "it is the one that is named");
        check(!inbye_result_escaped(run.result, 1), "and no other");
        check(inbye_result_status(run.result) == INBYE_OK, "the command is ok");
        run_close(&run);
        run_open(&run, loop, INBYE_MECHANISM_PGROUP, STAYS);
        check(run_end(&run) == 0, "of a tree that stays together none has escaped");
        run_close(&run);
        inbye_loop_free(loop);
}

static void finds_what_a_stray_has_made(void)
{
        struct inbye_loop *loop = open_reaping();
        struct run run;
        pid_t pid;

        run_open(&run, loop, INBYE_MECHANISM_PGROUP,
                "setsid sh -c 'setsid sh -c \"echo \\$\\$; exec sleep 50 >/dev/null\" & exec sleep 50' & "
                "read line; exit 0");
        pid = run_read_pid(&run, loop);
        check(run_end(&run) == 2, "a stray and what it made have escaped");
        check(!is_alive(pid), "what it made was ended");
        run_close(&run);
        inbye_loop_free(loop);
}

/* Whose it is nobody can say as long as both run. */
static void waits_for_the_last_tree_of_process_groups(void)
{
        struct inbye_loop *loop = open_reaping();
        struct run first, last;
        pid_t pid;

        run_open(&last, loop, INBYE_MECHANISM_PGROUP, STAYS);
        run_open(&first, loop, INBYE_MECHANISM_PGROUP, LEAVES);
        pid = run_read_pid(&first, loop);
        check(run_end(&first) == INBYE_UNKNOWN, "beside another tree it is not known");
        check(is_alive(pid), "and nobody is touched");
        check(run_end(&last) == 1, "the last tree finds it");
        check(!is_alive(pid), "and ends it");
        run_close(&first);
        run_close(&last);
        inbye_loop_free(loop);
}

/* --- not touched ---------------------------------------------------------------------------------------- */

static bool has_mechanism(uint32_t mechanism)
{
        const struct inbye_host_mechanism *one;
        struct inbye_host *host = NULL;
        bool works = false;

        must(inbye_host_open(&host), "look at the host");
        for (size_t i = 0; (one = inbye_host_mechanism(host, i)); i++)
                works |= one->mechanism == mechanism && one->number == 0;
        inbye_host_free(host);
        return works;
}

/* An orphan that is a member of a tree that runs is that tree's, and the warden is nobody's. */
static void leaves_the_orphans_of_another_tree_alone(void)
{
        struct inbye_loop *loop = open_reaping();
        struct run first, last;
        pid_t pid;

        run_open(&first, loop, INBYE_MECHANISM_CGROUP, STAYS);
        run_open(&last, loop, INBYE_MECHANISM_CGROUP,
                "sh -c 'sleep 50 >/dev/null & echo $!'; read line; exit 0");
        pid = run_read_pid(&last, loop);
        check(run_end(&first) == 0, "an orphan of another tree has not escaped");
        check(is_alive(pid), "and lives on");
        check(run_end(&last) == 0, "nor when its own tree ends");
        check(!is_alive(pid), "which is its end");
        check(inbye_result_status(last.result) == INBYE_OK, "the warden has lived all the time");
        run_close(&first);
        run_close(&last);
        inbye_loop_free(loop);
}

/* Alive a moment ago, and reaped by nobody but us or PID 1: the pid cannot be another's yet. */
static void end_child(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

static void check_blind(struct inbye_loop *loop, const char *why)
{
        struct run run;
        pid_t pid;

        run_open(&run, loop, INBYE_MECHANISM_PGROUP, LEAVES);
        pid = run_read_pid(&run, loop);
        check(run_end(&run) == INBYE_UNKNOWN, why);
        check(is_alive(pid), why);
        end_child(pid);
        run_close(&run);
}

static void touches_nobody_beside_other_children(void)
{
        struct inbye_loop *loop, *other = NULL;
        struct inbye_command *command = NULL;
        struct run run;
        pid_t child, detached = 0;

        must(inbye_loop_open(&loop), "open a loop");
        check_blind(loop, "an owner that does not reap does not know");
        inbye_loop_free(loop);

        child = fork();
        if (child == 0)
                _exit(pause());
        loop = open_reaping();
        check_blind(loop, "with a child from before nobody is touched");
        check(is_alive(child), "least of all the child");
        end_child(child);
        inbye_loop_free(loop);

        must(inbye_loop_open(&other), "open another loop");
        run_open(&run, other, INBYE_MECHANISM_PGROUP, STAYS);
        loop = open_reaping();
        check_blind(loop, "with a group on another loop nobody is touched");
        check(run_end(&run) == INBYE_UNKNOWN, "nor does that loop know");
        check(inbye_result_status(run.result) == INBYE_OK, "its command ended by itself");
        run_close(&run);
        inbye_loop_free(other);
        inbye_loop_free(loop);

        loop = open_reaping();
        must(inbye_command_open((const char *const[]){ "sleep", "50", NULL }, &command), "make it");
        must(inbye_detach(command, &detached, NULL), "detach it");
        inbye_command_unref(command);
        check_blind(loop, "with a detached command nobody is touched");
        check(is_alive(detached), "least of all that one");
        end_child(detached);
        inbye_loop_free(loop);
}

int main(void)
{
        finds_who_left_the_group();
        finds_what_a_stray_has_made();
        waits_for_the_last_tree_of_process_groups();
        if (has_mechanism(INBYE_MECHANISM_CGROUP))
                leaves_the_orphans_of_another_tree_alone();
        else
                n_skipped += printf("skip strays/members: the mechanism cgroup does not work here\n") > 0;
        touches_nobody_beside_other_children();
        finds_who_left_the_group(); /* those before are gone: it knows again */
        printf("checks: %d passed, %d failed, %d skipped\n", n_passed, n_failed, n_skipped);
        return n_failed > 0;
}
