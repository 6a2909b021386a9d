/* SPDX-License-Identifier: MIT */
/*
 * Batches that nobody would think of: random jobs that go well, fail, hang, write a lot, leave daemons behind
 * or kill themselves, under random settings, until so many attempts were made. Whatever the mixture, the cap
 * holds at every instant (seen from outside: tests/helpers/marker.c), each job has one result and the right
 * one, the counts add up, and nobody survives.
 *
 * usage: batch-random [--runs=N] [--seed=N] MARKER. Each batch has a seed of its own, which is printed when
 * something does not hold: --seed=N --runs=1 is that batch again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inbye/inbye.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS 40
#define FLOOD_BYTES 300000
#define PATIENCE (60 * INBYE_SECOND)

static const char kinds[] = "ofhwdk";

struct trial {
        const char *marker;
        uint64_t seed, state;
        char slot_locks[64], pool_locks[64];
        struct inbye_batch_options options;
        struct inbye_batch *batch;
        struct inbye_loop *loop;
        uint32_t pool_width;
        int n_jobs, n_given, n_submitted;
        char kind[MAX_JOBS];
        uint32_t pool[MAX_JOBS], weight[MAX_JOBS];
        int n_told[MAX_JOBS], n_started[MAX_JOBS];
        bool in_slot[64];
        uint64_t n_results, n_unstarted, last_index;
        bool any_told, with_daemons;
        uint64_t n_attempts;
        int n_faults;
};

static void fault(struct trial *trial, const char *format, ...)
{
        va_list list;

        printf("seed %" PRIu64 ": ", trial->seed);
        va_start(list, format);
        vprintf(format, list);
        va_end(list);
        printf("\n");
        trial->n_faults++;
}

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "batch-random: %s\n", what);
        exit(2);
}

static uint64_t draw(struct trial *trial, uint64_t n)
{
        uint64_t z = trial->state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return (z ^ z >> 31) % n;
}

static bool one_in(struct trial *trial, uint64_t n)
{
        return draw(trial, n) == 0;
}

/* Jobs */

static struct inbye_command *make_command(struct trial *trial, int i)
{
        char kind[2] = { trial->kind[i], '\0' }, width[16], pool_width[16];
        const char *argv[] = { trial->marker, kind, trial->slot_locks, width, NULL, NULL, NULL };
        struct inbye_command *command;

        snprintf(width, sizeof(width), "%u", trial->options.width);
        snprintf(pool_width, sizeof(pool_width), "%u", trial->pool_width);
        if (trial->pool[i]) {
                argv[4] = trial->pool_locks;
                argv[5] = pool_width;
        }
        must(inbye_command_open(argv, &command) >= 0, "no command");
        must(inbye_command_set_capture(command, INBYE_STDOUT, 4096, INBYE_KEEP_BOTH, NULL) >= 0,
                "no capture");
        if (trial->kind[i] == 'h')
                must(inbye_command_set_timeout(command, (5 + draw(trial, 40)) * INBYE_MILLISECOND) >= 0,
                        "no timeout");
        return command;
}

static void make_job(struct trial *trial, int i, struct inbye_batch_job *job)
{
        job->command = make_command(trial, i);
        job->index = (uint64_t)i;
        job->pool = trial->pool[i];
        job->weight = trial->weight[i];
}

static int next(void *userdata, struct inbye_batch_job *ret_job)
{
        struct trial *trial = userdata;

        if (trial->n_given == trial->n_jobs)
                return 0;
        make_job(trial, trial->n_given++, ret_job);
        return 1;
}

static void submit_some(struct trial *trial)
{
        for (; trial->n_given < trial->n_submitted; trial->n_given++) {
                struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

                make_job(trial, trial->n_given, &job);
                if (inbye_batch_submit_job(trial->batch, &job, NULL) < 0)
                        fault(trial, "a job is not taken");
                inbye_command_unref(job.command);
        }
}

/* What comes back */

static void on_started(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct trial *trial = userdata;

        trial->n_attempts++;
        trial->n_started[attempt->index]++;
        if (attempt->slot >= trial->options.width || trial->in_slot[attempt->slot])
                fault(trial, "job %" PRIu64 " in slot %u, which is not free", attempt->index, attempt->slot);
        else
                trial->in_slot[attempt->slot] = true;
        if (attempt->number != (uint32_t)trial->n_started[attempt->index])
                fault(trial, "attempt %u of job %" PRIu64 " is number %d", attempt->number, attempt->index,
                        trial->n_started[attempt->index]);
}

static void on_ended(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct trial *trial = userdata;

        if (attempt->slot < trial->options.width)
                trial->in_slot[attempt->slot] = false;
}

static bool is_right(char kind, const struct inbye_result *result)
{
        enum inbye_status status = inbye_result_status(result);

        if (status == INBYE_CANCELLED)
                return true;
        switch (kind) {
        case 'f':
                return status == INBYE_NONZERO && inbye_result_code(result) == 3;
        case 'h':
                return status == INBYE_TIMEOUT;
        case 'k':
                return status == INBYE_SIGNALED && inbye_result_signal(result) == SIGKILL;
        case 'w':
                return status == INBYE_OK && inbye_result_bytes_seen(result, INBYE_STDOUT) == FLOOD_BYTES &&
                       inbye_result_truncated(result, INBYE_STDOUT);
        case 'd':
                return status == INBYE_OK && inbye_result_n_leftovers(result) >= 1;
        default:
                return status == INBYE_OK;
        }
}

static void on_result(void *userdata, uint64_t index, struct inbye_result *result)
{
        struct trial *trial = userdata;
        uint32_t attempts = inbye_result_attempts(result);

        trial->n_results++;
        trial->n_told[index]++;
        trial->n_unstarted += attempts == 0;
        if (!is_right(trial->kind[index], result))
                fault(trial, "job %" PRIu64 " of kind %c: %s", index, trial->kind[index],
                        inbye_status_name(inbye_result_status(result)));
        if (attempts != (uint32_t)trial->n_started[index] || attempts > trial->options.retries + 1)
                fault(trial, "job %" PRIu64 " says %u attempts, and had %d", index, attempts,
                        trial->n_started[index]);
        if (trial->options.flags & INBYE_BATCH_KEEP_ORDER && trial->any_told && index <= trial->last_index)
                fault(trial, "job %" PRIu64 " after job %" PRIu64, index, trial->last_index);
        trial->any_told = true;
        trial->last_index = index;
}

/* Settings */

static void choose_jobs(struct trial *trial)
{
        trial->n_jobs = 1 + (int)draw(trial, MAX_JOBS);
        trial->n_submitted = one_in(trial, 2) ? (int)draw(trial, (uint64_t)trial->n_jobs + 1) : 0;
        for (int i = 0; i < trial->n_jobs; i++) {
                trial->kind[i] = kinds[draw(trial, sizeof(kinds) - 1)];
                if (trial->kind[i] == 'd' && !trial->with_daemons)
                        trial->kind[i] = 'o';
                trial->weight[i] = one_in(trial, 4) ? (uint32_t)draw(trial, 9) : 1;
                trial->pool[i] = one_in(trial, 3);
        }
}

static void choose_settings(struct trial *trial)
{
        struct inbye_batch_options *options = &trial->options;

        *options = (struct inbye_batch_options)INBYE_BATCH_OPTIONS_INIT;
        options->width = 1 + (uint32_t)draw(trial, 6);
        options->flags = (one_in(trial, 2) ? INBYE_BATCH_KEEP_ORDER : 0) |
                         (one_in(trial, 2) ? INBYE_BATCH_TELL_UNSTARTED : 0);
        options->retries = (uint32_t)draw(trial, 3);
        options->retry_delay_ns = draw(trial, 4) * INBYE_MILLISECOND;
        options->halt = one_in(trial, 3) ? (enum inbye_batch_halt)draw(trial, 3) : INBYE_BATCH_HALT_NEVER;
        options->halt_on = (enum inbye_batch_halt_on)draw(trial, 3);
        options->halt_count = 1 + (uint32_t)draw(trial, 8);
        options->halt_percent = one_in(trial, 3) ? 1 + (uint32_t)draw(trial, 100) : 0;
        options->deadline_ns = one_in(trial, 4) ? (1 + draw(trial, 150)) * INBYE_MILLISECOND : 0;
        options->grace_ns = draw(trial, 3) * INBYE_MILLISECOND;
        options->start_interval_ns = one_in(trial, 6) ? draw(trial, 3) * INBYE_MILLISECOND : 0;
        trial->pool_width = 1 + (uint32_t)draw(trial, options->width);
        options->pool_widths = &trial->pool_width;
        options->n_pools = 1;
        options->next = next;
        options->started = on_started;
        options->ended = on_ended;
        options->result = on_result;
        options->userdata = trial;
}

/* A hand from outside, at a random moment. */
static void interfere(void *userdata)
{
        struct trial *trial = userdata;

        switch (draw(trial, 4)) {
        case 0:
                inbye_batch_cancel(trial->batch, 0, draw(trial, 5) * INBYE_MILLISECOND);
                break;
        case 1:
                inbye_batch_stop(trial->batch);
                break;
        default:
                inbye_batch_pause(trial->batch);
                inbye_batch_resume(trial->batch);
        }
}

/* What must hold afterwards */

static void check_locks(struct trial *trial, const char *name, uint32_t width)
{
        char path[96];

        snprintf(path, sizeof(path), "%s.exceeded", name);
        if (access(path, F_OK) == 0)
                fault(trial, "more than %u trees at once (%s)", width, name);
        unlink(path);
        for (uint32_t i = 0; i < width; i++) {
                int fd;

                snprintf(path, sizeof(path), "%s.%u", name, i);
                fd = open(path, O_RDWR | O_CLOEXEC);
                if (fd < 0)
                        continue; /* it was never needed */
                if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                        fault(trial, "somebody survives (%s)", path);
                close(fd);
                unlink(path);
        }
}

static void check_counts(struct trial *trial)
{
        struct inbye_batch_counts counts = { .size = sizeof(counts) };
        bool is_early, all_told;
        uint64_t n_ended = 0;

        if (inbye_batch_counts(trial->batch, &counts) < 0)
                fault(trial, "no counts");
        for (int i = 0; i < INBYE_STATUS_N; i++)
                n_ended += counts.by_status[i];
        if (counts.running || counts.waiting)
                fault(trial, "%" PRIu64 " run and %" PRIu64 " wait", counts.running, counts.waiting);
        if (counts.submitted != n_ended + counts.not_started)
                fault(trial, "%" PRIu64 " jobs, %" PRIu64 " ended, %" PRIu64 " not started", counts.submitted,
                        n_ended, counts.not_started);
        if (trial->n_results != n_ended + trial->n_unstarted)
                fault(trial, "%" PRIu64 " results of %" PRIu64 " that ended", trial->n_results, n_ended);
        is_early = counts.cause != INBYE_BATCH_RAN_OUT;
        all_told = !is_early || trial->options.flags & INBYE_BATCH_TELL_UNSTARTED;
        for (int i = 0; i < trial->n_jobs; i++)
                if (trial->n_told[i] > 1 || (trial->n_told[i] == 0 && (all_told || trial->n_started[i] > 0)))
                        fault(trial, "job %d has %d results", i, trial->n_told[i]);
}

static int count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        while (dir && readdir(dir))
                n++;
        if (dir)
                closedir(dir);
        return n;
}

static void try_batch(struct trial *trial)
{
        struct inbye_watch *watch = NULL;
        struct inbye_error error = { 0 };
        int n_fds = count_fds(), r;

        trial->state = trial->seed;
        choose_settings(trial);
        choose_jobs(trial);
        must(inbye_loop_open(&trial->loop) >= 0, "no loop");
        r = inbye_batch_open(trial->loop, &trial->options, &trial->batch, &error);
        if (r < 0) {
                fault(trial, "cannot be opened: %s", error.text);
                inbye_loop_free(trial->loop);
                return;
        }
        submit_some(trial);
        if (one_in(trial, 4))
                must(inbye_watch_timer(trial->loop, draw(trial, 60) * INBYE_MILLISECOND + 1, interfere, trial,
                             &watch) >= 0,
                        "no timer");
        if (one_in(trial, 8))
                r = inbye_batch_wait(trial->batch, draw(trial, 40) * INBYE_MILLISECOND); /* and drop it */
        else
                r = inbye_batch_wait(trial->batch, PATIENCE);
        if (r == 0)
                check_counts(trial);
        else if (r != -ETIMEDOUT)
                fault(trial, "wait: %s", strerror(-r));
        inbye_watch_free(watch);
        inbye_batch_free(trial->batch);
        check_locks(trial, trial->slot_locks, trial->options.width);
        check_locks(trial, trial->pool_locks, trial->pool_width);
        inbye_loop_free(trial->loop);
        if (count_fds() != n_fds)
                fault(trial, "descriptors are left open");
        if (waitpid(-1, NULL, WNOHANG) >= 0 && !trial->n_faults)
                fault(trial, "a child is left");
}

/* Daemons get away from a process group: then there are none among the jobs. */
static bool holds_daemons(void)
{
        const char *const argv[] = { "true", NULL };
        struct inbye_command *command;
        struct inbye_error error = { 0 };
        struct inbye_result *result;
        bool holds;

        must(inbye_command_open(argv, &command) >= 0, "no command");
        must(inbye_run(command, NULL, &result, &error) >= 0, error.text);
        holds = strcmp(inbye_result_mechanism(result), "cgroup") == 0;
        inbye_result_unref(result);
        inbye_command_unref(command);
        return holds;
}

int main(int argc, char **argv)
{
        uint64_t n_runs = 400, seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid(), n_done = 0;
        char directory[] = "/tmp/inbye-random.XXXXXX";
        bool with_daemons = holds_daemons();
        int n_faults = 0, n_batches = 0;

        for (int i = 1; i < argc - 1; i++)
                if (sscanf(argv[i], "--runs=%" SCNu64, &n_runs) != 1 &&
                        sscanf(argv[i], "--seed=%" SCNu64, &seed) != 1)
                        return 2;
        if (argc < 2 || !mkdtemp(directory))
                return 2;
        while (n_done < n_runs && n_faults == 0) {
                struct trial trial = {
                        .marker = argv[argc - 1], .seed = seed++, .with_daemons = with_daemons
                };

                snprintf(trial.slot_locks, sizeof(trial.slot_locks), "%s/slot", directory);
                snprintf(trial.pool_locks, sizeof(trial.pool_locks), "%s/pool", directory);
                try_batch(&trial);
                n_done += trial.n_attempts ? trial.n_attempts : 1;
                n_faults += trial.n_faults;
                n_batches++;
        }
        printf("%d batches, %" PRIu64 " runs, %d faults%s\n", n_batches, n_done, n_faults,
                with_daemons ? "" : "; no daemons, there is no cgroup");
        rmdir(directory);
        return n_faults ? 1 : 0;
}
