/* SPDX-License-Identifier: MIT */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

/* What the files of this folder share, and nobody else sees. */

#include "loop/loop.h"
#include "sys/wake.h"
#include <stdatomic.h>

/* One pollable descriptor. Free slots form a list through next_free. */
struct slot {
        struct loop_io *io; /* NULL: free */
        uint32_t generation;
        uint32_t next_free;
};

enum { SIGNALS_MAX = 64 };

struct inbye_loop {
        struct wait *wait;
        struct sys_wake wake;
        struct loop_io wake_io;
        struct slot *slots;
        uint32_t n_slots, first_free;
        struct heap timers;
        size_t n_reserved; /* timers that have a right to room in it */
        struct list deferred;
        uint64_t (*clock)(void *data);
        void *clock_data;
        uint64_t now_ns; /* of this turn */
        bool in_turn;
        unsigned n_held; /* callbacks outside a turn: no turn may begin */

        int signal_fd; /* of all watched signals; -1: none */
        struct loop_io signal_io;
        struct inbye_watch *signal_watches[SIGNALS_MAX + 1]; /* by number */

        struct list children; /* loop_child: not the reaper's */
        struct list groups;
        bool reaps;
        struct inbye_watch *reap_watch; /* of SIGCHLD */

        void *data;
        void (*free_data)(void *data);
};

void reaper_deinit(struct inbye_loop *loop);

struct inbye_cancel {
        atomic_int n_references;
        atomic_int fired;
        struct sys_wake wake;
};

#endif
