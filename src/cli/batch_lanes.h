/* SPDX-License-Identifier: MIT */
#ifndef CLI_BATCH_LANES_H
#define CLI_BATCH_LANES_H

#include <inbye/inbye.h>
#include <stddef.h>
#include <stdint.h>

/** What happened last in a slot. */
struct lane {
        uint64_t since_ns; /* the beginning was told */
        uint64_t until_ns; /* of the stretch before */
};

/** The lanes of a picture of a batch: one per slot. */
struct lanes {
        uint64_t zero_ns; /* what times count from */
        struct lane *lanes;
        size_t n; /* slots that were ever used */
        size_t n_running;
};

/** A stretch of a lane, nanoseconds. */
struct lane_span {
        uint64_t start_ns, duration_ns;
};

void lanes_init(struct lanes *lanes);
void lanes_deinit(struct lanes *lanes);
/** An attempt begins. 1: its slot is a new lane (and all below it that are new); 0; -ENOMEM. */
int lanes_start(struct lanes *lanes, const struct inbye_batch_attempt *attempt);
/** It ended: the stretch that it took, which never reaches into the next one of its lane. Where it never had
 * a slot: this moment. */
void lanes_end(struct lanes *lanes, const struct inbye_batch_attempt *attempt, struct lane_span *ret_span);
uint64_t lanes_now(const struct lanes *lanes);

#endif
