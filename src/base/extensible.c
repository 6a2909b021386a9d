/* SPDX-License-Identifier: MIT */
/*
 * Structs of the interface that grow from version to version.
 */
#include "base/extensible.h"
#include <errno.h>
#include <string.h>

int extensible_copy(void *to, size_t n, const void *from, size_t n_from)
{
        const unsigned char *bytes = from;

        if (n_from < sizeof(size_t))
                return -EINVAL;
        for (size_t i = n; i < n_from; i++)
                if (bytes[i])
                        return -E2BIG;
        memcpy(to, from, n_from < n ? n_from : n);
        return 0;
}
