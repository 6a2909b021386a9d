/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct inbye_command;
struct inbye_group;
struct inbye_loop;

/* What a benchmark is told. */
struct bench {
        bool quick;        /* fewer and shorter rounds */
        const char *inbye; /* path of the command */
        const char *load;  /* path of the program that is held (load.c) */
};

/* Each prints its rows. */
void bench_batch(const struct bench *bench);
void bench_run(const struct bench *bench);
void bench_resident(const struct bench *bench);
void bench_kill(const struct bench *bench);
void bench_capture(const struct bench *bench);
void bench_growth(const struct bench *bench);
void bench_queue(const struct bench *bench);
void bench_limits(const struct bench *bench);
void bench_sandbox(const struct bench *bench);

/* --- measuring (measure.c) ------------------------------------------------------------------------------ */

/** CLOCK_MONOTONIC, seconds. */
double now(void);

struct samples {
        double *values;
        size_t n;
};
void samples_add(struct samples *samples, double value);
void samples_free(struct samples *samples);
/** 0.5: the median. */
double samples_quantile(struct samples *samples, double quantile);

/** Two ways to do the same; each returns what one round took, in whatever unit. */
struct contest {
        double (*ours)(void *userdata);
        double (*theirs)(void *userdata);
        void *userdata;
        int n_rounds;
};
struct outcome {
        double ours, theirs; /* medians */
        double ratio;        /* median of ours / theirs, round by round */
};
/** Side by side, taking turns, each first in every other round. */
struct outcome contest_run(const struct contest *contest);

/* --- the table (measure.c) ------------------------------------------------------------------------------ */

enum wish { AT_MOST, AT_LEAST, WITHOUT_WISH };

struct row {
        const char *what, *unit;
        double ours, theirs; /* theirs 0: nothing to hold it against, and the wish is about ours */
        double ratio;
        enum wish wish;
        double wanted;
};
/** 0.1: a tenth more than wanted is still put down to noise. */
void row_set_noise(double part);
void row_header(void);
void row_print(const struct row *row);
/** Did a row miss what is wanted by more than noise? */
bool row_any_missed(void);

/* --- processes (start.c) -------------------------------------------------------------------------------- */

/** Something is broken, not slow: say what, exit with 2. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Where a child's descriptors come from; -1: /dev/null. */
struct start {
        const char *const *argv;
        int in_fd, out_fd;
        int procs_fd;         /* cgroup.procs to enter first; -1: none */
        const int *tasks_fds; /* of further leaves, in v1 */
        size_t n_tasks_fds;
};
/** By fork, not vfork: what a child is said to have used at most then begins with nothing of ours. */
pid_t start(const struct start *start);
/** Wait for it; dies unless it exits with 0. @return its peak of resident memory, bytes. */
double finish(pid_t pid);
/** Take every child that has ended: orphans come to us. Who is on the way out has its turn next time. */
void reap_ended(void);
/** Wait for every child. Not while the library holds anything: its warden is a child too. */
void reap_all(void);

/* What a program has that uses the library. */
struct host {
        struct inbye_loop *loop;
        struct inbye_group *group;
};
void host_open(struct host *host);
void host_close(struct host *host);
struct inbye_command *command_of(const char *const *argv);
/** One command, from its start to its result. */
void host_run(struct host *host, struct inbye_command *command);

/* --- a leaf made by hand (leaf.c) ----------------------------------------------------------------------- */

struct leaf {
        int dir_fd, events_fd, kill_fd;
};
/** Make the directory below our own cgroup that all of ours go into; removed by leaf_base_close(). */
void leaf_base_open(void);
void leaf_base_close(void);
void leaf_open(struct leaf *leaf);
/** A program in it. */
pid_t leaf_start(struct leaf *leaf, const char *const *argv, int out_fd);
/** One write to cgroup.kill, then wait until nobody is left. */
void leaf_kill(struct leaf *leaf);
void leaf_close(struct leaf *leaf);

/* --- leaves of v1 made by hand (v1.c) ------------------------------------------------------------------- */

#define V1_HIERARCHIES 3
struct v1_leaf {
        int dir_fds[V1_HIERARCHIES], tasks_fds[V1_HIERARCHIES];
};
/** As leaf_base_open(), in the hierarchies of memory, pids and cpu. false: they are not all there. */
bool v1_base_open(void);
void v1_base_close(void);
/** With limits of each kind. */
void v1_leaf_open(struct v1_leaf *leaf);
/** A program in it, waited for. */
void v1_leaf_run(const struct v1_leaf *leaf, const char *const *argv);
/** Reads what it has counted, too. */
void v1_leaf_close(struct v1_leaf *leaf);

#endif
