/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_HOLDER_H
#define WARDEN_HOLDER_H

#include "loop/loop.h"
#include "spawn/spawn.h"
#include "sys/pidfd.h"
#include <limits.h>
#include <stdbool.h>

/* The owner's side of wardens that hold one tree each. */

/** How the holders of a group hold. Strings are borrowed. */
struct holder_kind {
        bool is_pidns; /* as first process of a pid namespace; else as subreaper */
        uint64_t namespaces;
        const char *uid_map, *gid_map;
        bool own_proc;
};

/** What the holders of a group have in common. Start from HOLDING_INIT. */
struct holding {
        struct holder_kind kind;
        char program[PATH_MAX];
        int null_fd, own_pidfd;
};
#define HOLDING_INIT                                                                                         \
        {                                                                                                    \
                .null_fd = -1, .own_pidfd = -1                                                               \
        }
int holding_init(struct holding *holding, const struct holder_kind *kind, struct inbye_error *reterr);
void holding_deinit(struct holding *holding);
/** Would a holder of that kind come up here? As spawn_try_holder(). */
int holding_try(const struct holder_kind *kind, enum spawn_holder_step *ret_step);

/** The holder of one tree. */
struct holder {
        struct spawn_holder spawn; /* for the plan of the command */
        const char *argv[7];
        char line_text[12], owner_text[12], pidfd_text[12], pid_text[12];
        int line_fd, their_line_fd; /* -1: none (any more) */
        pid_t pid;
        int pidfd; /* readable: it has ended */
        struct loop_child child;
        bool is_pidns;
        bool ended; /* and was reaped */
        bool told_end;
        bool said_empty;
        bool said_traced;
        bool said_others;        /* the command has ended and left processes behind */
        struct sys_wait command; /* how it ended; code 0: not said */
        int stop_signo;          /* said, and not asked for yet; 0: none */
        struct sys_wait all;     /* its usage is that of the whole tree, with said_empty */
};

/* What is worth telling apart beside 0 and -errno. */
#define HOLDER_E_TRACED 1 /* the command is dead, and a tracer keeps its status */
#define HOLDER_E_ALIVE 2  /* the holder has not ended: nor has its tree */
#define HOLDER_E_LOST 3   /* it was killed, and nobody knows what became of its tree */

/** Ready to be part of a plan. */
int holder_init(struct holder *holder, const struct holding *holding, struct inbye_error *reterr);
/** The command was started. */
void holder_started(struct holder *holder, struct inbye_loop *loop, const struct spawned *spawned);
/** As sys_wait() of the command with WEXITED or WSTOPPED. @return 0 (ret->code 0: nothing to report),
 * HOLDER_E_TRACED, -EOWNERDEAD: the holder has died without telling. */
int holder_wait(struct holder *holder, int options, struct sys_wait *ret);
/** 0: it has ended, and all of its tree with it; HOLDER_E_ALIVE; HOLDER_E_LOST. */
int holder_look(struct holder *holder);
/** Have the tree ended. */
void holder_end(struct holder *holder);
/** Let go: what is left of the tree then ends. */
void holder_deinit(struct holder *holder);

#endif
