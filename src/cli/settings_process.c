/* SPDX-License-Identifier: MIT */
/*
 * Settings of the process: ids, session, priorities, limits of each process, descriptors.
 *
 * Names of users and groups are looked up here and not in the library: a lookup may load modules of the C
 * library and ask the network, which is no business of a library that starts programs.
 */
#include "base/error.h"
#include "base/misc.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CPUS 1024
#define MAX_GROUPS 65536

/* Ids */

/* UINT32_MAX is what the kernel takes for "leave it as it is". */
static bool is_id(const char *value, uint64_t *ret_id)
{
        return parse_unsigned(value, UINT32_MAX - 1, ret_id) == 0;
}

static int take_user(struct settings *s, const char *value, struct inbye_error *reterr)
{
        const struct passwd *entry;
        uint64_t id;

        entry = is_id(value, &id) ? getpwuid((uid_t)id) : getpwnam(value);
        if (!entry && !is_id(value, &id))
                return settings_refuse(reterr, EINVAL, value, "is no user here");
        s->uid = entry ? entry->pw_uid : (uid_t)id;
        s->user_gid = entry ? entry->pw_gid : 0;
        free(s->user_name);
        s->user_name = NULL;
        return entry ? settings_take_string(&s->user_name, entry->pw_name, reterr) : 0;
}

static int group_id(const char *value, gid_t *ret_gid, struct inbye_error *reterr)
{
        const struct group *entry;
        uint64_t id;

        if (is_id(value, &id)) {
                *ret_gid = (gid_t)id;
                return 0;
        }
        entry = getgrnam(value);
        if (!entry)
                return settings_refuse(reterr, EINVAL, value, "is no group here");
        *ret_gid = entry->gr_gid;
        return 0;
}

static int take_group(struct settings *s, const char *value, struct inbye_error *reterr)
{
        return group_id(value, &s->gid, reterr);
}

static int hand_group(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_gid(command, s->gid);
}

static int take_groups(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        scoped(freep) gid_t *groups = calloc(strlen(value) / 2 + 1, sizeof(gid_t));
        char *rest = value[0] ? copy : NULL;
        size_t n = 0;
        int r;

        if (!copy || !groups)
                return settings_no_memory(reterr);
        while (rest) {
                r = group_id(str_cut(&rest, ','), &groups[n], reterr);
                if (r < 0)
                        return r;
                n++;
        }
        free(s->groups);
        s->groups = TAKE(groups);
        s->n_groups = n;
        return 0;
}

static int hand_groups(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_groups(command, s->groups, s->n_groups);
}

static int hand_groups_of_user(const struct settings *s, struct inbye_command *command, gid_t gid)
{
        scoped(freep) gid_t *groups = NULL;
        int n = 64, r;

        for (;;) {
                gid_t *more = array_resize(groups, (size_t)n, sizeof(*groups));

                if (!more)
                        return -ENOMEM;
                groups = more;
                r = groups_of_user(s->user_name, gid, groups, &n);
                if (r == 0)
                        return inbye_command_set_groups(command, groups, (size_t)n);
                if (r != -E2BIG || n > MAX_GROUPS)
                        return r;
        }
}

/* Who has no privilege and names himself has the groups that he may have. */
static bool is_oneself(const struct settings *s)
{
        return s->uid != 0 && s->uid == getuid() && s->uid == geteuid();
}

/* A user that nobody knows has no group: root's own must not stay by accident. */
static int hand_user(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        bool has_group = settings_has(s, CLI_SETTING_GROUP);
        int r;

        if (is_oneself(s))
                return inbye_command_set_uid(command, s->uid);
        if (!s->user_name && !has_group)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "user %lu has no entry that names its group: give --group as well",
                        (unsigned long)s->uid);
        r = inbye_command_set_uid(command, s->uid);
        if (r >= 0 && !has_group)
                r = inbye_command_set_gid(command, s->user_gid);
        if (r >= 0 && s->user_name && !settings_has(s, CLI_SETTING_GROUPS))
                r = hand_groups_of_user(s, command, has_group ? s->gid : s->user_gid);
        return r;
}

static int hand_session(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)s;
        (void)reterr;
        return inbye_command_set_session(command, 1);
}

/* Priorities */

static int take_nice(struct settings *s, const char *value, struct inbye_error *reterr)
{
        if (parse_int(value, -20, 19, &s->nice) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no nice value from -20 to 19");
        return 0;
}

static int hand_nice(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_nice(command, s->nice);
}

static int take_ioprio(struct settings *s, const char *value, struct inbye_error *reterr)
{
        size_t n = strcspn(value, ":");
        scoped(freep) char *name = strndup(value, n);
        int place, level = 4;

        if (!name)
                return settings_no_memory(reterr);
        if (name[0] >= '1' && name[0] <= '3' && !name[1])
                place = name[0] - '1';
        else
                place = cli_choose("realtime best-effort idle", name, "class of I/O priority", reterr);
        if (place < 0)
                return place;
        if (value[n] && parse_int(value + n + 1, 0, 7, &level) < 0)
                return settings_refuse(reterr, EINVAL, value, "has no level from 0 to 7");
        s->io_class = place + 1;
        s->io_level = level;
        return 0;
}

static int hand_ioprio(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_ioprio(command, s->io_class, s->io_class == 3 ? 0 : s->io_level);
}

static int take_affinity(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) unsigned *cpus = calloc(MAX_CPUS, sizeof(*cpus));
        unsigned n;

        if (!cpus)
                return settings_no_memory(reterr);
        if (parse_cpu_list(value, cpus, MAX_CPUS, &n) < 0 || n == 0)
                return settings_refuse(reterr, EINVAL, value, "is no list of CPUs, as in 0-3,7");
        free(s->cpus);
        s->cpus = TAKE(cpus);
        s->n_cpus = n;
        return 0;
}

static int hand_affinity(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_affinity(command, s->cpus, s->n_cpus);
}

/* What each process may do */

static int take_umask(struct settings *s, const char *value, struct inbye_error *reterr)
{
        size_t n = strspn(value, "01234567");

        if (n == 0 || n > 4 || value[n] || strtoul(value, NULL, 8) > 0777)
                return settings_refuse(reterr, EINVAL, value, "is no octal mask, as in 022");
        s->umask = (mode_t)strtoul(value, NULL, 8);
        return 0;
}

static int hand_umask(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        (void)reterr;
        return inbye_command_set_umask(command, s->umask);
}

static int take_rlimit(struct settings *s, const char *value, struct inbye_error *reterr)
{
        struct rlimit_setting limit;
        size_t i = 0;

        if (parse_rlimit(value, &limit.resource, &limit.soft, &limit.hard) < 0)
                return settings_refuse(
                        reterr, EINVAL, value, "is no limit, as in nofile=64:128 or core=infinity");
        while (i < s->n_rlimits && s->rlimits[i].resource != limit.resource)
                i++;
        if (i == ARRAY_SIZE(s->rlimits))
                return settings_refuse(reterr, E2BIG, value, "is one limit too many");
        s->rlimits[i] = limit;
        if (i == s->n_rlimits)
                s->n_rlimits++;
        return 0;
}

static int hand_rlimits(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        int r = 0;

        (void)reterr;
        for (size_t i = 0; i < s->n_rlimits && r >= 0; i++)
                r = inbye_command_set_rlimit(
                        command, s->rlimits[i].resource, s->rlimits[i].soft, s->rlimits[i].hard);
        return r;
}

static int take_fd(struct settings *s, const char *value, struct inbye_error *reterr)
{
        int *fds;
        int fd;

        if (parse_int(value, 3, INT_MAX, &fd) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no descriptor from 3 on");
        if (fcntl(fd, F_GETFD) < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, EBADF, "descriptor %d", fd);
        fds = array_resize(s->fds, s->n_fds + 1, sizeof(*fds));
        if (!fds)
                return settings_no_memory(reterr);
        s->fds = fds;
        s->fds[s->n_fds++] = fd;
        return 0;
}

static int hand_fds(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        int r = 0;

        (void)reterr;
        for (size_t i = 0; i < s->n_fds && r >= 0; i++)
                r = inbye_command_keep_fd(command, s->fds[i]);
        return r;
}

const struct settings_row settings_process_rows[] = {
        { CLI_SETTING_USER, take_user, hand_user },
        { CLI_SETTING_GROUP, take_group, hand_group },
        { CLI_SETTING_GROUPS, take_groups, hand_groups },
        { CLI_SETTING_SETSID, settings_take_flag, hand_session },
        { CLI_SETTING_NICE, take_nice, hand_nice },
        { CLI_SETTING_IOPRIO, take_ioprio, hand_ioprio },
        { CLI_SETTING_AFFINITY, take_affinity, hand_affinity },
        { CLI_SETTING_UMASK, take_umask, hand_umask },
        { CLI_SETTING_RLIMIT, take_rlimit, hand_rlimits },
        { CLI_SETTING_KEEP_FD, take_fd, hand_fds },
        { 0 },
};
