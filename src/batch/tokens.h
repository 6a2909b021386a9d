/* SPDX-License-Identifier: MIT */
#ifndef BATCH_TOKENS_H
#define BATCH_TOKENS_H

#include "base/buf.h"
#include "loop/loop.h"
#include <inbye/base.h>

/** Of a jobserver above us; zero where there is none. */
struct tokens_above {
        int read_fd, write_fd; /* ours, duplicates of what we inherited; both -1: there is none */
        int scratch[2];        /* a pipe of ours that a token comes through */
        struct loop_io io;     /* watched while somebody waits */
        struct buf bytes;      /* taken and not given back: each is given back as it was */
};

/** The right to run one thing each: N of our own, or one and those that a jobserver above lets us have. */
struct tokens {
        struct inbye_loop *loop;
        size_t n_max;  /* never more than that */
        size_t n_have; /* free ones and those that are in use */
        size_t n_free;
        struct tokens_above above;
        void (*on_room)(struct tokens *tokens); /* one may be there above: try again */
};
#define TOKENS_INIT                                                                                          \
        {                                                                                                    \
                .above = {.read_fd = -1, .write_fd = -1, .scratch = { -1, -1 }, .bytes = BUF_INIT }          \
        }

/** n tokens of our own. */
void tokens_own(struct tokens *tokens, size_t n);
/**
 * Those of the jobserver that MAKEFLAGS names, in place of our own. 1; 0: it names none;
 * -ENOLINK: it cannot be reached, *reterr says why.
 */
int tokens_connect(struct tokens *tokens, struct inbye_loop *loop, struct inbye_error *reterr);
/** Gives back all that came from above. */
void tokens_deinit(struct tokens *tokens);

/** Never waits. false: there is none now. */
bool tokens_take(struct tokens *tokens);
void tokens_put(struct tokens *tokens);
/** Shall on_room be called when there may be one above? */
int tokens_watch(struct tokens *tokens, bool on);
/** What is free goes back to where it came from. */
void tokens_give_back(struct tokens *tokens);
void tokens_resize(struct tokens *tokens, size_t n_max);

/** One byte out of a pipe that others read too. 1; 0: end of file; -EAGAIN: there is none; -errno. */
int tokens_read_byte(int fd, const int scratch[2], char *ret);

#endif
