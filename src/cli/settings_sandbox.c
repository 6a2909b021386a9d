/* SPDX-License-Identifier: MIT */
/*
 * Settings of the sandbox: profiles and single parts, which add up to one sandbox that all commands of these
 * settings share.
 */
#include "base/error.h"
#include "base/scope.h"
#include "cli/settings.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int need_sandbox(struct settings *s, struct inbye_error *reterr)
{
        if (s->sandbox)
                return 0;
        if (inbye_sandbox_open(&s->sandbox) < 0)
                return settings_no_memory(reterr);
        return inbye_sandbox_watch_denials(s->sandbox, !s->ignore_denials);
}

static int refuse(struct inbye_error *reterr, int r, const char *value, const char *part)
{
        if (r == -EOPNOTSUPP) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP, "this kernel has no %s", part);
                error_hint(reterr, "Linux 5.13 or later, with landlock in the lsm= list");
                return r;
        }
        return r < 0 ? settings_refuse(reterr, -r, value, "cannot be a part of the sandbox") : 0;
}

static int take_profile(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r : inbye_sandbox_add_profile(s->sandbox, value, reterr);
}

static int take_no_new_privs(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r : refuse(reterr, inbye_sandbox_set_no_new_privs(s->sandbox), value, "no_new_privs");
}

static int take_no_capabilities(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r
                     : refuse(reterr, inbye_sandbox_set_no_capabilities(s->sandbox), value, "capabilities");
}

static int take_no_network(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r : refuse(reterr, inbye_sandbox_set_no_network(s->sandbox), value, "namespaces");
}

/* What the shell calls a path is relative to where we are, not to where the command runs. */
static int absolute(const char *path, char **ret)
{
        scoped(freep) char *here = NULL;
        size_t n;

        if (path[0] != '/') {
                here = getcwd(NULL, 0);
                if (!here)
                        return -errno;
        }
        n = (here ? strlen(here) + 1 : 0) + strlen(path) + 1;
        *ret = malloc(n);
        if (!*ret)
                return -ENOMEM;
        snprintf(*ret, n, "%s%s%s", here ? here : "", here ? "/" : "", path);
        return 0;
}

/*
 * Rules follow no symlinks, but those of the command line were put there before anything ran: they are
 * followed once, here. Jobs are read while others run, that may put some where the next one's rules lead.
 */
static int find(const struct settings *s, const char *path, char **ret)
{
        *ret = s->of_a_job ? NULL : realpath(path, NULL);
        return *ret ? 0 : absolute(path, ret);
}

static int add_path(struct settings *s, const char *value, const char *path, enum inbye_access access,
        const char *target, struct inbye_error *reterr)
{
        scoped(freep) char *whole = NULL;
        int r = need_sandbox(s, reterr);

        if (r < 0)
                return r;
        if (!path[0])
                return settings_refuse(reterr, EINVAL, value, "is no path");
        r = find(s, path, &whole);
        if (r == 0)
                r = inbye_sandbox_add_path(s->sandbox, whole, access, target);
        return refuse(reterr, r, value, "namespaces");
}

static int take_read_only(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return add_path(s, value, value, INBYE_ACCESS_READ_ONLY, NULL, reterr);
}

static int take_read_write(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return add_path(s, value, value, INBYE_ACCESS_READ_WRITE, NULL, reterr);
}

static int take_hide(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return add_path(s, value, value, INBYE_ACCESS_HIDE, NULL, reterr);
}

static int take_bind(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        char *target;

        if (!copy)
                return settings_no_memory(reterr);
        target = strchr(copy, ':');
        if (!target || target[1] != '/' || target == copy)
                return settings_refuse(
                        reterr, EINVAL, value, "is not SOURCE:TARGET, the second an absolute path");
        *target++ = '\0';
        return add_path(s, value, copy, INBYE_ACCESS_READ_WRITE, target, reterr);
}

static int take_landlock(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *whole = NULL;
        int r = need_sandbox(s, reterr);

        if (r < 0)
                return r;
        r = find(s, value, &whole);
        if (r == 0)
                r = inbye_sandbox_add_landlock(s->sandbox, whole);
        return refuse(reterr, r, value, "Landlock");
}

static int take_filter(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r : inbye_sandbox_add_filter_file(s->sandbox, value, reterr);
}

static int take_calls(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = need_sandbox(s, reterr);

        return r < 0 ? r : inbye_sandbox_filter_calls(s->sandbox, value, reterr);
}

/* Here rather than by hand_sandbox(): by then the sandbox may be in use. */
static int take_denials(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int r = cli_choose("watch ignore", value, "denials", reterr);

        if (r < 0)
                return r;
        s->ignore_denials = r == 1;
        return s->sandbox ? inbye_sandbox_watch_denials(s->sandbox, !s->ignore_denials) : 0;
}

int settings_inherit_denials(struct settings *s, const struct settings *base)
{
        if (settings_has(s, CLI_SETTING_DENIALS) || !s->sandbox)
                return 0;
        return inbye_sandbox_watch_denials(s->sandbox, !base->ignore_denials);
}

static int hand_sandbox(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_sandbox(command, s->sandbox);
}

const struct settings_row settings_sandbox_rows[] = {
        { CLI_SETTING_SANDBOX, take_profile, hand_sandbox },
        { CLI_SETTING_NO_NEW_PRIVS, take_no_new_privs, hand_sandbox },
        { CLI_SETTING_NO_CAPABILITIES, take_no_capabilities, hand_sandbox },
        { CLI_SETTING_NO_NETWORK, take_no_network, hand_sandbox },
        { CLI_SETTING_READ_ONLY, take_read_only, hand_sandbox },
        { CLI_SETTING_READ_WRITE, take_read_write, hand_sandbox },
        { CLI_SETTING_HIDE, take_hide, hand_sandbox },
        { CLI_SETTING_BIND, take_bind, hand_sandbox },
        { CLI_SETTING_LANDLOCK_RW, take_landlock, hand_sandbox },
        { CLI_SETTING_SYSTEM_CALLS, take_calls, hand_sandbox },
        { CLI_SETTING_SECCOMP, take_filter, hand_sandbox },
        { CLI_SETTING_DENIALS, take_denials, NULL },
        { 0 },
};
