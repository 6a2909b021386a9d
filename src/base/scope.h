/* SPDX-License-Identifier: MIT */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <stddef.h>

/*
 * Cleanup by scope. An owner is declared scoped() with its destructor and starts as its null value (NULL,
 * -1); ownership leaves the scope by TAKE() or TAKE_FD().
 */

#define scoped(destructor) __attribute__((cleanup(destructor)))

#define TAKE(pointer)                                                                                        \
        __extension__({                                                                                      \
                __typeof__(pointer) *p_ = &(pointer);                                                        \
                __typeof__(pointer) v_ = *p_;                                                                \
                *p_ = NULL;                                                                                  \
                v_;                                                                                          \
        })

#define TAKE_FD(fd)                                                                                          \
        __extension__({                                                                                      \
                int *p_ = &(fd);                                                                             \
                int v_ = *p_;                                                                                \
                *p_ = -1;                                                                                    \
                v_;                                                                                          \
        })

/** Define `name(type **)` for scoped() from a destructor that takes NULL. */
#define DEFINE_SCOPED(name, type, destructor)                                                                \
        __attribute__((unused)) static inline void name(type **p_)                                           \
        {                                                                                                    \
                destructor(*p_);                                                                             \
                *p_ = NULL;                                                                                  \
        }

/** realloc(3) to n elements of `size` bytes. @return NULL: no memory, or more than can be counted. */
void *array_resize(void *array, size_t n, size_t size);

void freep(void *pointer_to_pointer);
void fd_closep(int *fd);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
