/* SPDX-License-Identifier: MIT */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include <inbye/inbye.h>

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of inbye's own, as those of timeout(1). */
#define CLI_EXIT_NOT_ALL_OK 1
#define CLI_EXIT_TIMEOUT 124
#define CLI_EXIT_FAILED 125 /* inbye failed or was misused: nothing was started, or its report is lost */
#define CLI_EXIT_NOT_EXECUTABLE 126
#define CLI_EXIT_NOT_FOUND 127

/* Options (options.c) */

/**
 * One option. Parsing, help, completions and the test that holds the man pages against the command are
 * all made from tables of these; a table ends with an entry whose name is NULL.
 */
struct cli_option {
        const char *name;     /* without the dashes */
        char letter;          /* 0: none */
        const char *argument; /* as in the help: "FILE", "DURATION"...; "[...": may be left out; NULL: takes
                                 none */
        int id;               /* of the table's owner; settings have theirs from CLI_SETTING_FIRST */
        const char *section;  /* heading in the help; entries of one section stand together */
        const char *help;     /* one line, lower case, no full stop */
        const char *values;   /* closed set of values, one space between; NULL: open */
};

/* Ids that the parser itself knows; a subcommand's own begin at 1. */
#define CLI_OPTION_HELP (-1)

/** The table of `--help`, for every subcommand. */
extern const struct cli_option cli_help_options[];

/** A subcommand. */
struct cli_command {
        const char *name;
        const char *usage;                       /* what follows the name: "[OPTION]... COMMAND [ARG]..." */
        const char *operands;                    /* words that may stand there, for completions; a shell may
                                                    have to expand them; NULL: open */
        const char *summary;                     /* one line for the list of commands */
        const struct cli_option *const *options; /* tables, NULL-terminated */
        const char *notes;                       /* below the options in the help; NULL: none */
        bool hidden;
        int (*main)(int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
};

extern const struct cli_command cli_run;
extern const struct cli_command cli_batch; /* cmd_batch.c */
extern const struct cli_command cli_timeout;
extern const struct cli_command cli_ps;
extern const struct cli_command cli_gc;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_profile;
extern const struct cli_command cli_help;
extern const struct cli_command cli_version;
extern const struct cli_command cli_completions;
extern const struct cli_command cli_options;
/** All of them, NULL-terminated. */
extern const struct cli_command *const cli_commands[];
/** By its name, or NULL. */
const struct cli_command *cli_command_find(const char *name);
/** Tell that there is none of that name, and the nearest. @return CLI_EXIT_FAILED. */
int cli_command_unknown(const char *name);
/** timeout(1) under the name that it was called by. @return the exit status. */
int cli_timeout_as(const char *program, int argc, char **argv);

/** @return 0, or a negative errno with *reterr (never NULL) filled; value is NULL where none is taken. */
typedef int (*cli_apply_fn)(void *userdata, int id, const char *value, struct inbye_error *reterr);

/**
 * Parse the options in front of the first operand ("--" ends them); each goes to `apply` in its order (NULL:
 * there are none but --help). Help is printed to stdout, an error as one line to stderr.
 *
 * @return  > 0 index of the first operand (argc: there is none); 0 help was printed: exit with 0;
 *          < 0 misuse, told already: exit with CLI_EXIT_FAILED.
 */
int cli_parse(const struct cli_command *command, int argc, char **argv, cli_apply_fn apply, void *userdata);

/** no_argument, required_argument or optional_argument of getopt_long(3). */
int cli_option_kind(const struct cli_option *option);
/** The entry of that name in a table, or NULL. */
const struct cli_option *cli_option_find(const struct cli_option *table, const char *name);
/** The entry whose name comes nearest to a misspelt one, or NULL. */
const struct cli_option *cli_option_nearest(const struct cli_option *table, const char *name);
/** Position of the value in a closed set ("kill wait fail"), or -EINVAL with *reterr filled. */
int cli_choose(const char *values, const char *value, const char *what, struct inbye_error *reterr);

void cli_print_help(const struct cli_command *command);

/** The tables of a subcommand as getopt_long(3) takes them; for who must use it directly. */
struct option;
struct cli_getopt {
        struct option *longs;
        char *shorts;
        const struct cli_option **flat;
        size_t n;
};
/** @param prefix  "+", "+:"... in front of the letters. 0 or -ENOMEM. */
int cli_getopt_init(struct cli_getopt *tables, const struct cli_command *command, const char *prefix);
void cli_getopt_deinit(struct cli_getopt *tables);
/** The option that getopt_long() meant by the value that it returned, or NULL. */
const struct cli_option *cli_getopt_find(const struct cli_getopt *tables, int value);

/* Messages (message.c): always one line on stderr, control characters replaced */

/** "inbye: " + text. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Misuse: "inbye: " + text + " (try 'inbye run --help')". @return CLI_EXIT_FAILED. */
int cli_misuse(const struct cli_command *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/** "inbye: " + text + "; " + hint. */
void cli_error(const struct inbye_error *error);
/** The same with what was being done in front: "inbye: job 3: text; hint". */
void cli_error_of(const char *what, const struct inbye_error *error);
/** Exit status that a failed spawn or a result of status "spawn_error" leads to: 125, 126 or 127. */
int cli_error_status(const struct inbye_error *error);

/* Settings of commands (settings.c): the options that run and batch (and the lines of a batch) share */

enum cli_setting {
        CLI_SETTING_FIRST = 0x1000,
        CLI_SETTING_TIMEOUT = CLI_SETTING_FIRST,
        CLI_SETTING_IDLE_TIMEOUT,
        CLI_SETTING_GRACE,
        CLI_SETTING_SIGNAL,
        CLI_SETTING_LEFTOVERS,
        CLI_SETTING_SUCCESS_CODES,
        CLI_SETTING_MECHANISM,
        CLI_SETTING_REQUIRE,
        CLI_SETTING_CWD,
        CLI_SETTING_ENV,
        CLI_SETTING_UNSET_ENV,
        CLI_SETTING_CLEAR_ENV,
        CLI_SETTING_ALLOW_ENV,
        CLI_SETTING_ENV_FILE,
        CLI_SETTING_PROGRAM,
        CLI_SETTING_USER,
        CLI_SETTING_GROUP,
        CLI_SETTING_GROUPS,
        CLI_SETTING_SETSID,
        CLI_SETTING_NICE,
        CLI_SETTING_IOPRIO,
        CLI_SETTING_AFFINITY,
        CLI_SETTING_UMASK,
        CLI_SETTING_RLIMIT,
        CLI_SETTING_KEEP_FD,
        CLI_SETTING_STDIN,
        CLI_SETTING_CAPTURE_LIMIT,
        CLI_SETTING_CAPTURE_KEEP,
        CLI_SETTING_LIMIT,
        CLI_SETTING_PROPERTY,
        CLI_SETTING_SANDBOX,
        CLI_SETTING_NO_NEW_PRIVS,
        CLI_SETTING_NO_CAPABILITIES,
        CLI_SETTING_NO_NETWORK,
        CLI_SETTING_READ_ONLY,
        CLI_SETTING_READ_WRITE,
        CLI_SETTING_HIDE,
        CLI_SETTING_BIND,
        CLI_SETTING_LANDLOCK_RW,
        CLI_SETTING_SYSTEM_CALLS,
        CLI_SETTING_SECCOMP,
        CLI_SETTING_DENIALS,
        CLI_SETTING_END
};

extern const struct cli_option cli_settings_options[];

#define CLI_GRACE_DEFAULT (2 * INBYE_SECOND)

struct settings;

/** @return NULL: no memory. Nothing is given yet. */
struct settings *settings_open(void);
/** The same for one job out of a list, that may be read while others run. */
struct settings *settings_open_for_job(void);
void settings_free(struct settings *settings);
void settings_freep(struct settings **settings);

/**
 * Take one setting: the value is checked here, before anything runs. Fit as a part of a cli_apply_fn.
 *
 * @return 0, or a negative errno with *reterr filled.
 */
int settings_apply(struct settings *settings, int id, const char *value, struct inbye_error *reterr);

/**
 * Hand on what was given, and nothing else: settings of a batch and then those of one job may go to the same
 * command, the later wins.
 */
int settings_to_command(
        const struct settings *settings, struct inbye_command *command, struct inbye_error *reterr);
/** Those that belong to the group: mechanisms. -EINVAL where nothing that is allowed is as strong as
 * required. */
int settings_to_options(
        const struct settings *settings, struct inbye_group_options *options, struct inbye_error *reterr);
/** Are the limits given enforced here? Tried on a group of such options that holds nothing; refused as it is.
 */
int settings_try_limits(const struct settings *settings, struct inbye_loop *loop,
        const struct inbye_group_options *options, struct inbye_error *reterr);
/** Do they limit the tree, themselves or by a profile? */
bool settings_limit(const struct settings *settings);
/** Limits that the base has and these settings do not say. 0, -ENOMEM. */
int settings_inherit_limits(struct settings *settings, const struct settings *base);
/** Whether denials are told of: that of the base, where these settings do not say. */
int settings_inherit_denials(struct settings *settings, const struct settings *base);
/** The file that --stdin names, or NULL. */
const char *settings_input_file(const struct settings *settings);
/** Is there a word of a sandbox in them? */
bool settings_has_sandbox(const struct settings *settings);
bool settings_has(const struct settings *settings, enum cli_setting id);
/** Does each of them do something beside the others? 0, or -EINVAL with *reterr filled. */
int settings_check(const struct settings *settings, struct inbye_error *reterr);
/** Is this exit code among --success-codes? */
bool settings_is_success(const struct settings *settings, int code);

/* Where results go (sink.c): FILE, "-" for stdout, or fd:N */

struct cli_sink {
        int fd; /* -1: there is none */
        bool owned;
        int failed;       /* negative errno of the first write that failed: nothing is written after it */
        const char *name; /* what the user called it */
        bool queued;      /* nothing blocks: what is not taken at once waits in `queue` */
        struct buf queue;
        size_t queue_at;         /* bytes of it that are written */
        struct inbye_loop *loop; /* borrowed; flushes the queue; NULL: only cli_sink_line() and _flush() do */
        struct inbye_watch *watch; /* there is a queue to flush */
};
#define CLI_SINK_INIT                                                                                        \
        {                                                                                                    \
                .fd = -1, .queue = BUF_INIT                                                                  \
        }
/** Open (and empty) it before anything is started. */
int cli_sink_open(struct cli_sink *sink, const char *name, struct inbye_error *reterr);
/** The same, but the lines of a file stay; half a line at its end, of who was killed writing it, does not. */
int cli_sink_append(struct cli_sink *sink, const char *name, struct inbye_error *reterr);
/** -EINVAL where both are one regular file: a report there would destroy what the command reads or writes.
 * Either may be NULL, or not be there. */
int cli_sink_refuse(const char *name, const char *file, struct inbye_error *reterr);
/** One line and its newline in one go; a regular file is cut back when only a part of it fits. */
int cli_sink_line(struct cli_sink *sink, const char *line, size_t n);
/** Would a line of n bytes leave a queue within its bound? Ask where a line may be dropped. */
bool cli_sink_has_room(const struct cli_sink *sink, size_t n);
/** Write what is queued, as long as its reader goes on: one that takes nothing for patience_ns fails with
 * -ETIMEDOUT. */
int cli_sink_flush(struct cli_sink *sink, uint64_t patience_ns);
/** That of inbye with who reads a result, when nothing runs any more. */
#define CLI_SINK_PATIENCE (10 * INBYE_SECOND)
/** @return 0, or the negative errno of the first thing that failed, told on stderr. */
int cli_sink_close(struct cli_sink *sink);
/** Close it without a word. */
void cli_sink_discard(struct cli_sink *sink);

/* The process that inbye is (process.c) */

/** Signals as they were when inbye was started, before anything was blocked. */
struct cli_origin {
        sigset_t mask;
        uint64_t ignored; /* bit n - 1: signal n was ignored */
};
extern struct cli_origin cli_origin;

/** First thing in main(): descriptors 0 to 2 open, signals noted, SIGPIPE blocked: our writes give EPIPE. */
void cli_process_init(void);
/** A loop that reaps what the trees orphan. 0, -errno with reterr and *ret NULL. */
int cli_loop_open(struct inbye_loop **ret, struct inbye_error *reterr);
bool cli_was_ignored(int signo);
/** Every signal that would end us by default and can be waited for, but those of our own faults and writes,
 * and those that were ignored. */
void cli_deadly_signals(sigset_t *ret);
/** The mask of `cli_origin` as inbye_command_set_signal_mask() takes it. */
uint64_t cli_origin_mask(void);
/** What was ignored is ignored in the command too. 0 or -errno. */
int cli_pass_ignored(struct inbye_command *command);
/** Let the signal do to us what it does by default: die, or stop and come back. It is unblocked afterwards.
 */
void cli_raise_default(int signo);
/** Die of the signal ourselves, without a core. Does not return unless the signal cannot kill. */
void cli_die_of(int signo);

#endif
