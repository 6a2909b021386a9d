/* SPDX-License-Identifier: MIT */
/*
 * The lanes of a picture: one per slot, by our own clock.
 *
 * A result says by the wall clock when it began, which may be set while a batch runs; and a stretch that
 * ends a microsecond after the next of its lane has begun would be drawn as if two commands had shared a
 * slot. Both ends are told a little late, and the beginning of a short command may be told when it has ended
 * already: so the end counts as told, the beginning as long before as the command took, and the stretch
 * before it bounds it.
 */
#include "cli/batch_lanes.h"
#include "base/clock.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void lanes_init(struct lanes *lanes)
{
        *lanes = (struct lanes){ .zero_ns = clock_now_ns() };
}

void lanes_deinit(struct lanes *lanes)
{
        free(lanes->lanes);
        *lanes = (struct lanes){ 0 };
}

uint64_t lanes_now(const struct lanes *lanes)
{
        return clock_now_ns() - lanes->zero_ns;
}

int lanes_start(struct lanes *lanes, const struct inbye_batch_attempt *attempt)
{
        size_t n = (size_t)attempt->slot + 1;
        struct lane *grown;
        int is_new = n > lanes->n;

        if (is_new) {
                grown = realloc(lanes->lanes, n * sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                memset(grown + lanes->n, 0, (n - lanes->n) * sizeof(*grown));
                lanes->lanes = grown;
                lanes->n = n;
        }
        lanes->lanes[attempt->slot].since_ns = lanes_now(lanes);
        lanes->n_running++;
        return is_new;
}

void lanes_end(struct lanes *lanes, const struct inbye_batch_attempt *attempt, struct lane_span *ret_span)
{
        uint64_t now_ns = lanes_now(lanes), duration_ns = inbye_result_duration_ns(attempt->result), start_ns;
        struct lane *lane;

        *ret_span = (struct lane_span){ .start_ns = now_ns };
        if (attempt->slot >= lanes->n) /* INBYE_BATCH_NO_SLOT too */
                return;
        lane = &lanes->lanes[attempt->slot];
        start_ns = duration_ns < now_ns ? now_ns - duration_ns : 0;
        if (start_ns > lane->since_ns)
                start_ns = lane->since_ns;
        if (start_ns < lane->until_ns)
                start_ns = lane->until_ns;
        if (duration_ns > now_ns - start_ns)
                duration_ns = now_ns - start_ns;
        *ret_span = (struct lane_span){ .start_ns = start_ns, .duration_ns = duration_ns };
        lane->until_ns = start_ns + duration_ns;
        lanes->n_running--;
}
