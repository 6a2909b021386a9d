/* SPDX-License-Identifier: MIT */
#ifndef BATCH_MEDIAN_H
#define BATCH_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

#define N_MEDIAN 255

/** Median of the last values. Zero-initialised. */
struct median {
        uint64_t sorted[N_MEDIAN], ring[N_MEDIAN]; /* by size; by age */
        size_t n, at;                              /* at: the oldest, once it is full */
};
void median_add(struct median *median, uint64_t value);
/** CLOCK_FOREVER: too few values yet. */
uint64_t median_get(const struct median *median);

#endif
