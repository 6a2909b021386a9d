/* SPDX-License-Identifier: MIT */
/*
 * Trees held by a warden each: what `reaper` and `pidns` have in common.
 *
 * Whoever is in such a tree is a descendant of its warden, for good: a process whose parent dies becomes the
 * warden's own child. So the members are found by going down from it, and a process is proven to be one by
 * going up: the chain of parents is followed once its pidfd is open, and while that process has not ended,
 * what was read on the way was about it.
 *
 * Who was proven once is a member for as long as he lives, and so are all above him: they are remembered by
 * their start times, or a chain of n would be gone up n times (1500 that ignore the soft signal: 12 s).
 *
 * There is one event for the end of all, the warden's own; no account but what the warden's wait() adds up.
 */
#include "contain/held.h"
#include "base/error.h"
#include "base/fd.h"
#include "sys/children.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer chains of parents than this are not followed; nested deeper a process dies, but is not listed. */
#define CHAIN_MAX 100000

struct held_group {
        struct contain_group group;
        struct inbye_loop *loop;
        struct holding holding;
};

/* So long a way up is remembered. */
#define LONG_WAY 8
/* As many are remembered; two that share a place only cost a longer way. */
#define N_PROVEN 4096

struct proven {
        pid_t pid;
        uint64_t start_ticks;
};

struct held_tree {
        struct contain_tree tree;
        struct held_group *group;
        struct holder holder;
        struct proven *proven; /* N_PROVEN of them, by pid; NULL: nobody had a long way */
};

static struct held_tree *held_of(struct contain_tree *tree)
{
        return CONTAINER_OF(tree, struct held_tree, tree);
}

/* The warden passes a descriptor of the command on: its own number for it is one of another namespace. */
static int check_pid(int pidfd, struct contain_probe *ret)
{
        pid_t pid = sys_pidfd_pid(pidfd);

        if (pid >= 0)
                return 0;
        snprintf(ret->reason, sizeof(ret->reason),
                "the pid of a command cannot be read: /proc/self/fdinfo: %s", strerror(-pid));
        snprintf(ret->hint, sizeof(ret->hint), "mount /proc, or Linux 6.13 or later");
        return pid;
}

int held_probe(struct contain_probe *ret)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(getpid());

        if (pidfd >= 0)
                return check_pid(pidfd, ret);
        snprintf(ret->reason, sizeof(ret->reason), "processes cannot be held by descriptor: pidfd_open: %s",
                strerror(-pidfd));
        snprintf(ret->hint, sizeof(ret->hint),
                "Linux 5.3 or later is needed, and no seccomp filter against pidfd_open(2)");
        return pidfd;
}

/* --- group ---------------------------------------------------------------------------------------------- */

void held_group_free(struct contain_group *contain_group)
{
        struct held_group *group = CONTAINER_OF(contain_group, struct held_group, group);

        holding_deinit(&group->holding);
        free(group);
}

int held_group_open(const struct contain_ops *ops, const struct holder_kind *kind, struct inbye_loop *loop,
        struct contain_group **ret, struct inbye_error *reterr)
{
        scoped(contain_group_freep) struct contain_group *made = NULL;
        struct held_group *group = calloc(1, sizeof(*group));
        int r;

        if (!group)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another group");
        made = &group->group;
        group->group.ops = ops;
        group->loop = loop;
        r = holding_init(&group->holding, kind, reterr);
        if (r < 0)
                return r;
        *ret = TAKE(made);
        return 0;
}

/* Whoever is in such a tree becomes an orphan of its warden, never of ours. */
int held_group_claims(struct contain_group *group, const struct contain_tree *except, pid_t pid)
{
        (void)group;
        (void)except;
        (void)pid;
        return 0;
}

/* --- tree ----------------------------------------------------------------------------------------------- */

int held_tree_open(struct contain_group *group, struct contain_tree **ret, struct inbye_error *reterr)
{
        scoped(contain_tree_freep) struct contain_tree *made = NULL;
        struct held_tree *held = calloc(1, sizeof(*held));
        int r;

        if (!held)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another tree");
        made = &held->tree;
        held->tree.ops = group->ops;
        held->group = CONTAINER_OF(group, struct held_group, group);
        r = holder_init(&held->holder, &held->group->holding, reterr);
        if (r < 0)
                return r;
        *ret = TAKE(made);
        return 0;
}

void held_tree_plan(struct contain_tree *tree, struct spawn_plan *plan)
{
        plan->holder = &held_of(tree)->holder.spawn;
}

void held_tree_started(struct contain_tree *tree, const struct spawned *spawned)
{
        struct held_tree *held = held_of(tree);

        tree->pid = spawned->pid;
        holder_started(&held->holder, held->group->loop, spawned);
}

int held_tree_wait_fd(struct contain_tree *tree)
{
        return held_of(tree)->holder.line_fd;
}

int held_tree_wait(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret)
{
        int r = holder_wait(&held_of(tree)->holder, options, ret);

        /* Nobody holds it any more, should it live: the parent-death signal may have been cleared. */
        if (r == -EOWNERDEAD && pidfd >= 0)
                (void)sys_pidfd_send_signal(pidfd, SIGKILL);
        return r == HOLDER_E_TRACED ? CONTAIN_E_TRACED : r;
}

void held_tree_command_ended(struct contain_tree *tree, bool pinned)
{
        (void)tree;
        (void)pinned;
}

int held_tree_kill(struct contain_tree *tree)
{
        holder_end(&held_of(tree)->holder);
        return 0;
}

int held_tree_freeze(struct contain_tree *tree, bool frozen)
{
        (void)tree;
        (void)frozen;
        return -EOPNOTSUPP;
}

static int add_pid(void *userdata, pid_t pid)
{
        return contain_pids_add(userdata, pid);
}

/* A zombie waits for its parent in the tree, or is a process whose main thread only has ended. */
static bool is_alive(pid_t pid)
{
        scoped(fd_closep) int pidfd = -1;
        struct proc_stat stat;

        if (proc_read_stat(pid, &stat) < 0)
                return false;
        if (stat.state != 'Z' && stat.state != 'X')
                return true;
        pidfd = sys_pidfd_open(pid);
        return pidfd >= 0 && sys_pidfd_has_ended(pidfd) == 0;
}

static int list_descendants(pid_t root, struct contain_pids *all)
{
        int r = sys_each_child(root, add_pid, all);

        for (size_t i = 0; i < all->n && r == 0; i++) {
                r = sys_each_child(all->pids[i], add_pid, all);
                if (r == -ENOENT)
                        r = 0; /* it has gone, and its children are the warden's */
        }
        return r;
}

static int list_members(pid_t root, struct contain_pids *pids)
{
        scoped(contain_pids_deinit) struct contain_pids all = { 0 };
        int r = list_descendants(root, &all);

        for (size_t i = 0; i < all.n && r == 0; i++)
                if (is_alive(all.pids[i]))
                        r = contain_pids_add(pids, all.pids[i]);
        return r;
}

/* A process that forks the next one and exits may be missed by a list; the warden cannot miss it. */
#define LIST_ROUNDS 16

int held_tree_pids(struct contain_tree *tree, struct contain_pids *pids)
{
        struct holder *holder = &held_of(tree)->holder;
        size_t n_before = pids->n;

        for (int i = 0; i < LIST_ROUNDS && holder_look(holder) == HOLDER_E_ALIVE; i++) {
                int r = list_members(holder->pid, pids);

                if (r < 0 && holder_look(holder) == HOLDER_E_ALIVE)
                        return r;
                if (pids->n > n_before || !holder->said_others)
                        break;
        }
        return 0;
}

static struct proven *place_of(const struct held_tree *held, pid_t pid)
{
        return &held->proven[(size_t)pid % N_PROVEN];
}

static bool is_proven(const struct held_tree *held, const struct proc_stat *stat)
{
        const struct proven *place;

        if (!held->proven)
                return false;
        place = place_of(held, stat->pid);
        return place->pid == stat->pid && place->start_ticks == stat->start_ticks;
}

/* Without memory for it the way is gone again. */
static void remember(struct held_tree *held, const struct proc_stat *stat, int n_steps)
{
        if (!held->proven && n_steps >= LONG_WAY)
                held->proven = calloc(N_PROVEN, sizeof(*held->proven));
        if (held->proven)
                *place_of(held, stat->pid) =
                        (struct proven){ .pid = stat->pid, .start_ticks = stat->start_ticks };
}

static bool go_up(struct held_tree *held, pid_t pid)
{
        struct proc_stat stat = { .ppid = pid };

        for (int i = 0; i < CHAIN_MAX && stat.ppid > 1; i++) {
                if (proc_read_stat(stat.ppid, &stat) < 0)
                        return false;
                if (stat.ppid == held->holder.pid || is_proven(held, &stat))
                        return true;
                remember(held, &stat, i);
        }
        return false;
}

/* Who was met on the way is remembered at once, and all are forgotten where it did not lead to the warden. */
static bool is_descendant(struct held_tree *held, pid_t pid, int pidfd)
{
        if (!held->holder.ended && go_up(held, pid) && sys_pidfd_has_ended(pidfd) == 0)
                return true;
        free(held->proven);
        held->proven = NULL;
        return false;
}

int held_tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(pid);

        if (pidfd < 0)
                return pidfd == -ESRCH ? CONTAIN_E_GONE : pidfd;
        if (!is_descendant(held_of(tree), pid, pidfd))
                return CONTAIN_E_GONE;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}

int held_tree_look(struct contain_tree *tree)
{
        switch (holder_look(&held_of(tree)->holder)) {
        case HOLDER_E_ALIVE:
                return CONTAIN_E_POPULATED;
        case HOLDER_E_LOST:
                return CONTAIN_E_LOST;
        default:
                return 0;
        }
}

/* It comes once: the end of a process stays readable. */
int held_tree_event_fd(struct contain_tree *tree)
{
        const struct holder *holder = &held_of(tree)->holder;

        return holder->ended ? -1 : holder->pidfd;
}

void held_tree_usage(struct contain_tree *tree, struct inbye_usage *usage)
{
        const struct sys_wait *all = &held_of(tree)->holder.all;

        if (!all->usage_known)
                return;
        usage->cpu_user_us = all->user_us;
        usage->cpu_system_us = all->system_us;
        usage->cpu_source = "rusage";
}

void held_tree_free(struct contain_tree *tree)
{
        struct held_tree *held = held_of(tree);

        holder_deinit(&held->holder);
        free(held->proven);
        free(held);
}
