/* SPDX-License-Identifier: MIT */
#ifndef BATCH_ORDER_H
#define BATCH_ORDER_H

#include <inbye/result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Results that wait for those of earlier jobs: a ring of the places from the first one that was not told yet
 * up to the last one that was started. Zero-initialised.
 */
struct order_slot {
        struct inbye_result *result; /* owned; NULL: none yet, or lost */
        uint64_t index;              /* what the callbacks call the job */
        bool settled;
};
struct order {
        struct order_slot *slots;
        size_t n_slots; /* a power of two, or 0 */
        uint64_t first; /* lowest place that was not taken yet */
        size_t n_bytes; /* what the results held weigh */
};

/** Bytes of memory that a result takes, about. NULL: 0. */
size_t order_weight(const struct inbye_result *result);
void order_deinit(struct order *order);
/** Make room for the place, so that order_put() cannot fail. 0 or -ENOMEM. */
int order_reserve(struct order *order, uint64_t place);
/** The room must have been reserved. Takes the reference; NULL: this job has no result, pass over it. */
void order_put(struct order *order, uint64_t place, uint64_t index, struct inbye_result *result);
/** Is the next one there? Hands its reference over (NULL where there is no result) with its index. */
bool order_take(struct order *order, uint64_t *ret_index, struct inbye_result **ret_result);

#endif
