/* SPDX-License-Identifier: MIT */
/*
 * The words for what is known of an owner.
 */
#include <inbye/registry.h>
#include <stddef.h>

const char *inbye_owner_name(enum inbye_owner owner)
{
        static const char *const owner_names[INBYE_OWNER_N] = {
                [INBYE_OWNER_UNKNOWN] = "unknown",
                [INBYE_OWNER_ALIVE] = "alive",
                [INBYE_OWNER_DEAD] = "dead",
        };

        return (unsigned)owner < INBYE_OWNER_N ? owner_names[owner] : NULL;
}
