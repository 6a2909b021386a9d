/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** What every process of a scenario knows; inherited by fork. */
struct self {
        int log_fd;
        int line_fd;
        int ready_fds[2];
        char stop_path[PATH_MAX]; /**< Made by the test: hop chains end. */
        char leaf[PATH_MAX];      /**< Our own cgroup, as a directory; set by the scenarios that need it. */
        bool exits;               /**< The main process ends after "ready". */
        pid_t main_pid;
        const char *program; /**< Path of this very program. */
        unsigned n_more;     /**< Registrations beyond what the table says; set while building. */
        bool kills_warden;   /**< Asked to, once it has said "ready". */
};
extern struct self self;

struct scenario {
        const char *name;  /**< NULL: end of a table. */
        unsigned n_others; /**< Registrations but for that of the main process. */
        void (*build)(void);
        void (*finale)(void); /**< Instead of finish(). */
};
extern const struct scenario tree_scenarios[];   /**< What processes can do to each other. */
extern const struct scenario leaf_scenarios[];   /**< What can be done to a cgroup from inside. */
extern const struct scenario flight_scenarios[]; /**< What is too many, too late, too far inside. */

#define LIFE_SECONDS 45
#define LINGER_SECONDS 600 /* longer than any test: who lingers goes with its reader */

void die(const char *what) __attribute__((noreturn));
void write_word(int fd, const char *text);
/** This process is what it wants to be: put it on the list and let the main process know. */
void up(const char *role);
/** Has the test gone? Never, without one. */
bool line_is_cut(int timeout_ms);
/** Live until the test goes. */
void linger(void) __attribute__((noreturn));
/** Fork a process that runs `body` and lingers. */
pid_t child(void (*body)(void));
void reap(pid_t pid, int how);
void new_session(void);
/** Say "ready". */
void announce(void);
/** Say it; end where the main process is asked to. */
void say_ready(void);
void finish(void) __attribute__((noreturn));

/** Open a file of /proc, wherever that was moved. @return descriptor, or -1 with errno. */
int open_proc(const char *name);
/** What stands of a process there: its own numbers where its pid says so. */
struct stat_line {
        int pid, parent;
        char name[17];
        unsigned long long start_ticks;
};
bool read_stat(const char *pid, struct stat_line *ret);

/** SIGKILL for the wardens of the inbye that holds this very tree; says "killing N" first. */
void kill_wardens(void);

/** The tree that most scenarios add something to: a child and a grandchild. */
void plain_grandchild(void);
void plain_tree(void);

#endif
