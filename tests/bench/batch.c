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
        char page[32];
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

static double batch_page(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { batches->inbye, "batch", "--quiet", "--html", batches->page, "-j",
                batches->width, "--", "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

static double batch_xargs(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { "xargs", "-P", batches->width, "-n", "1", "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

static double batch_parallel(void *userdata)
{
        struct batches *batches = userdata;
        const char *argv[] = { "parallel", "--will-cite", "-q", "-j", batches->width, "true", NULL };

        return batches->n_jobs / time_program(batches, argv);
}

/* There is another program of that name, which knows no --version. */
static bool has_gnu_parallel(void)
{
        FILE *version = popen("parallel --version </dev/null 2>/dev/null", "re");
        char line[64] = "";
        bool is_gnu;

        is_gnu = version && fgets(line, sizeof(line), version) && strncmp(line, "GNU parallel", 12) == 0;
        if (version)
                pclose(version);
        return is_gnu;
}

struct match {
        double (*ours)(void *), (*theirs)(void *);
        int n_rounds;
        double wanted;
};

static void print_contest(const char *what, struct batches *batches, const struct match *match)
{
        struct outcome outcome = contest_run(&(struct contest){ .ours = match->ours,
                .theirs = match->theirs,
                .userdata = batches,
                .n_rounds = match->n_rounds });

        row_print(&(struct row){ .what = what,
                .unit = "/s",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_LEAST,
                .wanted = match->wanted });
}

static void make_page(struct batches *batches)
{
        int fd;

        snprintf(batches->page, sizeof(batches->page), "/tmp/inbye-bench.XXXXXX");
        fd = mkstemp(batches->page);
        if (fd < 0)
                die("no file for the page");
        close(fd);
}

/* Half of the jobs: it takes milliseconds for each. */
static void against_parallel(const struct batches *batches, bool quick)
{
        struct batches fewer = *batches;
        char what[64];

        if (!has_gnu_parallel()) {
                printf("%-52s | not installed\n", "batch / GNU parallel");
                return;
        }
        fewer.n_jobs = batches->n_jobs / 2;
        fewer.items_fd = make_items(fewer.n_jobs);
        snprintf(what, sizeof(what), "batch of %d x true / GNU parallel -j %s", fewer.n_jobs, fewer.width);
        print_contest(what, &fewer, &(struct match){ batch_held, batch_parallel, quick ? 1 : 3, 4.0 });
        close(fewer.items_fd);
}

void bench_batch(const struct bench *bench)
{
        struct batches batches = { .inbye = bench->inbye, .n_jobs = bench->quick ? 500 : 2000 };
        char what[64];

        choose_width(&batches);
        batches.items_fd = make_items(batches.n_jobs);
        snprintf(what, sizeof(what), "batch of %d x true / xargs -P %s", batches.n_jobs, batches.width);
        print_contest(
                what, &batches, &(struct match){ batch_held, batch_xargs, bench->quick ? 5 : 11, 0.85 });
        print_contest("the same, each result as JSON", &batches,
                &(struct match){ batch_results, batch_xargs, bench->quick ? 3 : 7, 0.85 });
        against_parallel(&batches, bench->quick);
        make_page(&batches);
        print_contest("the same, with a page / without", &batches,
                &(struct match){ batch_page, batch_held, bench->quick ? 3 : 7, 0.9 });
        unlink(batches.page);
        close(batches.items_fd);
}

/* --- growth --------------------------------------------------------------------------------------------- */

#define N_FEW 200
#define N_FEW_ROUNDS 10

struct growth {
        struct samples times, peaks;
};

static void measure(struct batches *batches, int n, struct growth *growth)
{
        batches->n_jobs = n;
        batches->items_fd = make_items(n);
        samples_add(&growth->times, 1e6 / batch_held(batches));
        samples_add(&growth->peaks, batches->peak / (1 << 20));
        close(batches->items_fd);
}

/* The many once, in the middle of as many rounds of the few. */
static void compare_growth(
        struct batches *batches, int n_many, struct growth *many, struct growth *few, struct growth *ratios)
{
        struct growth round = { 0 };
        double time, peak;

        for (int i = 0; i < N_FEW_ROUNDS / 2; i++)
                measure(batches, N_FEW, &round);
        measure(batches, n_many, many);
        for (int i = 0; i < N_FEW_ROUNDS / 2; i++)
                measure(batches, N_FEW, &round);
        time = samples_quantile(&round.times, 0.5);
        peak = samples_quantile(&round.peaks, 0.5);
        samples_add(&few->times, time);
        samples_add(&few->peaks, peak);
        samples_add(&ratios->times, many->times.values[many->times.n - 1] / time);
        samples_add(&ratios->peaks, many->peaks.values[many->peaks.n - 1] / peak);
        samples_free(&round.times);
        samples_free(&round.peaks);
}

static void print_growth(
        const char *what, const char *unit, struct samples *many, struct samples *few, struct samples *ratios)
{
        row_print(&(struct row){ .what = what,
                .unit = unit,
                .ours = samples_quantile(many, 0.5),
                .theirs = samples_quantile(few, 0.5),
                .ratio = samples_quantile(ratios, 0.5),
                .wish = AT_MOST,
                .wanted = 1.1 });
        samples_free(many);
        samples_free(few);
        samples_free(ratios);
}

void bench_growth(const struct bench *bench)
{
        struct batches batches = { .inbye = bench->inbye };
        struct growth many = { 0 }, few = { 0 }, ratios = { 0 };
        int n_many = bench->quick ? 2000 : 20000;
        char what[64];

        choose_width(&batches);
        for (int i = 0; i < 3; i++)
                compare_growth(&batches, n_many, &many, &few, &ratios);
        snprintf(what, sizeof(what), "time per job, %d jobs / %d jobs", n_many, N_FEW);
        print_growth(what, "us", &many.times, &few.times, &ratios.times);
        snprintf(what, sizeof(what), "peak memory, %d jobs / %d jobs", n_many, N_FEW);
        print_growth(what, "MiB", &many.peaks, &few.peaks, &ratios.peaks);
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
