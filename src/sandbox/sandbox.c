/* SPDX-License-Identifier: MIT */
/*
 * The policy of a sandbox: what was taken away so far.
 *
 * It only grows stricter. A profile is added to what there is and not put in its place, so that no order of
 * options gives a right back that an earlier one took.
 */
#include "sandbox/sandbox.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include "limit/values.h"
#include <errno.h>
#include <inbye/group.h>
#include <stdlib.h>
#include <string.h>

static void sandbox_free(struct inbye_sandbox *sandbox)
{
        for (size_t i = 0; i < sandbox->n_paths; i++) {
                free(sandbox->paths[i].path);
                free(sandbox->paths[i].target);
        }
        for (size_t i = 0; i < sandbox->n_filters; i++)
                sandbox_filter_deinit(&sandbox->filters[i]);
        free(sandbox->paths);
        strv_free(sandbox->writable);
        strv_free(sandbox->writable_if_there);
        sandbox_skips_deinit(&sandbox->skips);
        strv_free(sandbox->unknown_calls);
        free(sandbox);
}

int inbye_sandbox_open(struct inbye_sandbox **ret_sandbox)
{
        struct inbye_sandbox *sandbox;

        if (!ret_sandbox)
                return -EINVAL;
        sandbox = calloc(1, sizeof(*sandbox));
        if (!sandbox)
                return -ENOMEM;
        atomic_init(&sandbox->n_references, 1);
        sandbox->limits = sandbox->optional_limits = LIMITS_NONE;
        sandbox->timeout_ns = INBYE_FOREVER;
        *ret_sandbox = sandbox;
        return 0;
}

struct inbye_sandbox *inbye_sandbox_ref(struct inbye_sandbox *sandbox)
{
        if (sandbox)
                atomic_fetch_add(&sandbox->n_references, 1);
        return sandbox;
}

void inbye_sandbox_unref(struct inbye_sandbox *sandbox)
{
        if (sandbox && atomic_fetch_sub(&sandbox->n_references, 1) == 1)
                sandbox_free(sandbox);
}

int sandbox_change(const struct inbye_sandbox *sandbox)
{
        if (!sandbox)
                return -EINVAL;
        return atomic_load(&sandbox->started) ? -EBUSY : 0;
}

int inbye_sandbox_set_no_new_privs(struct inbye_sandbox *sandbox)
{
        int r = sandbox_change(sandbox);

        if (r == 0)
                sandbox->no_new_privs = true;
        return r;
}

int inbye_sandbox_set_no_capabilities(struct inbye_sandbox *sandbox)
{
        int r = sandbox_change(sandbox);

        if (r == 0)
                sandbox->no_capabilities = sandbox->no_new_privs = true;
        return r;
}

int inbye_sandbox_set_no_network(struct inbye_sandbox *sandbox)
{
        int r = sandbox_change(sandbox);

        if (r == 0)
                sandbox->no_network = true;
        return r;
}

int inbye_sandbox_watch_denials(struct inbye_sandbox *sandbox, int watch)
{
        int r = sandbox_change(sandbox);

        if (r == 0)
                sandbox->listens = watch;
        return r;
}

uint32_t inbye_sandbox_mechanisms(const struct inbye_sandbox *sandbox)
{
        return sandbox && sandbox->own_pids ? INBYE_MECHANISM_CGROUP_PIDNS | INBYE_MECHANISM_PIDNS : 0;
}

/* --- paths ------------------------------------------------------------------------------------------------
 */

static void path_deinit(struct sandbox_path *path)
{
        free(path->path);
        free(path->target);
}

/* Absolute, and the same whatever lies on the way to it. */
static bool is_place(const char *path)
{
        if (path[0] != '/')
                return false;
        for (; *path; path += strcspn(path, "/")) {
                path += strspn(path, "/");
                if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]))
                        return false;
        }
        return true;
}

int inbye_sandbox_add_path(
        struct inbye_sandbox *sandbox, const char *path, enum inbye_access access, const char *target)
{
        scoped(path_deinit) struct sandbox_path added = { .access = access };
        struct sandbox_path *paths;
        int r = sandbox_change(sandbox);

        if (r < 0)
                return r;
        if (!path || !is_place(path) || (target && !is_place(target)) ||
                (unsigned)access > INBYE_ACCESS_HIDE || (access == INBYE_ACCESS_HIDE && target))
                return -EINVAL;
        added.path = strdup(path);
        added.target = target ? strdup(target) : NULL;
        if (!added.path || (target && !added.target))
                return -ENOMEM;
        paths = array_resize(sandbox->paths, sandbox->n_paths + 1, sizeof(*paths));
        if (!paths)
                return -ENOMEM;
        sandbox->paths = paths;
        paths[sandbox->n_paths++] = (struct sandbox_path){
                .path = TAKE(added.path),
                .target = TAKE(added.target),
                .access = added.access,
        };
        return 0;
}

int inbye_sandbox_add_landlock(struct inbye_sandbox *sandbox, const char *path)
{
        int r = sandbox_change(sandbox);

        if (r < 0)
                return r;
        if (!path || !is_place(path))
                return -EINVAL;
        if (sys_landlock_abi() < 1)
                return -EOPNOTSUPP;
        r = strv_append(&sandbox->writable, path);
        if (r == 0)
                sandbox->landlock = sandbox->no_new_privs = true;
        return r;
}
