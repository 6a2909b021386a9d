/* SPDX-License-Identifier: MIT */
/*
 * Not faster than this: starts are at least an interval apart. No credit is saved up while nothing could be
 * started, or a rate meant to spare somebody would turn into a burst.
 */
#include "base/clock.h"
#include "batch/batch.h"

static void on_pace(struct loop_timer *timer)
{
        batch_ask_for_turn(CONTAINER_OF(timer, struct inbye_batch, pace_timer));
}

bool pace_allows(struct inbye_batch *batch)
{
        if (!batch->options.start_interval_ns || loop_clock_ns(batch->loop) >= batch->next_start_ns)
                return true;
        /* Without memory for a timer the interval is not kept: to hang would be worse. */
        return loop_timer_set(batch->loop, &batch->pace_timer, batch->next_start_ns, on_pace) < 0;
}

void pace_started(struct inbye_batch *batch)
{
        if (batch->options.start_interval_ns)
                batch->next_start_ns =
                        clock_deadline(loop_clock_ns(batch->loop), batch->options.start_interval_ns);
}
