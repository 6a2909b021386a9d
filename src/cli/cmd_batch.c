/* SPDX-License-Identifier: MIT */
/*
 * inbye batch: many commands, at most N trees of them alive at once.
 *
 * Everything that can be refused is refused before anything runs: options and settings (batch_wishes.c), the
 * input (jobs.c), the places where results go. Then three parts feed each other through the loop: the source
 * gives a job when the engine has a free slot, the engine gives a result when a tree is gone, the queue of
 * what is written (out.c) holds the source back while it is full. Logs and pictures look on
 * (batch_observe.c).
 *
 * When a signal ends the batch (batch_signals.c) the command dies of it after its summary. When nobody reads
 * our output any more, what runs is ended too and the exit status is 1: like a SIGPIPE, but with the summary.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/scope.h"
#include "cli/batch.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Jobs passed over before the loop has its turn again: timeouts of those that run must fire meanwhile. */
#define PASSED_PER_TURN 1024

/* Jobs out, results in */

/* Will the engine start what it is given now, or only tell of it? */
static bool has_ended_early(const struct batch_session *session)
{
        struct inbye_batch_counts counts = { .size = sizeof(counts) };

        (void)inbye_batch_counts(session->batch, &counts);
        return counts.cause != INBYE_BATCH_RAN_OUT;
}

/* What a job that is taken writes into, where each has its own files. False: that cannot be known. */
static bool give_files(struct batch_session *session, struct inbye_command *command, bool is_passed)
{
        struct inbye_error error = { 0 };
        int r;

        if (!session->output_dir)
                return true;
        r = output_dir_meet(session->output_dir, session->n_taken, command,
                !is_passed && !has_ended_early(session), &error);
        if (r == -ENOMEM)
                batch_cannot_write(session, session->wishes->output_dir, r);
        else if (r < 0)
                out_say(session->out, error.text);
        return r != -ENOMEM;
}

/* The next one that nobody passes over. 1; 0; -EAGAIN. */
static int take_job(struct batch_session *session, struct inbye_batch_job *ret_job)
{
        bool is_passed, is_fit;
        int r;

        for (;;) {
                r = jobs_next(session->jobs, ret_job);
                if (r < 0 && r != -EAGAIN)
                        session->bad_line = true;
                if (r <= 0)
                        return r == -EAGAIN ? r : 0; /* what was wrong is told already */
                session->n_taken++;
                is_passed =
                        batch_observers_pass_over(&session->observers, session->n_taken, ret_job->command);
                is_fit = give_files(session, ret_job->command, is_passed);
                if (is_fit && !is_passed)
                        return 1;
                inbye_command_unref(ret_job->command);
                if (session->cut_short)
                        return 0;
                if (++session->n_passed % PASSED_PER_TURN == 0) {
                        inbye_batch_poke(session->batch);
                        return -EAGAIN;
                }
        }
}

static int next_job(void *userdata, struct inbye_batch_job *ret_job)
{
        struct batch_session *session = userdata;
        int r;

        if (session->cut_short)
                return 0;
        if (out_is_full(session->out))
                return -EAGAIN;
        r = take_job(session, ret_job);
        if (r > 0)
                ret_job->index = session->n_taken - 1;
        return r;
}

static void on_start(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct batch_session *session = userdata;

        batch_observers_start(&session->observers, attempt);
}

static void on_end(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct batch_session *session = userdata;

        batch_observers_end(&session->observers, attempt);
}

/* With --live what is not kept was written all the same, unless a file is to have it. */
static bool is_shown_whole(const struct batch_wishes *wishes)
{
        return wishes->live && !wishes->results && !wishes->record.junit;
}

static void on_result(void *userdata, uint64_t index, struct inbye_result *result)
{
        struct batch_session *session = userdata;
        const char *mechanism = inbye_result_mechanism(result);
        bool is_told = !session->wishes->quiet || inbye_result_status(result) == INBYE_SPAWN_ERROR;
        bool is_whole = is_shown_whole(session->wishes);
        struct buf line = BUF_INIT;

        session->n_cut += !is_whole && out_report_is_cut(result);
        if (mechanism && !session->mechanism[0])
                snprintf(session->mechanism, sizeof(session->mechanism), "%s", mechanism);
        out_result(session->out, index + 1, result);
        batch_observers_result(&session->observers, index + 1, result);
        if (is_told && out_report_job(&line, index + 1, result, is_whole) && !line.failed)
                out_say(session->out, line.data);
        buf_deinit(&line);
}

static void on_more(void *userdata)
{
        struct batch_session *session = userdata;

        inbye_batch_poke(session->batch);
}

static void complain(void *userdata, const char *text)
{
        struct batch_session *session = userdata;

        out_say(session->out, text);
}

static void give_up(struct batch_session *session, const char *name, int error)
{
        session->cut_short = true;
        if (name)
                cli_say("cannot write to %s: %s%s", name, strerror(-error),
                        session->draining ? "" : "; ending what runs");
        if (!session->draining)
                inbye_batch_cancel(session->batch, 0, session->wishes->grace_ns);
}

/* Nobody reads, or nothing more can be kept: to go on would be to work for nothing. */
static void on_output_error(void *userdata, const struct out_target *target)
{
        struct batch_session *session = userdata;

        if (target->error != -EPIPE || target->fd > STDERR_FILENO)
                session->failed = true;
        give_up(session, target->fd != STDERR_FILENO ? target->name : NULL, target->error);
}

void batch_cannot_write(struct batch_session *session, const char *name, int error)
{
        session->failed = true;
        give_up(session, name, error);
}

/* Life */

/* All of them before any is emptied. */
static int refuse_input(const struct batch_session *session, struct inbye_error *reterr)
{
        const struct batch_wishes *wishes = session->wishes;
        const char *const names[] = { wishes->results, wishes->summary, wishes->record.tap,
                wishes->record.junit, wishes->record.joblog.path };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names) && r >= 0; i++)
                r = batch_refuse_input(session->jobs, names[i], reterr);
        return r;
}

/* A directory for the outputs is made once all jobs are known to be right, and before any file is emptied. */
static int open_input(struct batch_session *session, struct inbye_error *reterr)
{
        struct jobs_options options = session->wishes->jobs;
        int r = 0;

        if (session->wishes->output_dir) {
                options.check = output_dir_check;
                r = output_dir_open(session->wishes->output_dir, &session->output_dir, reterr);
                options.check_userdata = session->output_dir;
        }
        if (r >= 0)
                r = jobs_open(&options, &session->jobs, reterr);
        if (r >= 0)
                r = refuse_input(session, reterr);
        if (r >= 0 && session->output_dir)
                r = output_dir_make(session->output_dir, reterr);
        return r;
}

static int open_sinks(struct batch_session *session, struct inbye_error *reterr)
{
        const struct batch_wishes *wishes = session->wishes;
        bool is_resumed = wishes->record.joblog.resume != JOBLOG_ANEW;
        int r = 0;

        if (wishes->results)
                r = (is_resumed ? cli_sink_append : cli_sink_open)(
                        &session->results, wishes->results, reterr);
        if (r >= 0 && wishes->summary)
                r = cli_sink_open(&session->summary, wishes->summary, reterr);
        if (r >= 0 && wishes->record.tap)
                r = cli_sink_open(&session->tap, wishes->record.tap, reterr);
        return r;
}

static bool is_stdout(const char *name)
{
        return name && strcmp(name, "-") == 0;
}

static int open_out(struct batch_session *session)
{
        const struct batch_wishes *wishes = session->wishes;
        struct out_options options = {
                .loop = session->loop,
                .print = !wishes->live && !wishes->output_dir && !is_stdout(wishes->results) &&
                         !is_stdout(wishes->record.tap),
                .tag = wishes->tag,
                .results = wishes->results ? &session->results : NULL,
                .tap = wishes->record.tap ? &session->tap : NULL,
                .slow_ns = wishes->record.slow_ns,
                .on_room = on_more,
                .on_error = on_output_error,
                .userdata = session,
        };

        return out_open(&options, &session->out);
}

static int open_observers(struct batch_session *session, struct inbye_error *reterr)
{
        struct batch_view view = {
                .wishes = session->wishes,
                .loop = session->loop,
                .jobs = session->jobs,
                .out = session->out,
                .session = session,
        };

        return batch_observers_open(&session->observers, &view, reterr);
}

static int open_batch(struct batch_session *session, struct inbye_error *reterr)
{
        const struct batch_wishes *wishes = session->wishes;
        struct inbye_group_options group = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_batch_options options = wishes->engine;
        int r;

        r = settings_to_options(wishes->settings, &group, reterr);
        if (r < 0)
                return r;
        options.width = wishes->width;
        options.flags = (wishes->keep_order ? INBYE_BATCH_KEEP_ORDER : 0) |
                        (jobs_come_to_an_end(session->jobs) ? INBYE_BATCH_TELL_UNSTARTED : 0);
        options.mechanisms = group.mechanisms;
        /* Jobs that are not known yet may have limits of their own. */
        options.group_flags =
                group.flags | (wishes->limits_seen ? INBYE_GROUP_MOVE_TO_SCOPE : INBYE_GROUP_MOVE_OWNER);
        r = settings_try_limits(wishes->settings, session->loop, &group, reterr);
        if (r < 0)
                return r;
        options.next = next_job;
        options.started = on_start;
        options.ended = on_end;
        options.result = on_result;
        options.userdata = session;
        return batch_jobserver_open(&wishes->jobserver, session->loop, &options, &session->batch, reterr);
}

static int open_session(struct batch_session *session, struct inbye_error *reterr)
{
        int r;

        r = open_input(session, reterr);
        if (r < 0)
                return r;
        r = open_sinks(session, reterr);
        if (r < 0)
                return r;
        r = cli_loop_open(&session->loop, reterr);
        if (r < 0)
                return r;
        r = open_out(session);
        if (r >= 0)
                r = batch_signals_watch(session);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "event loop");
        r = open_observers(session, reterr);
        if (r >= 0)
                r = open_batch(session, reterr);
        if (r < 0)
                return r;
        jobs_start(session->jobs, session->loop, on_more, complain, session);
        session->started_ns = clock_now_ns();
        return 0;
}

static void session_deinit(struct batch_session *session)
{
        inbye_batch_free(session->batch);
        session->batch = NULL;
        if (session->out)
                out_drop(session->out); /* what observers wait for there */
        batch_observers_deinit(&session->observers);
        jobs_free(session->jobs);
        output_dir_free(session->output_dir);
        out_free(session->out);
        cli_signals_close(&session->signals);
        inbye_watch_free(session->resume);
        inbye_watch_free(session->patience);
        inbye_loop_free(session->loop);
        cli_sink_discard(&session->results);
        cli_sink_discard(&session->summary);
        cli_sink_discard(&session->tap);
}

static void summarise(struct batch_session *session, struct out_summary *ret)
{
        *ret = (struct out_summary){
                .counts.size = sizeof(ret->counts),
                .duration_ns = clock_now_ns() - session->started_ns,
                .skipped = jobs_n_skipped(session->jobs),
                .n_cut = session->n_cut,
                .n_passed = session->n_passed,
                .mechanism = session->mechanism[0] ? session->mechanism : NULL,
                .signal = session->signal,
        };
        (void)inbye_batch_counts(session->batch, &ret->counts);
        ret->not_started = jobs_n_left(session->jobs);
        if (ret->not_started != INBYE_UNKNOWN)
                ret->not_started += ret->counts.not_started;
}

/* Only now does a write wait: nothing runs any more. */
static void write_summary(struct batch_session *session, const struct out_summary *summary)
{
        struct buf text = BUF_INIT;

        out_report_json(&text, summary);
        if (session->wishes->summary && !text.failed && !session->cut_short)
                (void)cli_sink_line(&session->summary, text.data, text.n);
        text.n = 0;
        if (!session->wishes->quiet)
                out_report_table(&text, summary);
        out_report_cut(&text, summary);
        if (text.n > 0 && !text.failed)
                (void)!write(STDERR_FILENO, text.data, text.n);
        buf_deinit(&text);
}

static int exit_status(struct batch_session *session, const struct out_summary *summary)
{
        const struct inbye_batch_counts *counts = &summary->counts;
        int results = cli_sink_close(&session->results), sum = cli_sink_close(&session->summary);
        int tap = cli_sink_close(&session->tap);

        if (session->failed || session->bad_line || results < 0 || sum < 0 || tap < 0)
                return CLI_EXIT_FAILED;
        if (counts->cause == INBYE_BATCH_DEADLINE)
                return CLI_EXIT_TIMEOUT;
        if (counts->cause == INBYE_BATCH_HALTED && session->wishes->engine.halt_on == INBYE_BATCH_ON_SUCCESS)
                return 0; /* what was asked for was had */
        if (session->cut_short || summary->skipped || counts->by_status[INBYE_OK] != counts->submitted)
                return CLI_EXIT_NOT_ALL_OK;
        return 0;
}

static int run_session(struct batch_session *session)
{
        struct out_summary summary;
        int r;

        r = inbye_batch_wait(session->batch, INBYE_FOREVER);
        if (r < 0) {
                cli_say("the batch failed: %s", strerror(-r));
                session->failed = true;
        }
        session->draining = true;
        summarise(session, &summary);
        batch_observers_drain(&session->observers, &summary);
        while (!out_is_empty(session->out) && inbye_loop_dispatch(session->loop, INBYE_FOREVER) >= 0)
                ;
        write_summary(session, &summary);
        if (batch_observers_finish(&session->observers, &summary) < 0)
                session->failed = true;
        return exit_status(session, &summary);
}

static int run_wishes(const struct batch_wishes *wishes)
{
        struct batch_session session = {
                .wishes = wishes, .results = CLI_SINK_INIT, .summary = CLI_SINK_INIT, .tap = CLI_SINK_INIT
        };
        struct inbye_error error = { 0 };
        int status;

        if (open_session(&session, &error) < 0) {
                cli_error(&error);
                status = CLI_EXIT_FAILED;
        } else {
                status = run_session(&session);
        }
        session_deinit(&session);
        if (session.signal)
                cli_die_of(session.signal);
        return status;
}

static int main_batch(int argc, char **argv)
{
        struct batch_wishes wishes = { 0 };
        int r;

        r = batch_wishes_take(&wishes, argc, argv);
        r = r < 0 ? CLI_EXIT_FAILED : r > 0 ? 0 : run_wishes(&wishes);
        batch_wishes_deinit(&wishes);
        return r;
}

const struct cli_command cli_batch = {
        .name = "batch",
        .usage = "[OPTION]... [FILE]\n"
                 "       inbye batch [OPTION]... -- COMMAND [ARG]... [::: ITEM...]",
        .summary = "Run many commands, a few at a time, each held as a tree of its own.",
        .options = batch_tables,
        .notes =
                "FILE (or stdin) holds one job per line, as JSON: [\"argv\", ...] or {\"argv\": [...], "
                "...}.\n"
                "With a COMMAND, each item (of the command line, or a line of stdin) is a job: {} the item,\n"
                "{.} without extension, {/} without directory, {//} its directory, {/.} without both, {#} "
                "the\n"
                "number of the job; where the COMMAND names none of them the item is its last argument.\n"
                "Where --capture-limit is not given it is 8M, or 32M / N with more than four jobs at once.\n"
                "Exit status: 0 all ok (or as many as --halt WHEN,success=N asks for), 1 some not, 124 the\n"
                "deadline has passed, 125 inbye failed or was misused.",
        .main = main_batch,
};
