/* SPDX-License-Identifier: MIT */
/*
 * The lanes of a picture: one per slot, by our own clock.
 *
 * A result says by the wall clock when it began, which may be set while a batch runs; and a stretch that
 * ends a microsecond after the next of its lane has begun would be drawn as if two commands had shared a
 * slot. So the beginning is taken when it is told, and the end is never later than when that is told.
 */
#include "cli/batch_lanes.h"
#include "base/clock.h"
#include <errno.h>
#include <stdlib.h>

void lanes_init(struct lanes *lanes)
{
        *lanes = (struct lanes){ .zero_ns = clock_now_ns() };
}

void lanes_deinit(struct lanes *lanes)
{
        free(lanes->since_ns);
        *lanes = (struct lanes){ 0 };
}

uint64_t lanes_now(const struct lanes *lanes)
{
        return clock_now_ns() - lanes->zero_ns;
}

int lanes_start(struct lanes *lanes, const struct inbye_batch_attempt *attempt)
{
        size_t n = (size_t)attempt->slot + 1;
        uint64_t *grown;
        int is_new = n > lanes->n;

        if (is_new) {
                grown = realloc(lanes->since_ns, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                lanes->since_ns = grown;
                lanes->n = n;
        }
        lanes->since_ns[attempt->slot] = lanes_now(lanes);
        lanes->n_running++;
        return is_new;
}

void lanes_end(struct lanes *lanes, const struct inbye_batch_attempt *attempt, struct lane_span *ret_span)
{
        uint64_t now_ns = lanes_now(lanes), duration_ns = inbye_result_duration_ns(attempt->result);
        uint64_t since_ns;

        *ret_span = (struct lane_span){ .start_ns = now_ns };
        if (attempt->slot >= lanes->n) /* INBYE_BATCH_NO_SLOT too */
                return;
        since_ns = lanes->since_ns[attempt->slot];
        lanes->n_running--;
        *ret_span = (struct lane_span){
                .start_ns = since_ns,
                .duration_ns = duration_ns < now_ns - since_ns ? duration_ns : now_ns - since_ns,
        };
}
