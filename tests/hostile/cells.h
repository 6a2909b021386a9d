/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_CELLS_H
#define HOSTILE_CELLS_H

#include "bystander.h"
#include "program.h"
#include "sheet.h"
#include "witness.h"

/** What every cell of one run has in common. */
struct suite {
        const char *helper;             /**< tests/helpers/hostile */
        const char *inbye;              /**< The command; NULL: without the cells that need it. */
        const char *directory;          /**< For lists and lines. */
        const char *launcher, *without; /**< The command acts under `LAUNCHER WITHOUT --`; NULL: as it is. */
        const char *only_trick, *only_end, *only_mechanism; /**< NULL: all. */
        unsigned every; /**< Only every so-manieth cell is tried, another one with each mechanism. */
        unsigned turn;  /**< How many mechanisms came before. */
        struct bystander bystander;
        struct neighbour neighbour; /**< Without a process where another process asks it. */
        uint32_t best;              /**< The mechanism that is taken where none is named. */
        bool reaps;                 /**< The loop of each cell reaps the orphans of its tree. */
        uint64_t slowest_ready_ns;  /**< Of the scenario that is being tried: the measure for its timeouts. */
};

bool suite_wants(const char *only, const char *name);
/** Is it the turn of this cell? */
bool suite_tries(const struct suite *suite, const struct trick *trick, int end, const char *end_name);

/** Prove that what the cells look with would see something. @return false: it would not. */
bool plant_and_find(struct suite *suite);

/**
 * A tree that nothing holds, of the same program and beside the one that is tried: none of it may be hit.
 * Made for each row, since no process of a scenario lives for long.
 */
struct stranger {
        struct program program;
        struct witness witness;
        size_t n_alive;
};
void stranger_open(struct stranger *stranger, const struct suite *suite);
/** Fails the cell if one is missing; ends it. */
void stranger_close(struct stranger *stranger, struct cell *cell);

/** Every scenario, ended in every way through the library. */
void api_table(struct suite *suite, uint32_t mechanism);
/** The same through `inbye run`, and all at once through `inbye batch`. */
void cli_table(struct suite *suite, uint32_t mechanism);
void batch_table(struct suite *suite, uint32_t mechanism);

/** Is the timeout of a scenario long enough that it has said "ready" by then? */
uint64_t suite_timeout_ns(const struct suite *suite, unsigned attempt);
uint64_t now_ns(void);

/**
 * A tree is ended in milliseconds; what takes seconds has waited for something that need not come. A machine
 * that was slow to build the tree may be as slow to end it.
 */
#define PROMPT_NS (5 * INBYE_SECOND)
void check_prompt(const struct suite *suite, struct cell *cell, uint64_t since_ns);

/**
 * Count who is left, compare with what this mechanism can hold, and end who was expected to be left.
 * @param escapes  It cannot hold this one: survivors must be there.
 */
void check_survivors(struct cell *cell, const struct witness *witness, bool escapes);
/** Read the list and check that it is one: everybody alive, somebody a grandchild. */
bool check_list(struct cell *cell, struct witness *witness, bool alive);

/** Where the main process was put: everything of it below our own cgroup was made for it. */
struct place {
        char path[PATH_MAX];
        size_t n_own; /**< Length of what is our own. */
};
void place_find(struct place *place, const struct witness *witness, uint32_t mechanism);
/** All of it must be gone, the session's directory too. */
void check_place(struct cell *cell, const struct place *place);

/** What is promised when an owner is killed: within a second all is gone. Waits for it; others check it. */
#define PROMISE_MS 1000
void await_promise(const struct witness *witness, const struct place *place);

#endif
