/* SPDX-License-Identifier: MIT */
/*
 * One command at a time, in a loop and a group that are there already, against posix_spawn and waitpid: with
 * a small owner, and with one that has a gigabyte resident.
 */
#include "bench.h"
#include <errno.h>
#include <inbye/inbye.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

#define N_PER_ROUND 20

static const char *const program[] = { "/bin/true", NULL };

struct runs {
        struct host host;
        struct inbye_command *command;
        size_t n_resident;
};

static double run_held(void *userdata)
{
        struct runs *runs = userdata;
        double since;

        host_run(&runs->host,
                runs->command); /* not counted: whoever filled a gigabyte has emptied the caches */
        since = now();
        for (int i = 0; i < N_PER_ROUND; i++)
                host_run(&runs->host, runs->command);
        return (now() - since) / N_PER_ROUND * 1e6;
}

static double run_bare(void *userdata)
{
        double since = now();

        (void)userdata;
        for (int i = 0; i < N_PER_ROUND; i++) {
                pid_t pid;
                int status;

                if (posix_spawn(&pid, program[0], NULL, NULL, (char *const *)program, environ) != 0 ||
                        waitpid(pid, &status, 0) != pid || status != 0)
                        die("posix_spawn failed");
        }
        return (now() - since) / N_PER_ROUND * 1e6;
}

/* In small pages: the worst case for whoever copies page tables. */
static double run_large(void *userdata)
{
        struct runs *runs = userdata;
        double taken;
        char *memory;

        memory = mmap(NULL, runs->n_resident, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                die("cannot have %zu bytes: %s", runs->n_resident, strerror(errno));
        (void)madvise(memory, runs->n_resident, MADV_NOHUGEPAGE);
        memset(memory, 1, runs->n_resident);
        taken = run_held(runs);
        munmap(memory, runs->n_resident);
        return taken;
}

static struct outcome contest(
        struct runs *runs, double (*ours)(void *), double (*theirs)(void *), int n_rounds)
{
        struct outcome outcome;

        host_open(&runs->host);
        runs->command = command_of(program);
        outcome = contest_run(
                &(struct contest){ .ours = ours, .theirs = theirs, .userdata = runs, .n_rounds = n_rounds });
        inbye_command_unref(runs->command);
        host_close(&runs->host);
        return outcome;
}

void bench_run(const struct bench *bench)
{
        struct runs runs = { 0 };
        struct outcome outcome = contest(&runs, run_held, run_bare, bench->quick ? 15 : 75);

        row_print(&(struct row){ .what = "one run in a loop / posix_spawn + waitpid",
                .unit = "us",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_MOST,
                .wanted = 1.3 });
}

void bench_resident(const struct bench *bench)
{
        struct runs runs = { .n_resident = bench->quick ? (size_t)256 << 20 : (size_t)1 << 30 };
        struct outcome outcome = contest(&runs, run_large, run_held, bench->quick ? 7 : 25);

        row_print(&(struct row){ .what = bench->quick ? "one run, owner with 256 MB resident / without"
                                                      : "one run, owner with 1 GB resident / without",
                .unit = "us",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_MOST,
                .wanted = 1.1 });
}
