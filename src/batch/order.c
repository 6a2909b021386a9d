/* SPDX-License-Identifier: MIT */
/*
 * Results in order of submission: what ended early is held back until everything before it was told.
 *
 * Places in the order are dense, and jobs start in that order, so a ring addressed by the place is all it
 * takes: no search, no allocation per result. (A heap costs a logarithm and says nothing more.) The
 * ring grows when a job is started, where running out of memory can still be told, never when one ends.
 */
#include "batch/order.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define N_SLOTS_FIRST 16

/* What a result weighs beside its output: the struct, its strings, its list of leftovers. */
#define RESULT_BYTES 1024

static struct order_slot *slot_of(const struct order *order, uint64_t place)
{
        return &order->slots[place & (order->n_slots - 1)];
}

size_t order_weight(const struct inbye_result *result)
{
        size_t n_out = 0, n_err = 0;

        if (!result)
                return 0;
        inbye_result_output(result, INBYE_STDOUT, &n_out);
        inbye_result_output(result, INBYE_STDERR, &n_err);
        return RESULT_BYTES + n_out + n_err;
}

void order_deinit(struct order *order)
{
        for (size_t i = 0; i < order->n_slots; i++)
                if (order->slots[i].result)
                        inbye_result_unref(order->slots[i].result);
        free(order->slots);
        *order = (struct order){ 0 };
}

int order_reserve(struct order *order, uint64_t place)
{
        struct order bigger = { .first = order->first, .n_bytes = order->n_bytes };
        uint64_t span = place - order->first + 1;

        assert(place >= order->first);
        if (span <= order->n_slots)
                return 0;
        bigger.n_slots = order->n_slots ? order->n_slots : N_SLOTS_FIRST;
        while (bigger.n_slots < span)
                bigger.n_slots *= 2;
        bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < order->n_slots; i++)
                *slot_of(&bigger, order->first + i) = *slot_of(order, order->first + i);
        free(order->slots);
        *order = bigger;
        return 0;
}

void order_put(struct order *order, uint64_t place, uint64_t index, struct inbye_result *result)
{
        struct order_slot *slot = slot_of(order, place);

        assert(place >= order->first && place - order->first < order->n_slots && !slot->settled);
        *slot = (struct order_slot){ .result = result, .index = index, .settled = true };
        order->n_bytes += order_weight(result);
}

bool order_take(struct order *order, uint64_t *ret_index, struct inbye_result **ret_result)
{
        struct order_slot *slot;

        if (!order->n_slots || !slot_of(order, order->first)->settled)
                return false;
        slot = slot_of(order, order->first);
        order->first++;
        *ret_index = slot->index;
        *ret_result = slot->result;
        order->n_bytes -= order_weight(slot->result);
        *slot = (struct order_slot){ 0 };
        return true;
}
