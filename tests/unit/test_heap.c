/* SPDX-License-Identifier: MIT */
#include "base/heap.h"
#include "base/list.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { N = 500 };

/* Small keys, so that many are equal; the same ones in each run. */
static uint64_t next_key(uint32_t *state)
{
        *state = *state * 1664525U + 1013904223U;
        return *state >> 16 & 0xff;
}

/* Take all out; each comes at its turn. @return how many there were. */
static size_t drain(struct heap *heap)
{
        struct heap_node *first;
        uint64_t last = 0;
        size_t n = 0;

        while ((first = heap_first(heap))) {
                cr_assert(ge(u64, first->key, last));
                last = first->key;
                heap_remove(heap, first);
                cr_assert(zero(sz, first->index));
                n++;
        }
        return n;
}

Test(heap, gives_the_least_first)
{
        struct heap_node nodes[N] = { 0 };
        struct heap heap = { 0 };
        uint32_t state = 1;

        cr_assert(zero(ptr, heap_first(&heap)));
        cr_assert(zero(int, heap_reserve(&heap, N)));
        for (size_t i = 0; i < N; i++)
                heap_insert(&heap, &nodes[i], next_key(&state));
        cr_assert(eq(sz, drain(&heap), N));
        heap_deinit(&heap);
}

Test(heap, moves_and_removes_nodes_wherever_they_are)
{
        struct heap_node nodes[N] = { 0 };
        struct heap heap = { 0 };
        uint32_t state = 7;

        cr_assert(zero(int, heap_reserve(&heap, N)));
        for (size_t i = 0; i < N; i++)
                heap_insert(&heap, &nodes[i], next_key(&state));
        for (size_t i = 0; i < N; i += 3)
                heap_insert(&heap, &nodes[i], next_key(&state));
        cr_assert(eq(sz, heap.n, N));
        for (size_t i = 0; i < N; i += 2) {
                heap_remove(&heap, &nodes[i]);
                heap_remove(&heap, &nodes[i]); /* in no heap: fine */
        }
        cr_assert(eq(sz, drain(&heap), N / 2));
        heap_deinit(&heap);
}

Test(heap, room_that_was_reserved_stays_while_nodes_come_and_go)
{
        struct heap_node node = { 0 };
        struct heap heap = { 0 };

        cr_assert(zero(int, heap_reserve(&heap, 1)));
        for (uint64_t i = 0; i < 1000; i++) {
                heap_insert(&heap, &node, i);
                heap_remove(&heap, &node);
        }
        heap_insert(&heap, &node, 1);
        heap_deinit(&heap);
        cr_assert(zero(sz, node.index));
}

Test(heap, absurd_room_is_refused)
{
        struct heap heap = { 0 };

        cr_assert(lt(int, heap_reserve(&heap, SIZE_MAX), 0));
        cr_assert(lt(int, heap_reserve(&heap, SIZE_MAX / 4), 0));
        heap_deinit(&heap);
}

struct item {
        int number;
        struct list link;
};

Test(list, keeps_the_order_and_lets_the_current_entry_go)
{
        struct list head;
        struct item items[4], *item;
        int expected = 0, n = 0;

        list_init(&head);
        cr_assert(list_is_empty(&head));
        for (int i = 0; i < 4; i++) {
                items[i].number = i;
                list_append(&head, &items[i].link);
        }
        LIST_FOREACH (item, &head, struct item, link) {
                cr_assert(eq(int, item->number, expected++));
                if (item->number % 2)
                        list_unlink(&item->link);
        }
        LIST_FOREACH (item, &head, struct item, link)
                n += item->number;
        cr_assert(eq(int, n, 2));
        list_unlink(&items[1].link);
        cr_assert(list_is_empty(&items[1].link));
}
