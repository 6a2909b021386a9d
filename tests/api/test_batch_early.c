/* SPDX-License-Identifier: MIT */
/* Batches that try again, and batches that end before their list does: nothing is lost, nothing told twice.
 */
#include "batch_fixture.h"

/* --- again ---------------------------------------------------------------------------------------------- */

static uint32_t attempts[MAX_JOBS];

static void note_attempts(void *userdata, uint64_t index, struct inbye_result *result)
{
        attempts[index] = inbye_result_attempts(result);
        tell(userdata, index, result);
}

static struct fixture *begin_again(uint32_t width, uint32_t retries)
{
        struct fixture *f = begin(width, 0);

        f->options.result = note_attempts;
        f->options.retries = retries;
        f->options.retry_delay_ns = MS;
        return f;
}

/* Exits 9 until it was started so many times. */
static struct inbye_command *third_time_lucky(uint64_t i)
{
        char script[160];

        snprintf(script, sizeof(script), "echo x >>tries.%d; test $(wc -l <tries.%d) -ge 3 || exit 9", (int)i,
                (int)i);
        return SH(script);
}

static struct inbye_command *exit_code(uint64_t i)
{
        char code[16];

        snprintf(code, sizeof(code), "exit %d", (int)i);
        return SH(code);
}

Test(retry, a_job_that_fails_is_started_again)
{
        struct fixture *f = begin_again(2, 5);

        make_directory();
        open_source(f, 4, third_time_lucky);
        finish(f);
        for (int i = 0; i < 4; i++) {
                cr_assert(eq(int, f->status[i], INBYE_OK));
                cr_assert(eq(u32, attempts[i], 3));
                cr_assert(eq(int, f->n_told[i], 1));
        }
        cr_assert(eq(u64, counts(f).retries, 8));
        remove_directory();
        end(f);
}

Test(retry, attempts_come_to_an_end)
{
        struct fixture *f = begin_again(2, 2);

        open_source(f, 3, exit_code);
        finish(f);
        cr_assert(eq(u32, attempts[0], 1));
        cr_assert(eq(u32, attempts[1], 3));
        cr_assert(eq(u32, attempts[2], 3));
        cr_assert(eq(u64, counts(f).by_status[INBYE_NONZERO], 2));
        cr_assert(zero(u64, counts(f).waiting));
        end(f);
}

Test(retry, only_after_what_was_named)
{
        static const unsigned char codes[] = { 2 };
        struct fixture *f = begin_again(2, 1);

        f->options.retry_statuses = 1u << INBYE_SIGNALED;
        f->options.retry_codes = codes;
        f->options.n_retry_codes = 1;
        open_source(f, 3, exit_code);
        submit(f, SH("kill -9 $$"));
        submit(f, COMMAND("/nonexistent/program"));
        finish(f);
        for (int i = 0; i < 5; i++) { /* `next` and submit take turns: look at what they are */
                bool again = f->status[i] == INBYE_SIGNALED;

                if (f->status[i] == INBYE_SIGNALED || f->status[i] == INBYE_SPAWN_ERROR)
                        cr_assert(eq(u32, attempts[i], again ? 2 : 1));
        }
        cr_assert(eq(u64, counts(f).retries, 2));
        end(f);
}

Test(retry, a_missing_program_is_not_tried_again_unless_named)
{
        struct fixture *f = begin_again(1, 3);

        open_source(f, 1, missing_program);
        finish(f);
        cr_assert(eq(u32, attempts[0], 1));
        end(f);

        f = begin_again(1, 3);
        f->options.retry_statuses = 1u << INBYE_SPAWN_ERROR;
        open_source(f, 1, missing_program);
        finish(f);
        cr_assert(eq(u32, attempts[0], 4));
        end(f);
}

Test(retry, a_job_may_have_a_number_of_its_own)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct fixture *f = begin_again(1, 4);

        open_batch(f);
        job.command = COMMAND("false");
        job.retries = 0;
        cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, NULL)));
        job.retries = 1;
        cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, NULL)));
        inbye_command_unref(job.command);
        finish(f);
        cr_assert(eq(u32, attempts[0], 1));
        cr_assert(eq(u32, attempts[1], 2));
        end(f);
}

static struct inbye_command *only_the_first_fails(uint64_t i)
{
        return i == 0 ? SH("mkdir was-here && exit 1; exit 0") : COMMAND("true");
}

Test(retry, a_job_that_waits_holds_no_slot)
{
        struct fixture *f = begin_again(1, 1);

        make_directory();
        f->options.retry_delay_ns = 400 * MS;
        open_source(f, 4, only_the_first_fails);
        finish(f);
        cr_assert(eq(u64, f->order[3], 0));
        cr_assert(eq(int, f->status[0], INBYE_OK));
        remove_directory();
        end(f);
}

Test(retry, in_order_the_others_run_and_their_results_wait)
{
        struct fixture *f = begin_again(1, 1);

        make_directory();
        f->options.flags = INBYE_BATCH_KEEP_ORDER;
        f->options.retry_delay_ns = 100 * MS;
        open_source(f, 30, only_the_first_fails);
        finish(f);
        for (uint64_t i = 0; i < 30; i++)
                cr_assert(eq(u64, f->order[i], i));
        remove_directory();
        end(f);
}

static void cancel_softly(void *userdata)
{
        struct fixture *f = userdata;

        inbye_batch_cancel(f->batch, 0, 100 * SEC);
}

Test(retry, cancel_interrupts_the_wait)
{
        struct fixture *f = begin_again(2, 5);
        struct inbye_watch *watch;

        f->options.retry_delay_ns = 1000 * SEC;
        open_batch(f);
        submit(f, SH("exit 7"));
        submit(f, hang(0));
        cr_assert(zero(int, inbye_watch_timer(f->loop, 100 * MS, cancel_softly, f, &watch)));
        finish(f);
        cr_assert(eq(int, f->status[0], INBYE_NONZERO)); /* what its one attempt came to */
        cr_assert(eq(u32, attempts[0], 1));
        cr_assert(eq(int, f->status[1], INBYE_CANCELLED)); /* never tried again */
        cr_assert(eq(u32, attempts[1], 1));
        inbye_watch_free(watch);
        end(f);
}

Test(retry, dropping_the_batch_drops_those_that_wait)
{
        struct fixture *f = begin_again(2, 5);

        f->options.retry_delay_ns = 1000 * SEC;
        open_source(f, 3, exit_code);
        cr_assert(eq(int, inbye_batch_wait(f->batch, 100 * MS), -ETIMEDOUT));
        cr_assert(eq(u64, counts(f).waiting, 2));
        end(f);
}

/* --- early ---------------------------------------------------------------------------------------------- */

static struct fixture *begin_halting(
        uint32_t width, enum inbye_batch_halt halt, enum inbye_batch_halt_on on, uint32_t n, uint32_t percent)
{
        struct fixture *f = begin_again(width, 0);

        f->options.flags = INBYE_BATCH_TELL_UNSTARTED;
        f->options.halt = halt;
        f->options.halt_on = on;
        f->options.halt_count = n;
        f->options.halt_percent = percent;
        return f;
}

/* The first fails while the second hangs. */
static struct inbye_command *fail_then_hang(uint64_t i)
{
        return i == 0   ? SH("read x <a; exit 3")
               : i == 1 ? SH("echo partial; echo x >a; exec sleep 1000")
                        : COMMAND("true");
}

Test(halt, fail_fast_ends_the_rest_and_says_what_never_started)
{
        struct fixture *f = begin_halting(2, INBYE_BATCH_HALT_NOW, INBYE_BATCH_ON_FAIL, 1, 0);

        make_directory();
        cr_assert(zero(int, mkfifo("a", 0600)));
        open_source(f, 20, fail_then_hang);
        finish(f);
        cr_assert(eq(u64, f->n_results, 20));
        cr_assert(eq(int, f->status[0], INBYE_NONZERO));
        cr_assert(eq(int, f->status[1], INBYE_CANCELLED));
        cr_assert(eq(str, f->text[1], "partial\n"));
        cr_assert(eq(u32, attempts[1], 1));
        for (int i = 2; i < 20; i++) {
                cr_assert(eq(int, f->status[i], INBYE_CANCELLED));
                cr_assert(zero(u32, attempts[i]));
        }
        cr_assert(eq(u64, counts(f).not_started, 18));
        cr_assert(eq(u64, counts(f).submitted, 20));
        cr_assert(eq(int, counts(f).cause, INBYE_BATCH_HALTED));
        remove_directory();
        end(f);
}

/* The first fails, and only then the second may end. */
static struct inbye_command *fail_then_end(uint64_t i)
{
        return i == 0 ? SH("exit 3") : i == 1 ? SH("sleep 0.2; exit 0") : COMMAND("true");
}

Test(halt, soon_lets_what_runs_end)
{
        struct fixture *f = begin_halting(2, INBYE_BATCH_HALT_SOON, INBYE_BATCH_ON_FAIL, 1, 0);

        open_source(f, 9, fail_then_end);
        finish(f);
        cr_assert(eq(int, f->status[1], INBYE_OK));
        cr_assert(eq(u64, f->n_results, 9));
        cr_assert(ge(u64, counts(f).not_started, 1));
        end(f);
}

Test(halt, the_first_success_ends_a_race)
{
        struct fixture *f = begin_halting(3, INBYE_BATCH_HALT_NOW, INBYE_BATCH_ON_SUCCESS, 1, 0);

        open_batch(f);
        submit(f, hang(0));
        submit(f, COMMAND("false"));
        submit(f, COMMAND("true"));
        submit(f, hang(0));
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 1));
        cr_assert(eq(u64, f->n_results, 4));
        end(f);
}

static struct inbye_command *every_second_fails(uint64_t i)
{
        return i % 2 ? COMMAND("false") : COMMAND("true");
}

Test(halt, a_share_takes_three_of_the_kind)
{
        struct fixture *f = begin_halting(1, INBYE_BATCH_HALT_SOON, INBYE_BATCH_ON_FAIL, 0, 50);

        open_source(f, 40, every_second_fails);
        finish(f);
        cr_assert(eq(u64, counts(f).by_status[INBYE_NONZERO], 3));
        cr_assert(eq(u64, counts(f).by_status[INBYE_OK], 3));
        cr_assert(eq(u64, counts(f).not_started, 34));
        end(f);
}

Test(halt, after_so_many_jobs_whatever_they_came_to)
{
        struct fixture *f = begin_halting(1, INBYE_BATCH_HALT_SOON, INBYE_BATCH_ON_END, 5, 0);

        open_source(f, 40, every_second_fails);
        finish(f);
        cr_assert(eq(u64, counts(f).not_started, 35));
        end(f);
}

Test(halt, in_order_nothing_waits_for_what_never_started)
{
        static const uint32_t widths[] = { 1 };
        struct fixture *f = begin_halting(2, INBYE_BATCH_HALT_SOON, INBYE_BATCH_ON_FAIL, 1, 0);
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;

        f->options.flags = INBYE_BATCH_KEEP_ORDER;
        f->options.pool_widths = widths;
        f->options.n_pools = 1;
        open_batch(f);
        job.pool = 1;
        for (int i = 0; i < 3; i++) { /* one of them runs when the last job fails */
                job.command = COMMAND("sleep", "0.2");
                cr_assert(zero(int, inbye_batch_submit_job(f->batch, &job, NULL)));
                inbye_command_unref(job.command);
        }
        submit(f, COMMAND("false"));
        finish(f);
        cr_assert(eq(u64, f->n_results, 2));
        cr_assert(eq(int, f->status[3], INBYE_NONZERO));
        cr_assert(eq(u64, counts(f).not_started, 2));
        end(f);
}

Test(deadline, ends_the_batch_with_what_is_complete)
{
        struct fixture *f = begin_halting(2, INBYE_BATCH_HALT_NEVER, INBYE_BATCH_ON_FAIL, 0, 0);

        f->options.deadline_ns = 150 * MS;
        open_batch(f);
        submit(f, COMMAND("echo", "done"));
        for (int i = 0; i < 4; i++)
                submit(f, hang(0));
        finish(f);
        cr_assert(eq(int, counts(f).cause, INBYE_BATCH_DEADLINE));
        cr_assert(eq(str, f->text[0], "done\n"));
        cr_assert(eq(u64, counts(f).by_status[INBYE_CANCELLED], 2));
        cr_assert(eq(u64, counts(f).not_started, 2));
        cr_assert(eq(u64, f->n_results, 5));
        end(f);
}

static void resume(void *userdata)
{
        struct fixture *f = userdata;

        inbye_batch_resume(f->batch);
}

Test(deadline, stands_still_during_a_pause)
{
        struct fixture *f = begin_halting(1, INBYE_BATCH_HALT_NEVER, INBYE_BATCH_ON_FAIL, 0, 0);
        struct inbye_watch *watch;

        f->options.deadline_ns = 300 * MS;
        open_batch(f);
        submit(f, COMMAND("true"));
        inbye_batch_pause(f->batch);
        cr_assert(zero(int, inbye_watch_timer(f->loop, 500 * MS, resume, f, &watch)));
        finish(f);
        cr_assert(eq(int, counts(f).cause, INBYE_BATCH_RAN_OUT));
        cr_assert(eq(int, f->status[0], INBYE_OK));
        inbye_watch_free(watch);
        end(f);
}

/* --- wrong use ------------------------------------------------------------------------------------------ */

Test(batch_options, what_makes_no_sense_is_refused)
{
        struct fixture *f = begin(1, 0);
        struct inbye_batch_options options[] = { f->options, f->options, f->options, f->options, f->options };

        options[0].halt_percent = 101;
        options[1].n_pools = 1;
        options[2].retry_statuses = 1u << INBYE_STATUS_N;
        options[3].n_retry_codes = 1;
        options[4].flags = 4;
        for (int i = 0; i < 5; i++)
                cr_assert(eq(int, inbye_batch_open(f->loop, &options[i], &f->batch, NULL), -EINVAL));
        end(f);
}
