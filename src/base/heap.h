/* SPDX-License-Identifier: MIT */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/** Binary min-heap of embedded nodes by key (a deadline in ns). */
struct heap_node {
        uint64_t key;
        size_t index; /* 1 + place; 0: in no heap */
};
struct heap {
        struct heap_node **nodes;
        size_t n, allocated;
};

void heap_deinit(struct heap *heap);
/** Make room for n nodes, so that heap_insert() of up to that many cannot fail. */
int heap_reserve(struct heap *heap, size_t n);
/** The room must have been reserved. A node that is in already is moved to its new key. */
void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key);
/** A node that is in no heap is fine. */
void heap_remove(struct heap *heap, struct heap_node *node);
/** The least, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

#endif
