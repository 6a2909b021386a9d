/* SPDX-License-Identifier: MIT */
/*
 * A sandbox as bytes: two that take the same away, by rules in the same order, give the same.
 *
 * Logs know jobs by a digest of it, so these forms stay. A filter of ours is told by the profile that it is
 * of, not by its code: another version of libseccomp makes other code of the same rules, and no other job.
 */
#include "base/scope.h"
#include "sandbox/sandbox.h"
#include <string.h>

static void describe_path(const struct sandbox_path *path, struct buf *out)
{
        static const char *const access[] = {
                [INBYE_ACCESS_READ_ONLY] = "read_only",
                [INBYE_ACCESS_READ_WRITE] = "read_write",
                [INBYE_ACCESS_HIDE] = "hide",
        };

        buf_printf(out, "%s=%s", access[path->access], path->path);
        buf_append(out, "", 1);
        if (path->target) {
                buf_printf(out, "at=%s", path->target);
                buf_append(out, "", 1);
        }
}

static void describe_filter(const struct sandbox_filter *filter, struct buf *out)
{
        if (filter->of) {
                buf_printf(out, "filter_of=%s", filter->of);
                buf_append(out, "", 1);
                return;
        }
        buf_printf(out, "filter=%u:%u:%u:", filter->whole.n, filter->bare.n, filter->whole.flags);
        buf_append(out, filter->whole.code, (size_t)filter->whole.n * 8);
        buf_append(out, filter->bare.code, (size_t)filter->bare.n * 8);
}

int sandbox_describe(const struct inbye_sandbox *sandbox, struct buf *out)
{
        const struct {
                bool said;
                const char *name;
        } flags[] = {
                { sandbox->no_new_privs, "no_new_privs" },
                { sandbox->no_capabilities, "no_capabilities" },
                { sandbox->no_network, "no_network" },
                { sandbox->no_ipc, "private_ipc" },
                { sandbox->own_root, "private_root" },
                { sandbox->own_pids, "private_pids" },
                { sandbox->landlock, "landlock" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
                if (flags[i].said)
                        buf_append(out, flags[i].name, strlen(flags[i].name) + 1);
        for (char **path = sandbox->writable; path && *path; path++) {
                buf_printf(out, "landlock_rw=%s", *path);
                buf_append(out, "", 1);
        }
        for (char **path = sandbox->writable_if_there; path && *path; path++) {
                buf_printf(out, "landlock_rw=-%s", *path);
                buf_append(out, "", 1);
        }
        for (size_t i = 0; i < sandbox->n_paths; i++)
                describe_path(&sandbox->paths[i], out);
        for (size_t i = 0; i < sandbox->n_filters; i++)
                describe_filter(&sandbox->filters[i], out);
        return out->failed;
}
