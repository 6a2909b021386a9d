/* SPDX-License-Identifier: MIT */
/*
 * Owners that die: `inbye run`, `inbye batch` and a program that uses the library are killed, stopped and
 * killed, lose their warden, or die together with it, while hostile trees run under them. Within a second
 * nothing of the trees is left; what is left when both die is found and removed by `inbye gc`, which leaves
 * alone what has an owner. Killed they are with every mechanism that promises to outlive them; what is about
 * the session's directory is tried with the one that has such a thing.
 */
#include "arena.h"
#include "nursery.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP 77
#define PATIENCE_MS 20000

/* --- owners -----------------------------------------------------------------------------------------------
 */

enum kind { KIND_RUN, KIND_BATCH, KIND_LIBRARY, KIND_N };
static const char *const kind_names[KIND_N] = {
        [KIND_RUN] = "run", [KIND_BATCH] = "batch", [KIND_LIBRARY] = "library"
};
static const char *const scenarios[] = { "setsid", "daemon", "hops", "bomb", "threads", "subcgroups",
        "vfork" };

struct trial {
        struct arena *arena;
        enum kind kind;
        const char *scenario;
        char what[64];
        char report[PATH_MAX + 16];
        struct program owner;
        struct witness witness;
};

static int start_owner(struct trial *trial)
{
        const char *inbye = trial->arena->suite.inbye, *helper = trial->arena->suite.helper;
        const char *mechanism = inbye_mechanism_name(trial->arena->mechanism);
        char report[PATH_MAX + 32], results[PATH_MAX + 32];
        const char *const argvs[KIND_N][13] = {
                [KIND_RUN] = { inbye, "run", "--mechanism", mechanism, report, "--", helper, trial->scenario,
                        "stay" },
                [KIND_BATCH] = { inbye, "batch", "-q", "--mechanism", mechanism, results, "--", helper, "{}",
                        "stay", ":::", trial->scenario },
                [KIND_LIBRARY] = { trial->arena->owner, mechanism, helper, trial->scenario, "stay" },
        };

        snprintf(trial->report, sizeof(trial->report), "%s/report", trial->arena->suite.directory);
        snprintf(report, sizeof(report), "--report=%s", trial->report);
        snprintf(results, sizeof(results), "--results=%s", trial->report);
        return program_start(&trial->owner, argvs[trial->kind], trial->witness.log_path, NULL);
}

static bool trial_open(struct trial *trial, const char *manner)
{
        int r;

        snprintf(trial->what, sizeof(trial->what), "%s, %s, %s, %s",
                inbye_mechanism_name(trial->arena->mechanism), kind_names[trial->kind], trial->scenario,
                manner);
        r = witness_init(&trial->witness, trial->arena->suite.directory);
        if (r >= 0)
                r = start_owner(trial);
        return arena_check(trial->arena, r >= 0, "%s: %s", trial->what, strerror(-r)) &&
               arena_check(trial->arena, arena_await_ready(trial->arena, &trial->witness), "%s: never ready",
                       trial->what) &&
               arena_check(trial->arena,
                       arena_count(trial->arena) == (arena_has_sessions(trial->arena) ? 1 : 0),
                       "%s: %zu sessions", trial->what, arena_count(trial->arena));
}

static void trial_close(struct trial *trial)
{
        program_deinit(&trial->owner);
        witness_deinit(&trial->witness);
        unlink(trial->report);
        arena_check_others(trial->arena, trial->what);
}

static void kill_owner(struct trial *trial)
{
        int status = 0;

        kill(trial->owner.pid, SIGKILL); /* ours and not waited for: the pid cannot be another's */
        arena_check(trial->arena,
                program_wait(&trial->owner, PATIENCE_MS, &status) >= 0 && WIFSIGNALED(status),
                "%s: the owner does not die", trial->what);
}

static bool stop_owner(struct trial *trial)
{
        siginfo_t info;

        kill(trial->owner.pid, SIGSTOP);
        return arena_check(trial->arena, waitid(P_PID, (id_t)trial->owner.pid, &info, WSTOPPED) == 0,
                "%s: the owner does not stop", trial->what);
}

static bool kill_warden(struct trial *trial)
{
        pid_t pid = program_child(&trial->owner, "inbye-warden");

        /* Its parent waits for nothing but its end: the pid is its own. */
        return arena_check(
                trial->arena, pid > 0 && kill(pid, SIGKILL) == 0, "%s: the owner has no warden", trial->what);
}

/* --- what can happen to them ------------------------------------------------------------------------------
 */

static void try_kill(struct arena *arena, enum kind kind, const char *scenario)
{
        struct trial trial = { arena, kind, scenario, .owner = PROGRAM_NULL, .witness = WITNESS_NULL };

        if (trial_open(&trial, "killed")) {
                kill_owner(&trial);
                arena_check_nothing(arena, &trial.witness, trial.what);
        }
        trial_close(&trial);
}

static void try_stopped(struct arena *arena, enum kind kind)
{
        struct trial trial = { arena, kind, "daemon", .owner = PROGRAM_NULL, .witness = WITNESS_NULL };

        if (trial_open(&trial, "stopped and killed") && stop_owner(&trial)) {
                kill_owner(&trial);
                arena_check_nothing(arena, &trial.witness, trial.what);
        }
        trial_close(&trial);
}

/* The report of the command, or what the library program printed. */
static bool says_lost(struct trial *trial)
{
        static const char lost[] = "\"status\":\"lost\"";
        char text[4096];
        FILE *file;
        size_t n;

        if (trial->kind == KIND_LIBRARY)
                return program_expect(&trial->owner, lost, PATIENCE_MS);
        file = fopen(trial->report, "re");
        if (!file)
                return false;
        n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        return strstr(text, lost) != NULL;
}

static void try_warden(struct arena *arena, enum kind kind, const char *scenario)
{
        struct trial trial = { arena, kind, scenario, .owner = PROGRAM_NULL, .witness = WITNESS_NULL };
        int status;

        if (trial_open(&trial, "warden killed") && kill_warden(&trial)) {
                arena_check(
                        arena, program_has_ended(&trial.owner, PATIENCE_MS), "%s: it goes on", trial.what);
                arena_check_nothing(arena, &trial.witness, trial.what);
                arena_check(arena, says_lost(&trial), "%s: the status is not lost", trial.what);
                program_wait(&trial.owner, PATIENCE_MS, &status);
        }
        trial_close(&trial);
}

static void run_gc(struct arena *arena, const char *option, const char *what)
{
        const char *argv[] = { arena->suite.inbye, "gc", option, NULL };
        struct program gc = PROGRAM_NULL;
        int status = -1;

        arena_check(arena,
                program_start(&gc, argv, NULL, NULL) >= 0 && program_wait(&gc, PATIENCE_MS, &status) >= 0 &&
                        status == 0,
                "%s: gc %s fails: %d", what, option ? option : "", status);
        program_deinit(&gc);
}

static void check_left(struct trial *trial, const char *when)
{
        arena_check(trial->arena, arena_count(trial->arena) == 1, "%s: %zu sessions %s", trial->what,
                arena_count(trial->arena), when);
        arena_check(trial->arena, witness_count_alive(&trial->witness) > 0, "%s: nobody is left %s",
                trial->what, when);
}

static void try_both(struct arena *arena, enum kind kind, const char *scenario)
{
        struct trial trial = { arena, kind, scenario, .owner = PROGRAM_NULL, .witness = WITNESS_NULL };

        if (trial_open(&trial, "killed with its warden")) {
                run_gc(arena, NULL, trial.what);
                check_left(&trial, "though the owner lives");
                if (stop_owner(&trial) && kill_warden(&trial))
                        kill_owner(&trial);
                check_left(&trial, "when both are dead");
                run_gc(arena, "--dry-run", trial.what);
                check_left(&trial, "after a dry run");
                run_gc(arena, NULL, trial.what);
                arena_check_nothing(arena, &trial.witness, trial.what);
        }
        trial_close(&trial);
}

static bool applies(const struct arena *arena, const char *scenario)
{
        const struct trick *trick = tricks;

        while (trick->name && strcmp(trick->name, scenario) != 0)
                trick++;
        return trick->name && trick_applies(trick, arena->mechanism) &&
               !trick_escapes(trick, arena->mechanism, false);
}

static void try_kinds(struct arena *arena)
{
        for (enum kind kind = 0; kind < KIND_N; kind++) {
                for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
                        if (applies(arena, scenarios[i]))
                                try_kill(arena, kind, scenarios[i]);
                try_stopped(arena, kind);
                if (arena->mechanism != INBYE_MECHANISM_CGROUP)
                        continue; /* elsewhere nothing outlives a warden */
                try_warden(arena, kind, "daemon");
                try_warden(arena, kind, "subcgroups");
                try_both(arena, kind, "daemon");
                try_both(arena, kind, "subcgroups");
        }
}

/* --- the whole --------------------------------------------------------------------------------------------
 */

/* A session directory that stays, and a tree in none, must be seen. */
static bool prove(struct arena *arena)
{
        char path[PATH_MAX + 64];
        bool seen;

        snprintf(path, sizeof(path), "%s/inbye.0123456789abcdef0123456789abcdef", arena->path);
        seen = mkdir(path, 0755) == 0 && arena_count(arena) == 1 && !arena_await_none(arena, 20);
        seen = rmdir(path) == 0 && arena_await_none(arena, 20) && seen;
        if (!seen)
                fprintf(stderr, "hostile: the checks do not see a session directory\n");
        return plant_and_find(&arena->suite) && seen;
}

struct plan {
        struct arena arena;
        unsigned n_kills;
        uint64_t seed;
        const char *only_mechanism; /* NULL: all */
};

static bool works_here(uint32_t mechanism)
{
        const struct inbye_host_mechanism *m = NULL;
        struct inbye_host *host = NULL;
        bool works = false;

        if (inbye_host_open(&host) < 0)
                return true; /* what is wrong will be told when it is used */
        for (size_t i = 0; !works && (m = inbye_host_mechanism(host, i)); i++)
                works = m->mechanism == mechanism && m->number == 0;
        inbye_host_free(host);
        return works;
}

static void try_all(struct plan *plan)
{
        struct arena *arena = &plan->arena;
        uint32_t bit;

        for (bit = 1; inbye_mechanism_name(bit); bit <<= 1) {
                if (!suite_wants(plan->only_mechanism, inbye_mechanism_name(bit)) ||
                        !mechanism_outlives_owner(bit) || !works_here(bit))
                        continue;
                arena->mechanism = bit;
                try_kinds(arena);
                random_kills(arena, plan->n_kills, plan->seed);
        }
}

static int run_suite(void *userdata)
{
        struct plan *plan = userdata;
        struct arena *arena = &plan->arena;
        int r;

        if (!works_here(INBYE_MECHANISM_CGROUP)) {
                printf("hostile: skipped: mechanism cgroup does not work here\n");
                return EXIT_SKIP;
        }
        r = arena_init(arena);
        if (arena_check(arena, r >= 0, "no cgroup of its own: %s", strerror(-r)) &&
                arena_check(arena, prove(arena), "the checks see nothing"))
                try_all(plan);
        arena_deinit(arena);
        printf("checks: %zu passed, %zu failed, 0 skipped\n", arena->n_checks - arena->n_failures,
                arena->n_failures);
        return arena->n_failures > 0;
}

static int parse(struct plan *plan, int argc, char **argv)
{
        static const struct option options[] = { { "kills", required_argument, NULL, 'k' },
                { "seed", required_argument, NULL, 's' }, { "mechanisms", required_argument, NULL, 'm' },
                { NULL } };
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (option == 'k')
                        plan->n_kills = (unsigned)strtoul(optarg, NULL, 10);
                else if (option == 's')
                        plan->seed = strtoull(optarg, NULL, 10);
                else if (option == 'm')
                        plan->only_mechanism = optarg;
                else
                        return -1;
        if (argc - optind != 3)
                return -1;
        plan->arena.suite.helper = argv[optind];
        plan->arena.owner = argv[optind + 1];
        plan->arena.suite.inbye = argv[optind + 2];
        return 0;
}

int main(int argc, char **argv)
{
        struct plan plan = { .n_kills = 300 };
        const char *parent = getenv("TMPDIR");
        char directory[PATH_MAX];
        int status;

        if (getrandom(&plan.seed, sizeof(plan.seed), 0) < 0 || parse(&plan, argc, argv) < 0) {
                fprintf(stderr,
                        "usage: owner-death [--kills=N] [--seed=N] [--mechanisms=A,B] HOSTILE OWNER INBYE\n");
                return 64;
        }
        snprintf(directory, sizeof(directory), "%s/owner-death.XXXXXX", parent ? parent : "/tmp");
        if (!mkdtemp(directory)) {
                perror(directory);
                return 1;
        }
        plan.arena.suite.directory = directory;
        signal(SIGPIPE, SIG_IGN);
        status = nursery_run(run_suite, &plan);
        if (rmdir(directory) < 0)
                perror(directory);
        return status;
}
