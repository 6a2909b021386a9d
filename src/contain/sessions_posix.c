/* SPDX-License-Identifier: MIT */
/*
 * There are no sessions without cgroups: nobody to be listed, nothing that dead owners leave behind and could
 * be found.
 */
#include "base/error.h"
#include <errno.h>
#include <inbye/registry.h>
#include <stddef.h>

int inbye_registry_open(uint32_t flags, struct inbye_registry **ret_registry, struct inbye_error *reterr)
{
        if ((flags & ~INBYE_REGISTRY_ALL) || !ret_registry)
                return -EINVAL;
        error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP,
                "this build is posix_only: it has no sessions that could be listed");
        return -EOPNOTSUPP;
}

void inbye_registry_free(struct inbye_registry *registry)
{
        (void)registry; /* there never was one */
}

const struct inbye_session *inbye_registry_next(struct inbye_registry *registry)
{
        (void)registry;
        return NULL;
}

int inbye_registry_end(struct inbye_registry *registry, uint64_t timeout_ns, struct inbye_error *reterr)
{
        (void)registry;
        (void)timeout_ns;
        (void)reterr;
        return -EINVAL;
}
