/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "capture/capture.h"
#include "contain/contain.h"
#include "limit/limit.h"
#include "run/command.h"
#include "sandbox/denials.h"
#include "sandbox/sandbox.h"
#include "sys/child.h"
#include <inbye/group.h>
#include <inbye/process.h>
#include <inbye/result.h>

/* --- result --------------------------------------------------------------------------------------------- */

#define LEFTOVERS_KNOWN 64

struct leftover {
        struct inbye_leftover public;
        char name[16];
};

struct result_stream {
        struct kept kept;
        bool captured, truncated;
        uint64_t n_seen;
        int spill_fd;  /* owned; -1: none */
        int tee_error; /* errno that made us drop the second sink, or 0 */
        int error;     /* errno that made us stop keeping, or 0 */
};

struct inbye_result {
        atomic_int n_references;
        struct inbye_command *command; /* a reference */
        enum inbye_status status;
        int code, signal; /* -1, 0: not so */
        uint32_t n_attempts;
        bool core_dumped;
        pid_t pid;
        struct inbye_error *error; /* owned; NULL: none */
        struct result_stream streams[2];
        uint64_t wall_ns, duration_ns;
        struct inbye_usage usage;
        struct limit_verdicts verdicts;
        const struct contain_ops *ops;           /* of what held it; NULL: nothing did */
        struct contain_passed_over *passed_over; /* a reference, or NULL */
        struct leftover *leftovers;              /* owned; at most LEFTOVERS_KNOWN */
        size_t n_leftovers, n_leftovers_known;
        struct sandbox_skips skips; /* besides those of the sandbox itself */
        struct leftover *escaped;   /* owned; at most LEFTOVERS_KNOWN */
        uint64_t n_escaped;         /* INBYE_UNKNOWN: nobody could tell */
        size_t n_escaped_known;
        struct denials *denials; /* owned; NULL: nobody watched */
};
/** Everything unknown, the command referenced. */
int result_new(struct inbye_command *command, const struct contain_group *group, struct inbye_result **ret);
/** The result of a command that was never started. `error` may be NULL. */
int result_new_failed(struct inbye_command *command, enum inbye_status status,
        const struct inbye_error *error, const struct inbye_group *group, struct inbye_result **ret);
DEFINE_SCOPED(result_unrefp, struct inbye_result, inbye_result_unref)

/* --- strays (strays.c) ---------------------------------------------------------------------------------- */

/* Who got away from a tree, found when it was empty. */
struct strays {
        struct contain_pids pids; /* all, in the order in which they were found */
        struct leftover *escaped; /* owned; of the first LEFTOVERS_KNOWN */
        size_t n_escaped_known;
        bool known; /* whoever there is has been found */
        bool stuck; /* one of them cannot be ended */
};
/** The tree is empty: kill who got away from it. @return true: look again when those pinned have ended. */
bool strays_end(struct inbye_process *process);
/** Those who are still there will not go. */
void strays_give_up(struct inbye_process *process);
/** Hand over what was found. */
void strays_fill_result(struct inbye_process *process, struct inbye_result *result);
void strays_deinit(struct strays *strays);
/** pid, name, age, state and what it holds open, as far as they can be read. */
void leftover_describe(struct inbye_process *process, pid_t pid, struct leftover *ret);

/* --- listener (listener.c) ------------------------------------------------------------------------------ */

/* To what the filters of a command deny. All zero but fd: there is none. */
struct call_listener {
        int fd; /* owned; -1 */
        struct loop_io io;
        struct loop_timer timer;
        uint64_t window_ends_ns;
        unsigned n_in_window;
        struct denials *denials; /* owned; NULL: nobody listens */
};
/** Before the start: what listening will need. 0, -ENOMEM. */
int listener_reserve(struct call_listener *listener, const struct inbye_command *command,
        const struct sandbox_steps *steps);
/** After it. */
int listener_start(
        struct call_listener *listener, struct inbye_loop *loop, const struct sandbox_steps *steps);
void listener_deinit(struct call_listener *listener);

/* --- group ---------------------------------------------------------------------------------------------- */

struct inbye_group {
        struct list link; /* of the loop */
        struct inbye_loop *loop;
        struct contain_group *contain;
        struct limit_group limits;
        struct list processes; /* that have not ended */
        struct inbye_cancel *cancel;
        int cancel_fd; /* ours; -1: none */
        struct loop_io cancel_io;
        bool frozen;
        bool abandoned; /* freed from a callback: goes with its last process */
};
/** One of its processes has gone. */
void group_process_gone(struct inbye_group *group);
const struct contain_ops *group_ops(const struct inbye_group *group);

/* --- process -------------------------------------------------------------------------------------------- */

enum process_state {
        PROCESS_RUNNING,  /* the command lives; or its tree does, and is waited for */
        PROCESS_FREEZING, /* the soft signal waits until everybody stands still */
        PROCESS_GRACE,    /* the soft signal was sent */
        PROCESS_KILLING,  /* SIGKILL was sent */
        PROCESS_ENDED,
        PROCESS_N_STATES
};

/* Members whose end is waited for: where the kernel's own event is late, theirs is not. */
#define N_PINS 8
struct pin {
        struct loop_io io;
        int fd; /* pidfd, owned; -1: free */
        pid_t pid;
        struct inbye_process *process;
};

/* The timers of one process. */
#define N_TIMERS 5

struct inbye_process {
        struct list link;
        struct inbye_group *group; /* NULL once ended */
        struct inbye_loop *loop;
        struct inbye_command *command;
        struct inbye_limits limits_said; /* by the command and its sandbox; strings are the command's */
        struct contain_tree *tree;
        struct limit_tree limits;
        struct loop_io oom_io;
        struct call_listener listener;
        enum process_state state;

        pid_t pid;
        int pidfd;
        int end_fd; /* where it has no pidfd: readable once it has ended; owned; -1 */
        struct loop_io main_io;
        struct loop_child child;
        bool main_ended;
        uint64_t leaving_ns;       /* how long the last look for members that leave had waited; 0: none yet */
        uint64_t blind_ns;         /* the same where no event tells */
        bool swept;                /* the last kill, after which a list that is empty can be believed */
        bool main_held;            /* dead, but its tracer keeps the status from us */
        bool main_traced;          /* ... as of the last look */
        bool lost;                 /* what held the tree was killed */
        struct sys_wait main_wait; /* code 0: cannot be known */

        struct pin pins[N_PINS];
        unsigned n_pins;
        struct loop_io tree_io; /* the tree's own event */

        struct pump pumps[2];
        struct feed feed;

        uint64_t owner_peak_bytes; /* of the owner, when it started the command */
        uint64_t started_ns, wall_ns, last_byte_ns;
        /* Deadlines, CLOCK_FOREVER: none; kept while paused, when no timer runs. */
        uint64_t phase_limit_ns;                           /* how long the phase may take in all */
        uint64_t timeout_at, idle_at, phase_at, paused_ns; /* paused_ns 0: not paused */
        struct loop_timer timeout_timer, idle_timer, phase_timer, blind_timer;
        bool timers_reserved; /* room for N_TIMERS in the loop */

        enum inbye_status reason; /* why we end it; INBYE_OK: we do not */
        int soft_signal;
        uint64_t grace_ns;
        bool unkillable;
        struct leftover *leftovers;
        size_t n_leftovers, n_leftovers_known;
        uint64_t started_ticks; /* as proc_stat has it: nobody of the tree was born before */
        struct strays strays;

        struct inbye_result *result; /* to be filled in when it ends */
        struct loop_defer finish;
        bool abandoned; /* its owner gave it up: free it when it has ended */

        inbye_process_end_fn end_fn;
        void *end_userdata;
        inbye_process_event_fn event_fn;
        void *event_userdata;
};

/** Tell the listener. */
void process_emit(struct inbye_process *process, struct inbye_event event);
/** Make the result and release everything that held the tree; then tell the owner, from the loop. */
void process_finish(struct inbye_process *process);
/** Put the limits of the command and its sandbox in force; the tree is there, the child is not. */
struct prepared;
int process_open_limits(struct inbye_process *process, struct prepared *prepared, struct inbye_error *reterr);
/** (Re)start the timers from the deadlines, or stop them while paused. */
void process_arm(struct inbye_process *process);
/** A limit of time has passed: end it, unless it is ending already. */
void process_overrun(struct inbye_process *process, enum inbye_status status);
void process_free_now(struct inbye_process *process);

/* --- the one way a tree ends (end.c) -------------------------------------------------------------------- */

/** Watch the command: its end begins the end of the tree. */
int end_watch_main(struct inbye_process *process);
/** Has the command ended by now? Then its end is dealt with here, which may finish the process. */
void end_notice_main(struct inbye_process *process);
/** Soft signal, grace, SIGKILL; once ending, only sooner. `reason` is what the result will say. */
void end_begin(struct inbye_process *process, enum inbye_status reason, int signo, uint64_t grace_ns);
void end_on_phase_timer(struct loop_timer *timer);
/** Wait for the end of one more: END_LOOK comes when it and the others have gone. Takes the pidfd; without
 * room for it nothing is waited for. */
void end_pin(struct inbye_process *process, pid_t pid, int pidfd);
/** Release all that end.c watches. */
void end_unwatch(struct inbye_process *process);

/* --- preparing a start (plan.c) ------------------------------------------------------------------------- */

struct prepared {
        struct spawn_plan plan;
        char **envp;   /* owned, or NULL */
        int opened[3]; /* files opened for the child, owned; -1 */
        struct sandbox_steps sandbox;
};
#define PREPARED_INIT                                                                                        \
        {                                                                                                    \
                .plan = SPAWN_PLAN_INIT, .opened = { -1, -1, -1 }                                            \
        }
void prepared_deinit(struct prepared *prepared);
/** The command's settings as a plan; makes the pipes of the process (which may be NULL: detached). */
int plan_prepare(struct prepared *prepared, const struct inbye_command *command,
        struct inbye_process *process, struct inbye_error *reterr);

#endif
