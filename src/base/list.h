/* SPDX-License-Identifier: MIT */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/scope.h"
#include <stdbool.h>
#include <stddef.h>

/** Doubly linked, circular, intrusive. A node that is in no list points to itself. */
struct list {
        struct list *next, *previous;
};

static inline void list_init(struct list *l)
{
        l->next = l->previous = l;
}
static inline bool list_is_empty(const struct list *l)
{
        return l->next == l;
}
static inline void list_append(struct list *head, struct list *node)
{
        node->previous = head->previous;
        node->next = head;
        head->previous->next = node;
        head->previous = node;
}
/** Unlinking a node that is in no list is fine. */
static inline void list_unlink(struct list *node)
{
        node->previous->next = node->next;
        node->next->previous = node->previous;
        list_init(node);
}
#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)
/** The body may unlink (and free) the entry it is at, and no other. */
#define LIST_FOREACH(entry, head, type, member)                                                              \
        for (struct list *n_ = (head)->next, *s_ = n_->next;                                                 \
                n_ != (head) && ((entry) = LIST_ENTRY(n_, type, member), 1); n_ = s_, s_ = n_->next)

#endif
