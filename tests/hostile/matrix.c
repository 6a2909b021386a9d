/* SPDX-License-Identifier: MIT */
/*
 * The hostile suite: every scenario of tests/helpers/hostile, ended in every way, under every mechanism that
 * this host offers; through the library (default) or through the command (--cli, --batch). One table per
 * mechanism is printed, "survivors/registered" in each field; what a mechanism cannot hold by its nature is
 * asserted to survive, so that the tables stay honest in both directions.
 */
#include "cells.h"
#include "nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP 77

struct plan {
        struct suite suite;
        bool cli, batch;
        uid_t uid; /* 0: who we are */
        char directory[PATH_MAX];
};

static int usage(void)
{
        fprintf(stderr, "usage: hostile-matrix [--reap|--cli|--batch] [--tricks=A,B] [--ends=A,B] "
                        "[--mechanisms=A,B]\n"
                        "                      [--every=N] [--user=UID] [--members=N]\n"
                        "                      [--launcher=WITHOUT --without=THING,THING] "
                        "HELPER [INBYE]\n");
        return 64;
}

static int parse(struct plan *plan, int argc, char **argv)
{
        static const struct option options[] = { { "cli", no_argument, NULL, 'c' },
                { "reap", no_argument, NULL, 'r' }, { "batch", no_argument, NULL, 'b' },
                { "tricks", required_argument, NULL, 't' }, { "ends", required_argument, NULL, 'e' },
                { "mechanisms", required_argument, NULL, 'm' }, { "members", required_argument, NULL, 'n' },
                { "launcher", required_argument, NULL, 'l' }, { "without", required_argument, NULL, 'w' },
                { "every", required_argument, NULL, 'y' }, { "user", required_argument, NULL, 'u' },
                { NULL } };
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (option == 'c')
                        plan->cli = true;
                else if (option == 'b')
                        plan->batch = true;
                else if (option == 'r')
                        plan->suite.reaps = true;
                else if (option == 't')
                        plan->suite.only_trick = optarg;
                else if (option == 'e')
                        plan->suite.only_end = optarg;
                else if (option == 'm')
                        plan->suite.only_mechanism = optarg;
                else if (option == 'y')
                        plan->suite.every = (unsigned)strtoul(optarg, NULL, 10);
                else if (option == 'u')
                        plan->uid = (uid_t)strtoul(optarg, NULL, 10);
                else if (option == 'n')
                        setenv("HOSTILE_MEMBERS", optarg, 1);
                else if (option == 'l')
                        plan->suite.launcher = optarg;
                else if (option == 'w')
                        plan->suite.without = optarg;
                else
                        return usage();
        }
        if (optind >= argc)
                return usage();
        plan->suite.helper = argv[optind];
        plan->suite.inbye = argv[optind + 1];
        if (plan->suite.inbye)
                setenv("INBYE", plan->suite.inbye, 1); /* for a command that has one of its own */
        if (!plan->suite.launcher != !plan->suite.without || (plan->suite.without && !plan->cli))
                return usage();
        return (plan->cli || plan->batch) && !plan->suite.inbye ? usage() : 0;
}

/* Make the table in a process of its own. @return the end of a pipe where the counts will be. */
static int fork_table(struct plan *plan, uint32_t mechanism, pid_t *ret_pid)
{
        size_t counts[2];
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        fflush(stdout);
        *ret_pid = fork();
        if (*ret_pid != 0) {
                close(ends[1]);
                return ends[0];
        }
        close(ends[0]);
        counts[0] = sheet_cells();
        counts[1] = sheet_failures();
        api_table(&plan->suite, mechanism);
        counts[0] = sheet_cells() - counts[0];
        counts[1] = sheet_failures() - counts[1];
        fflush(stdout);
        _exit(write(ends[1], counts, sizeof(counts)) == (ssize_t)sizeof(counts) ? 0 : 1);
}

static void collect_table(int fd, pid_t pid, struct cell *cell)
{
        size_t counts[2];

        if (fd < 0 || read(fd, counts, sizeof(counts)) != (ssize_t)sizeof(counts))
                cell_fail(cell, "the table was not made to its end");
        else
                sheet_add(counts[0], counts[1]);
        if (fd >= 0)
                close(fd);
        if (pid > 0)
                waitpid(pid, NULL, 0);
}

/* The tables of one mechanism, a command of another group living beside them all the time. */
static void try_mechanism(struct plan *plan, uint32_t mechanism)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct cell cell = {
                .trick = tricks, .end = "neighbour", .mechanism = inbye_mechanism_name(mechanism)
        };
        struct inbye_error error = { 0 };
        struct inbye_loop *loop = NULL;
        struct inbye_group *group = NULL;
        int r;

        options.mechanisms = mechanism;
        r = inbye_loop_open(&loop);
        if (r >= 0)
                r = inbye_group_open(loop, &options, &group, &error);
        if (r >= 0)
                r = neighbour_init(&plan->suite.neighbour, loop, group, plan->suite.helper, &error);
        if (r < 0)
                cell_fail(&cell, "cannot be started: %s; %s", strerror(-r), error.text);
        else if (plan->cli)
                cli_table(&plan->suite, mechanism);
        else if (plan->batch)
                batch_table(&plan->suite, mechanism);
        else
                api_table(&plan->suite, mechanism);
        neighbour_deinit(&plan->suite.neighbour);
        inbye_group_free(group);
        inbye_loop_free(loop);
}

/* Only an owner without any other children can tell who got away: so the table of a loop that reaps is made
 * by a process that has none, and whoever is not to be hit is outside of it. */
static void try_reaping(struct plan *plan, uint32_t mechanism)
{
        struct cell cell = {
                .trick = tricks, .end = "stranger", .mechanism = inbye_mechanism_name(mechanism)
        };
        struct stranger stranger;
        pid_t pid = 0;
        int fd;

        stranger_open(&stranger, &plan->suite);
        fd = fork_table(plan, mechanism, &pid);
        collect_table(fd, pid, &cell);
        stranger_close(&stranger, &cell);
}

/* @return number of mechanisms tried. */
static size_t try_all(struct plan *plan)
{
        const struct inbye_host_mechanism *m;
        struct inbye_host *host;
        size_t i, n = 0;

        if (inbye_host_open(&host) < 0)
                return 0;
        m = inbye_host_best(host);
        plan->suite.best = m ? m->mechanism : 0;
        for (i = 0; (m = inbye_host_mechanism(host, i)); i++) {
                if (!suite_wants(plan->suite.only_mechanism, m->name))
                        continue;
                if (m->number != 0) {
                        printf("\n%s: does not work here: %s\n", m->name, m->reason);
                        continue;
                }
                printf("\n%s: %s\n", m->name, m->cannot ? m->cannot : "holds everything");
                plan->suite.turn = (unsigned)n++;
                (plan->suite.reaps ? try_reaping : try_mechanism)(plan, m->mechanism);
        }
        inbye_host_free(host);
        return n;
}

static int run_suite(void *userdata)
{
        struct plan *plan = userdata;
        size_t n = 0;
        bool proven;

        if (bystander_init(&plan->suite.bystander, plan->suite.helper, plan->directory) < 0)
                return 1;
        proven = plant_and_find(&plan->suite);
        if (proven)
                n = try_all(plan);
        if (!bystander_is_well(&plan->suite.bystander))
                proven = false;
        bystander_deinit(&plan->suite.bystander);
        if (!proven || sheet_failures() > 0 || (n > 0 && sheet_cells() == 0)) {
                printf("\nhostile: %zu cells, %zu failures\n", sheet_cells(), sheet_failures());
                return 1;
        }
        if (n == 0) {
                printf("hostile: skipped: none of the mechanisms wanted works here\n");
                return EXIT_SKIP;
        }
        printf("\nhostile: %zu cells, nothing unexpected\n", sheet_cells());
        return 0;
}

/* Once more from the start as somebody else: a process that has only changed its ids may not read of itself.
 */
static int become(uid_t uid, char **argv)
{
        if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0) {
                perror("hostile: another user");
                return 1;
        }
        execv("/proc/self/exe", argv);
        perror("hostile: once more");
        return 1;
}

int main(int argc, char **argv)
{
        struct plan plan = { 0 };
        const char *parent = getenv("TMPDIR");
        int status;

        status = parse(&plan, argc, argv);
        if (status != 0)
                return status;
        if (plan.uid && geteuid() == 0)
                return become(plan.uid, argv);
        snprintf(plan.directory, sizeof(plan.directory), "%s/hostile.XXXXXX", parent ? parent : "/tmp");
        if (!mkdtemp(plan.directory)) {
                perror(plan.directory);
                return 1;
        }
        plan.suite.directory = plan.directory;
        signal(SIGPIPE, SIG_IGN);
        status = nursery_run(run_suite, &plan);
        if (rmdir(plan.directory) < 0)
                perror(plan.directory);
        return status;
}
