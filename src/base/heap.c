/* SPDX-License-Identifier: MIT */
/*
 * The timers of a loop: a binary min-heap of pointers to nodes that live inside their owners. A node knows
 * its own place, so moving and removing a timer is O(log n) without a search, and a deadline that is renewed
 * at each byte of output (the idle timeout) costs one sift.
 *
 * Room is reserved apart from inserting, because timers are set where failing is not possible any more (after
 * a process was started). A sorted list was rejected: a batch of ten thousand would make each insert O(n). A
 * heap linked through the nodes needs no room at all, but two more pointers per node and harder code.
 */
#include "base/heap.h"
#include "base/scope.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { FIRST_ALLOCATION = 16 };

void heap_deinit(struct heap *heap)
{
        for (size_t i = 0; i < heap->n; i++)
                heap->nodes[i]->index = 0;
        free(heap->nodes);
        *heap = (struct heap){ 0 };
}

int heap_reserve(struct heap *heap, size_t n)
{
        size_t allocated = heap->allocated ? heap->allocated : FIRST_ALLOCATION;
        struct heap_node **nodes;

        if (n <= heap->allocated)
                return 0;
        if (n > SIZE_MAX / 2 / sizeof(*nodes))
                return -ENOMEM;
        while (allocated < n)
                allocated *= 2;
        nodes = array_resize(heap->nodes, allocated, sizeof(*nodes));
        if (!nodes)
                return -ENOMEM;
        heap->nodes = nodes;
        heap->allocated = allocated;
        return 0;
}

static void heap_put(struct heap *heap, size_t place, struct heap_node *node)
{
        heap->nodes[place] = node;
        node->index = place + 1;
}

static void sift_up(struct heap *heap, size_t place, struct heap_node *node)
{
        size_t parent;

        while (place > 0) {
                parent = (place - 1) / 2;
                if (heap->nodes[parent]->key <= node->key)
                        break;
                heap_put(heap, place, heap->nodes[parent]);
                place = parent;
        }
        heap_put(heap, place, node);
}

static void sift_down(struct heap *heap, size_t place, struct heap_node *node)
{
        size_t child;

        while ((child = 2 * place + 1) < heap->n) {
                if (child + 1 < heap->n && heap->nodes[child + 1]->key < heap->nodes[child]->key)
                        child++;
                if (node->key <= heap->nodes[child]->key)
                        break;
                heap_put(heap, place, heap->nodes[child]);
                place = child;
        }
        heap_put(heap, place, node);
}

/* Put the node where its key belongs, starting from a place that is its to take. */
static void heap_settle(struct heap *heap, size_t place, struct heap_node *node)
{
        if (place > 0 && node->key < heap->nodes[(place - 1) / 2]->key)
                sift_up(heap, place, node);
        else
                sift_down(heap, place, node);
}

void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key)
{
        size_t place;

        if (node->index > 0) {
                place = node->index - 1;
                assert(place < heap->n && heap->nodes[place] == node);
        } else {
                assert(heap->n < heap->allocated);
                place = heap->n++;
        }
        node->key = key;
        heap_settle(heap, place, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
        struct heap_node *last;
        size_t place;

        if (node->index == 0)
                return;
        place = node->index - 1;
        assert(place < heap->n && heap->nodes[place] == node);
        node->index = 0;
        last = heap->nodes[--heap->n];
        if (last != node)
                heap_settle(heap, place, last);
}

struct heap_node *heap_first(const struct heap *heap)
{
        return heap->n > 0 ? heap->nodes[0] : NULL;
}
