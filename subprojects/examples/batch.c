/* SPDX-License-Identifier: MIT */
/*
 * A thousand commands, four at a time, each a tree of its own.
 *
 * The batch asks for the next job when a slot is free, so the list never has to exist as a whole, and tells
 * each result as it comes. One failure touches no other job.
 */
#include <inbye/inbye.h>

#include <inttypes.h>
#include <stdio.h>

#define N_JOBS 1000

struct jobs {
        unsigned next;
        unsigned n_bytes; /* of output, all jobs together */
};

/* Every tenth job fails. */
static int next_job(void *userdata, struct inbye_batch_job *ret_job)
{
        struct jobs *jobs = userdata;
        char script[64];
        const char *argv[] = { "sh", "-c", script, NULL };
        int r;

        if (jobs->next == N_JOBS)
                return 0;
        snprintf(script, sizeof(script), "echo job %u; exit %d", jobs->next, jobs->next % 10 ? 0 : 1);
        r = inbye_command_open(argv, &ret_job->command);
        if (r < 0)
                return r;
        jobs->next++;
        return 1;
}

static void job_ended(void *userdata, uint64_t index, struct inbye_result *result)
{
        struct jobs *jobs = userdata;
        size_t n_bytes;

        (void)inbye_result_output(result, INBYE_STDOUT, &n_bytes);
        jobs->n_bytes += (unsigned)n_bytes;
        if (index % 250 == 0)
                printf("job %" PRIu64 ": %s\n", index, inbye_status_name(inbye_result_status(result)));
}

static int run_all(struct inbye_loop *loop, struct jobs *jobs, struct inbye_batch_counts *counts)
{
        struct inbye_batch_options options = INBYE_BATCH_OPTIONS_INIT;
        struct inbye_batch *batch;
        struct inbye_error error;
        int r;

        options.width = 4;
        options.next = next_job;
        options.result = job_ended;
        options.userdata = jobs;
        r = inbye_batch_open(loop, &options, &batch, &error);
        if (r < 0) {
                fprintf(stderr, "%s; %s\n", error.text, error.hint);
                return r;
        }
        r = inbye_batch_wait(batch, INBYE_FOREVER);
        if (r >= 0)
                r = inbye_batch_counts(batch, counts);
        inbye_batch_free(batch);
        return r;
}

int main(void)
{
        struct inbye_loop *loop;
        struct jobs jobs = { 0 };
        struct inbye_batch_counts counts = { .size = sizeof(counts) };
        int r;

        if (inbye_loop_open(&loop) < 0)
                return 1;
        r = run_all(loop, &jobs, &counts);
        inbye_loop_free(loop);
        if (r < 0)
                return 1;
        printf("%" PRIu64 " ok, %" PRIu64 " not, %u bytes of output\n", counts.by_status[INBYE_OK],
                counts.by_status[INBYE_NONZERO], jobs.n_bytes);
        return counts.by_status[INBYE_OK] == 900 && counts.by_status[INBYE_NONZERO] == 100 ? 0 : 1;
}
