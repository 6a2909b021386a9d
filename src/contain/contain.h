/* SPDX-License-Identifier: MIT */
#ifndef CONTAIN_CONTAIN_H
#define CONTAIN_CONTAIN_H

#include "loop/loop.h"
#include "spawn/spawn.h"
#include "sys/pidfd.h"
#include <inbye/group.h>
#include <inbye/result.h>
#include <stdatomic.h>

/*
 * What holds trees. A mechanism is one contain_ops table in a file of its own; nobody outside this folder
 * names one. A contain_group is what several trees have in common (a directory), a contain_tree holds one
 * command and all that comes of it (a leaf, a process group).
 *
 * All calls answer at once; what takes time (dying, freezing) is asked for, and looked at again when one of
 * the tree's events comes: the end of a pinned member, or tree_event_fd().
 */

enum {
        CONTAIN_E_POPULATED = 1, /* members are left */
        CONTAIN_E_GONE,          /* the process is not (or no longer) a member */
        CONTAIN_E_PENDING,       /* asked for, not there yet */
        CONTAIN_E_CLAIMED,       /* a member of one of its trees */
        CONTAIN_E_UNSURE,        /* the mechanism cannot tell */
        CONTAIN_E_TRACED,        /* dead, but a tracer keeps its status from its parent */
        CONTAIN_E_LOST           /* nobody holds the tree any more, nor knows what is left of it */
};

/* Stronger mechanisms that were allowed and do not work here. Shared by all that may outlive the group. */
struct contain_passed_over {
        atomic_int n_references;
        size_t n;
        struct {
                const char *name;
                char reason[256];
        } mechanisms[4];
};
struct contain_passed_over *contain_passed_over_ref(struct contain_passed_over *passed_over);
void contain_passed_over_unref(struct contain_passed_over *passed_over);

struct contain_group {
        const struct contain_ops *ops;
        struct contain_passed_over *passed_over; /* a reference; NULL: none was */
        /* Nobody watches over the group any more: end its trees. May be NULL. */
        void (*on_unwatched)(struct contain_group *group);
        void *userdata;
};

struct contain_tree {
        const struct contain_ops *ops;
        pid_t pid; /* of the command; 0 until contain_started() */
};

/** Pids of members, in the order in which the kernel goes through them. */
struct contain_pids {
        pid_t *pids;
        size_t n, allocated;
};
void contain_pids_deinit(struct contain_pids *pids);
/** 0 or -ENOMEM. Pids <= 0 (members of another pid namespace) are left out. */
int contain_pids_add(struct contain_pids *pids, pid_t pid);

/** Where the leaves of a group stand in the unified hierarchy: directories that are handed down through. */
struct contain_dirs {
        int base_fd, session_fd, group_fd; /* borrowed */
        const char *path;                  /* of the base */
};

/** Why a mechanism does not work here. */
struct contain_probe {
        char reason[256];
        char hint[256];
        char detail[256]; /* where it works: with what */
};

struct contain_ops {
        const char *name;
        uint32_t bit;
        const char *cannot; /* NULL: it holds everything */
        bool can_freeze;
        bool cannot_hold_sessions;  /* a command that is to start a session is refused */
        bool pinned_by_command;     /* the ended command's pid is what pins the tree: it is reaped last */
        const char *on_owner_death; /* what comes of the tree then: "whole_tree" is ended, what is still in
                                       the "group" is, "nothing" happens */
        uint32_t tree_events;       /* LOOP_... to watch tree_event_fd() for */

        /** Does it work here, found by trying? 0 or -errno with reason and hint. */
        int (*probe)(struct contain_probe *ret);
        /** Why it is not taken by default, where it works; NULL: it is. May be NULL. */
        const char *(*reluctance)(void);
        bool extra; /* more than is taken by default anywhere: not worth a word that it was passed over */
        /** -EOPNOTSUPP: not here, reterr says why (stage MECHANISM). Other: it should work and does not. */
        int (*group_open)(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr);
        void (*group_free)(struct contain_group *group);
        /** -EOPNOTSUPP (or NULL): it has none. */
        int (*group_dirs)(struct contain_group *group, struct contain_dirs *ret);
        /**
         * Is this orphan the business of one of the group's trees, `except` aside? 0: of none;
         * CONTAIN_E_CLAIMED: it is a member; CONTAIN_E_UNSURE: it may have come of one and left it; -errno.
         */
        int (*group_claims)(struct contain_group *group, const struct contain_tree *except, pid_t pid);

        int (*tree_open)(struct contain_group *group, struct contain_tree **ret, struct inbye_error *reterr);
        /** Complete the plan, so that the child is born in the tree. */
        void (*tree_plan)(struct contain_tree *tree, struct spawn_plan *plan);
        void (*tree_started)(struct contain_tree *tree, const struct spawned *spawned);
        /** Descriptor that is readable when tree_wait() may have something new, kept by the tree; -1: the
         * command's own pidfd. */
        int (*tree_wait_fd)(struct contain_tree *tree);
        /** As sys_wait() of the command with WEXITED (what pins the tree is not taken) or WSTOPPED.
         * @return 0 (ret->code 0: nothing yet), CONTAIN_E_TRACED, -errno: it cannot be known. */
        int (*tree_wait)(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret);
        /** The command has ended. Its pid still is its own with pinned_by_command, unless somebody else took
         * it. */
        void (*tree_command_ended)(struct contain_tree *tree, bool pinned);
        /** SIGKILL to all members, so that none slips by. 0, -errno. */
        int (*tree_kill)(struct contain_tree *tree);
        /** A signal to all members at once, and SIGCONT after it with `cont`. NULL, -EOPNOTSUPP: one by one.
         */
        int (*tree_signal)(struct contain_tree *tree, int signo, bool cont);
        /** 0: done; CONTAIN_E_PENDING: the event fd will tell; -EOPNOTSUPP: no freezer. */
        int (*tree_freeze)(struct contain_tree *tree, bool frozen);
        int (*tree_pids)(struct contain_tree *tree, struct contain_pids *pids);
        /** A pidfd of a process that is proven to be a member now. CONTAIN_E_GONE; -errno. */
        int (*tree_pin)(struct contain_tree *tree, pid_t pid, int *ret_pidfd);
        /** 0: empty; CONTAIN_E_POPULATED; CONTAIN_E_LOST; -errno: unknown. */
        int (*tree_look)(struct contain_tree *tree);
        /** Descriptor to watch for tree_events, or -1. The tree keeps it. */
        int (*tree_event_fd)(struct contain_tree *tree);
        /** Its own directory (borrowed) is limited and accounted in: it is not used for another tree after
         * this one. -1 (or NULL): it has none. */
        int (*tree_take_dir)(struct contain_tree *tree);
        /** Fill what the tree itself accounts for; leave the rest. */
        void (*tree_usage)(struct contain_tree *tree, struct inbye_usage *usage);
        /** Remove what held the tree; it should be empty. What cannot be removed is left. */
        void (*tree_free)(struct contain_tree *tree);
};

/** tree_wait_fd and tree_wait of a command that is a child of ours. */
int contain_child_wait_fd(struct contain_tree *tree);
int contain_child_wait(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret);

extern const struct contain_ops contain_cgroup_pidns;
extern const struct contain_ops contain_cgroup;
extern const struct contain_ops contain_pidns;
extern const struct contain_ops contain_reaper;
extern const struct contain_ops contain_pgroup;

/** That a mechanism does not work here, as group_open() says it. @return -EOPNOTSUPP. */
int contain_refuse(
        const struct contain_ops *ops, const struct contain_probe *why, struct inbye_error *reterr);

/** All mechanisms, strongest first, NULL-terminated. */
extern const struct contain_ops *const contain_mechanisms[];

/** Open a group with the strongest mechanism of the set (0: of all) that works here. */
int contain_open(
        struct inbye_loop *loop, uint32_t mechanisms, struct contain_group **ret, struct inbye_error *reterr);
/** NULL is fine. */
void contain_group_free(struct contain_group *group);
void contain_tree_free(struct contain_tree *tree);
DEFINE_SCOPED(contain_tree_freep, struct contain_tree, contain_tree_free)
DEFINE_SCOPED(contain_group_freep, struct contain_group, contain_group_free)

/**
 * Send a signal to every member: at once, where the mechanism can; else one by one, those included that are
 * forked while it goes round: the list is read until it shows nobody new. With CONT, SIGCONT follows, so that
 * stopped members see it.
 */
int contain_signal(struct contain_tree *tree, int signo, bool cont);

/** Wait without a loop until a tree that was killed, and whose command has ended, is empty. 0, -ETIMEDOUT. */
int contain_await_empty(struct contain_tree *tree, uint64_t timeout_ns);

#endif
