/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_SHEET_H
#define HOSTILE_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a scenario of tests/helpers/hostile does that decides which mechanism holds it. */
#define TRICK_LEAVES_GROUP 1u /**< Some of it leaves the process group. */
#define TRICK_WALKS_OUT 2u    /**< Some of it moves itself into another cgroup. */
#define TRICK_NEEDS_LEAF 4u   /**< It plays with its own cgroup. */
#define TRICK_NEVER_EXITS 8u  /**< Its main process cannot end by itself. */
#define TRICK_MOVES_ON 16u    /**< Who was registered may be gone, others stand for it. */
#define TRICK_HOLDS_TREE 32u  /**< It has an inbye of its own, which ends its tree when it is ended. */

struct trick {
        const char *name; /**< NULL: end of the table. */
        unsigned traits;
};
extern const struct trick tricks[];

/** May this mechanism lose a part of the tree? That is then asserted, not excused.
 * @param sought  Its owner finds and ends who got away. */
bool trick_escapes(const struct trick *trick, uint32_t mechanism, bool sought);
/** Does it end the tree when its owner is killed? What it cannot do is asserted as well. */
bool mechanism_outlives_owner(uint32_t mechanism);
/** Is there anything to be tried? */
bool trick_applies(const struct trick *trick, uint32_t mechanism);

/** One field of the table: a scenario ended in one way under one mechanism. */
struct cell {
        const struct trick *trick;
        const char *end;
        const char *mechanism;
        size_t n_registered;
        size_t n_survivors;
        bool failed;
};

/** Something is not as it must be: told below the row, counted, and the cell is marked. */
void cell_fail(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t sheet_failures(void);
/** How many cells were printed: none at all is no success. */
size_t sheet_cells(void);
/** Count those that another process printed. */
void sheet_add(size_t n_cells, size_t n_failures);

/** The table, on stdout. */
void sheet_head(const char *title, const char *const *ends, size_t n_ends);
void sheet_row(const char *name);
void sheet_cell(const struct cell *cell);
void sheet_no_cell(void);
void sheet_row_end(void);

#endif
