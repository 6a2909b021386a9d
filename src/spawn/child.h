/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_CHILD_H
#define SPAWN_CHILD_H

#include "spawn/lookup.h"
#include "spawn/spawn.h"
#include <stdbool.h>

/* What the child says of itself: in memory shared with the parent, or as records in a pipe. */
struct spawn_report {
        enum inbye_stage stage;
        int number; /* errno of the step that failed; 0: none did */
        int detail; /* which descriptor, limit, candidate: see the steps in child.c */
        int ready;  /* every step is done, exec comes next */
};

/* Detail of a step of INBYE_STAGE_SESSION. */
enum spawn_session_step { SPAWN_SETSID, SPAWN_SETPGID, SPAWN_FOREGROUND };

struct spawn_child {
        const struct spawn_plan *plan;
        const struct spawn_lookup *lookup;
        int procs_fd;     /* cgroup.procs of the leaf to write itself into, or -1 */
        pid_t holder_pid; /* its parent, as it sees it, where the plan has a holder */
        int report_fd;    /* where memory is not shared: write end of the pipe, >= 3; else -1 */
        volatile struct spawn_report report;
};

/** Make the child, and wait until it has exec'ed or failed. @return 0, -errno (no process was made),
 * SPAWN_E_FAILED, SPAWN_E_DIED. */
int spawn_attempt(struct spawn_child *child, int cgroup_fd, struct spawned *ret);
/** The same with a holder in between. */
int spawn_attempt_held(struct spawn_child *child, int cgroup_fd, struct spawned *ret);
/* What an attempt may come to, besides 0 and -errno. */
#define SPAWN_E_FAILED 1 /* the child reported why */
#define SPAWN_E_DIED 2   /* it was killed before it could exec or report */

/** Write a number in decimal, with its NUL: for what runs between clone and exec. */
void spawn_put_number(char *text, int number);

/** The child's life from clone to exec; the argument is a struct spawn_child. Does not return. */
void spawn_child_main(void *argument);

#endif
