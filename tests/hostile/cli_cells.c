/* SPDX-License-Identifier: MIT */
/*
 * The matrix through `inbye run`: what a user sees, and what is left when the command has gone. inbye itself
 * is started by plain posix_spawn and looked at from outside: its exit status, its report, and the same
 * witnesses as for the library. Timeouts as there: measured, and tried again where they came before "ready".
 *
 * An owner that is killed cannot be taken at its word, so what is promised then is waited for, a second at
 * most. One whose parent is killed must not notice: it is looked at after that, and only then ended by a
 * signal.
 */
#include "cells.h"
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define READY_MS 40000 /* an emulated machine takes its time over 300 forks */
#define MOST_ATTEMPTS 4u

enum end {
        END_SIGNAL,
        END_INTERRUPT,
        END_EXIT,
        END_TIMEOUT,
        END_KILL_TIMEOUT,
        END_OWNER,
        END_PARENT,
        END_WARDEN,
        END_INSIDE,
        END_COREUTILS,
        END_N
};
static const char *const end_names[END_N] = {
        [END_SIGNAL] = "signal",
        [END_INTERRUPT] = "interrupt", /* SIGINT to inbye and all that is still in its process group */
        [END_EXIT] = "exit",
        [END_TIMEOUT] = "timeout",
        [END_KILL_TIMEOUT] = "killtimeout",
        [END_OWNER] = "owner",   /* SIGKILL for inbye */
        [END_PARENT] = "parent", /* SIGKILL for the shell that runs it, then a signal for inbye */
        [END_WARDEN] = "warden", /* killed by the command */
        [END_INSIDE] = "inside", /* a timeout of an inbye that runs an inbye that runs it */
        [END_COREUTILS] = "timeout(1)",
};
static const struct {
        int code, signal;
        const char *status;
} outcomes[END_N] = {
        [END_SIGNAL] = { -1, SIGTERM, "\"status\":\"cancelled\"" },
        [END_INTERRUPT] = { -1, SIGINT, "\"status\":\"cancelled\"" },
        [END_EXIT] = { 0, 0, "\"status\":\"ok\"" },
        [END_TIMEOUT] = { 124, 0, "\"status\":\"timeout\"" },
        [END_KILL_TIMEOUT] = { 124, 0, "\"status\":\"timeout\"" },
        [END_OWNER] = { -1, SIGKILL, NULL },
        [END_PARENT] = { -1, SIGKILL, "\"status\":\"cancelled\"" }, /* of the shell; of inbye */
        [END_WARDEN] = { 125, 0, "\"status\":\"lost\"" },
        [END_INSIDE] = { 124, 0, "\"status\":\"timeout\"" },
        [END_COREUTILS] = { 124, 0, NULL }, /* or SIGKILL, when it took that */
};

struct trial {
        struct suite *suite;
        struct cell *cell;
        enum end end;
        uint32_t mechanism;
        uint64_t timeout_ns, start_ns;
        struct program inbye;
        struct witness witness;
        struct place place;
        char report_path[PATH_MAX + 8];
        int owner_pidfd; /* where inbye is a grandchild */
        bool unreached;  /* the command found no warden to kill */
};

static bool is_timed(enum end end)
{
        return end == END_TIMEOUT || end == END_KILL_TIMEOUT || end == END_INSIDE || end == END_COREUTILS;
}

/* Is everybody still there when the list is read? */
static bool is_lasting(enum end end)
{
        return !is_timed(end) && end != END_EXIT && end != END_WARDEN;
}

/* The inner one needs time to end its tree, which the outer one may not be able to. */
static const char *grace_of(enum end end)
{
        if (end == END_KILL_TIMEOUT)
                return "--grace=0";
        return end == END_INSIDE ? "--grace=5s" : "--grace=30ms";
}

static const char *mode_of(enum end end)
{
        if (end == END_EXIT)
                return "exit";
        return end == END_WARDEN ? "warden" : "stay";
}

#define MOST_WORDS 24

/* What stands in front of the command: a launcher that takes things away, a shell that will be its parent. */
static size_t add_front(const struct trial *trial, const char **argv)
{
        const struct suite *suite = trial->suite;
        const char *const launcher[] = { suite->launcher, suite->without, "--", NULL };
        const char *const shell[] = { "/bin/sh", "-c", "\"$@\"; exit", "sh", NULL };
        const char *const *word;
        size_t n = 0;

        for (word = suite->launcher ? launcher : NULL; word && *word; word++)
                argv[n++] = *word;
        for (word = trial->end == END_PARENT ? shell : NULL; word && *word; word++)
                argv[n++] = *word;
        return n;
}

static int trial_start(struct trial *trial)
{
        char mechanism[64], timeout[64], report[PATH_MAX + 32];
        const char *inbye = trial->suite->inbye, *helper = trial->suite->helper;
        const char *trick = trial->cell->trick->name, *mode = mode_of(trial->end);
        const char *plain[] = { inbye, "run", mechanism, timeout, grace_of(trial->end), report, "--", helper,
                trick, mode, NULL };
        const char *inside[] = { inbye, "run", mechanism, timeout, grace_of(trial->end), report, "--", inbye,
                "run", mechanism, "--", helper, trick, mode, NULL };
        const char *coreutils[] = { inbye, "timeout", "-k0.03", timeout, helper, trick, mode, NULL };
        const char **words = trial->end == END_COREUTILS ? coreutils
                             : trial->end == END_INSIDE  ? inside
                                                         : plain;
        const char *argv[MOST_WORDS];
        size_t n = add_front(trial, argv);
        int timeout_ms = is_timed(trial->end) ? (int)(trial->timeout_ns / INBYE_MILLISECOND) : 0, r;

        r = witness_init(&trial->witness, trial->suite->directory);
        if (r < 0)
                return r;
        snprintf(trial->report_path, sizeof(trial->report_path), "%s.json", trial->witness.log_path);
        snprintf(mechanism, sizeof(mechanism), "--mechanism=%s", trial->cell->mechanism);
        snprintf(timeout, sizeof(timeout), "--timeout=%dms", timeout_ms);
        snprintf(report, sizeof(report), "--report=%s", trial->report_path);
        if (trial->end == END_COREUTILS)
                snprintf(timeout, sizeof(timeout), "%d.%03d", timeout_ms / 1000, timeout_ms % 1000);
        while (n < MOST_WORDS - 1 && *words)
                argv[n++] = *words++;
        argv[n] = NULL;
        return trial->end == END_INTERRUPT
                       ? program_start_leader(&trial->inbye, argv, trial->witness.log_path, NULL)
                       : program_start(&trial->inbye, argv, trial->witness.log_path, NULL);
}

static void trial_close(struct trial *trial)
{
        program_deinit(&trial->inbye);
        if (trial->owner_pidfd >= 0)
                close(trial->owner_pidfd);
        if (trial->report_path[0])
                unlink(trial->report_path);
        witness_deinit(&trial->witness);
}

static void check_report(struct trial *trial)
{
        const char *status = outcomes[trial->unreached ? END_SIGNAL : trial->end].status;
        char text[16384];
        FILE *file = fopen(trial->report_path, "re");
        size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

        text[n] = '\0';
        if (file)
                fclose(file);
        if (!strstr(text, status))
                cell_fail(trial->cell, "no %s in the report: %.300s", status, text);
        if (!strstr(text, trial->cell->mechanism))
                cell_fail(trial->cell, "no mechanism in the report: %.300s", text);
        if (!trick_escapes(trial->cell->trick, trial->mechanism, false))
                return;
        if (!strstr(text, "\"cannot\":\""))
                cell_fail(trial->cell, "the report keeps silent about what cannot be held: %.300s", text);
        /* With one inside another it is the inner one that finds them, and that has no report. */
        if (trial->end != END_INSIDE && !strstr(text, "\"escaped\":[{"))
                cell_fail(trial->cell, "the report keeps silent about who got away: %.2000s", text);
}

static void check_status(struct trial *trial, int status)
{
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

        if (trial->end == END_COREUTILS && signo == SIGKILL)
                return;
        if (trial->unreached && signo == SIGTERM)
                return;
        if (code != outcomes[trial->end].code || signo != outcomes[trial->end].signal)
                cell_fail(trial->cell, "inbye ended with code %d, signal %d", code, signo);
}

/* The only child of the shell, while the shell is there to keep the pid from being another's. */
static void find_owner(struct trial *trial)
{
        char path[64];
        FILE *file;
        int pid = 0;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)trial->inbye.pid,
                (int)trial->inbye.pid);
        file = fopen(path, "re");
        if (file && fscanf(file, "%d", &pid) == 1)
                trial->owner_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (file)
                fclose(file);
        if (trial->owner_pidfd < 0)
                cell_fail(trial->cell, "the shell has no child");
}

/* The owner must not notice; then it is ended as it always is. */
static void kill_parent(struct trial *trial)
{
        struct pollfd owner = { .events = POLLIN };

        find_owner(trial);
        owner.fd = trial->owner_pidfd;
        kill(trial->inbye.pid, SIGKILL);
        if (!program_has_ended(&trial->inbye, PATIENCE_MS))
                cell_fail(trial->cell, "the shell does not die");
        if (owner.fd < 0)
                return;
        if (witness_line_is_cut(&trial->witness) || poll(&owner, 1, 0) != 0)
                cell_fail(trial->cell, "inbye or its tree went with the shell");
        syscall(SYS_pidfd_send_signal, owner.fd, SIGTERM, NULL, 0);
        if (poll(&owner, 1, PATIENCE_MS) <= 0)
                cell_fail(trial->cell, "inbye does not end once its parent is gone");
}

static void await_warden(struct trial *trial)
{
        if (!program_expect(&trial->inbye, "killing ", PATIENCE_MS) ||
                !program_expect(&trial->inbye, "\n", PATIENCE_MS)) {
                cell_fail(trial->cell, "the command looked for no warden");
                return;
        }
        trial->unreached = strstr(trial->inbye.output, "killing 0");
        if (trial->unreached)
                kill(trial->inbye.pid, SIGTERM);
}

static void trial_end(struct trial *trial)
{
        switch (trial->end) {
        case END_SIGNAL:
                kill(trial->inbye.pid, SIGTERM);
                break;
        case END_INTERRUPT:
                kill(-trial->inbye.pid, SIGINT);
                break;
        case END_OWNER:
                kill(trial->inbye.pid, SIGKILL);
                break;
        case END_PARENT:
                kill_parent(trial);
                break;
        case END_WARDEN:
                await_warden(trial);
                break;
        default:
                break;
        }
}

static bool trial_escapes(const struct trial *trial)
{
        bool killed = trial->end == END_OWNER; /* who could seek */

        if (killed && !mechanism_outlives_owner(trial->mechanism))
                return true;
        return trick_escapes(trial->cell->trick, trial->mechanism, !killed);
}

static void trial_judge(struct trial *trial)
{
        uint64_t since_ns = is_timed(trial->end) ? trial->start_ns + trial->timeout_ns : now_ns();
        int status = 0;

        trial_end(trial);
        if (program_wait(&trial->inbye, PATIENCE_MS + (int)(trial->timeout_ns / INBYE_MILLISECOND), &status) <
                0) {
                cell_fail(trial->cell, "inbye does not end");
                kill(trial->inbye.pid, SIGKILL);
                program_wait(&trial->inbye, PATIENCE_MS, &status);
        }
        if (trial->end == END_OWNER && mechanism_outlives_owner(trial->mechanism))
                await_promise(&trial->witness, &trial->place);
        check_prompt(trial->suite, trial->cell, since_ns);
        check_survivors(trial->cell, &trial->witness, trial_escapes(trial));
        check_status(trial, status);
        if (outcomes[trial->end].status)
                check_report(trial);
}

/* @return false: its time was up before it was ready, which says nothing. */
static bool trial_run(struct trial *trial)
{
        int r;

        trial->start_ns = now_ns();
        r = trial_start(trial);
        if (r < 0) {
                cell_fail(trial->cell, "inbye cannot be started: %s", strerror(-r));
                return true;
        }
        if (!program_expect(&trial->inbye, "ready\n", READY_MS)) {
                if (!is_timed(trial->end))
                        cell_fail(trial->cell, "not ready in time: \"%s\"", trial->inbye.output);
                return !is_timed(trial->end);
        }
        if (now_ns() - trial->start_ns > trial->suite->slowest_ready_ns)
                trial->suite->slowest_ready_ns = now_ns() - trial->start_ns;
        if (check_list(trial->cell, &trial->witness, is_lasting(trial->end))) {
                place_find(&trial->place, &trial->witness, trial->mechanism);
                trial_judge(trial);
        }
        return true;
}

static void cli_cell(struct suite *suite, struct cell *cell, enum end end, uint32_t mechanism)
{
        bool told = false;
        unsigned attempt;

        for (attempt = 0; !told && attempt < MOST_ATTEMPTS; attempt++) {
                struct trial trial = {
                        .suite = suite,
                        .cell = cell,
                        .end = end,
                        .mechanism = mechanism,
                        .timeout_ns = suite_timeout_ns(suite, attempt),
                        .inbye = PROGRAM_NULL,
                        .witness = WITNESS_NULL,
                        .owner_pidfd = -1,
                };
                told = trial_run(&trial);
                trial_close(&trial);
                check_place(cell, &trial.place);
                if (!bystander_is_well(&suite->bystander))
                        cell_fail(cell, "a bystander was hit");
        }
        if (!told)
                cell_fail(cell, "never ready before its timeout");
}

/* timeout(1) has no option for the mechanism: it takes the best. */
static bool end_applies(
        const struct suite *suite, const struct trick *trick, uint32_t mechanism, enum end end)
{
        if (end == END_EXIT && (trick->traits & TRICK_NEVER_EXITS))
                return false;
        if (end == END_COREUTILS && (mechanism != suite->best || suite->launcher))
                return false;
        if (end == END_WARDEN && (trick->traits & (TRICK_NEVER_EXITS | TRICK_HOLDS_TREE)))
                return false;
        return suite_tries(suite, trick, (int)end, end_names[end]);
}

static void cli_row(struct suite *suite, const struct trick *trick, uint32_t mechanism)
{
        struct cell all = { .trick = trick, .end = "all", .mechanism = inbye_mechanism_name(mechanism) };
        struct stranger stranger;
        int end;

        suite->slowest_ready_ns = 0;
        sheet_row(trick->name);
        stranger_open(&stranger, suite);
        for (end = 0; end < END_N; end++) {
                struct cell cell = {
                        .trick = trick,
                        .end = end_names[end],
                        .mechanism = inbye_mechanism_name(mechanism),
                };
                if (!end_applies(suite, trick, mechanism, (enum end)end)) {
                        sheet_no_cell();
                        continue;
                }
                cli_cell(suite, &cell, (enum end)end, mechanism);
                sheet_cell(&cell);
        }
        stranger_close(&stranger, &all);
        if (!neighbour_is_well(&suite->neighbour))
                cell_fail(&all, "a command of another inbye was hit");
        sheet_row_end();
}

void cli_table(struct suite *suite, uint32_t mechanism)
{
        char title[64];
        const struct trick *trick;

        snprintf(title, sizeof(title), "inbye, %s", inbye_mechanism_name(mechanism));
        sheet_head(title, end_names, END_N);
        for (trick = tricks; trick->name; trick++)
                if (trick_applies(trick, mechanism) && suite_wants(suite->only_trick, trick->name))
                        cli_row(suite, trick, mechanism);
}
