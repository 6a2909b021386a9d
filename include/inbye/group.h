/* SPDX-License-Identifier: MIT */
#ifndef INBYE_GROUP_H
#define INBYE_GROUP_H

#include <inbye/base.h>
#include <inbye/command.h>
#include <inbye/limits.h>
#include <inbye/loop.h>

INBYE_BEGIN_DECLS

/** Mechanisms: what holds a tree. inbye(7) says what each beats and cannot. */
#define INBYE_MECHANISM_CGROUP 1u
#define INBYE_MECHANISM_PIDNS 2u
#define INBYE_MECHANISM_REAPER 4u
#define INBYE_MECHANISM_PGROUP 8u
/** Both at once. */
#define INBYE_MECHANISM_CGROUP_PIDNS 16u
/**
 * With other bits: of these only what is taken by default. A mechanism is not where it changes what the
 * command sees beyond need: _CGROUP_PIDNS, and _PIDNS where it takes a user namespace.
 */
#define INBYE_MECHANISM_BY_DEFAULT 0x80000000u

/** Name of one mechanism bit, or NULL. Static storage. Any thread. */
INBYE_API const char *inbye_mechanism_name(uint32_t mechanism);
/** The bit of a name, or 0. */
INBYE_API uint32_t inbye_mechanism_from_name(const char *name);
/** The bits of one mechanism and of all that are stronger, _CGROUP_PIDNS among them; 0: no such bit. */
INBYE_API uint32_t inbye_mechanism_at_least(uint32_t mechanism);

/**
 * One or more commands and every process that comes of them, held and ended as one.
 *
 * Ownership: inbye_group_open() gives the caller a group, inbye_group_free() takes it back and
 * leaves no process of it behind; processes of the group that the caller still holds are freed
 * before.
 * Threads: as its loop.
 * Errors: 0 or more on success, a negative errno on failure. A failed call leaves its ret_ arguments
 * untouched and the group as it was.
 */
struct inbye_group;
struct inbye_process;

/** Turn controllers on to account for memory, tasks and I/O of each tree, where they can be had. */
#define INBYE_GROUP_ACCOUNT 1u
/**
 * Where limits need it, this process (and its children that are there) may be moved out of its cgroup, which
 * cannot limit what is below while it has processes of its own: into a leaf beside those of its trees, and
 * back when the last of them has gone.
 */
#define INBYE_GROUP_MOVE_OWNER 2u
/**
 * Where the cgroup of this process has no place for limits, it may be moved into a new systemd scope, for
 * good, when the group is opened. Open such a group before any other. Includes INBYE_GROUP_MOVE_OWNER.
 * systemd is waited for 5 s at most, and the loop stands still meanwhile. Where it gives no scope the group
 * is opened all the same, and a limit that needed it is refused with what systemd said. A scope that it makes
 * too late, after those 5 s, moves this process nevertheless.
 */
#define INBYE_GROUP_MOVE_TO_SCOPE 4u

/** Start from INBYE_GROUP_OPTIONS_INIT: a field added in a later version then keeps its default. */
struct inbye_group_options {
        size_t size;                 /**< Bytes of this struct the caller was compiled with; set by _INIT. */
        uint32_t mechanisms;         /**< INBYE_MECHANISM_* bits allowed, strongest tried first. 0: all, by
                                      *   default. */
        uint32_t flags;              /**< INBYE_GROUP_* bits. */
        struct inbye_cancel *cancel; /**< When fired, every tree of the group is ended. NULL: none. */
        const struct inbye_limits *limits; /**< As inbye_group_set_limits(). NULL: none. Copied. */
};
#define INBYE_GROUP_OPTIONS_INIT                                                                             \
        {                                                                                                    \
                sizeof(struct inbye_group_options), 0, 0, NULL, NULL                                         \
        }

/**
 * @param options  NULL: the defaults.
 * @retval -EOPNOTSUPP  None of the mechanisms allowed works here; reterr says why and what would mend it.
 * @retval -EOWNERDEAD  The warden of this loop's groups was killed: free them first.
 * @retval -E2BIG       options->size is of a newer version, with fields set that this one lacks.
 */
INBYE_API INBYE_MUST_USE int inbye_group_open(struct inbye_loop *loop,
        const struct inbye_group_options *options, struct inbye_group **ret_group,
        struct inbye_error *reterr);

/** Ends every tree of the group with SIGKILL, waits for it (10 s at most), frees. NULL is fine. */
INBYE_API void inbye_group_free(struct inbye_group *group);

INBYE_API const char *inbye_group_mechanism(const struct inbye_group *group);
/** What its mechanism cannot hold, one sentence; NULL where it holds all. */
INBYE_API const char *inbye_group_cannot(const struct inbye_group *group);

/**
 * Start a command in the group, in a leaf of its own.
 *
 * @param ret_process  Receives a live handle, to be given to inbye_process_free().
 * @retval -ECANCELED  The token of the group was fired: nothing was started.
 * @retval -ENOENT, -EACCES, -EAGAIN, ...  Of the step that reterr->stage names.
 */
INBYE_API INBYE_MUST_USE int inbye_group_spawn(struct inbye_group *group, struct inbye_command *command,
        struct inbye_process **ret_process, struct inbye_error *reterr);

/** Send a signal to every member of every tree; none may slip by while forking. */
INBYE_API int inbye_group_signal(struct inbye_group *group, int signo);
/**
 * Stop every member where it stands, and every clock of the group's commands with it.
 * @retval -EOPNOTSUPP  The mechanism has no freezer; SIGSTOP by inbye_group_signal() is left.
 */
INBYE_API int inbye_group_freeze(struct inbye_group *group);
INBYE_API int inbye_group_thaw(struct inbye_group *group);
/** SIGKILL to every member. Their processes then end with status "cancelled". */
INBYE_API int inbye_group_kill(struct inbye_group *group);
/**
 * End every tree: soft signal, `grace_ns`, SIGKILL. Does not wait: see inbye_group_wait().
 * The processes end with status "cancelled".
 */
INBYE_API int inbye_group_shutdown(struct inbye_group *group, int signo, uint64_t grace_ns);
/**
 * Turn the loop until no process of the group is left.
 * @retval -ETIMEDOUT  The time is up; nothing was done to the group.
 */
INBYE_API INBYE_MUST_USE int inbye_group_wait(struct inbye_group *group, uint64_t timeout_ns);

/** A live member. */
struct inbye_member {
        pid_t pid;
        pid_t ppid;           /**< 0: unknown. */
        uint64_t start_ticks; /**< Clock ticks after boot, proc(5) field 22; with pid it is unique. */
        char name[16];
        char state;
};
/** @param ret_members  Array to be given to free(). */
INBYE_API INBYE_MUST_USE int inbye_group_members(
        struct inbye_group *group, struct inbye_member **ret_members, size_t *ret_n);

INBYE_END_DECLS
#endif
