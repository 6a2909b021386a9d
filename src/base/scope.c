/* SPDX-License-Identifier: MIT */
/*
 * The two destructors that nearly every function needs, free() and close(), in the shape the compiler's
 * cleanup attribute wants: a pointer to the variable. They leave errno alone, because scopes end between a
 * failed call and the line that reads its errno. Both write the null value back, so that a cleanup that runs
 * twice (a scope entered again by a loop) is harmless.
 */
#include "base/scope.h"
#include "base/fd.h"
#include <stdlib.h>
#include <string.h>

void *array_resize(void *array, size_t n, size_t size)
{
        size_t n_bytes;

        return __builtin_mul_overflow(n, size, &n_bytes) ? NULL : realloc(array, n_bytes);
}

void freep(void *pointer_to_pointer)
{
        void *pointer;

        /* A void ** may not alias the caller's char **: go through memcpy(). */
        memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
        free(pointer);
        pointer = NULL;
        memcpy(pointer_to_pointer, &pointer, sizeof(pointer));
}

void fd_closep(int *fd)
{
        *fd = fd_close(*fd);
}
