/* SPDX-License-Identifier: MIT */
/*
 * Thousands of the shortest command there is, by the command itself: against xargs, which neither holds nor
 * captures; and many against few, which must cost no more each.
 */
#include "bench.h"
#include <inbye/inbye.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct batches {
        const char *inbye;
        int n_jobs, n_few, items_fd;
        char width[16];
        double peak; /* of the last one */
};

static int make_items(int n)
{
        int fd = memfd_create("items", MFD_CLOEXEC);

        if (fd < 0)
                die("no file for the items");
        for (int i = 1; i <= n; i++)
                dprintf(fd, "%d\n", i);
        return fd;
}

static void choose_width(struct batches *batches)
{
        cpu_set_t cpus;

        if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
                die("no list of CPUs");
        snprintf(batches->width, sizeof(batches->width), "%d", CPU_COUNT(&cpus));
}

/* @return seconds. */
static double time_program(struct batches *batches, const char *const *argv)
{
        double since = now();

        if (lseek(batches->items_fd, 0, SEEK_SET) < 0)
                die("cannot rewind");
        batches->peak = finish(start(
                &(struct start){ .argv = argv, .in_fd = batches->items_fd, .out_fd = -1, .procs_fd = -1 }));
        return now() - since;
}

static double batch_held(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { batches->inbye, "batch", "--quiet", "-j", batches->width, "--", "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

static double batch_results(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { batches->inbye, "batch", "--quiet", "--results=-", "-j", batches->width, "--",
                "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

static double batch_xargs(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { "xargs", "-P", batches->width, "-n", "1", "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

static void print_contest(const char *what, struct batches *batches, double (*ours)(void *), int n_rounds)
{
        struct outcome outcome = contest_run(&(struct contest){
                .ours = ours, .theirs = batch_xargs, .userdata = batches, .n_rounds = n_rounds });

        row_print(&(struct row){ .what = what,
                .unit = "/s",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_LEAST,
                .wanted = 0.85 });
}

void bench_batch(const struct bench *bench)
{
        struct batches batches = { .inbye = bench->inbye, .n_jobs = bench->quick ? 500 : 2000 };
        char what[64];

        choose_width(&batches);
        batches.items_fd = make_items(batches.n_jobs);
        snprintf(what, sizeof(what), "batch of %d x true / xargs -P %s", batches.n_jobs, batches.width);
        print_contest(what, &batches, batch_held, bench->quick ? 5 : 11);
        print_contest("the same, each result as JSON", &batches, batch_results, bench->quick ? 3 : 7);
        close(batches.items_fd);
}

/* --- growth --------------------------------------------------------------------------------------------- */

static void measure(struct batches *batches, int n, struct samples *times, struct samples *peaks)
{
        batches->n_jobs = n;
        batches->items_fd = make_items(n);
        samples_add(times, 1e6 / batch_held(batches));
        samples_add(peaks, batches->peak / (1 << 20));
        close(batches->items_fd);
}

static void print_growth(const char *what, const char *unit, struct samples *many, struct samples *few)
{
        double ours = samples_quantile(many, 0.5), theirs = samples_quantile(few, 0.5);

        row_print(&(struct row){ .what = what,
                .unit = unit,
                .ours = ours,
                .theirs = theirs,
                .ratio = ours / theirs,
                .wish = AT_MOST,
                .wanted = 1.1 });
        samples_free(many);
        samples_free(few);
}

void bench_growth(const struct bench *bench)
{
        struct batches batches = { .inbye = bench->inbye };
        struct samples many_times = { 0 }, many_peaks = { 0 }, few_times = { 0 }, few_peaks = { 0 };
        int n_many = bench->quick ? 2000 : 20000, n_rounds = bench->quick ? 1 : 3;
        char what[64];

        choose_width(&batches);
        for (int i = 0; i < n_rounds; i++) {
                for (int k = 0; k < 10; k++) /* half before, half after */
                        measure(&batches, k == 5 ? n_many : 200, k == 5 ? &many_times : &few_times,
                                k == 5 ? &many_peaks : &few_peaks);
        }
        snprintf(what, sizeof(what), "time per job, %d jobs / 200 jobs", n_many);
        print_growth(what, "us", &many_times, &few_times);
        snprintf(what, sizeof(what), "peak memory, %d jobs / 200 jobs", n_many);
        print_growth(what, "MiB", &many_peaks, &few_peaks);
}

/* --- the queue ------------------------------------------------------------------------------------------ */

static double resident(void)
{
        FILE *file = fopen("/proc/self/statm", "re");
        long pages = 0;

        if (!file || fscanf(file, "%*d %ld", &pages) != 1)
                die("/proc/self/statm cannot be read");
        fclose(file);
        return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void submit(struct inbye_batch *batch, int n)
{
        for (int i = 0; i < n; i++) {
                char item[16];
                const char *argv[] = { "true", item, NULL };
                struct inbye_command *command;

                snprintf(item, sizeof(item), "%d", i);
                command = command_of(argv);
                if (inbye_batch_submit(batch, command, NULL) < 0)
                        die("cannot submit a job");
                inbye_command_unref(command);
        }
}

/* Bytes per job that waits, its command included. Nothing is started: the loop does not turn. */
void bench_queue(const struct bench *bench)
{
        struct inbye_batch_options options = INBYE_BATCH_OPTIONS_INIT;
        int n = bench->quick ? 10000 : 100000;
        struct inbye_batch *batch;
        struct inbye_error error;
        struct host host;
        double before, few, many;

        host_open(&host);
        options.mechanisms = INBYE_MECHANISM_CGROUP;
        if (inbye_batch_open(host.loop, &options, &batch, &error) < 0)
                die("%s", error.text);
        submit(batch, 100); /* what the first ones need is not theirs */
        before = resident();
        submit(batch, n / 10);
        few = (resident() - before) / (n / 10);
        before = resident();
        submit(batch, n);
        many = (resident() - before) / n;
        inbye_batch_free(batch);
        host_close(&host);
        row_print(&(struct row){ .what = "memory per job that waits, its command included",
                .unit = "bytes",
                .ours = many,
                .wish = AT_MOST,
                .wanted = 1024 });
        row_print(&(struct row){ .what = "the same, of ten times as many jobs",
                .unit = "bytes",
                .ours = many,
                .theirs = few,
                .ratio = many / few,
                .wish = AT_MOST,
                .wanted = 1.1 });
}
