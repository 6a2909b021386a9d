/* SPDX-License-Identifier: MIT */
/*
 * inbye batch: many commands, at most N trees of them alive at once.
 *
 * Everything that can be refused is refused before anything runs: options, settings (tried on a command that
 * is thrown away), the input (jobs.c), the places where results go. Then three parts feed each other through
 * the loop: the source gives a job when the engine has a free slot, the engine gives a result when a tree is
 * gone, the queue of what is written (out.c) holds the source back while it is full.
 *
 * Signals: the first INT, TERM, HUP or QUIT starts nothing more and ends what runs softly, the second kills;
 * the command dies of the first one after its summary. TSTP stops the trees and every clock, then this
 * process. When nobody reads our output any more, what runs is ended too and the exit status is 1: like a
 * SIGPIPE, but with the summary.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/jobs.h"
#include "cli/out.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What all jobs together may keep of their output where --capture-limit is not given, and its bounds. */
#define CAPTURE_TOTAL ((size_t)32 << 20)
#define CAPTURE_MIN ((size_t)64 << 10)

enum {
        OPTION_JOBS = 1,
        OPTION_ITEMS,
        OPTION_NULL,
        OPTION_STREAM,
        OPTION_SKIP_INVALID,
        OPTION_KEEP_ORDER,
        OPTION_TAG,
        OPTION_RESULTS,
        OPTION_SUMMARY,
        OPTION_JSON,
        OPTION_QUIET
};

static const struct cli_option batch_options[] = {
        { "jobs", 'j', "N", OPTION_JOBS, "Batch",
                "most commands alive at once, with all that came of them [0: one per CPU]", NULL },
        { "items", 0, "FILE", OPTION_ITEMS, "Batch", "read the items from this file, - for stdin [-]", NULL },
        { "null", '0', NULL, OPTION_NULL, "Batch", "items end with a NUL, not with a newline", NULL },
        { "stream", 0, NULL, OPTION_STREAM, "Batch",
                "start jobs as their lines arrive, without checking them all beforehand", NULL },
        { "skip-invalid", 0, NULL, OPTION_SKIP_INVALID, "Batch",
                "tell of a bad line and go on with the next one", NULL },
        { "keep-order", 'k', NULL, OPTION_KEEP_ORDER, "Results",
                "output and results in the order of the input", NULL },
        { "tag", 0, NULL, OPTION_TAG, "Results",
                "put the id of the job, else its number, in front of each line of its output", NULL },
        { "results", 0, "FILE|fd:N|-", OPTION_RESULTS, "Results",
                "write each result as a line of JSON; with - to stdout, in place of the outputs", NULL },
        { "summary", 0, "FILE|fd:N|-", OPTION_SUMMARY, "Results", "write the counts as JSON at the end",
                NULL },
        { "json", 0, NULL, OPTION_JSON, "Results", "the same as --summary=-", NULL },
        { "quiet", 'q', NULL, OPTION_QUIET, "Results",
                "no line for each job that is not ok, unless it could not be started, and no table at the "
                "end",
                NULL },
        { 0 },
};
static const struct cli_option *const batch_tables[] = { batch_options, cli_settings_options,
        cli_help_options, NULL };

/* What the command line says. */
struct wishes {
        uint32_t width;
        bool keep_order, tag, quiet;
        const char *items_path, *results, *summary;
        uint64_t grace_ns;
        char capture_default[24];
        struct jobs_options jobs;
        struct settings *settings;
        const char **words, **items; /* owned arrays of borrowed strings */
};

/* A job that was given to the engine and has no result yet. */
struct given {
        struct list link;
        struct inbye_command *command;
        uint64_t number, since_ns;
};

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define N_WATCHES (ARRAY_SIZE(ending_signals) + 2)

struct session {
        const struct wishes *wishes;
        struct inbye_loop *loop;
        struct inbye_batch *batch;
        struct jobs *jobs;
        struct out *out;
        struct cli_sink results, summary;
        struct inbye_watch *watches[N_WATCHES], *resume;
        struct list given;
        uint64_t n_given, n_cut, started_ns;
        char mechanism[32];
        int signal; /* the first that came to end us */
        unsigned n_signals;
        bool bad_line;  /* an input that could not be read on */
        bool cut_short; /* nobody takes our output */
        bool failed;    /* results are lost */
        bool draining;  /* the batch has ended, its output not */
};

/* Options */

static int take_width(struct wishes *wishes, const char *value, struct inbye_error *reterr)
{
        uint64_t n;

        if (parse_unsigned(value, UINT32_MAX, &n) < 0)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' is no number of jobs", value);
        wishes->width = (uint32_t)n;
        return 0;
}

/* What the batch itself has to know of the settings of its jobs. */
static int note_setting(struct wishes *wishes, int id, const char *value, struct inbye_error *reterr)
{
        if (id == CLI_SETTING_CAPTURE_LIMIT)
                wishes->jobs.base.capture_limit = value;
        if (id == CLI_SETTING_CAPTURE_KEEP)
                wishes->jobs.base.capture_keep = value;
        if (id == CLI_SETTING_GRACE)
                (void)parse_duration(value, &wishes->grace_ns); /* checked by the setting */
        if (id == CLI_SETTING_STDIN && strcmp(value, "inherit") == 0)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "the jobs of a batch cannot share our input");
        return 0;
}

static int apply_option(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct wishes *wishes = userdata;

        switch (id) {
        case OPTION_JOBS:
                return take_width(wishes, value, reterr);
        case OPTION_ITEMS:
                wishes->items_path = value;
                return 0;
        case OPTION_NULL:
                wishes->jobs.null_separated = true;
                return 0;
        case OPTION_STREAM:
                wishes->jobs.stream = true;
                return 0;
        case OPTION_SKIP_INVALID:
                wishes->jobs.skip_invalid = true;
                return 0;
        case OPTION_KEEP_ORDER:
                wishes->keep_order = true;
                return 0;
        case OPTION_TAG:
                wishes->tag = true;
                return 0;
        case OPTION_RESULTS:
                wishes->results = value;
                return 0;
        case OPTION_SUMMARY:
                wishes->summary = value;
                return 0;
        case OPTION_JSON:
                wishes->summary = "-";
                return 0;
        case OPTION_QUIET:
                wishes->quiet = true;
                return 0;
        default:
                if (settings_apply(wishes->settings, id, value, reterr) < 0)
                        return -EINVAL;
                return note_setting(wishes, id, value, reterr);
        }
}

static const char **copy_words(char *const *words, size_t n)
{
        const char **copy = calloc(n + 1, sizeof(*copy));

        if (!copy)
                return NULL;
        for (size_t i = 0; i < n; i++)
                copy[i] = words[i];
        return copy;
}

/* Behind "--": the template, and perhaps ":::" and the items. */
static int take_template(struct wishes *wishes, char *const *operands, size_t n)
{
        size_t n_words = 0;

        while (n_words < n && strcmp(operands[n_words], ":::") != 0)
                n_words++;
        if (n_words == 0)
                return cli_misuse(&cli_batch, "a command is missing behind '--'");
        wishes->words = copy_words(operands, n_words);
        wishes->jobs.words = wishes->words;
        wishes->jobs.path = wishes->items_path;
        if (!wishes->words)
                return cli_misuse(&cli_batch, "out of memory");
        if (n_words == n)
                return 0;
        if (wishes->items_path)
                return cli_misuse(&cli_batch, "--items and ':::' exclude each other");
        wishes->items = copy_words(operands + n_words + 1, n - n_words - 1);
        wishes->jobs.items = wishes->items;
        return wishes->items ? 0 : cli_misuse(&cli_batch, "out of memory");
}

static int take_file(struct wishes *wishes, char *const *operands, size_t n)
{
        if (n > 1)
                return cli_misuse(
                        &cli_batch, "more than one file; a command with places for items stands behind '--'");
        if (wishes->items_path || wishes->jobs.null_separated)
                return cli_misuse(&cli_batch, "--%s needs a command behind '--'",
                        wishes->items_path ? "items" : "null");
        wishes->jobs.path = n ? operands[0] : NULL;
        return 0;
}

/* CPUs that the width is when it is not given, or a few more. */
static uint32_t guess_width(const struct wishes *wishes)
{
        long n_cpus;

        if (wishes->width)
                return wishes->width;
        n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
        return n_cpus > 0 && n_cpus < INT32_MAX ? (uint32_t)n_cpus : 1;
}

static int apply_defaults(struct wishes *wishes, struct inbye_error *reterr)
{
        size_t cap = CAPTURE_TOTAL / guess_width(wishes);
        int r;

        if (!settings_has(wishes->settings, CLI_SETTING_GRACE)) {
                r = settings_apply(wishes->settings, CLI_SETTING_GRACE, "2s", reterr);
                if (r < 0)
                        return r;
        }
        if (settings_has(wishes->settings, CLI_SETTING_CAPTURE_LIMIT))
                return 0;
        cap = cap < CAPTURE_MIN ? CAPTURE_MIN : cap > INBYE_CAPTURE_DEFAULT ? INBYE_CAPTURE_DEFAULT : cap;
        snprintf(wishes->capture_default, sizeof(wishes->capture_default), "%zu", cap);
        wishes->jobs.base.capture_limit = wishes->capture_default;
        return settings_apply(wishes->settings, CLI_SETTING_CAPTURE_LIMIT, wishes->capture_default, reterr);
}

/* Settings that no command takes (a file of variables that is not there) are found on one that never runs. */
static int try_settings(const struct wishes *wishes, struct inbye_error *reterr)
{
        const char *const argv[] = { "true", NULL };
        struct inbye_command *command;
        int r;

        r = inbye_command_open(argv, &command);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "settings");
        r = job_base_apply(&wishes->jobs.base, command, reterr);
        inbye_command_unref(command);
        return r;
}

/* 0; 1: help was printed; < 0: misuse, told. */
static int take_wishes(struct wishes *wishes, int argc, char **argv)
{
        struct inbye_error error = { 0 };
        bool is_template;
        int first;

        wishes->settings = settings_open();
        if (!wishes->settings)
                return cli_misuse(&cli_batch, "out of memory"), -1;
        wishes->jobs.base = (struct job_base){ .settings = wishes->settings, .capture_keep = "both" };
        wishes->grace_ns = CLI_GRACE_DEFAULT;
        first = cli_parse(&cli_batch, argc, argv, apply_option, wishes);
        if (first <= 0)
                return first < 0 ? -1 : 1;
        is_template = strcmp(argv[first - 1], "--") == 0;
        if ((is_template ? take_template : take_file)(wishes, argv + first, (size_t)(argc - first)) != 0)
                return -1;
        if (apply_defaults(wishes, &error) < 0 || try_settings(wishes, &error) < 0) {
                cli_error(&error);
                return -1;
        }
        return 0;
}

static void wishes_deinit(struct wishes *wishes)
{
        settings_free(wishes->settings);
        free(wishes->words);
        free(wishes->items);
}

/* Jobs out, results in */

static void given_free(struct given *given)
{
        list_unlink(&given->link);
        inbye_command_unref(given->command);
        free(given);
}

static struct given *given_new(struct inbye_command *command, uint64_t number)
{
        struct given *given = calloc(1, sizeof(*given));

        if (!given)
                return NULL;
        list_init(&given->link);
        given->command = inbye_command_ref(command);
        given->number = number;
        given->since_ns = clock_now_ns();
        return given;
}

static int note_given(struct session *session, struct inbye_command *command)
{
        struct given *given = given_new(command, session->n_given + 1);

        if (!given)
                return -ENOMEM;
        session->n_given++;
        list_append(&session->given, &given->link);
        return 0;
}

static void forget_given(struct session *session, uint64_t number)
{
        struct given *given;

        LIST_FOREACH (given, &session->given, struct given, link)
                if (given->number == number) {
                        given_free(given);
                        return;
                }
}

static int next_job(void *userdata, struct inbye_command **ret_command)
{
        struct session *session = userdata;
        struct inbye_command *command = NULL;
        int r;

        if (out_is_full(session->out))
                return -EAGAIN;
        r = jobs_next(session->jobs, &command);
        if (r < 0 && r != -EAGAIN)
                session->bad_line = true;
        if (r <= 0)
                return r == -EAGAIN ? r : 0; /* what was wrong is told already */
        r = note_given(session, command);
        if (r < 0) {
                inbye_command_unref(command);
                return r;
        }
        *ret_command = command;
        return 1;
}

static void on_result(void *userdata, uint64_t index, struct inbye_result *result)
{
        struct session *session = userdata;
        const char *mechanism = inbye_result_mechanism(result);
        bool is_told = !session->wishes->quiet || inbye_result_status(result) == INBYE_SPAWN_ERROR;
        struct buf line = BUF_INIT;

        session->n_cut += out_report_is_cut(result);
        forget_given(session, index + 1);
        if (mechanism && !session->mechanism[0])
                snprintf(session->mechanism, sizeof(session->mechanism), "%s", mechanism);
        out_result(session->out, index + 1, result);
        if (is_told && out_report_job(&line, index + 1, result) && !line.failed)
                out_say(session->out, line.data);
        buf_deinit(&line);
}

static void on_more(void *userdata)
{
        struct session *session = userdata;

        inbye_batch_poke(session->batch);
}

static void complain(void *userdata, const char *text)
{
        struct session *session = userdata;

        out_say(session->out, text);
}

/* Nobody reads, or nothing more can be kept: to go on would be to work for nothing. */
static void on_output_error(void *userdata, const struct out_target *target)
{
        struct session *session = userdata;

        session->cut_short = true;
        if (target->error != -EPIPE || target->fd > STDERR_FILENO)
                session->failed = true;
        if (target->fd != STDERR_FILENO)
                cli_say("cannot write to %s: %s%s", target->name, strerror(-target->error),
                        session->draining ? "" : "; ending what runs");
        if (!session->draining)
                inbye_batch_cancel(session->batch, 0, session->wishes->grace_ns);
}

/* Signals */

static void on_ending_signal(void *userdata, int signo, pid_t sender)
{
        struct session *session = userdata;

        (void)sender;
        session->n_signals++;
        if (!session->signal)
                session->signal = signo;
        if (session->draining) {
                out_drop(session->out);
                return;
        }
        if (session->n_signals == 1)
                inbye_batch_cancel(session->batch, 0, session->wishes->grace_ns);
        else
                inbye_batch_cancel(session->batch, SIGKILL, 0);
}

/* In a turn of its own: the loop reads the clock once per turn, and the time in between must not count. */
static void on_resume(void *userdata)
{
        struct session *session = userdata;

        inbye_batch_resume(session->batch);
}

static void on_stop_signal(void *userdata, int signo, pid_t sender)
{
        struct session *session = userdata;

        sigset_t set;

        (void)sender;
        inbye_batch_pause(session->batch);
        cli_raise_default(signo); /* comes back when we are continued, with the signal unblocked */
        sigemptyset(&set);
        sigaddset(&set, signo);
        sigprocmask(SIG_BLOCK, &set, NULL);          /* the watch needs it so */
        (void)inbye_watch_rearm(session->resume, 1); /* 0 would still be this turn */
}

static void say_given(struct session *session, const struct given *given)
{
        uint64_t ms = (clock_now_ns() - given->since_ns) / INBYE_MILLISECOND;
        struct buf line = BUF_INIT;

        buf_printf(&line, "job %" PRIu64 " for %" PRIu64 ".%02" PRIu64 " s: ", given->number, ms / 1000,
                ms % 1000 / 10);
        out_report_command(&line, given->command);
        if (!line.failed)
                out_say(session->out, line.data);
        buf_deinit(&line);
}

static void on_ask_signal(void *userdata, int signo, pid_t sender)
{
        struct session *session = userdata;
        struct inbye_batch_counts counts = { .size = sizeof(counts) };
        struct given *given;
        char text[80];

        (void)signo;
        (void)sender;
        (void)inbye_batch_counts(session->batch, &counts);
        snprintf(text, sizeof(text), "%" PRIu64 " running, %" PRIu64 " ended", counts.running,
                counts.submitted - counts.running - counts.not_started);
        out_say(session->out, text);
        LIST_FOREACH (given, &session->given, struct given, link)
                say_given(session, given);
}

/* A signal that was ignored when we came (nohup, a background job of sh) stays so. */
static int watch_signal(struct session *session, size_t place, int signo, inbye_watch_signal_fn fn)
{
        if (cli_was_ignored(signo))
                return 0;
        return inbye_watch_signal(session->loop, signo, fn, session, &session->watches[place]);
}

static int watch_signals(struct session *session)
{
        size_t n = ARRAY_SIZE(ending_signals);
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = watch_signal(session, i, ending_signals[i], on_ending_signal);
        if (r >= 0)
                r = watch_signal(session, n, SIGTSTP, on_stop_signal);
        if (r >= 0)
                r = watch_signal(session, n + 1, SIGUSR1, on_ask_signal);
        if (r >= 0)
                r = inbye_watch_timer(session->loop, INBYE_FOREVER, on_resume, session, &session->resume);
        return r;
}

/* Life */

/* A file that is opened for results is emptied: the list of jobs must not be. */
static int refuse_input(const struct session *session, const char *name, struct inbye_error *reterr)
{
        if (!name || !jobs_reads_file(session->jobs, name))
                return 0;
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                "'%s' is the file that the jobs are read from: nothing can be written there", name);
}

static int open_sinks(struct session *session, struct inbye_error *reterr)
{
        const struct wishes *wishes = session->wishes;
        int r;

        r = refuse_input(session, wishes->results, reterr);
        if (r >= 0)
                r = refuse_input(session, wishes->summary, reterr);
        if (r >= 0 && wishes->results)
                r = cli_sink_open(&session->results, wishes->results, reterr);
        if (r >= 0 && wishes->summary)
                r = cli_sink_open(&session->summary, wishes->summary, reterr);
        return r;
}

static int open_out(struct session *session)
{
        const struct wishes *wishes = session->wishes;
        struct out_options options = {
                .loop = session->loop,
                .print = !wishes->results || strcmp(wishes->results, "-") != 0,
                .tag = wishes->tag,
                .results = wishes->results ? &session->results : NULL,
                .on_room = on_more,
                .on_error = on_output_error,
                .userdata = session,
        };

        return out_open(&options, &session->out);
}

static int open_batch(struct session *session, struct inbye_error *reterr)
{
        const struct wishes *wishes = session->wishes;
        struct inbye_group_options group = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_batch_options options = INBYE_BATCH_OPTIONS_INIT;
        int r;

        r = settings_to_options(wishes->settings, &group, reterr);
        if (r < 0)
                return r;
        options.width = wishes->width;
        options.flags = wishes->keep_order ? INBYE_BATCH_KEEP_ORDER : 0;
        options.mechanisms = group.mechanisms;
        options.next = next_job;
        options.result = on_result;
        options.userdata = session;
        return inbye_batch_open(session->loop, &options, &session->batch, reterr);
}

static int open_session(struct session *session, struct inbye_error *reterr)
{
        int r;

        r = jobs_open(&session->wishes->jobs, &session->jobs, reterr);
        if (r < 0)
                return r;
        r = open_sinks(session, reterr);
        if (r < 0)
                return r;
        r = inbye_loop_open(&session->loop);
        if (r >= 0)
                r = inbye_loop_reap_orphans(session->loop);
        if (r >= 0)
                r = open_out(session);
        if (r >= 0)
                r = watch_signals(session);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "event loop");
        r = open_batch(session, reterr);
        if (r < 0)
                return r;
        jobs_start(session->jobs, session->loop, on_more, complain, session);
        session->started_ns = clock_now_ns();
        return 0;
}

static void session_deinit(struct session *session)
{
        while (!list_is_empty(&session->given))
                given_free(LIST_ENTRY(session->given.next, struct given, link));
        inbye_batch_free(session->batch);
        jobs_free(session->jobs);
        out_free(session->out);
        for (size_t i = 0; i < N_WATCHES; i++)
                inbye_watch_free(session->watches[i]);
        inbye_watch_free(session->resume);
        inbye_loop_free(session->loop);
        cli_sink_discard(&session->results);
        cli_sink_discard(&session->summary);
}

static void summarise(struct session *session, struct out_summary *ret)
{
        *ret = (struct out_summary){
                .counts.size = sizeof(ret->counts),
                .duration_ns = clock_now_ns() - session->started_ns,
                .skipped = jobs_n_skipped(session->jobs),
                .n_cut = session->n_cut,
                .mechanism = session->mechanism[0] ? session->mechanism : NULL,
                .signal = session->signal,
        };
        (void)inbye_batch_counts(session->batch, &ret->counts);
        ret->not_started = jobs_n_left(session->jobs);
        if (ret->not_started != INBYE_UNKNOWN)
                ret->not_started += ret->counts.not_started;
}

/* Only now does a write wait: nothing runs any more. */
static void write_summary(struct session *session, const struct out_summary *summary)
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

static int exit_status(struct session *session, const struct out_summary *summary)
{
        const struct inbye_batch_counts *counts = &summary->counts;
        int results = cli_sink_close(&session->results), sum = cli_sink_close(&session->summary);

        if (session->failed || session->bad_line || results < 0 || sum < 0)
                return CLI_EXIT_FAILED;
        if (session->cut_short || summary->skipped || counts->by_status[INBYE_OK] != counts->submitted)
                return CLI_EXIT_NOT_ALL_OK;
        return 0;
}

static int run_session(struct session *session)
{
        struct out_summary summary;
        int r;

        r = inbye_batch_wait(session->batch, INBYE_FOREVER);
        if (r < 0) {
                cli_say("the batch failed: %s", strerror(-r));
                session->failed = true;
        }
        session->draining = true;
        while (!out_is_empty(session->out) && inbye_loop_dispatch(session->loop, INBYE_FOREVER) >= 0)
                ;
        summarise(session, &summary);
        write_summary(session, &summary);
        return exit_status(session, &summary);
}

static int run_wishes(const struct wishes *wishes)
{
        struct session session = { .wishes = wishes, .results = CLI_SINK_INIT, .summary = CLI_SINK_INIT };
        struct inbye_error error = { 0 };
        int status;

        list_init(&session.given);
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
        struct wishes wishes = { 0 };
        int r;

        r = take_wishes(&wishes, argc, argv);
        r = r < 0 ? CLI_EXIT_FAILED : r > 0 ? 0 : run_wishes(&wishes);
        wishes_deinit(&wishes);
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
                "Exit status: 0 all ok, 1 some not, 125 inbye failed or was misused.",
        .main = main_batch,
};
