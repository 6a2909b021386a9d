/* SPDX-License-Identifier: MIT */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

/* What the files of this folder share, and nobody else sees. */

#include "loop/loop.h"
#include <stdatomic.h>

/* One pollable descriptor. Free slots form a list through next_free. */
struct slot {
        struct loop_io *io; /* NULL: free */
        uint32_t generation;
        uint32_t next_free;
};

struct inbye_loop {
        int epoll_fd, timer_fd, wake_fd;
        struct loop_io timer_io, wake_io;
        struct slot *slots;
        uint32_t n_slots, first_free;
        struct heap timers;
        size_t n_reserved; /* timers that have a right to room in it */
        uint64_t armed_ns; /* what the timerfd is set to */
        struct list deferred;
        uint64_t (*clock)(void *data);
        void *clock_data;
        uint64_t now_ns; /* of this turn */
        bool in_turn;
        unsigned n_held; /* callbacks outside a turn: no turn may begin */

        struct list children; /* loop_child: not the reaper's */
        bool reaps;
        struct inbye_watch *reap_watch; /* of SIGCHLD */

        void *data;
        void (*free_data)(void *data);
};

/** An eventfd, close-on-exec, non-blocking. 0 or -errno. */
int wake_open(int *ret_fd);
void reaper_deinit(struct inbye_loop *loop);

struct inbye_cancel {
        atomic_int n_references;
        atomic_int fired;
        int event_fd;
};

#endif
