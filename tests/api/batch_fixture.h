/* SPDX-License-Identifier: MIT */
#ifndef TESTS_API_BATCH_FIXTURE_H
#define TESTS_API_BATCH_FIXTURE_H

/* A batch on a loop of its own that notes what comes back, and a source for its jobs. */

#include "check.h"
#include <errno.h>
#include <sys/stat.h>

#define MAX_JOBS 600

struct fixture {
        struct inbye_loop *loop;
        struct inbye_batch *batch;
        struct inbye_batch_options options;
        int n_fds;

        /* The source: argv of job i is made by `make`; n_jobs of them. */
        struct inbye_command *(*make)(uint64_t i);
        uint64_t n_jobs, n_pulled;
        int starve; /* -EAGAIN before every job: poked by a timer */
        int starved;
        struct inbye_watch *poke;

        /* What came back. */
        uint64_t n_results, order[MAX_JOBS];
        int status[MAX_JOBS], n_told[MAX_JOBS];
        char text[MAX_JOBS][16];
        void (*on_result)(struct fixture *f, uint64_t index);
};

static inline void tell(void *userdata, uint64_t index, struct inbye_result *result)
{
        struct fixture *f = userdata;

        cr_assert(lt(u64, index, MAX_JOBS));
        f->order[f->n_results++] = index;
        f->status[index] = (int)inbye_result_status(result);
        f->n_told[index]++;
        snprintf(f->text[index], sizeof(f->text[index]), "%s", output(result));
        if (f->on_result)
                f->on_result(f, index);
}

static inline void poke(void *userdata)
{
        struct fixture *f = userdata;

        inbye_batch_poke(f->batch);
}

static inline int next(void *userdata, struct inbye_batch_job *ret_job)
{
        struct fixture *f = userdata;

        if (f->starve && !f->starved) {
                f->starved = 1;
                cr_assert(zero(int, inbye_watch_rearm(f->poke, 1)));
                return -EAGAIN;
        }
        f->starved = 0;
        if (f->n_pulled == f->n_jobs)
                return 0;
        ret_job->command = f->make(f->n_pulled++);
        return 1;
}

static inline struct fixture *begin(uint32_t width, uint32_t flags)
{
        struct fixture *f = calloc(1, sizeof(*f));

        cr_assert(ne(ptr, f, NULL));
        f->n_fds = count_fds();
        f->options = (struct inbye_batch_options)INBYE_BATCH_OPTIONS_INIT;
        f->options.width = width;
        f->options.flags = flags;
        f->options.result = tell;
        f->options.userdata = f;
        cr_assert(zero(int, inbye_loop_open(&f->loop)));
        cr_assert(zero(int, inbye_watch_timer(f->loop, INBYE_FOREVER, poke, f, &f->poke)));
        return f;
}

static inline void open_batch(struct fixture *f)
{
        struct inbye_error error = { 0 };
        int r = inbye_batch_open(f->loop, &f->options, &f->batch, &error);

        cr_assert(zero(int, r), "%s", error.text);
}

static inline void open_source(struct fixture *f, uint64_t n, struct inbye_command *(*make)(uint64_t i))
{
        f->n_jobs = n;
        f->make = make;
        f->options.next = next;
        open_batch(f);
}

static inline void submit(struct fixture *f, struct inbye_command *command)
{
        cr_assert(zero(int, inbye_batch_submit(f->batch, command, NULL)));
        inbye_command_unref(command);
}

static inline void finish(struct fixture *f)
{
        cr_assert(zero(int, inbye_batch_wait(f->batch, PATIENCE)));
}

static inline struct inbye_batch_counts counts(const struct fixture *f)
{
        struct inbye_batch_counts counts = { .size = sizeof(counts) };

        cr_assert(zero(int, inbye_batch_counts(f->batch, &counts)));
        return counts;
}

static inline void end(struct fixture *f)
{
        int n_fds;

        inbye_batch_free(f->batch);
        inbye_watch_free(f->poke);
        inbye_loop_free(f->loop);
        n_fds = count_fds();
        cr_assert(eq(int, n_fds, f->n_fds));
        free(f);
}

/* A directory of the test's own; jobs see it as their working directory. */
static char directory[64];

static inline void make_directory(void)
{
        snprintf(directory, sizeof(directory), "/tmp/inbye-test.XXXXXX");
        cr_assert(ne(ptr, mkdtemp(directory), NULL));
        cr_assert(zero(int, chdir(directory)));
}

static inline void remove_directory(void)
{
        char line[96];

        snprintf(line, sizeof(line), "rm -rf %s", directory);
        cr_assert(zero(int, system(line)));
}

static inline struct inbye_command *echo_number(uint64_t i)
{
        char number[16];

        snprintf(number, sizeof(number), "%d", (int)i);
        return COMMAND("echo", number);
}

static inline struct inbye_command *missing_program(uint64_t i)
{
        (void)i;
        return COMMAND("/nonexistent/program");
}

static inline struct inbye_command *hang(uint64_t i)
{
        (void)i;
        return COMMAND("sleep", "1000");
}

#endif
