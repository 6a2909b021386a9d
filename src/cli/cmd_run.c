/* SPDX-License-Identifier: MIT */
/*
 * run: one command, held, steered and reported, as transparent as env(1).
 *
 * Everything that can be refused is refused before the start, the places of the report and of the events
 * included. Standard output belongs to the command; what inbye has to say goes to stderr. An
 * overrun of any limit that was set ends with 124, like one of time: the report says which.
 */
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/denials.h"
#include "cli/inherit.h"
#include "cli/steer.h"
#include "cli/summary.h"
#include "cli/tell.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        OPTION_CANCEL_GRACE = 1,
        OPTION_STDOUT,
        OPTION_STDERR,
        OPTION_APPEND,
        OPTION_CAPTURE,
        OPTION_REPORT,
        OPTION_EVENTS,
        OPTION_ID,
        OPTION_SUMMARY,
        OPTION_VERBOSE
};

static const struct cli_option own_options[] = {
        { "stdout", 'o', "null|inherit|FILE", OPTION_STDOUT, "Input and output",
                "where standard output goes [inherit]", NULL },
        { "stderr", 0, "null|inherit|merge|FILE", OPTION_STDERR, "Input and output",
                "where standard error goes; merge: with standard output [inherit]", NULL },
        { "append", 'a', NULL, OPTION_APPEND, "Input and output", "append to these files", NULL },
        { "capture", 'c', NULL, OPTION_CAPTURE, "Input and output",
                "keep the output for the report as well as passing it on", NULL },
        { "cancel-grace", 0, "DURATION", OPTION_CANCEL_GRACE, "Reports",
                "time between a signal that cancels inbye and SIGKILL for the tree [300ms]", NULL },
        { "report", 'r', "FILE|fd:N", OPTION_REPORT, "Reports", "write the result there as JSON", NULL },
        { "events", 0, "FILE|fd:N", OPTION_EVENTS, "Reports", "write what happens there as JSON Lines",
                NULL },
        { "id", 0, "NAME", OPTION_ID, "Reports", "name of the command in reports", NULL },
        { "summary", 0, NULL, OPTION_SUMMARY, "Reports",
                "say in one line what it used: time, CPU, peak memory, tasks, I/O", NULL },
        { "verbose", 'v', NULL, OPTION_VERBOSE, "Reports", "say on standard error what is done", NULL },
        { 0 },
};
static const struct cli_option *const tables[] = { cli_settings_options, own_options, cli_help_options,
        NULL };

struct run {
        struct settings *settings;
        const char *output_names[2]; /* of stdout and stderr; NULL: inherited */
        const char *report_name, *events_name, *id;
        bool summary;
        bool append, capture;
        struct cli_sink report;
        struct tell tell;
        struct steer steer;
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_command *command;
};
#define RUN_INIT                                                                                             \
        {                                                                                                    \
                .report = CLI_SINK_INIT, .tell.events = CLI_SINK_INIT, .steer = STEER_INIT                   \
        }

static void run_deinit(struct run *run)
{
        cli_sink_discard(&run->report);
        cli_sink_discard(&run->tell.events); /* may have a watch on the loop */
        steer_close(&run->steer);
        inbye_process_free(run->steer.process);
        inbye_group_free(run->group);
        inbye_loop_free(run->loop);
        inbye_command_unref(run->command);
        settings_free(run->settings);
}

static int apply(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct run *run = userdata;

        switch (id) {
        case OPTION_CANCEL_GRACE:
                if (parse_duration(value, &run->steer.cancel_grace_ns) < 0)
                        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                                "'%s' is no duration, as in 300ms or 2s", value);
                return 0;
        case OPTION_STDOUT:
                run->output_names[0] = value;
                return 0;
        case OPTION_STDERR:
                run->output_names[1] = value;
                return 0;
        case OPTION_APPEND:
                run->append = true;
                return 0;
        case OPTION_CAPTURE:
                run->capture = true;
                return 0;
        case OPTION_REPORT:
                run->report_name = value;
                return 0;
        case OPTION_EVENTS:
                run->events_name = value;
                return 0;
        case OPTION_ID:
                if (!value[0])
                        return error_set_plain(
                                reterr, INBYE_STAGE_ARGUMENT, EINVAL, "the name of the command is empty");
                run->id = value;
                return 0;
        case OPTION_SUMMARY:
                run->summary = true;
                return 0;
        case OPTION_VERBOSE:
                run->tell.verbose = true;
                return 0;
        default:
                return settings_apply(run->settings, id, value, reterr);
        }
}

/* The command */

/* To be kept or watched for silence a stream has to go through us, and from there to where it would have
 * gone. */
static int capture_output(struct run *run, enum inbye_stream stream)
{
        int fd = stream == INBYE_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
        int r;

        r = inbye_command_set_output(run->command, stream, INBYE_OUTPUT_CAPTURE);
        return r < 0 ? r : inbye_command_set_tee(run->command, stream, fd);
}

static bool is_inherited(const char *name)
{
        return !name || strcmp(name, "inherit") == 0;
}

/* An option that would do nothing is refused: who gave it relies on it. */
static int check_options(const struct run *run, struct inbye_error *reterr)
{
        const char *const *names = run->output_names;

        if (settings_has(run->settings, CLI_SETTING_IDLE_TIMEOUT) && !is_inherited(names[0]) &&
                !is_inherited(names[1]))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--idle-timeout sees no output where neither stream is inherited");
        if (run->append && !names[0] && !names[1])
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--append needs --stdout or --stderr with a file");
        if (settings_has(run->settings, CLI_SETTING_DENIALS) && !settings_has_sandbox(run->settings))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--denials is about a sandbox, and there is none");
        if (run->capture && !run->report_name && !run->events_name)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--capture keeps the output for the report, which --report or --events names");
        return settings_check(run->settings, reterr);
}

static int set_output(struct run *run, enum inbye_stream stream)
{
        const char *name = run->output_names[stream == INBYE_STDOUT ? 0 : 1];
        bool watched = run->capture || settings_has(run->settings, CLI_SETTING_IDLE_TIMEOUT) ||
                       settings_has(run->settings, CLI_SETTING_CAPTURE_LIMIT) ||
                       settings_has(run->settings, CLI_SETTING_CAPTURE_KEEP);

        if (is_inherited(name)) {
                if (watched)
                        return capture_output(run, stream);
                return inbye_command_set_output(run->command, stream, INBYE_OUTPUT_INHERIT);
        }
        if (strcmp(name, "null") == 0)
                return inbye_command_set_output(run->command, stream, INBYE_OUTPUT_NULL);
        if (stream == INBYE_STDERR && strcmp(name, "merge") == 0)
                return inbye_command_set_output(run->command, stream, INBYE_OUTPUT_MERGE);
        return inbye_command_set_output_file(
                run->command, stream, name, run->append ? INBYE_OUTPUT_APPEND : 0);
}

/* What env(1) would do with it, and a library would not. */
static int make_transparent(struct run *run)
{
        struct inbye_command *command = run->command;
        int r;

        r = inbye_command_set_input(command, INBYE_INPUT_INHERIT);
        if (r >= 0)
                r = cli_pass_ignored(command);
        if (r >= 0)
                r = inbye_command_set_signal_mask(command, cli_origin_mask());
        if (r >= 0)
                r = inbye_command_set_shell_fallback(command, 1);
        if (r >= 0)
                r = inbye_command_set_grace(command, CLI_GRACE_DEFAULT);
        if (r >= 0)
                r = inherit_promised_fds(command);
        if (r >= 0)
                r = inherit_named_fds(command);
        return r;
}

static int make_command(struct run *run, char **argv, struct inbye_error *reterr)
{
        int r;

        r = inbye_command_open((const char *const *)argv, &run->command);
        if (r == -EINVAL)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL, "the command is empty");
        if (r >= 0)
                r = make_transparent(run);
        if (r >= 0 && run->id)
                r = inbye_command_set_id(run->command, run->id);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "cannot prepare '%s'", argv[0]);
        r = settings_to_command(run->settings, run->command, reterr);
        if (r < 0)
                return r;
        /* After the settings, which say how much to keep of whatever is captured. */
        r = set_output(run, INBYE_STDOUT);
        if (r >= 0)
                r = set_output(run, INBYE_STDERR);
        return r < 0 ? error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "cannot prepare '%s'", argv[0]) : 0;
}

/* What goes to a file, as set_output() has it. */
static const char *output_file(const struct run *run, int index)
{
        const char *name = run->output_names[index];

        if (!name || strcmp(name, "inherit") == 0 || strcmp(name, "null") == 0 ||
                (index == 1 && strcmp(name, "merge") == 0))
                return NULL;
        return name;
}

static int refuse_shared(const struct run *run, struct inbye_error *reterr)
{
        const char *const sinks[] = { run->report_name, run->events_name };
        const char *const files[] = { settings_input_file(run->settings), output_file(run, 0),
                output_file(run, 1) };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(sinks) * ARRAY_SIZE(files) && r >= 0; i++)
                r = cli_sink_refuse(sinks[i / ARRAY_SIZE(files)], files[i % ARRAY_SIZE(files)], reterr);
        return r;
}

/* Refused before anything is emptied, and again where opening has made the file that both names mean. */
static int open_sinks(struct run *run, struct inbye_error *reterr)
{
        int r = refuse_shared(run, reterr);

        if (r >= 0 && run->report_name)
                r = cli_sink_open(&run->report, run->report_name, reterr);
        if (r >= 0 && run->events_name)
                r = cli_sink_open(&run->tell.events, run->events_name, reterr);
        run->report.queued = run->tell.events.queued = true;
        return r < 0 ? r : refuse_shared(run, reterr);
}

static int open_group(struct run *run, struct inbye_error *reterr)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        int r;

        r = settings_to_options(run->settings, &options, reterr);
        if (r < 0)
                return r;
        r = cli_loop_open(&run->loop, reterr);
        if (r < 0)
                return r;
        run->tell.events.loop = run->loop;
        if (run->summary)
                options.flags |= INBYE_GROUP_ACCOUNT | INBYE_GROUP_MOVE_OWNER;
        return inbye_group_open(run->loop, &options, &run->group, reterr);
}

static int prepare_steering(struct run *run, struct inbye_error *reterr)
{
        int r;

        run->steer.own_session = settings_has(run->settings, CLI_SETTING_SETSID);
        r = steer_open(&run->steer, run->loop);
        if (r >= 0)
                r = steer_prepare(&run->steer, run->command);
        return r < 0 ? error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot watch signals") : 0;
}

/* The end */

static int status_of(const struct run *run, const struct inbye_result *result)
{
        int code = inbye_result_code(result);

        switch (inbye_result_status(result)) {
        case INBYE_OK:
                return 0;
        case INBYE_NONZERO:
                /* A success that leftovers made a failure must not look like one. */
                return code > 0 && !settings_is_success(run->settings, code) ? code : CLI_EXIT_NOT_ALL_OK;
        case INBYE_SIGNALED:
                return 128 + inbye_result_signal(result);
        case INBYE_TIMEOUT:
        case INBYE_IDLE_TIMEOUT:
        case INBYE_OUTPUT_LIMIT:
        case INBYE_OOM:
        case INBYE_LIMIT:
                return CLI_EXIT_TIMEOUT;
        case INBYE_SPAWN_ERROR:
                return cli_error_status(inbye_result_error(result));
        default:
                return CLI_EXIT_FAILED;
        }
}

static int close_sinks(struct run *run, int status)
{
        int report = cli_sink_close(&run->report), events = cli_sink_close(&run->tell.events);

        /* A reader that was only too slow for the last events does not hide how the command failed. */
        if (report < 0 || (events < 0 && events != -ETIMEDOUT))
                return CLI_EXIT_FAILED;
        return events < 0 && status == 0 ? CLI_EXIT_FAILED : status;
}

static int report(struct run *run, const struct inbye_result *result)
{
        scoped(freep) char *json = NULL;
        size_t n;
        int r;

        tell_ended(&run->tell, result);
        if (run->report.fd < 0)
                return 0;
        r = inbye_result_json(result, run->capture ? 0 : INBYE_JSON_NO_OUTPUT, &json, &n);
        if (r >= 0)
                r = cli_sink_line(&run->report, json, n);
        return r < 0 ? r : cli_sink_flush(&run->report, CLI_SINK_PATIENCE);
}

static void say_lost(const struct inbye_result *result)
{
        if (inbye_result_status(result) == INBYE_LOST)
                cli_say("how the command ended cannot be known, or a process of it cannot be ended");
}

/* Output that was to pass through us and did not is lost, but where its reader has gone: then the command has
 * been told by its own pipe. @return status, or 125 where that was 0. */
static int check_output(const struct inbye_result *result, enum inbye_stream stream, int status)
{
        int number = inbye_result_tee_error(result, stream);

        if (number == 0 || number == EPIPE)
                return status;
        cli_say("cannot write %s: %s", stream == INBYE_STDOUT ? "stdout" : "stderr",
                number == ETIMEDOUT ? "its reader is too slow, the last bytes are lost" : strerror(number));
        return status == 0 ? CLI_EXIT_FAILED : status;
}

/* Which signal we die of, or 0: that of who cancelled us, or of the key that ended the command. */
static int death_of(const struct run *run, const struct inbye_result *result)
{
        if (inbye_result_status(result) == INBYE_CANCELLED)
                return run->steer.cancel_signo;
        return steer_key_signal(&run->steer, result);
}

static bool was_killed_by_us(const struct inbye_result *result)
{
        enum inbye_status status = inbye_result_status(result);

        return status == INBYE_TIMEOUT || status == INBYE_IDLE_TIMEOUT || status == INBYE_CANCELLED;
}

static int conclude(struct run *run, int *ret_death)
{
        const struct inbye_result *result = inbye_process_result(run->steer.process);
        int status, r;

        *ret_death = death_of(run, result);
        terminal_take_back(&run->steer.terminal);
        if (was_killed_by_us(result))
                terminal_restore_modes(&run->steer.terminal);
        say_lost(result);
        denials_say(result, run->tell.verbose);
        if (run->summary)
                summary_say(result);
        r = report(run, result);
        if (r < 0 && run->report.failed == 0)
                cli_say("cannot make the report: %s", strerror(-r));
        status = check_output(result, INBYE_STDOUT, status_of(run, result));
        status = check_output(result, INBYE_STDERR, status);
        return close_sinks(run, r < 0 ? CLI_EXIT_FAILED : status);
}

static int fail(struct run *run, const struct inbye_error *error)
{
        struct inbye_result *result = NULL;

        terminal_take_back(&run->steer.terminal);
        cli_error(error);
        if (run->command && inbye_result_from_error(run->command, run->group, error, &result) == 0)
                (void)report(run, result);
        inbye_result_unref(result);
        return close_sinks(run, cli_error_status(error));
}

static int start(struct run *run, char **argv, struct inbye_error *reterr)
{
        int r;

        r = check_options(run, reterr);
        if (r >= 0)
                r = make_command(run, argv, reterr);
        if (r >= 0)
                r = open_sinks(run, reterr);
        if (r >= 0)
                r = open_group(run, reterr);
        if (r >= 0)
                r = prepare_steering(run, reterr);
        if (r >= 0)
                r = inbye_group_spawn(run->group, run->command, &run->steer.process, reterr);
        return r;
}

static int run_to_end(struct run *run, char **argv, int *ret_death)
{
        struct inbye_error error = { 0 };
        int r;

        r = start(run, argv, &error);
        if (r < 0)
                return fail(run, &error);
        inbye_process_on_event(run->steer.process, tell_event, &run->tell);
        tell_started(&run->tell, run->group, run->steer.process, run->command);
        r = steer_until_end(&run->steer, run->loop);
        if (r < 0) {
                error_set(&error, INBYE_STAGE_LOOP, -r, "cannot wait for the command");
                return fail(run, &error);
        }
        return conclude(run, ret_death);
}

static int main_run(int argc, char **argv)
{
        struct run run = RUN_INIT;
        int first, status, death = 0;

        run.settings = settings_open();
        if (!run.settings) {
                cli_say("out of memory");
                return CLI_EXIT_FAILED;
        }
        first = cli_parse(&cli_run, argc, argv, apply, &run);
        if (first <= 0)
                status = first < 0 ? CLI_EXIT_FAILED : 0;
        else if (first == argc)
                status = cli_misuse(&cli_run, "the command to run is missing");
        else
                status = run_to_end(&run, argv + first, &death);
        run_deinit(&run);
        if (death)
                cli_die_of(death);
        return status;
}

const struct cli_command cli_run = {
        .name = "run",
        .usage = "[OPTION]... [--] COMMAND [ARG]...",
        .summary = "Run one command; when it has ended, nothing of it is left.",
        .options = tables,
        .notes =
                "Exit status: that of COMMAND; 128+N when it died of signal N; 124 when it overran its time\n"
                "or another limit; 125 when inbye failed or was misused; 126 when COMMAND cannot be\n"
                "executed; 127 when it is not found. Cancelled by a signal, inbye dies of that signal.",
        .main = main_run,
};
