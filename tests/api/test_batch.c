/* SPDX-License-Identifier: MIT */
/* Batches: every job has its one result, whatever becomes of it, and never more trees than asked for. */
#include "batch_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

Test(batch, every_job_has_its_own_result_once)
{
        struct fixture *f = begin(4, 0);
        char expected[16];

        open_source(f, 60, echo_number);
        finish(f);
        cr_assert(eq(u64, f->n_results, 60));
        for (int i = 0; i < 60; i++) {
                snprintf(expected, sizeof(expected), "%d\n", i);
                cr_assert(eq(int, f->n_told[i], 1));
                cr_assert(eq(str, f->text[i], expected));
        }
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 60));
        cr_assert(zero(u64, counts(f).not_started));
        end(f);
}

Test(batch, nothing_starts_before_the_loop_turns)
{
        struct fixture *f = begin(4, 0);

        open_source(f, 3, echo_number);
        submit(f, COMMAND("true"));
        cr_assert(zero(u64, f->n_pulled));
        cr_assert(zero(u64, counts(f).running));
        end(f);
}

/* Each notes how many are there beside itself. */
static struct inbye_command *count_neighbours(uint64_t i)
{
        char script[128];

        snprintf(
                script, sizeof(script), "mkdir here.%d; ls -d here.* | wc -l; rmdir here.%d", (int)i, (int)i);
        return SH(script);
}

Test(batch, never_more_than_the_width)
{
        struct fixture *f = begin(3, 0);

        make_directory();
        open_source(f, 40, count_neighbours);
        finish(f);
        for (int i = 0; i < 40; i++)
                cr_assert(le(int, atoi(f->text[i]), 3));
        remove_directory();
        end(f);
}

/* Ends only while its twin runs. */
static struct inbye_command *meet(uint64_t i)
{
        return i % 2 ? SH("read x <a && echo y >b") : SH("echo x >a && read y <b");
}

Test(batch, the_width_is_used)
{
        struct fixture *f = begin(2, 0);

        make_directory();
        cr_assert(zero(int, mkfifo("a", 0600)));
        cr_assert(zero(int, mkfifo("b", 0600)));
        open_source(f, 2, meet);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 2));
        remove_directory();
        end(f);
}

static void widen(void *userdata)
{
        struct fixture *f = userdata;

        cr_assert(eq(u64, counts(f).running, 1));
        cr_assert(zero(int, inbye_batch_set_width(f->batch, 2)));
}

Test(batch, the_width_grows_while_jobs_run)
{
        struct fixture *f = begin(1, 0);
        struct inbye_watch *watch;

        make_directory();
        cr_assert(zero(int, mkfifo("a", 0600)));
        cr_assert(zero(int, mkfifo("b", 0600)));
        open_source(f, 2, meet);
        cr_assert(zero(int, inbye_watch_timer(f->loop, 50 * MS, widen, f, &watch)));
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 2));
        cr_assert(eq(int, inbye_batch_set_width(f->batch, 0), -EINVAL));
        inbye_watch_free(watch);
        remove_directory();
        end(f);
}

/* The first ends after the last has ended. */
static struct inbye_command *first_is_last(uint64_t i)
{
        return i == 0 ? SH("read x <a") : i == 2 ? SH("echo x >a") : COMMAND("true");
}

Test(batch, keeps_the_order)
{
        struct fixture *f = begin(2, INBYE_BATCH_KEEP_ORDER);

        make_directory();
        cr_assert(zero(int, mkfifo("a", 0600)));
        open_source(f, 3, first_is_last);
        finish(f);
        cr_assert(eq(u64, f->n_results, 3));
        for (uint64_t i = 0; i < 3; i++)
                cr_assert(eq(u64, f->order[i], i));
        remove_directory();
        end(f);
}

Test(batch, a_failure_touches_nothing_else)
{
        struct fixture *f = begin(2, 0);
        struct inbye_command *slow = COMMAND("sleep", "1000");
        struct inbye_batch_counts c;

        cr_assert(zero(int, inbye_command_set_timeout(slow, 100 * MS)));
        open_batch(f);
        submit(f, COMMAND("true"));
        submit(f, COMMAND("false"));
        submit(f, slow);
        submit(f, COMMAND("/nonexistent/program"));
        submit(f, SH("kill -9 $$"));
        submit(f, COMMAND("true"));
        finish(f);
        c = counts(f);
        cr_assert(eq(u64, c.submitted, 6));
        cr_assert(eq(u64, c.by_status[INBYE_OK], 2));
        cr_assert(eq(u64, c.by_status[INBYE_NONZERO], 1));
        cr_assert(eq(u64, c.by_status[INBYE_TIMEOUT], 1));
        cr_assert(eq(u64, c.by_status[INBYE_SPAWN_ERROR], 1));
        cr_assert(eq(u64, c.by_status[INBYE_SIGNALED], 1));
        end(f);
}

Test(batch, hundreds_that_cannot_start_are_as_many_results)
{
        struct fixture *f = begin(2, INBYE_BATCH_KEEP_ORDER);

        open_source(f, 500, missing_program);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_SPAWN_ERROR], 500));
        cr_assert(eq(u64, f->n_results, 500));
        end(f);
}

Test(batch, leftovers_are_counted_and_gone)
{
        struct fixture *f = begin(1, 0);
        pid_t pid;

        open_batch(f);
        submit(f, SH("setsid sleep 1000 >/dev/null 2>&1 & echo $!"));
        finish(f);
        pid = atoi(f->text[0]);
        cr_assert(eq(u64, counts(f).leftovers, 1));
        cr_assert(zero(int, is_alive(pid)));
        end(f);
}

static void submit_one_more(struct fixture *f, uint64_t index)
{
        if (index < 9)
                submit(f, COMMAND("true"));
}

Test(batch, a_result_may_submit_the_next_job)
{
        struct fixture *f = begin(2, 0);

        open_batch(f);
        f->on_result = submit_one_more;
        submit(f, COMMAND("true"));
        finish(f);
        cr_assert(eq(u64, f->n_results, 10));
        end(f);
}

Test(batch, asks_again_when_poked)
{
        struct fixture *f = begin(2, 0);

        f->starve = 1;
        open_source(f, 5, echo_number);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 5));
        end(f);
}

static int fail_third(void *userdata, struct inbye_batch_job *ret_job)
{
        struct fixture *f = userdata;

        if (f->n_pulled == 2)
                return -EIO;
        ret_job->command = echo_number(f->n_pulled++);
        return 1;
}

Test(batch, an_error_of_the_source_comes_out_of_wait)
{
        struct fixture *f = begin(2, 0);

        f->options.next = fail_third;
        open_batch(f);
        cr_assert(eq(int, inbye_batch_wait(f->batch, PATIENCE), -EIO));
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 2));
        end(f);
}

static int promise_nothing(void *userdata, struct inbye_batch_job *ret_job)
{
        (void)userdata;
        ret_job->command = NULL;
        return 1;
}

Test(batch, a_job_without_a_command_is_an_error_of_the_source)
{
        struct fixture *f = begin(2, 0);

        f->options.next = promise_nothing;
        open_batch(f);
        cr_assert(eq(int, inbye_batch_wait(f->batch, PATIENCE), -EINVAL));
        cr_assert(zero(u64, f->n_results));
        cr_assert(zero(u64, counts(f).submitted));
        end(f);
}

Test(batch, wait_times_out_and_changes_nothing)
{
        struct fixture *f = begin(1, 0);

        open_source(f, 1, hang);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 50 * MS), -ETIMEDOUT));
        cr_assert(eq(u64, counts(f).running, 1));
        inbye_batch_cancel(f->batch, SIGKILL, 0);
        finish(f);
        end(f);
}

static void cancel_batch(void *userdata)
{
        struct fixture *f = userdata;

        inbye_batch_cancel(f->batch, 0, 100 * SEC);
}

Test(batch, cancel_ends_what_runs_and_starts_nothing)
{
        struct fixture *f = begin(2, 0);
        struct inbye_watch *watch;
        uint64_t index;

        open_batch(f);
        for (int i = 0; i < 5; i++)
                submit(f, hang(0));
        cr_assert(zero(int, inbye_watch_timer(f->loop, 50 * MS, cancel_batch, f, &watch)));
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_CANCELLED], 2));
        cr_assert(eq(u64, f->n_results, 5));
        cr_assert(eq(u64, counts(f).not_started, 3));
        cr_assert(eq(int, inbye_batch_submit(f->batch, NULL, &index), -EINVAL));
        inbye_watch_free(watch);
        end(f);
}

static int n_cancels;
static void cancel_again(void *userdata)
{
        struct fixture *f = userdata;

        n_cancels++;
        inbye_batch_cancel(f->batch, n_cancels == 1 ? SIGTERM : SIGKILL, n_cancels == 1 ? 1000 * SEC : 0);
        if (n_cancels == 1)
                cr_assert(zero(int, inbye_watch_rearm(f->poke, 50 * MS)));
}

Test(batch, a_second_cancel_is_sharper)
{
        struct fixture *f = begin(2, 0);
        struct inbye_watch *watch, *poke_watch = f->poke;

        cr_assert(zero(int, inbye_watch_timer(f->loop, INBYE_FOREVER, cancel_again, f, &watch)));
        f->poke = watch;
        open_batch(f);
        submit(f, SH("trap '' TERM; while :; do sleep 1000; done"));
        cr_assert(zero(int, inbye_watch_rearm(watch, 50 * MS)));
        finish(f);
        cr_assert(eq(int, f->status[0], INBYE_CANCELLED));
        cr_assert(eq(int, n_cancels, 2));
        inbye_watch_free(poke_watch);
        end(f);
}

static void stop_batch(struct fixture *f, uint64_t index)
{
        (void)index;
        inbye_batch_stop(f->batch);
}

Test(batch, stop_lets_what_runs_end)
{
        struct fixture *f = begin(1, 0);
        struct inbye_command *command = COMMAND("true");

        open_batch(f);
        f->on_result = stop_batch;
        for (int i = 0; i < 4; i++)
                submit(f, COMMAND("true"));
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 1));
        cr_assert(eq(u64, counts(f).not_started, 3));
        cr_assert(eq(int, inbye_batch_submit(f->batch, command, NULL), -ECANCELED));
        inbye_command_unref(command);
        end(f);
}

static void fire(void *userdata)
{
        inbye_cancel_fire(userdata);
}

Test(batch, a_token_ends_all)
{
        struct fixture *f = begin(2, 0);
        struct inbye_watch *watch;

        cr_assert(zero(int, inbye_cancel_open(&f->options.cancel)));
        open_source(f, 3, hang);
        cr_assert(zero(int, inbye_watch_timer(f->loop, 50 * MS, fire, f->options.cancel, &watch)));
        finish(f);
        cr_assert(eq(u64, f->n_pulled, 2));
        cr_assert(eq(u64, counts(f).by_status[INBYE_CANCELLED], 2));
        inbye_watch_free(watch);
        inbye_cancel_free(f->options.cancel);
        end(f);
}

Test(batch, a_token_fired_beforehand_starts_nothing)
{
        struct fixture *f = begin(2, 0);

        cr_assert(zero(int, inbye_cancel_open(&f->options.cancel)));
        inbye_cancel_fire(f->options.cancel);
        open_source(f, 3, hang);
        submit(f, hang(0));
        inbye_cancel_free(f->options.cancel);
        finish(f);
        cr_assert(zero(u64, f->n_pulled));
        cr_assert(eq(int, f->status[0], INBYE_CANCELLED));
        end(f);
}

static void free_batch(struct fixture *f, uint64_t index)
{
        (void)index;
        inbye_batch_free(f->batch);
        f->batch = NULL;
}

Test(batch, may_be_freed_by_its_own_result)
{
        struct fixture *f = begin(3, 0);

        open_batch(f);
        f->on_result = free_batch;
        submit(f, COMMAND("true"));
        submit(f, hang(0));
        submit(f, hang(0));
        submit(f, hang(0));
        cr_assert(eq(int, inbye_batch_wait(f->batch, PATIENCE), -ECANCELED));
        cr_assert(eq(u64, f->n_results, 1));
        cr_assert(zero(ptr, f->batch));
        while (inbye_loop_dispatch(f->loop, 200 * MS) > 0) /* the trees that ran end in turns of their own */
                ;
        end(f);
}

Test(batch, free_ends_what_runs)
{
        struct fixture *f = begin(2, 0);

        open_source(f, 4, hang);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 50 * MS), -ETIMEDOUT));
        cr_assert(eq(sz, inbye_batch_running(f->batch, NULL, 0), 2));
        end(f);
}

Test(batch, a_pause_starts_nothing)
{
        struct fixture *f = begin(2, 0);

        open_source(f, 3, echo_number);
        inbye_batch_pause(f->batch);
        inbye_batch_pause(f->batch);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 50 * MS), -ETIMEDOUT));
        cr_assert(zero(u64, f->n_pulled));
        inbye_batch_resume(f->batch);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 3));
        end(f);
}

Test(batch, a_paused_batch_can_be_cancelled)
{
        struct fixture *f = begin(2, 0);

        open_source(f, 3, hang);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 50 * MS), -ETIMEDOUT));
        inbye_batch_pause(f->batch);
        inbye_batch_cancel(f->batch, SIGTERM, 100 * SEC);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_CANCELLED], 2));
        end(f);
}

static struct inbye_command *short_nap(uint64_t i)
{
        (void)i;
        return COMMAND("sleep", "0.02");
}

Test(batch, a_shortage_of_descriptors_only_slows_it_down)
{
        struct fixture *f = begin(64, 0);
        struct rlimit limit = { 40, 40 };

        cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));
        open_source(f, 80, short_nap);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 80));
        end(f);
}

/* A jobserver of the test's own. */
static void make_pool(int pool[2], const char *tokens)
{
        char flags[80];

        cr_assert(zero(int, pipe(pool)));
        cr_assert(eq(sz, (size_t)write(pool[1], tokens, strlen(tokens)), strlen(tokens)));
        snprintf(flags, sizeof(flags), " -j --jobserver-auth=%d,%d", pool[0], pool[1]);
        cr_assert(zero(int, setenv("MAKEFLAGS", flags, 1)));
}

/* What is in there now. Nobody made it non-blocking. */
static char *drain_pool(int pool[2])
{
        static char tokens[16];
        ssize_t n;

        cr_assert(eq(int, fcntl(pool[0], F_GETFL), O_RDONLY));
        cr_assert(eq(sz, (size_t)write(pool[1], ".", 1), 1));
        n = read(pool[0], tokens, sizeof(tokens) - 1);
        cr_assert(gt(int, (int)n, 0));
        tokens[n - 1] = '\0';
        return tokens;
}

static void end_with_pool(struct fixture *f, int pool[2])
{
        close(pool[0]);
        close(pool[1]);
        end(f);
}

Test(batch, takes_a_token_of_make_for_each_job_but_one_and_gives_it_back)
{
        struct fixture *f = begin(8, INBYE_BATCH_JOBSERVER_CLIENT);
        int pool[2];

        make_pool(pool, "xx");
        make_directory();
        open_source(f, 40, count_neighbours);
        finish(f);
        for (int i = 0; i < 40; i++)
                cr_assert(le(int, atoi(f->text[i]), 3));
        cr_assert(eq(str, drain_pool(pool), "xx"));
        remove_directory();
        end_with_pool(f, pool);
}

Test(batch, gives_back_the_tokens_of_make_when_it_is_freed_while_jobs_run)
{
        struct fixture *f = begin(8, INBYE_BATCH_JOBSERVER_CLIENT);
        int pool[2];

        make_pool(pool, "y");
        open_source(f, 9, hang);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 50 * MS), -ETIMEDOUT));
        cr_assert(eq(u64, counts(f).running, 2));
        inbye_batch_free(f->batch);
        f->batch = NULL;
        cr_assert(eq(str, drain_pool(pool), "y"));
        end_with_pool(f, pool);
}

Test(batch, a_cancel_reaches_jobs_that_wait_for_a_token)
{
        struct fixture *f = begin(4, INBYE_BATCH_JOBSERVER_CLIENT);
        int pool[2];

        make_pool(pool, "");
        open_batch(f);
        submit(f, hang(0));
        submit(f, hang(1));
        cr_assert(eq(int, inbye_batch_wait(f->batch, 20 * MS), -ETIMEDOUT));
        cr_assert(eq(u64, counts(f).not_started, 1));
        inbye_batch_cancel(f->batch, SIGKILL, 0);
        finish(f);
        cr_assert(eq(u64, f->n_results, 2));
        cr_assert(eq(int, f->status[0], INBYE_CANCELLED));
        cr_assert(eq(int, f->status[1], INBYE_CANCELLED));
        cr_assert(eq(str, drain_pool(pool), ""));
        end_with_pool(f, pool);
}

Test(batch, a_jobserver_that_cannot_be_reached_is_refused)
{
        struct fixture *f = begin(8, INBYE_BATCH_JOBSERVER_CLIENT);
        struct inbye_error error = { 0 };

        cr_assert(zero(int, setenv("MAKEFLAGS", "--jobserver-auth=798,799", 1)));
        cr_assert(eq(int, inbye_batch_open(f->loop, &f->options, &f->batch, &error), -ENOLINK));
        cr_assert(eq(int, error.number, EBADF));
        cr_assert(zero(int, setenv("MAKEFLAGS", "--jobserver-auth=0,1x", 1)));
        cr_assert(eq(int, inbye_batch_open(f->loop, &f->options, &f->batch, NULL), -ENOLINK));
        cr_assert(zero(int, setenv("MAKEFLAGS", "k", 1)));
        open_source(f, 3, echo_number);
        finish(f);
        cr_assert(eq(u64, f->n_results, 3));
        end(f);
}

#define OPEN_POOL "w=${MAKEFLAGS##*,}; r=${MAKEFLAGS##*=}; r=${r%,*}; "

/* Takes both tokens that there are beside its own, and gives none back. */
static struct inbye_command *hoard(uint64_t i)
{
        (void)i;
        return SH(OPEN_POOL "head -c 2 /dev/fd/$r >/dev/null; echo had two");
}

Test(batch, what_a_job_kept_of_its_jobserver_is_there_for_the_next_one)
{
        struct fixture *f = begin(1, INBYE_BATCH_JOBSERVER_SERVER);

        f->options.jobserver_tokens = 3;
        open_source(f, 6, hoard);
        finish(f);
        for (int i = 0; i < 6; i++)
                cr_assert(eq(str, f->text[i], "had two\n"));
        end(f);
}

/* The first puts back what it never had. The second would have to wait for ever for a second one. */
static struct inbye_command *overpay(uint64_t i)
{
        return i ? hoard(i) : SH(OPEN_POOL "printf +++++++++ >/dev/fd/$w; echo paid");
}

Test(batch, tokens_that_were_never_given_count_for_nothing)
{
        struct fixture *f = begin(1, INBYE_BATCH_JOBSERVER_SERVER);

        f->options.jobserver_tokens = 2;
        open_source(f, 2, overpay);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 300 * MS), -ETIMEDOUT));
        cr_assert(eq(u64, f->n_results, 1));
        cr_assert(eq(str, f->text[0], "paid\n"));
        end(f);
}

Test(batch, options_and_counts_of_other_versions)
{
        struct {
                struct inbye_batch_options options;
                uint64_t later;
        } newer = { .options = INBYE_BATCH_OPTIONS_INIT, .later = 1 };
        struct inbye_batch_counts c = { .size = sizeof(c) + 1 };
        struct fixture *f = begin(1, 0);

        newer.options.size = sizeof(newer);
        cr_assert(eq(int, inbye_batch_open(f->loop, &newer.options, &f->batch, NULL), -E2BIG));
        newer.later = 0;
        cr_assert(zero(int, inbye_batch_open(f->loop, &newer.options, &f->batch, NULL)));
        cr_assert(eq(int, inbye_batch_counts(f->batch, &c), -E2BIG));
        c = (struct inbye_batch_counts){ .size = offsetof(struct inbye_batch_counts, running), .running = 7 };
        cr_assert(zero(int, inbye_batch_counts(f->batch, &c)));
        cr_assert(eq(u64, c.running, 7));
        inbye_batch_free(f->batch);
        newer.options.size = sizeof(f->options.size) + sizeof(uint32_t); /* only a width */
        cr_assert(zero(int, inbye_batch_open(f->loop, &newer.options, &f->batch, NULL)));
        newer.options.size = 0;
        inbye_batch_free(f->batch);
        f->batch = NULL;
        cr_assert(eq(int, inbye_batch_open(f->loop, &newer.options, &f->batch, NULL), -EINVAL));
        newer.options.size = sizeof(newer.options);
        newer.options.flags = 1u << 31;
        cr_assert(eq(int, inbye_batch_open(f->loop, &newer.options, &f->batch, NULL), -EINVAL));
        end(f);
}

/* What started and ended says: never two in a slot, and every start has its end. */
struct seen {
        int slots[8]; /* index + 1 of the job that is there */
        int n_started, n_ended, n_unstarted;
};
static struct seen seen;

static void see_start(void *userdata, const struct inbye_batch_attempt *attempt)
{
        (void)userdata;
        cr_assert(lt(u32, attempt->slot, 3));
        cr_assert(zero(int, seen.slots[attempt->slot]));
        cr_assert(ne(ptr, attempt->process, NULL));
        cr_assert(zero(ptr, attempt->result));
        cr_assert(eq(u32, attempt->number, 1));
        seen.slots[attempt->slot] = (int)attempt->index + 1;
        seen.n_started++;
}

static void see_end(void *userdata, const struct inbye_batch_attempt *attempt)
{
        (void)userdata;
        cr_assert(ne(ptr, attempt->result, NULL));
        cr_assert(zero(ptr, attempt->process));
        if (attempt->slot == INBYE_BATCH_NO_SLOT) {
                seen.n_unstarted++;
                return;
        }
        cr_assert(eq(int, seen.slots[attempt->slot], (int)attempt->index + 1));
        seen.slots[attempt->slot] = 0;
        seen.n_ended++;
}

static struct inbye_command *some_cannot_start(uint64_t i)
{
        return i % 5 == 4 ? missing_program(i) : echo_number(i);
}

Test(batch, no_two_jobs_are_in_a_slot_at_once)
{
        struct fixture *f = begin(3, INBYE_BATCH_KEEP_ORDER);

        f->options.started = see_start;
        f->options.ended = see_end;
        open_source(f, 50, some_cannot_start);
        finish(f);
        cr_assert(eq(int, seen.n_started, 40));
        cr_assert(eq(int, seen.n_ended, 40));
        cr_assert(eq(int, seen.n_unstarted, 10));
        end(f);
}

Test(batch, a_job_is_called_what_its_owner_calls_it)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct fixture *f = begin(2, INBYE_BATCH_KEEP_ORDER);
        uint64_t index;

        open_batch(f);
        job.command = COMMAND("true");
        job.index = 70;
        cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, &index)));
        cr_assert(eq(u64, index, 70));
        job.index = 30;
        cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, NULL)));
        finish(f);
        cr_assert(eq(u64, f->order[0], 70));
        cr_assert(eq(u64, f->order[1], 30));
        inbye_command_unref(job.command);
        job.command = NULL;
        cr_assert(eq(int, inbye_batch_submit_job(f->batch, &job, NULL), -EINVAL));
        job.size = 1;
        cr_assert(eq(int, inbye_batch_submit_job(f->batch, &job, NULL), -EINVAL));
        end(f);
}
