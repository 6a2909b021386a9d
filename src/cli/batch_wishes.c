/* SPDX-License-Identifier: MIT */
/*
 * What the command line of inbye batch says. Everything that can be refused by looking at it alone is refused
 * here, before the input is opened: options, and settings, which are tried on a command that is thrown away.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/scope.h"
#include "cli/batch.h"
#include <errno.h>
#include <fcntl.h>
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
        OPTION_JOBSERVER,
        OPTION_KEEP_ORDER,
        OPTION_LIVE,
        OPTION_TAG,
        OPTION_NO_TAG,
        OPTION_OUTPUT_DIR,
        OPTION_RESULTS,
        OPTION_SUMMARY,
        OPTION_JSON,
        OPTION_QUIET,
        OPTION_TRACE,
        OPTION_HTML
};

static const struct cli_option batch_options[] = {
        { "jobs", 'j', "N|@FILE", OPTION_JOBS, "Batch",
                "most commands alive at once, with all that came of them [0: one per CPU]; @: the number in "
                "FILE, read again at SIGUSR2",
                NULL },
        { "items", 0, "FILE", OPTION_ITEMS, "Batch", "read the items from this file, - for stdin [-]", NULL },
        { "null", '0', NULL, OPTION_NULL, "Batch", "items end with a NUL, not with a newline", NULL },
        { "stream", 0, NULL, OPTION_STREAM, "Batch",
                "start jobs as their lines arrive, without checking them all beforehand", NULL },
        { "skip-invalid", 0, NULL, OPTION_SKIP_INVALID, "Batch",
                "tell of a bad line and go on with the next one", NULL },
        { "jobserver", 0, "[=N|auto|off]", OPTION_JOBSERVER, "Batch",
                "be a jobserver for the makes in the jobs: with what these run there are never more than N "
                "at "
                "once [-j]; auto: only use the one of the make that started us; off: not even that [auto]",
                NULL },
        { "keep-order", 'k', NULL, OPTION_KEEP_ORDER, "Results",
                "output and results in the order of the input", NULL },
        { "live", 0, NULL, OPTION_LIVE, "Results",
                "write the lines of all jobs as they come, with --tag, not each output in one piece", NULL },
        { "tag", 0, NULL, OPTION_TAG, "Results",
                "put the id of the job, else its number, in front of each line of its output", NULL },
        { "no-tag", 0, NULL, OPTION_NO_TAG, "Results", "the lines as they are, also with --live", NULL },
        { "output-dir", 0, "DIR", OPTION_OUTPUT_DIR, "Results",
                "let each job write into files of its own, DIR/ID/stdout and DIR/ID/stderr", NULL },
        { "results", 0, "FILE|fd:N|-", OPTION_RESULTS, "Results",
                "write each result as a line of JSON; with - to stdout, in place of the outputs", NULL },
        { "summary", 0, "FILE|fd:N|-", OPTION_SUMMARY, "Results", "write the counts as JSON at the end",
                NULL },
        { "json", 0, NULL, OPTION_JSON, "Results", "the same as --summary=-", NULL },
        { "quiet", 'q', NULL, OPTION_QUIET, "Results",
                "no line for each job that is not ok, unless it could not be started, and no table at the "
                "end",
                NULL },
        { "trace", 0, "FILE", OPTION_TRACE, "Pictures",
                "write what ran when as trace events, a lane per slot, for Perfetto or chrome://tracing",
                NULL },
        { "html", 0, "FILE", OPTION_HTML, "Pictures",
                "write a page to look into: failures, timeline, distributions, all jobs", NULL },
        { 0 },
};
const struct cli_option *const batch_tables[] = { batch_options, batch_engine_options, record_options,
        cli_settings_options, cli_help_options, NULL };

int batch_wishes_read_width(const char *path, uint32_t *ret_width, struct inbye_error *reterr)
{
        char text[64];
        ssize_t size;
        uint64_t n;

        size = fd_read_file_at(AT_FDCWD, path, text, sizeof(text));
        if (size < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, (int)-size, "reading the width from %s", path);
        text[strcspn(text, " \t\n")] = '\0';
        if (parse_unsigned(text, UINT32_MAX, &n) < 0 || n == 0)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "'%s' in %s is no number of jobs from 1 on", text, path);
        *ret_width = (uint32_t)n;
        return 0;
}

static int take_width(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        uint64_t n;

        wishes->width_path = *value == '@' ? value + 1 : NULL;
        if (wishes->width_path)
                return batch_wishes_read_width(wishes->width_path, &wishes->width, reterr);
        if (parse_unsigned(value, UINT32_MAX, &n) < 0)
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' is no number of jobs", value);
        wishes->width = (uint32_t)n;
        return 0;
}

/* What the batch itself has to know of the settings of its jobs. */
static int note_setting(struct batch_wishes *wishes, int id, const char *value, struct inbye_error *reterr)
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
        struct batch_wishes *wishes = userdata;

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
        case OPTION_JOBSERVER:
                return batch_jobserver_take(&wishes->jobserver, value, reterr);
        case OPTION_KEEP_ORDER:
                wishes->keep_order = true;
                return 0;
        case OPTION_LIVE:
                wishes->live = true;
                return 0;
        case OPTION_TAG:
        case OPTION_NO_TAG:
                wishes->tag = id == OPTION_TAG;
                wishes->no_tag = id == OPTION_NO_TAG;
                return 0;
        case OPTION_OUTPUT_DIR:
                wishes->output_dir = value;
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
        case OPTION_TRACE:
                wishes->trace = value;
                return 0;
        case OPTION_HTML:
                wishes->html = value;
                return 0;
        default:
                if (id >= BATCH_ENGINE_FIRST && id < RECORD_OPTION_FIRST)
                        return batch_engine_apply(wishes, id, value, reterr);
                if (id >= RECORD_OPTION_FIRST && id < CLI_SETTING_FIRST)
                        return record_apply(&wishes->record, id, value, reterr);
                if (id == CLI_SETTING_TIMEOUT && batch_engine_take_timeout(wishes, value))
                        return 0;
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
static int take_template(struct batch_wishes *wishes, char *const *operands, size_t n)
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

static int take_file(struct batch_wishes *wishes, char *const *operands, size_t n)
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
static uint32_t guess_width(const struct batch_wishes *wishes)
{
        long n_cpus;

        if (wishes->width)
                return wishes->width;
        n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
        return n_cpus > 0 && n_cpus < INT32_MAX ? (uint32_t)n_cpus : 1;
}

static int apply_defaults(struct batch_wishes *wishes, struct inbye_error *reterr)
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
static int try_settings(const struct batch_wishes *wishes, struct inbye_error *reterr)
{
        const char *const argv[] = { "true", NULL };
        struct inbye_command *command;
        int r;

        r = inbye_command_open(argv, &command);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "settings");
        r = job_base_apply(&wishes->jobs.base, command, reterr);
        /* A job that is a line may add what its sandbox requires; one of a template has nothing of its own.
         */
        if (r == 0 && wishes->jobs.words)
                r = inbye_command_check(command, reterr);
        inbye_command_unref(command);
        return r;
}

static bool is_stdout(const char *name)
{
        return name && strcmp(name, "-") == 0;
}

/* They are written again, replaced or read back: no stream will do, and a file of that name is not meant. */
static int check_files(const struct batch_wishes *wishes)
{
        const struct {
                const char *option, *name;
        } files[] = { { "junit", wishes->record.junit }, { "joblog", wishes->record.joblog.path },
                { "trace", wishes->trace }, { "html", wishes->html } };

        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (is_stdout(files[i].name))
                        return cli_misuse(&cli_batch,
                                "--%s takes a file, not standard output; a file called '-' is ./-",
                                files[i].option);
        return 0;
}

/* Two that write to one place would spoil each other; results and summary may share a stream, as lines. */
static int check_places(const struct batch_wishes *wishes)
{
        const char *names[] = { wishes->results, wishes->summary, wishes->record.tap, wishes->record.junit,
                wishes->record.joblog.path, wishes->trace, wishes->html };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (size_t j = i < 2 ? 2 : i + 1; j < ARRAY_SIZE(names); j++)
                        if (names[i] && names[j] && strcmp(names[i], names[j]) == 0)
                                return cli_misuse(
                                        &cli_batch, "'%s' is named twice as a place to write to", names[i]);
        return 0;
}

static int check_output_dir(struct batch_wishes *wishes)
{
        struct inbye_error error = { 0 };

        wishes->jobs.base.writes_files = wishes->output_dir;
        if (!wishes->output_dir)
                return 0;
        if (!wishes->output_dir[0])
                return cli_misuse(&cli_batch, "--output-dir: the name of a directory is empty");
        if (wishes->live || wishes->tag)
                return cli_misuse(&cli_batch,
                        "--%s and --output-dir exclude each other: what goes into files is not printed",
                        wishes->live ? "live" : "tag");
        if (job_base_check(&wishes->jobs.base, wishes->settings, &error) < 0)
                return cli_misuse(&cli_batch, "%s", error.text);
        return 0;
}

/* Lines of JSON may say themselves what is done of it. */
static int check_template(const struct batch_wishes *wishes, struct inbye_error *reterr)
{
        if (!wishes->jobs.words)
                return 0;
        if (wishes->jobs.stream || wishes->jobs.skip_invalid || wishes->pools.n)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--%s is for jobs as JSON Lines, not for a command behind '--'",
                        wishes->jobs.stream         ? "stream"
                        : wishes->jobs.skip_invalid ? "skip-invalid"
                                                    : "pool");
        if (wishes->retry_rule_given && !wishes->retries_given)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "--retry-on and --retry-delay need --retries: without it nothing is started again");
        return settings_check(wishes->settings, reterr);
}

static int check_live(struct batch_wishes *wishes)
{
        if (!wishes->live)
                return 0;
        if (wishes->keep_order)
                return cli_misuse(&cli_batch,
                        "--live and --keep-order exclude each other: lines that come as they are written "
                        "are in no order of jobs");
        if (is_stdout(wishes->results) || is_stdout(wishes->record.tap))
                return cli_misuse(&cli_batch,
                        "--live writes outputs to standard output, and --%s=- something else in their "
                        "place; give that a file or fd:N",
                        is_stdout(wishes->results) ? "results" : "tap");
        wishes->tag = !wishes->no_tag;
        return 0;
}

/* 0; 1: help was printed; < 0: misuse, told. */
int batch_wishes_take(struct batch_wishes *wishes, int argc, char **argv)
{
        struct inbye_error error = { 0 };
        bool is_template;
        int first;

        wishes->settings = settings_open();
        if (!wishes->settings)
                return cli_misuse(&cli_batch, "out of memory"), -1;
        wishes->jobs.base = (struct job_base){ .settings = wishes->settings, .capture_keep = "both" };
        wishes->record = (struct record_wishes)RECORD_WISHES_INIT;
        wishes->grace_ns = CLI_GRACE_DEFAULT;
        batch_engine_init(wishes);
        first = cli_parse(&cli_batch, argc, argv, apply_option, wishes);
        if (first <= 0)
                return first < 0 ? -1 : 1;
        is_template = strcmp(argv[first - 1], "--") == 0;
        if ((is_template ? take_template : take_file)(wishes, argv + first, (size_t)(argc - first)) != 0)
                return -1;
        wishes->jobs.base.keep_jobserver = !wishes->jobserver.serve;
        batch_engine_finish(wishes);
        if (check_files(wishes) != 0 || check_places(wishes) != 0 || check_output_dir(wishes) != 0 ||
                check_live(wishes) != 0)
                return -1;
        if (record_check(&wishes->record, &error) < 0 || check_template(wishes, &error) < 0 ||
                apply_defaults(wishes, &error) < 0 || try_settings(wishes, &error) < 0) {
                cli_error(&error);
                return -1;
        }
        return 0;
}

void batch_wishes_deinit(struct batch_wishes *wishes)
{
        settings_free(wishes->settings);
        free(wishes->pools.names);
        free(wishes->pool_widths);
        free(wishes->words);
        free(wishes->items);
}
