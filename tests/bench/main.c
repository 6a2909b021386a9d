/* SPDX-License-Identifier: MIT */
/*
 * ratios [--quick] INBYE LOAD [NAME]...: what holding, capturing and ending cost, as one table.
 *
 * Exit status: 0, or 1 when a ratio was clearly missed, 77 where there is no cgroup to measure, 2 when
 * something failed. Each benchmark is a process of its own, so that none pays for the memory of another.
 */
#include "bench.h"
#include <inbye/inbye.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
        const char *name;
        void (*run)(const struct bench *bench);
} benchmarks[] = {
        { "batch", bench_batch },
        { "run", bench_run },
        { "resident", bench_resident },
        { "kill", bench_kill },
        { "capture", bench_capture },
        { "growth", bench_growth },
        { "queue", bench_queue },
        { "limits", bench_limits },
        { "sandbox", bench_sandbox },
};
#define N_BENCHMARKS (sizeof(benchmarks) / sizeof(benchmarks[0]))

/* Orphans come to us: where PID 1 does not reap, thousands of zombies would slow down what is measured later.
 */
static int run_apart(size_t i, const struct bench *bench)
{
        int status;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid < 0)
                die("fork failed");
        if (pid == 0) {
                prctl(PR_SET_CHILD_SUBREAPER, 1);
                leaf_base_open();
                benchmarks[i].run(bench);
                leaf_base_close();
                exit(row_any_missed() ? 1 : 0);
        }
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return 2;
        return WEXITSTATUS(status);
}

static bool is_wanted(const char *name, char **names)
{
        if (!names[0])
                return true;
        for (; *names; names++)
                if (strcmp(*names, name) == 0)
                        return true;
        return false;
}

static void check_name(const char *name)
{
        for (size_t i = 0; i < N_BENCHMARKS; i++)
                if (strcmp(benchmarks[i].name, name) == 0)
                        return;
        die("no benchmark is called '%s'", name);
}

/* Fills `words` with what is no option. */
static void take_arguments(struct bench *bench, char **argv, char **words)
{
        size_t n = 0;

        for (argv++; *argv; argv++)
                if (strcmp(*argv, "--quick") == 0)
                        bench->quick = true;
                else
                        words[n++] = *argv;
        words[n] = NULL;
        if (n < 2)
                die("usage: ratios [--quick] INBYE LOAD [NAME]...");
        bench->inbye = words[0];
        bench->load = words[1];
        for (size_t i = 2; i < n; i++)
                check_name(words[i]);
}

static void require_cgroup(void)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_group *group;
        struct inbye_loop *loop;
        struct inbye_error error;

        if (inbye_loop_open(&loop) < 0)
                die("cannot make a loop");
        options.mechanisms = INBYE_MECHANISM_CGROUP;
        if (inbye_group_open(loop, &options, &group, &error) < 0) {
                printf("not measured: %s\n", error.text);
                exit(77);
        }
        inbye_group_free(group);
        inbye_loop_free(loop);
}

int main(int argc, char **argv)
{
        struct bench bench = { 0 };
        int worst = 0;

        (void)argc;
        take_arguments(&bench, argv, argv); /* words only ever move to the front */
        require_cgroup();
        /* Where we may: what else runs here is not what is measured. Both sides inherit it. */
        (void)setpriority(PRIO_PROCESS, 0, -20);
        /* Few rounds, on whatever machine tests a change: only what is far off says something. */
        if (bench.quick)
                row_set_noise(0.5);
        row_header();
        for (size_t i = 0; i < N_BENCHMARKS; i++)
                if (is_wanted(benchmarks[i].name, argv + 2)) {
                        int r = run_apart(i, &bench);

                        worst = r > worst ? r : worst;
                }
        return worst;
}
