/* SPDX-License-Identifier: MIT */
#ifndef BATCH_JOBSERVER_H
#define BATCH_JOBSERVER_H

#include "loop/loop.h"
#include <inbye/base.h>
#include <inbye/group.h>

/** Who may start, by the tokens of GNU make's jobserver: those of one above, our own, or both. */
struct jobserver;
/** The right of one job to run, and what the makes in it have beyond that. */
struct seat;

struct jobserver_options {
        bool connect;    /* to the jobserver of MAKEFLAGS, where it names one */
        bool serve;      /* be one for the jobs */
        size_t n_tokens; /* with serve: in all; those above set a bound of their own */
        void (*on_room)(void *userdata);
        void *userdata;
};
/** *ret is NULL where nothing is left to do. -ENOLINK: MAKEFLAGS names one that cannot be reached. */
int jobserver_open(struct inbye_loop *loop, const struct jobserver_options *options, struct jobserver **ret,
        struct inbye_error *reterr);
/** After the last seat was left. Gives back every token. NULL is fine. */
void jobserver_free(struct jobserver *jobserver);
/** NULL is fine. */
void jobserver_set_tokens(struct jobserver *jobserver, size_t n_tokens);

/**
 * Spawn the command when there is a token for it. Without a jobserver (NULL): spawn it.
 *
 * @param ret_seat  Receives its seat, where there is a jobserver.
 * @return 1; 0: not now, on_room is called when it is worth another try; or a negative errno.
 */
int jobserver_spawn(struct jobserver *jobserver, struct inbye_group *group, struct inbye_command *command,
        struct seat **ret_seat, struct inbye_process **ret_process, struct inbye_error *reterr);
/** The tree is gone, and with the seat goes all that was given there. NULL is fine. */
void jobserver_leave(struct seat *seat);

/** Before and after jobs are tried: who waited asks again, and what nobody wants is given on. NULL is fine.
 */
void jobserver_begin(struct jobserver *jobserver);
void jobserver_share(struct jobserver *jobserver);

#endif
