/* SPDX-License-Identifier: MIT */
/* How much runs at once, and who is next. The cap is measured from outside: each job leaves a mark. */
#include "batch_fixture.h"
#include <time.h>

/* Leaves a mark while it runs, and says how many of its kind there were. */
static struct inbye_command *mark(const char *kind, int i)
{
        char script[160];

        snprintf(script, sizeof(script), "mkdir %s.%d; ls -d %s.* | wc -l; sleep 0.01; rmdir %s.%d", kind, i,
                kind, kind, i);
        return SH(script);
}

static void submit_with(struct fixture *f, struct inbye_command *command, uint32_t weight, uint32_t pool)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

        job.command = command;
        job.weight = weight;
        job.pool = pool;
        cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, NULL)));
        inbye_command_unref(command);
}

static int most(const struct fixture *f, int first, int step, int n)
{
        int most = 0;

        for (int i = first; i < n; i += step)
                if (atoi(f->text[i]) > most)
                        most = atoi(f->text[i]);
        return most;
}

Test(pool, has_a_cap_of_its_own_and_blocks_nobody_else)
{
        static const uint32_t widths[] = { 1, 2 };
        struct fixture *f = begin(6, 0);

        make_directory();
        f->options.pool_widths = widths;
        f->options.n_pools = 2;
        open_batch(f);
        for (int i = 0; i < 60; i++)
                submit_with(f, mark(i % 3 == 0 ? "free" : i % 3 == 1 ? "one" : "two", i), 1, (uint32_t)i % 3);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 60));
        cr_assert(eq(int, most(f, 1, 3, 60), 1));
        cr_assert(le(int, most(f, 2, 3, 60), 2));
        remove_directory();
        end(f);
}

static int pooled_next(void *userdata, struct inbye_batch_job *ret_job)
{
        struct fixture *f = userdata;

        if (f->n_pulled == 40)
                return 0;
        ret_job->pool = f->n_pulled < 30; /* all of the pool come first */
        ret_job->command = f->n_pulled < 30 ? mark("pool", (int)f->n_pulled) : COMMAND("true");
        f->n_pulled++;
        return 1;
}

Test(pool, jobs_of_the_source_pass_those_of_a_full_one)
{
        static const uint32_t widths[] = { 1 };
        struct fixture *f = begin(4, 0);

        make_directory();
        f->options.pool_widths = widths;
        f->options.n_pools = 1;
        f->options.next = pooled_next;
        open_batch(f);
        finish(f);
        cr_assert(eq(int, most(f, 0, 1, 30), 1));
        cr_assert(eq(u64, f->n_results, 40));
        cr_assert(lt(u64, f->order[29], 40));
        cr_assert(lt(u64, f->order[39], 30)); /* the last of the pool ends last */
        remove_directory();
        end(f);
}

Test(pool, one_that_does_not_exist_is_refused)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct fixture *f = begin(1, 0);

        open_batch(f);
        job.command = COMMAND("true");
        job.pool = 1;
        cr_assert(eq(int, inbye_batch_submit_job(f->batch, &job, NULL), -EINVAL));
        inbye_command_unref(job.command);
        end(f);
}

Test(weight, counts_against_the_width)
{
        struct fixture *f = begin(4, 0);

        make_directory();
        open_batch(f);
        for (int i = 0; i < 24; i++)
                submit_with(f, mark("heavy", i), 2, 0);
        finish(f);
        cr_assert(le(int, most(f, 0, 1, 24), 2));
        remove_directory();
        end(f);
}

static int position(const struct fixture *f, uint64_t index)
{
        int i = 0;

        while (f->order[i] != index)
                i++;
        return i;
}

Test(weight, more_than_the_width_runs_alone_and_is_not_starved)
{
        struct fixture *f = begin(3, 0);

        make_directory();
        open_batch(f);
        for (int i = 0; i < 30; i++)
                submit_with(f, mark("any", i), i == 5 ? 99 : 1, 0);
        finish(f);
        cr_assert(eq(int, atoi(f->text[5]), 1));
        cr_assert(lt(int, position(f, 5), 9)); /* its turn is not the last */
        remove_directory();
        end(f);
}

static void submit_for_ever(struct fixture *f, uint64_t index)
{
        (void)index;
        if (f->n_pulled < f->n_jobs)
                submit(f, COMMAND("true"));
}

Test(queue, what_is_submitted_does_not_starve_the_source)
{
        struct fixture *f = begin(1, 0);

        f->on_result = submit_for_ever;
        open_source(f, 10, echo_number);
        submit(f, COMMAND("true"));
        submit(f, COMMAND("true"));
        finish(f);
        cr_assert(eq(u64, f->n_pulled, 10));
        cr_assert(lt(u64, f->n_results, 40));
        end(f);
}

Test(pace, starts_are_an_interval_apart)
{
        struct fixture *f = begin(4, 0);
        struct timespec a, b;

        f->options.start_interval_ns = 50 * MS;
        clock_gettime(CLOCK_MONOTONIC, &a);
        open_source(f, 5, echo_number);
        finish(f);
        clock_gettime(CLOCK_MONOTONIC, &b);
        cr_assert(ge(dbl, (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9, 0.2));
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 5));
        end(f);
}
