/* SPDX-License-Identifier: MIT */
/*
 * From a profile to a sandbox.
 *
 * What it says is first said to a sandbox of its own, which is then added to the caller's: a profile that
 * fails in its last line has not left half of itself behind.
 */
#include "sandbox/profile.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/filter.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

DEFINE_SCOPED(sandbox_unrefp, struct inbye_sandbox, inbye_sandbox_unref)
DEFINE_SCOPED(profile_freep, struct inbye_profile, inbye_profile_free)

const char *const *inbye_sandbox_profiles(void)
{
        static const char *const names[] = { "none", "build", "untrusted", "measure", NULL };

        return names;
}

/* --- one sandbox added to another -------------------------------------------------------------------------
 */

static size_t n_writable(const struct inbye_sandbox *sandbox)
{
        return sandbox->writable ? strv_length((const char *const *)sandbox->writable) : 0;
}

/* Room for what comes: all that can fail. */
static int make_room(struct inbye_sandbox *to, const struct inbye_sandbox *from)
{
        size_t n = n_writable(from);
        struct sandbox_path *paths;
        char **writable;

        if (to->n_filters + from->n_filters > SANDBOX_FILTERS)
                return -E2BIG;
        if (from->n_paths) {
                paths = array_resize(to->paths, to->n_paths + from->n_paths, sizeof(*paths));
                if (!paths)
                        return -ENOMEM;
                to->paths = paths;
        }
        if (n) {
                writable = array_resize(to->writable, n_writable(to) + n + 1, sizeof(*writable));
                if (!writable)
                        return -ENOMEM;
                if (!to->writable)
                        writable[0] = NULL;
                to->writable = writable;
        }
        return filters_keep_unknown(&to->unknown_calls, from->unknown_calls);
}

static void move_paths(struct inbye_sandbox *to, struct inbye_sandbox *from)
{
        for (size_t i = 0; i < from->n_paths; i++)
                to->paths[to->n_paths++] = from->paths[i];
        from->n_paths = 0;
}

static void move_writable(struct inbye_sandbox *to, struct inbye_sandbox *from)
{
        if (n_writable(from) == 0)
                return;
        memcpy(to->writable + n_writable(to), from->writable, (n_writable(from) + 1) * sizeof(char *));
        from->writable[0] = NULL;
}

static void move_filters(struct inbye_sandbox *to, struct inbye_sandbox *from)
{
        for (size_t i = 0; i < from->n_filters; i++)
                (void)sandbox_add_filter(to, &from->filters[i], NULL);
        from->n_filters = 0;
}

static int merge(struct inbye_sandbox *to, struct inbye_sandbox *from)
{
        int r = make_room(to, from);

        if (r < 0)
                return r;
        move_paths(to, from);
        move_writable(to, from);
        move_filters(to, from);
        to->no_new_privs |= from->no_new_privs;
        to->no_capabilities |= from->no_capabilities;
        to->no_network |= from->no_network;
        to->no_ipc |= from->no_ipc;
        to->own_root |= from->own_root;
        to->own_pids |= from->own_pids;
        to->landlock |= from->landlock;
        (void)sandbox_limit(from, &to->limits);
        to->timeout_ns = sandbox_timeout(from, to->timeout_ns);
        to->required |= from->required;
        to->waived |= from->waived;
        return 0;
}

/* --- profiles ---------------------------------------------------------------------------------------------
 */

/* Which of the settings it was: what it is about stands in front. */
static int fail(
        const struct profile_setting *setting, const struct inbye_error *error, struct inbye_error *reterr)
{
        const struct inbye_profile_setting *at = &setting->public;

        error_set_plain(reterr, error->stage, error->number, "%s:%u:%u: %s=%s: %s", at->file, at->line,
                at->column, at->key, at->value, error->text);
        if (error->hint[0])
                error_hint(reterr, "%s", error->hint);
        return -error->number;
}

static int apply(
        const struct inbye_profile *profile, struct inbye_sandbox *sandbox, struct inbye_error *reterr)
{
        for (size_t i = 0; i < profile->n_settings; i++) {
                const struct profile_setting *setting = &profile->settings[i];
                struct inbye_error error = { 0 };

                if (setting->key->apply(sandbox, setting->public.value, &error) < 0)
                        return fail(setting, &error, reterr);
        }
        return 0;
}

int inbye_sandbox_add_profile(struct inbye_sandbox *sandbox, const char *name, struct inbye_error *reterr)
{
        scoped(profile_freep) struct inbye_profile *profile = NULL;
        scoped(sandbox_unrefp) struct inbye_sandbox *added = NULL;
        int r = sandbox_change(sandbox);

        if (r < 0 || !name)
                return error_set(reterr, INBYE_STAGE_SANDBOX, r < 0 ? -r : EINVAL, "sandbox profile");
        r = inbye_profile_open(name, NULL, NULL, &profile, reterr);
        if (r < 0)
                return r;
        r = inbye_sandbox_open(&added);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile");
        r = apply(profile, added, reterr);
        if (r < 0)
                return r;
        r = merge(sandbox, added);
        if (r == -E2BIG)
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, E2BIG,
                        "these are more than %d filters of system calls", SANDBOX_FILTERS);
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile") : 0;
}

int inbye_sandbox_add_profile_file(
        struct inbye_sandbox *sandbox, const char *path, struct inbye_error *reterr)
{
        scoped(freep) char *whole = NULL;
        size_t n;

        if (!path || !path[0])
                return error_set(reterr, INBYE_STAGE_SANDBOX, EINVAL, "sandbox profile");
        if (strchr(path, '/'))
                return inbye_sandbox_add_profile(sandbox, path, reterr);
        n = strlen(path) + 3;
        whole = malloc(n);
        if (!whole)
                return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox profile");
        snprintf(whole, n, "./%s", path);
        return inbye_sandbox_add_profile(sandbox, whole, reterr);
}
