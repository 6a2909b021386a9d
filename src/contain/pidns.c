/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `pidns`: the warden is the first process of a pid namespace. The kernel kills everybody in it
 * when that one dies, before its death is told to anybody, and lets nobody in afterwards.
 *
 * There are several ways to one, found by trying, the most faithful first: with or without a procfs that
 * shows the pids which the command sees (it takes a mount namespace, and a container may mask /proc so that
 * no other can be mounted), and without privilege inside a user namespace, where only the owner's own user
 * and group exist. From Linux 7.1 on the kernel ends the warden itself when its owner has gone; where it does
 * not know of that, or will not let us, the warden watches the owner as it does everywhere.
 */
#include "base/error.h"
#include "base/fd.h"
#include "contain/held.h"
#include "sys/clone.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct way {
        uint64_t namespaces;
        bool own_proc;
        const char *detail;
};

static const struct way ways[] = {
        { CLONE_NEWPID | CLONE_NEWNS | SYS_CLONE_AUTOKILL, true,
                "a /proc of its own, ended by the kernel with its owner" },
        { CLONE_NEWPID | CLONE_NEWNS, true, "a /proc of its own" },
        { CLONE_NEWPID, false, "the /proc of this host, which shows other pids" },
        { CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER, true, "a user namespace and a /proc of its own" },
        { CLONE_NEWPID | CLONE_NEWUSER, false,
                "a user namespace, and the /proc of this host, which shows other pids" },
};

/* What was found, for the rest of our life. */
static struct {
        pthread_mutex_t lock;
        bool tried;
        int number; /* 0: it works; errno of the last way */
        enum spawn_holder_step step;
        const char *detail;
        char uid_map[32], gid_map[32];
        struct holder_kind kind;
} found = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void try_way(const struct way *way)
{
        bool maps = way->namespaces & CLONE_NEWUSER;

        found.kind = (struct holder_kind){
                .is_pidns = true,
                .namespaces = way->namespaces,
                .own_proc = way->own_proc,
                .uid_map = maps ? found.uid_map : NULL,
                .gid_map = maps ? found.gid_map : NULL,
        };
        found.detail = way->detail;
        found.number = -holding_try(&found.kind, &found.step);
}

/* Of the moment: it says nothing about the way, and must not lead to a weaker one. */
static bool is_shortage(int number)
{
        return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE;
}

static void try_ways(void)
{
        snprintf(found.uid_map, sizeof(found.uid_map), "%u %u 1", geteuid(), geteuid());
        snprintf(found.gid_map, sizeof(found.gid_map), "%u %u 1", getegid(), getegid());
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
                try_way(&ways[i]);
                if (found.number == 0 || is_shortage(found.number))
                        return;
        }
}

static int find_way(void)
{
        pthread_mutex_lock(&found.lock);
        if (!found.tried || is_shortage(found.number))
                try_ways();
        found.tried = true;
        pthread_mutex_unlock(&found.lock);
        return -found.number;
}

static bool is_set_to(const char *path, const char *value)
{
        char text[16];

        return fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) > 0 && text[0] == value[0];
}

/* Which of the knobs it was, as far as they can be read. */
static const char *hint_for(int number)
{
        if (is_set_to("/proc/sys/kernel/unprivileged_userns_clone", "0"))
                return "sysctl kernel.unprivileged_userns_clone=1, or run with CAP_SYS_ADMIN";
        if (is_set_to("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
                return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, an AppArmor profile with "
                       "'userns,', or CAP_SYS_ADMIN";
        if (number == ENOSPC || is_set_to("/proc/sys/user/max_user_namespaces", "0"))
                return "raise user.max_user_namespaces and user.max_pid_namespaces (sysctl)";
        if (number == ENOSYS || number == EINVAL)
                return "Linux 3.8 or later is needed, with CONFIG_PID_NS and CONFIG_USER_NS";
        return "allow user namespaces (a seccomp filter or a sandbox around us refuses them), or run with "
               "CAP_SYS_ADMIN";
}

static void explain(struct contain_probe *ret)
{
        snprintf(ret->reason, sizeof(ret->reason), "cannot %s: %s",
                found.step == SPAWN_HOLDER_MAP ? "map the own user into a user namespace"
                                               : "make a process in a pid namespace of its own",
                strerror(found.number));
        snprintf(ret->hint, sizeof(ret->hint), "%s", hint_for(found.number));
}

static int probe(struct contain_probe *ret)
{
        int r = held_probe(ret);

        if (r < 0)
                return r;
        r = find_way();
        if (r < 0)
                explain(ret);
        else
                snprintf(ret->detail, sizeof(ret->detail),
                        "a warden per tree, as first process of a pid "
                        "namespace, with %s",
                        found.detail);
        return r;
}

/* Measured: there ssh(1) refuses its own configuration ("bad owner"), since root is nobody; sudo(8) and every
 * other set-user-id program lose their rights. */
static const char *reluctance(void)
{
        return find_way() == 0 && found.kind.uid_map
                       ? "here it takes a user namespace, in which other users' files are nobody's"
                       : NULL;
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        struct contain_probe why = { 0 };

        if (probe(&why) == 0)
                return held_group_open(&contain_pidns, &found.kind, loop, ret, reterr);
        return contain_refuse(&contain_pidns, &why, reterr);
}

const struct contain_ops contain_pidns = {
        .name = "pidns",
        .bit = INBYE_MECHANISM_PIDNS,
        .cannot = NULL,
        .on_owner_death = "whole_tree",
        .probe = probe,
        .reluctance = reluctance,
        .group_open = group_open,
        HELD_TREE_OPS,
};
