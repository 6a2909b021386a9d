/* SPDX-License-Identifier: MIT */
/*
 * Setters of a command for what becomes of the child process itself, and for how it ends.
 */
#include "base/parse.h"
#include "base/scope.h"
#include "limit/values.h"
#include "run/command.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Set a field, once the command may be changed and the value makes sense. */
#define SET(command, check, statement)                                                                       \
        do {                                                                                                 \
                if (!(command) || !(check))                                                                  \
                        return -EINVAL;                                                                      \
                if (atomic_load(&(command)->started))                                                        \
                        return -EBUSY;                                                                       \
                statement;                                                                                   \
                return 0;                                                                                    \
        } while (0)

int inbye_command_set_uid(struct inbye_command *command, uid_t uid)
{
        int r = command_change_for(command, SYS_FEATURE_GROUPS); /* it loses those of the owner */

        if (r < 0)
                return r;
        SET(command, uid != (uid_t)-1, (command->uid = uid, command->set_uid = true));
}

int inbye_command_set_gid(struct inbye_command *command, gid_t gid)
{
        SET(command, gid != (gid_t)-1, (command->gid = gid, command->set_gid = true));
}

int inbye_command_set_session(struct inbye_command *command, int on)
{
        SET(command, true, command->session = on != 0);
}

int inbye_command_set_process_group(struct inbye_command *command, int on)
{
        SET(command, true, command->process_group = on != 0);
}

int inbye_command_set_foreground(struct inbye_command *command, int tty_fd)
{
        SET(command, tty_fd >= 0, command->foreground_fd = tty_fd);
}

int inbye_command_waive(struct inbye_command *command, uint32_t limits)
{
        const uint32_t known = INBYE_REQUIRE_MEMORY | INBYE_REQUIRE_TASKS | INBYE_REQUIRE_TIMEOUT;

        SET(command, !(limits & ~known), command->waived |= limits);
}

int inbye_command_set_sandbox(struct inbye_command *command, struct inbye_sandbox *sandbox)
{
        int r = command_change(command);

        if (r < 0)
                return r;
        inbye_sandbox_ref(sandbox);
        inbye_sandbox_unref(command->sandbox);
        command->sandbox = sandbox;
        return 0;
}

int inbye_command_set_umask(struct inbye_command *command, mode_t mask)
{
        SET(command, mask <= 0777, (command->umask = mask, command->set_umask = true));
}

int inbye_command_set_nice(struct inbye_command *command, int nice)
{
        SET(command, nice >= -20 && nice <= 19, (command->nice = nice, command->set_nice = true));
}

int inbye_command_set_ioprio(struct inbye_command *command, int io_class, int level)
{
        int r = command_change_for(command, SYS_FEATURE_IOPRIO);

        if (r < 0)
                return r;
        SET(command, io_class >= 1 && io_class <= 3 && level >= 0 && level <= 7,
                (command->io_class = io_class, command->io_level = level, command->set_ioprio = true));
}

int inbye_command_set_signal_mask(struct inbye_command *command, uint64_t mask)
{
        SET(command, true, command->signal_mask = mask);
}

int inbye_command_set_inherit_ignored(struct inbye_command *command, int on)
{
        SET(command, true, command->inherit_ignored = on != 0);
}

int inbye_command_set_ignored_signals(struct inbye_command *command, uint64_t signals)
{
        SET(command, true, command->signals_ignored = signals);
}

int inbye_command_set_shell_fallback(struct inbye_command *command, int on)
{
        SET(command, true, command->shell_fallback = on != 0);
}

int inbye_command_set_timeout(struct inbye_command *command, uint64_t timeout_ns)
{
        SET(command, true, command->timeout_ns = timeout_ns);
}

int inbye_command_set_idle_timeout(struct inbye_command *command, uint64_t timeout_ns)
{
        SET(command, true, command->idle_timeout_ns = timeout_ns);
}

int inbye_command_set_grace(struct inbye_command *command, uint64_t grace_ns)
{
        SET(command, true, command->grace_ns = grace_ns);
}

int inbye_command_set_signal(struct inbye_command *command, int signo)
{
        SET(command, signo >= 1 && signo <= 64, command->soft_signal = signo);
}

int inbye_command_set_limits(struct inbye_command *command, const struct inbye_limits *limits)
{
        struct inbye_limits copy;
        int r = command_change(command);

        if (r == 0)
                r = limits_copy(&copy, limits);
        if (r < 0)
                return r;
        limits_deinit(&command->limits);
        command->limits = copy;
        return 0;
}

int inbye_command_set_leftovers(struct inbye_command *command, enum inbye_leftovers leftovers)
{
        SET(command, (unsigned)leftovers <= INBYE_LEFTOVERS_FAIL, command->leftovers = leftovers);
}

int inbye_command_set_success_codes(struct inbye_command *command, const unsigned char *codes, size_t n_codes)
{
        uint8_t success[sizeof(command->success)] = { 0 };

        for (size_t i = 0; codes && i < n_codes; i++)
                success[codes[i] / 8] |= (uint8_t)(1u << codes[i] % 8);
        SET(command, codes && n_codes, memcpy(command->success, success, sizeof(success)));
}

bool command_is_success(const struct inbye_command *command, int code)
{
        return code >= 0 && code <= 255 && command->success[code / 8] & (1u << code % 8);
}

/* Replace an owned array by a copy of the caller's. */
static int replace_array(void *field, const void *array, size_t n, size_t size)
{
        void *copy = calloc(n ? n : 1, size), *old;

        if (!copy)
                return -ENOMEM;
        if (n)
                memcpy(copy, array, n * size);
        memcpy(&old, field, sizeof(old));
        memcpy(field, &copy, sizeof(copy));
        free(old);
        return 0;
}

int inbye_command_set_groups(struct inbye_command *command, const gid_t *groups, size_t n_groups)
{
        int r = command_change_for(command, SYS_FEATURE_GROUPS);

        if (r < 0 || (!groups && n_groups))
                return r < 0 ? r : -EINVAL;
        r = replace_array(&command->groups, groups, n_groups, sizeof(*groups));
        if (r < 0)
                return r;
        command->n_groups = n_groups;
        command->set_groups = true;
        return 0;
}

int inbye_command_set_affinity(struct inbye_command *command, const unsigned *cpus, size_t n_cpus)
{
        enum { WORD_BITS = 8 * sizeof(unsigned long) };
        struct sys_cpus set = { 0 };
        int r;

        r = command_change_for(command, SYS_FEATURE_AFFINITY);
        if (r < 0 || !cpus || !n_cpus)
                return r < 0 ? r : -EINVAL;
        for (size_t i = 0; i < n_cpus; i++) {
                if (cpus[i] >= SYS_CPUS_MAX)
                        return -EINVAL;
                set.words[cpus[i] / WORD_BITS] |= 1ul << cpus[i] % WORD_BITS;
        }
        return replace_array(&command->affinity, &set, 1, sizeof(set));
}

static rlim_t to_rlim(uint64_t value)
{
        return value == UINT64_MAX ? RLIM_INFINITY : (rlim_t)value;
}

/* The place for it: where it stood before, or a new one; NULL: no memory. */
static struct spawn_rlimit *rlimit_place(struct inbye_command *command, int resource)
{
        struct spawn_rlimit *grown;

        for (size_t i = 0; i < command->n_rlimits; i++)
                if (command->rlimits[i].resource == resource)
                        return &command->rlimits[i];
        grown = array_resize(command->rlimits, command->n_rlimits + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        command->rlimits = grown;
        return &grown[command->n_rlimits++];
}

int inbye_command_set_rlimit(struct inbye_command *command, int resource, uint64_t soft, uint64_t hard)
{
        struct spawn_rlimit *place;
        int r;

        r = command_change(command);
        if (r < 0 || !rlimit_name(resource) || soft > hard)
                return r < 0 ? r : -EINVAL;
        place = rlimit_place(command, resource);
        if (!place)
                return -ENOMEM;
        *place = (struct spawn_rlimit){
                .resource = resource,
                .limit = { .rlim_cur = to_rlim(soft), .rlim_max = to_rlim(hard) },
        };
        return 0;
}

int inbye_command_keep_fd(struct inbye_command *command, int fd)
{
        int *grown;
        int r;

        r = command_change(command);
        if (r < 0 || fd < 3)
                return r < 0 ? r : -EINVAL;
        grown = array_resize(command->keep_fds, command->n_keep_fds + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        command->keep_fds = grown;
        grown[command->n_keep_fds++] = fd;
        return 0;
}
