/* SPDX-License-Identifier: MIT */
#ifndef BATCH_CHANNEL_H
#define BATCH_CHANNEL_H

#include "loop/loop.h"
#include <stdbool.h>
#include <stddef.h>

/** What one job and its jobserver pass tokens through: a pipe to take them from, a pipe to put them back. */
struct channel {
        int give[2], back[2]; /* read end, write end; -1: closed */
        struct loop_io give_io, back_io;
        bool offered;  /* a token lies in `give` */
        size_t n_held; /* the job took and did not put back */
        size_t n_back; /* it put back, and channel_collect() did not take yet */
        void (*on_change)(struct channel *channel);
};
#define CHANNEL_INIT                                                                                         \
        {                                                                                                    \
                .give = { -1, -1 }, .back = { -1, -1 }                                                       \
        }

/** on_change: a token was taken or put back. 0 or -errno. */
int channel_open(
        struct channel *channel, struct inbye_loop *loop, void (*on_change)(struct channel *channel));
void channel_deinit(struct channel *channel);
/** The job has its own end now. */
void channel_started(struct channel *channel);

/** Lay a token there; only while none is. 0 or -errno. */
int channel_offer(struct channel *channel);
/** Take it back; false: the job was faster, or none is there. */
bool channel_revoke(struct channel *channel, const int scratch[2]);
/** What came back since the last time. */
size_t channel_collect(struct channel *channel);

#endif
