/* SPDX-License-Identifier: MIT */
#ifndef CLI_OUT_FOOT_H
#define CLI_OUT_FOOT_H

#include "cli/out.h"

/** The line at the foot of the terminal: internal to out.c. All zero: there is none. */
struct out_foot {
        struct buf text;
        bool is_shown;
        bool is_old;  /* what is shown is another text */
        bool in_line; /* what was written last to a terminal did not end a line */
};
void out_foot_deinit(struct out_foot *foot, const struct out_target *terminal);
/** @return it is another than before. */
bool out_foot_set(struct out_foot *foot, const char *text);
/** Before a write of these bytes: take the line away where they go to a terminal. */
void out_foot_lift(struct out_foot *foot, const struct out_target *target, const char *data, size_t n);
/** Put the line there, if it is not and nothing is in its way. */
void out_foot_put(struct out_foot *foot, const struct out_target *terminal);

#endif
