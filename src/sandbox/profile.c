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

static size_t count(char **strings)
{
        return strings ? strv_length((const char *const *)strings) : 0;
}

static int make_room_for_strings(char ***to, char **from)
{
        size_t n = count(from);
        char **grown;

        if (n == 0)
                return 0;
        grown = array_resize(*to, count(*to) + n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        if (!*to)
                grown[0] = NULL;
        *to = grown;
        return 0;
}

static void move_strings(char **to, char **from)
{
        if (count(from) == 0)
                return;
        memcpy(to + count(to), from, (count(from) + 1) * sizeof(*from));
        from[0] = NULL;
}

/* Room for what comes: all that can fail. */
static int make_room(struct inbye_sandbox *to, const struct inbye_sandbox *from)
{
        struct sandbox_path *paths;
        struct sandbox_skip *skips;
        int r;

        if (to->n_filters + from->n_filters > SANDBOX_FILTERS)
                return -E2BIG;
        paths = array_resize(to->paths, to->n_paths + from->n_paths + 1, sizeof(*paths));
        if (!paths)
                return -ENOMEM;
        to->paths = paths;
        skips = array_resize(to->skips.list, to->skips.n + from->skips.n + 1, sizeof(*skips));
        if (!skips)
                return -ENOMEM;
        to->skips.list = skips;
        r = make_room_for_strings(&to->writable, from->writable);
        if (r == 0)
                r = make_room_for_strings(&to->writable_if_there, from->writable_if_there);
        return r == 0 ? filters_keep_unknown(&to->unknown_calls, from->unknown_calls) : r;
}

static void move_paths(struct inbye_sandbox *to, struct inbye_sandbox *from)
{
        for (size_t i = 0; i < from->n_paths; i++)
                to->paths[to->n_paths++] = from->paths[i];
        from->n_paths = 0;
}

static void move_skips(struct sandbox_skips *to, struct sandbox_skips *from)
{
        for (size_t i = 0; i < from->n; i++)
                to->list[to->n++] = from->list[i];
        from->n = 0;
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
        move_skips(&to->skips, &from->skips);
        move_strings(to->writable, from->writable);
        move_strings(to->writable_if_there, from->writable_if_there);
        move_filters(to, from);
        to->no_new_privs |= from->no_new_privs;
        to->no_capabilities |= from->no_capabilities;
        to->no_network |= from->no_network;
        to->no_ipc |= from->no_ipc;
        to->own_root |= from->own_root;
        to->own_pids |= from->own_pids;
        to->landlock |= from->landlock;
        sandbox_limits_merge(&to->limits, &from->limits);
        sandbox_limits_merge(&to->optional_limits, &from->optional_limits);
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

static int skip(
        struct inbye_sandbox *sandbox, const struct inbye_profile_setting *setting, const char *reason)
{
        char part[256];

        snprintf(part, sizeof(part), "%s=%s", setting->key, setting->value);
        return sandbox_skip(&sandbox->skips, part, reason);
}

/* The line of the file; of what is built in its name says all. Without memory the result will name no rule.
 */
static void name_rule(struct sandbox_filter *filter, const struct inbye_profile_setting *at)
{
        scoped(buf_deinit) struct buf rule = BUF_INIT;
        size_t n;

        if (strchr(at->file, '/'))
                buf_printf(&rule, "%s:%u", at->file, at->line);
        else
                buf_printf(&rule, "profile %s", at->file);
        free(filter->rule);
        filter->rule = NULL;
        (void)buf_steal(&rule, &filter->rule, &n);
}

static int apply_one(
        const struct profile_setting *setting, struct inbye_sandbox *sandbox, struct inbye_error *reterr)
{
        const struct profile_word word = { setting->public.value, setting->public.optional };
        struct inbye_error error = { 0 };
        int r = word.optional && setting->key->try ? setting->key->try(&error) : 0;

        if (r == 0)
                r = setting->key->apply(sandbox, word, &error);
        /* -ENOENT: a file with a filter is opened now, all other paths when a command is started. */
        if ((r == -EOPNOTSUPP || r == -ENOENT) && word.optional) {
                r = skip(sandbox, &setting->public, error.text);
                return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile") : 0;
        }
        return r < 0 ? fail(setting, &error, reterr) : 0;
}

static int apply(
        const struct inbye_profile *profile, struct inbye_sandbox *sandbox, struct inbye_error *reterr)
{
        int r = 0;

        for (size_t i = 0; i < profile->n_settings && r == 0; i++) {
                size_t first = sandbox->n_filters;

                r = apply_one(&profile->settings[i], sandbox, reterr);
                for (size_t j = first; j < sandbox->n_filters; j++)
                        name_rule(&sandbox->filters[j], &profile->settings[i].public);
        }
        return r;
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
