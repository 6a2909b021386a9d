/* SPDX-License-Identifier: MIT */
/*
 * Which mechanism holds a tree, and what all of them do alike.
 *
 * The table is the whole plug-in story: strongest first, the first that works is taken. A set that leaves
 * none is refused with the reason of each, never weakened.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "contain/contain.h"
#include "sys/child.h"
#include "sys/pidfd.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

const struct contain_ops *const contain_mechanisms[] = {
        &contain_cgroup_pidns,
        &contain_cgroup,
        &contain_pidns,
        &contain_reaper,
        &contain_pgroup,
        NULL,
};

/* Names of the mechanisms that this build knows of, made or not, strongest first. */
static const struct {
        uint32_t bit;
        const char *name;
} names[] = {
        { INBYE_MECHANISM_CGROUP_PIDNS, "cgroup+pidns" },
        { INBYE_MECHANISM_CGROUP, "cgroup" },
        { INBYE_MECHANISM_PIDNS, "pidns" },
        { INBYE_MECHANISM_REAPER, "reaper" },
        { INBYE_MECHANISM_PGROUP, "pgroup" },
};

const char *inbye_mechanism_name(uint32_t mechanism)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].bit == mechanism)
                        return names[i].name;
        return NULL;
}

uint32_t inbye_mechanism_at_least(uint32_t mechanism)
{
        uint32_t bits = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                bits |= names[i].bit;
                if (names[i].bit == mechanism)
                        return bits;
        }
        return 0;
}

uint32_t inbye_mechanism_from_name(const char *name)
{
        for (size_t i = 0; name && i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i].name, name) == 0)
                        return names[i].bit;
        return 0;
}

int contain_refuse(const struct contain_ops *ops, const struct contain_probe *why, struct inbye_error *reterr)
{
        error_set_plain(
                reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP, "mechanism %s: %s", ops->name, why->reason);
        error_hint(reterr, "%s", why->hint);
        return -EOPNOTSUPP;
}

static int refuse(uint32_t mechanisms, const struct inbye_error *last, struct inbye_error *reterr)
{
        const char *name = inbye_mechanism_name(mechanisms);

        if (last->stage == INBYE_STAGE_NONE) {
                error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP,
                        "mechanism %s is not part of this version", name ? name : "asked for");
                error_hint(reterr, "'inbye doctor' lists what works here");
                return -EOPNOTSUPP;
        }
        if (reterr)
                *reterr = *last;
        return -EOPNOTSUPP;
}

struct contain_passed_over *contain_passed_over_ref(struct contain_passed_over *passed_over)
{
        if (passed_over)
                atomic_fetch_add(&passed_over->n_references, 1);
        return passed_over;
}

void contain_passed_over_unref(struct contain_passed_over *passed_over)
{
        if (passed_over && atomic_fetch_sub(&passed_over->n_references, 1) == 1)
                free(passed_over);
}
DEFINE_SCOPED(passed_over_unrefp, struct contain_passed_over, contain_passed_over_unref)

/* Without memory it goes unsaid. */
static void note_passed_over(
        struct contain_passed_over **all, const struct contain_ops *ops, const struct inbye_error *error)
{
        if (!*all) {
                *all = calloc(1, sizeof(**all));
                if (!*all)
                        return;
                atomic_init(&(*all)->n_references, 1);
        }
        if ((*all)->n == ARRAY_SIZE((*all)->mechanisms))
                return;
        (*all)->mechanisms[(*all)->n].name = ops->name;
        snprintf((*all)->mechanisms[(*all)->n].reason, sizeof((*all)->mechanisms[0].reason), "%.255s",
                error->text);
        (*all)->n++;
}

static bool is_passed_by(const struct contain_ops *ops, uint32_t mechanisms, struct inbye_error *reterr)
{
        const char *why;

        if (!(mechanisms & INBYE_MECHANISM_BY_DEFAULT) || !ops->reluctance)
                return false;
        why = ops->reluctance();
        if (!why)
                return false;
        error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP,
                "mechanism %s is only taken where it is named: %s", ops->name, why);
        error_hint(reterr, "--mechanism=%s", ops->name);
        return true;
}

int contain_open(
        struct inbye_loop *loop, uint32_t mechanisms, struct contain_group **ret, struct inbye_error *reterr)
{
        scoped(passed_over_unrefp) struct contain_passed_over *passed_over = NULL;
        struct inbye_error error = { 0 };
        int r;

        if (!mechanisms)
                mechanisms = UINT32_MAX;
        for (size_t i = 0; contain_mechanisms[i]; i++) {
                const struct contain_ops *ops = contain_mechanisms[i];

                if (!(mechanisms & ops->bit))
                        continue;
                r = is_passed_by(ops, mechanisms, &error) ? -EOPNOTSUPP : ops->group_open(loop, ret, &error);
                if (r == -EOPNOTSUPP) {
                        if (!ops->extra || !(mechanisms & INBYE_MECHANISM_BY_DEFAULT))
                                note_passed_over(&passed_over, ops, &error);
                        continue;
                }
                if (r < 0 && reterr)
                        *reterr = error;
                if (r == 0)
                        (*ret)->passed_over = TAKE(passed_over);
                return r;
        }
        return refuse(mechanisms, &error, reterr);
}

void contain_group_free(struct contain_group *group)
{
        struct contain_passed_over *passed_over;

        if (!group)
                return;
        passed_over = TAKE(group->passed_over);
        group->ops->group_free(group);
        contain_passed_over_unref(passed_over);
}

void contain_tree_free(struct contain_tree *tree)
{
        if (tree)
                tree->ops->tree_free(tree);
}

void contain_pids_deinit(struct contain_pids *pids)
{
        free(pids->pids);
        *pids = (struct contain_pids){ 0 };
}

int contain_pids_add(struct contain_pids *pids, pid_t pid)
{
        if (pid <= 0)
                return 0;
        if (pids->n == pids->allocated) {
                size_t n = pids->allocated ? 2 * pids->allocated : 32;
                pid_t *grown = array_resize(pids->pids, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                pids->pids = grown;
                pids->allocated = n;
        }
        pids->pids[pids->n++] = pid;
        return 0;
}

int contain_child_wait_fd(struct contain_tree *tree)
{
        (void)tree;
        return -1;
}

int contain_child_wait(struct contain_tree *tree, int pidfd, int options, struct sys_wait *ret)
{
        bool pins = tree->ops->pinned_by_command && (options & WEXITED);
        int r;

        r = sys_wait(pidfd, tree->pid, options | (pins ? WNOWAIT : 0), ret);
        if (r < 0 || ret->code || !(options & WEXITED))
                return r;
        return sys_child_has_ended(pidfd, tree->pid) == 1 ? CONTAIN_E_TRACED : 0;
}

static int signal_member(struct contain_tree *tree, pid_t pid, int signo, bool cont)
{
        scoped(fd_closep) int pidfd = -1;
        int r;

        r = tree->ops->tree_pin(tree, pid, &pidfd);
        if (r != 0)
                return r < 0 ? r : 0;
        r = sys_pidfd_send_signal(pidfd, signo);
        if (r == 0 && cont)
                r = sys_pidfd_send_signal(pidfd, SIGCONT);
        return r == -ESRCH ? 0 : r;
}

static int compare_pids(const void *a, const void *b)
{
        pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

        return (x > y) - (x < y);
}

static bool was_seen(const struct contain_pids *seen, pid_t pid)
{
        return seen->n && bsearch(&pid, seen->pids, seen->n, sizeof(pid), compare_pids);
}

/* One time round: signal whom we have not seen yet. The seen list stays sorted. @return how many were new. */
static ssize_t signal_new(struct contain_tree *tree, struct contain_pids *seen, int signo, bool cont)
{
        scoped(contain_pids_deinit) struct contain_pids now = { 0 };
        size_t n_before = seen->n, n_new = 0;
        int r;

        r = tree->ops->tree_pids(tree, &now);
        if (r < 0)
                return r;
        for (size_t i = 0; i < now.n; i++) {
                struct contain_pids old = { .pids = seen->pids, .n = n_before };

                if (was_seen(&old, now.pids[i]))
                        continue;
                r = contain_pids_add(seen, now.pids[i]);
                if (r < 0)
                        return r;
                n_new++;
                r = signal_member(tree, now.pids[i], signo, cont);
                if (r < 0 && r != -EPERM)
                        return r;
        }
        assert(!n_new || seen->pids);
        if (n_new)
                qsort(seen->pids, seen->n, sizeof(*seen->pids), compare_pids);
        return (ssize_t)n_new;
}

/* A tree that forks faster than we go round would keep us for ever: SIGKILL is what ends such a one. */
#define SIGNAL_ROUNDS 16

static int signal_members(struct contain_tree *tree, int signo, bool cont)
{
        scoped(contain_pids_deinit) struct contain_pids seen = { 0 };
        ssize_t n = 1;

        for (int i = 0; i < SIGNAL_ROUNDS && n > 0; i++)
                n = signal_new(tree, &seen, signo, cont);
        return n < 0 ? (int)n : 0;
}

int contain_signal(struct contain_tree *tree, int signo, bool cont)
{
        int r = tree->ops->tree_signal ? tree->ops->tree_signal(tree, signo, cont) : -EOPNOTSUPP;

        return r == -EOPNOTSUPP ? signal_members(tree, signo, cont) : r;
}

/* The kernel's own event comes as much as 10 ms late, and not at all for some mechanisms. */
#define AWAIT_STEP 10

static void await_one(struct contain_tree *tree)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        scoped(fd_closep) int pidfd = -1;
        struct pollfd event = { .fd = tree->ops->tree_event_fd(tree),
                .events = (short)tree->ops->tree_events };

        if (tree->ops->tree_pids(tree, &pids) == 0 && pids.n &&
                tree->ops->tree_pin(tree, pids.pids[pids.n - 1], &pidfd) == 0) {
                sys_pidfd_send_signal(pidfd, SIGKILL);
                event = (struct pollfd){ .fd = pidfd, .events = POLLIN };
        }
        (void)poll(&event, 1, AWAIT_STEP);
}

int contain_await_empty(struct contain_tree *tree, uint64_t timeout_ns)
{
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);

        while (tree->ops->tree_look(tree) != 0) {
                if (clock_left(clock_now_ns(), deadline_ns) == 0)
                        return -ETIMEDOUT;
                await_one(tree);
        }
        return 0;
}
