/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_PROTOCOL_H
#define WARDEN_PROTOCOL_H

#include "sys/pidfd.h"
#include <stdbool.h>

/*
 * What the owner and the warden have agreed on. The warden gets its descriptors by number:
 *
 *   inbye-warden watch LINE DIRECTORY OWNER NAME
 *
 * LINE is one end of a socket pair whose other end only the owner has: its end of file means that the owner
 * is gone. DIRECTORY is the cgroup directory below which the session NAME is, or will be: it is made when its
 * warden is there. OWNER is a pidfd of the owner: a process that the owner forked may hold LINE open, and
 * nothing can hold that one. Nothing is said over LINE; the owner that is done kills its warden.
 */
#define WARDEN_NAME "inbye-warden"
#define WARDEN_WATCH "watch"

/*
 * And to hold one tree, of which it is the subreaper, or the first process of its pid namespace:
 *
 *   inbye-warden hold|hold-pidns LINE OWNER COMMAND PID
 *
 * COMMAND is a pidfd of the command (or "-1"), which is a child of the warden and has the pid PID there. LINE
 * is a SOCK_SEQPACKET; the owner sends one byte at a time, the warden a struct warden_word. The warden ends
 * when it has no child left, having said so, or when it was told to end the tree and has; in a pid namespace
 * its own end is what ends the tree.
 */
#define WARDEN_HOLD "hold"
#define WARDEN_HOLD_PIDNS "hold-pidns"

enum {
        WARDEN_GO = 'g', /* the owner knows the command: it may be reaped */
        WARDEN_END = 'k' /* end the tree */
};

enum warden_kind {
        WARDEN_EXITED = 1, /* the command: wait.code, wait.status, wait.usage */
        WARDEN_STOPPED,    /* the command: wait.status is the signal */
        WARDEN_TRACED,     /* the command is dead, and its tracer keeps the status */
        WARDEN_EMPTY       /* no process of the tree is left; wait.usage is that of all together */
};

struct warden_word {
        enum warden_kind kind;
        bool others; /* with EXITED: it has left processes behind */
        struct sys_wait wait;
};

/* Beside the sessions: where an owner and its wardens stand when it has made room for controllers. */
#define WARDEN_OWNER_DIR "inbye.owner"

#endif
