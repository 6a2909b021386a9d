/* SPDX-License-Identifier: MIT */
/*
 * timeout(1) of coreutils 9.1 to the letter, but that the whole tree is held: what the command leaves
 * behind, in whatever session, is ended with it, and nobody slips by while he forks.
 *
 * What is the letter: `timeout` is the leader of a background process group which the command joins (not with
 * --foreground); the time is up, or SIGALRM came from somebody: the signal goes to all, then SIGCONT; INT,
 * QUIT, HUP, TERM are passed on likewise and are no timeout; the first signal starts the time of
 * --kill-after; SIGKILL to all is one to itself, so it dies of it; where the command died of a signal and
 * time was not up, it dies of the same, without a core. Descriptors and a blocked signal pass through, INT,
 * QUIT, HUP, TERM and ALRM reach the command with their default action even when they were ignored.
 *
 * Unlike in `run` a stopped command does not stop us, and time goes on: that is the letter too.
 */
#include "base/error.h"
#include "base/scope.h"
#include "cli/cli.h"
#include "cli/inherit.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/timeout_words.h"
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        OPTION_KILL_AFTER = 1,
        OPTION_SIGNAL,
        OPTION_VERBOSE,
        OPTION_FOREGROUND,
        OPTION_PRESERVE,
        OPTION_VERSION
};

/* In the order of the original: it shows where an abbreviation is ambiguous. */
static const struct cli_option own_options[] = {
        { "kill-after", 'k', "DURATION", OPTION_KILL_AFTER, "Options",
                "also send a KILL signal if COMMAND is still running this long after the first signal",
                NULL },
        { "signal", 's', "SIGNAL", OPTION_SIGNAL, "Options",
                "the signal to be sent on timeout, a name like 'HUP' or a number [TERM]", NULL },
        { "verbose", 'v', NULL, OPTION_VERBOSE, "Options", "tell on stderr of any signal sent upon timeout",
                NULL },
        { "foreground", 0, NULL, OPTION_FOREGROUND, "Options",
                "let COMMAND read from the terminal and get its signals; signal COMMAND alone", NULL },
        { "preserve-status", 0, NULL, OPTION_PRESERVE, "Options",
                "exit with the status of COMMAND, even when it timed out", NULL },
        { "help", 0, NULL, CLI_OPTION_HELP, "Options", "display this help and exit", NULL },
        { "version", 0, NULL, OPTION_VERSION, "Options", "output version information and exit", NULL },
        { 0 },
};
static const struct cli_option *const tables[] = { own_options, NULL };

struct timeout {
        const char *program; /* as we were called: in front of every message */
        char **argv;
        uint64_t time_ns, kill_after_ns; /* INBYE_FOREVER: none */
        int signo;
        bool foreground, preserve, verbose;
        bool timed_out;
        bool sent_kill; /* to all, which includes us */
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_command *command;
        struct inbye_process *process;
        struct terminal terminal;
        struct cli_signals signals;
        struct inbye_watch *timer, *kill_timer;
};

static void timeout_deinit(struct timeout *t)
{
        terminal_close(&t->terminal);
        cli_signals_close(&t->signals);
        inbye_watch_free(t->timer);
        inbye_watch_free(t->kill_timer);
        inbye_process_free(t->process);
        inbye_group_free(t->group);
        inbye_loop_free(t->loop);
        inbye_command_unref(t->command);
}

/* Messages */

static int try_help(const struct timeout *t)
{
        fprintf(stderr, "Try '%s --help' for more information.\n", t->program);
        return CLI_EXIT_FAILED;
}

/* "timeout: BEFORE ‘WORD’AFTER" */
static void say_quoted(const struct timeout *t, const char *before, const char *word, const char *after)
{
        scoped(freep) char *quoted = timeout_quote(word);

        fflush(stdout);
        fprintf(stderr, "%s: %s%s%s\n", t->program, before, quoted ? quoted : "", after);
}

static void say_signal(const struct timeout *t, int signo)
{
        char name[TIMEOUT_SIGNAL_SIZE], before[64];

        timeout_signal_name(signo, name);
        snprintf(before, sizeof(before), "sending signal %s to command ", name);
        say_quoted(t, before, t->argv[0], "");
}

/* Signals */

/* What kill(2) for the own group and the command does there. */
static void send_to_all(struct timeout *t, int signo)
{
        if (signo == SIGKILL) {
                t->sent_kill = true;
                inbye_process_cancel(t->process, SIGKILL, 0);
                return;
        }
        inbye_process_signal(t->process, signo);
        if (signo == SIGSTOP)
                raise(SIGSTOP);
        if (signo != SIGCONT)
                inbye_process_signal(t->process, SIGCONT);
}

static void on_time(void *userdata);
static void send_signal(struct timeout *t, int signo);

static void start_kill_timer(struct timeout *t)
{
        uint64_t after_ns = t->kill_after_ns;

        if (after_ns == INBYE_FOREVER)
                return;
        t->kill_after_ns = INBYE_FOREVER;
        t->signo = SIGKILL;
        if (inbye_watch_timer(t->loop, after_ns, on_time, t, &t->kill_timer) < 0)
                send_signal(t, SIGKILL); /* no memory for a timer: rather too early than never */
}

static void send_signal(struct timeout *t, int signo)
{
        start_kill_timer(t);
        if (t->verbose)
                say_signal(t, signo);
        if (signo == 0)
                return;
        if (t->foreground)
                inbye_process_signal_main(t->process, signo);
        else
                send_to_all(t, signo);
}

static void on_time(void *userdata)
{
        struct timeout *t = userdata;

        t->timed_out = true;
        send_signal(t, t->signo);
}

static void on_signal(void *userdata, int signo, pid_t sender)
{
        (void)sender;
        if (signo == SIGALRM)
                on_time(userdata);
        else
                send_signal(userdata, signo);
}

static int watch_signals(struct timeout *t)
{
        const int watched[] = { SIGALRM, SIGINT, SIGQUIT, SIGHUP, SIGTERM, t->signo };
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
                if (watched[i] == 0 || watched[i] == SIGCHLD) /* nothing; the loop's own */
                        continue;
                sigaddset(&set, watched[i]);
                signal(watched[i], SIG_DFL); /* for the command too; the set is blocked in a moment */
        }
        return cli_signals_open(&t->signals, t->loop, &set, on_signal, t);
}

/* Start */

static uint64_t mask_of_command(void)
{
        return cli_origin_mask() & ~(UINT64_C(1) << (SIGCHLD - 1));
}

static int make_command(struct timeout *t)
{
        struct inbye_command *command;
        int r;

        r = inbye_command_open((const char *const *)t->argv, &t->command);
        if (r < 0)
                return r == -EINVAL ? -ENOENT : r; /* an empty name */
        command = t->command;
        r = inherit_all_fds(command);
        if (r >= 0)
                r = inbye_command_set_input(command, INBYE_INPUT_INHERIT);
        if (r >= 0)
                r = inbye_command_set_output(command, INBYE_STDOUT, INBYE_OUTPUT_INHERIT);
        if (r >= 0)
                r = inbye_command_set_output(command, INBYE_STDERR, INBYE_OUTPUT_INHERIT);
        if (r >= 0)
                r = inbye_command_set_inherit_ignored(command, 1);
        if (r >= 0)
                r = inbye_command_set_signal_mask(command, mask_of_command());
        if (r >= 0)
                r = inbye_command_set_shell_fallback(command, 1);
        return r < 0 ? r : inbye_command_set_process_group(command, 0);
}

/* A mechanism that needs a process group of the command's own takes it out of our foreground. */
static void let_into_foreground(struct timeout *t)
{
        pid_t pid = inbye_process_pid(t->process);

        if (!t->foreground || getpgid(pid) == getpgrp() || !terminal_is_ours(&t->terminal))
                return;
        terminal_give(&t->terminal, pid);
        inbye_process_signal_main(t->process, SIGCONT);
}

static int spawn_command(struct timeout *t, struct inbye_error *reterr)
{
        int r;

        signal(SIGTTIN, SIG_DFL);
        signal(SIGTTOU, SIG_DFL);
        r = inbye_group_spawn(t->group, t->command, &t->process, reterr);
        signal(SIGTTIN, SIG_IGN);
        signal(SIGTTOU, SIG_IGN);
        if (r >= 0)
                let_into_foreground(t);
        return r;
}

static int start(struct timeout *t, struct inbye_error *reterr)
{
        int r;

        r = make_command(t);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_EXEC, -r, "%s", t->argv[0]);
        if (!t->foreground)
                (void)setpgid(0, 0);
        else
                terminal_open(&t->terminal);
        r = cli_loop_open(&t->loop, reterr);
        if (r < 0)
                return r;
        r = watch_signals(t);
        if (r >= 0 && t->time_ns != INBYE_FOREVER)
                r = inbye_watch_timer(t->loop, t->time_ns, on_time, t, &t->timer);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot make an event loop");
        r = inbye_group_open(t->loop, NULL, &t->group, reterr);
        return r < 0 ? r : spawn_command(t, reterr);
}

static int say_failure(const struct timeout *t, const struct inbye_error *error)
{
        char why[128];

        if (error->stage != INBYE_STAGE_EXEC) {
                fprintf(stderr, "%s: %s\n", t->program, error->text);
                return CLI_EXIT_FAILED;
        }
        snprintf(why, sizeof(why), ": %s", strerror(error->number));
        say_quoted(t, "failed to run command ", t->argv[0], why);
        return cli_error_status(error);
}

/* End */

static int status_of(const struct timeout *t, const struct inbye_result *result, int *ret_death)
{
        int signo = inbye_result_signal(result), code = inbye_result_code(result);
        bool preserve = t->preserve;

        if (inbye_result_core_dumped(result))
                fprintf(stderr, "%s: the monitored command dumped core\n", t->program);
        if (t->sent_kill)
                *ret_death = SIGKILL;
        else if (signo && !t->timed_out)
                *ret_death = signo;
        if (t->timed_out && signo == SIGKILL)
                preserve = true;
        if (t->timed_out && !preserve)
                return CLI_EXIT_TIMEOUT;
        if (signo)
                return 128 + signo;
        return code >= 0 ? code : CLI_EXIT_FAILED;
}

static int run_to_end(struct timeout *t, int *ret_death)
{
        struct inbye_error error = { 0 };
        struct inbye_result *result;
        int r, status;

        r = start(t, &error);
        if (r < 0)
                return say_failure(t, &error);
        r = inbye_process_wait(t->process, INBYE_FOREVER, &result);
        if (r < 0) {
                error_set(&error, INBYE_STAGE_LOOP, -r, "cannot wait for the command");
                return say_failure(t, &error);
        }
        status = status_of(t, result, ret_death);
        inbye_result_unref(result);
        return status;
}

/* Options */

/* @return -1 to go on, else the exit status. */
static int take_option(struct timeout *t, int id)
{
        switch (id) {
        case OPTION_KILL_AFTER:
                if (timeout_duration(optarg, &t->kill_after_ns) >= 0)
                        return -1;
                say_quoted(t, "invalid time interval ", optarg, "");
                return try_help(t);
        case OPTION_SIGNAL:
                if (timeout_signal(optarg, &t->signo) >= 0)
                        return -1;
                say_quoted(t, "", optarg, ": invalid signal");
                return try_help(t);
        case OPTION_VERBOSE:
                t->verbose = true;
                return -1;
        case OPTION_FOREGROUND:
                t->foreground = true;
                return -1;
        case OPTION_PRESERVE:
                t->preserve = true;
                return -1;
        case OPTION_VERSION:
                printf("timeout (inbye) %s\n", inbye_version());
                return 0;
        default:
                cli_print_help(&cli_timeout);
                return 0;
        }
}

static int take_options(struct timeout *t, int argc, char **argv)
{
        struct cli_getopt options;
        int value, status = -1;

        if (cli_getopt_init(&options, &cli_timeout, "+") < 0) {
                fprintf(stderr, "%s: %s\n", t->program, strerror(ENOMEM));
                return CLI_EXIT_FAILED;
        }
        opterr = 1; /* its messages are part of the letter */
        optind = 0;
        while (status < 0 && (value = getopt_long(argc, argv, options.shorts, options.longs, NULL)) != -1) {
                const struct cli_option *option = cli_getopt_find(&options, value);

                status = option ? take_option(t, option->id) : try_help(t);
        }
        cli_getopt_deinit(&options);
        return status;
}

static int take_operands(struct timeout *t, int argc, char **argv)
{
        if (argc - optind < 2)
                return try_help(t);
        if (timeout_duration(argv[optind], &t->time_ns) < 0) {
                say_quoted(t, "invalid time interval ", argv[optind], "");
                return try_help(t);
        }
        t->argv = argv + optind + 1;
        return -1;
}

int cli_timeout_as(const char *program, int argc, char **argv)
{
        struct timeout t = {
                .program = program,
                .kill_after_ns = INBYE_FOREVER,
                .signo = SIGTERM,
                .terminal = TERMINAL_INIT,
        };
        int status, death = 0;

        setlocale(LC_ALL, "");
        status = take_options(&t, argc, argv);
        if (status < 0)
                status = take_operands(&t, argc, argv);
        if (status < 0)
                status = run_to_end(&t, &death);
        timeout_deinit(&t);
        if (death)
                cli_die_of(death);
        return status;
}

static int main_timeout(int argc, char **argv)
{
        static char name[] = "inbye timeout";

        argv[0] = name; /* getopt's messages begin with it */
        return cli_timeout_as(name, argc, argv);
}

const struct cli_command cli_timeout = {
        .name = "timeout",
        .usage = "[OPTION]... DURATION COMMAND [ARG]...",
        .summary =
                "timeout(1), for the whole tree: start COMMAND, and end it if it runs longer than DURATION.",
        .options = tables,
        .notes = "DURATION is a number with an optional suffix: 's' for seconds (the default), 'm' for "
                 "minutes,\n"
                 "'h' for hours or 'd' for days. A duration of 0 disables the timeout.\n\n"
                 "Exit status: 124 when COMMAND timed out and --preserve-status is not given; 125 when "
                 "timeout\n"
                 "itself failed; 126 when COMMAND cannot be executed; 127 when it is not found; 137 when it "
                 "was\n"
                 "sent KILL; else that of COMMAND.",
        .main = main_timeout,
};
