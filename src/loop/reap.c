/* SPDX-License-Identifier: MIT */
/*
 * Reaping orphans, for a command that is the subreaper of its trees: a PID 1 that does not reap would keep
 * them as zombies, which count against pids limits and look like survivors.
 *
 * On SIGCHLD every child that has ended is looked at without taking it (WNOWAIT). One that an owner
 * registered is left to the owner, who is told; anything else is an orphan and taken. Looking again shows the
 * same child first as long as it is not taken, so an owner that does not take its child when told ends the
 * sweep. A plain waitid(P_ALL) that takes all was rejected: it would steal the owners' statuses.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "loop/internal.h"
#include "sys/child.h"
#include "sys/proc.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_flag process_reaps = ATOMIC_FLAG_INIT;

bool loop_reaps_orphans(const struct inbye_loop *loop)
{
        return loop->reaps;
}

static struct loop_child *find_child(struct inbye_loop *loop, pid_t pid)
{
        struct loop_child *child;

        LIST_FOREACH (child, &loop->children, struct loop_child, link)
                if (child->pid == pid)
                        return child;
        return NULL;
}

/* The first child that has ended, not taken yet; orphans on the way to an owner's child are taken. */
static struct loop_child *take_orphans(struct inbye_loop *loop)
{
        struct sys_wait wait;

        while (sys_wait(-1, 0, WEXITED | WNOWAIT, &wait) == 0 && wait.code) {
                struct loop_child *child = find_child(loop, wait.pid);

                if (child)
                        return child;
                sys_wait(-1, wait.pid, WEXITED, &wait);
        }
        return NULL;
}

void loop_reap_now(struct inbye_loop *loop)
{
        if (loop->reaps)
                take_orphans(loop);
}

/* Every child of ours, in a list to be given to free(). */
static ssize_t list_children(pid_t **ret_pids)
{
        scoped(freep) pid_t *pids = NULL;
        size_t room = 64;
        ssize_t n;

        for (;;) {
                pid_t *grown = reallocarray(pids, room, sizeof(*pids));

                if (!grown)
                        return -ENOMEM;
                pids = grown;
                n = proc_list_children(pids, room);
                if (n < 0)
                        return n;
                if ((size_t)n <= room)
                        break;
                room = 2 * (size_t)n;
        }
        *ret_pids = TAKE(pids);
        return n;
}

/* The kernel lists children in the order of their births, which is that of the registrations: so the search
 * goes on behind the one found last, and all children are told apart in one time round. */
static bool is_registered(struct inbye_loop *loop, pid_t pid, struct list **last)
{
        struct list *at = *last;

        do {
                at = at->next;
                if (at != &loop->children && LIST_ENTRY(at, struct loop_child, link)->pid == pid) {
                        *last = at;
                        return true;
                }
        } while (at != *last);
        return false;
}

static ssize_t list_unregistered(struct inbye_loop *loop, pid_t **ret_pids)
{
        scoped(freep) pid_t *pids = NULL;
        struct list *last = &loop->children;
        ssize_t n = list_children(&pids), n_kept = 0;

        for (ssize_t i = 0; i < n; i++)
                if (!is_registered(loop, pids[i], &last))
                        pids[n_kept++] = pids[i];
        if (n < 0)
                return n;
        *ret_pids = TAKE(pids);
        return n_kept;
}

bool loop_may_have_orphans(struct inbye_loop *loop)
{
        scoped(freep) pid_t *pids = NULL;

        return !loop->reaps || list_unregistered(loop, &pids) != 0;
}

/* --- strangers ------------------------------------------------------------------------------------------ */

/*
 * An orphan is taken for a part of one of our trees when it cannot be anything else. It can where this
 * process had children before (a shell with background jobs that became us by exec), is PID 1, to which the
 * orphans of everybody come who enters its namespace, or starts children in other ways than through this
 * loop.
 */
static atomic_bool strangers;
static atomic_uint n_groups; /* of all loops */

void loop_note_stranger(void)
{
        atomic_store(&strangers, true);
}

void loop_group_add(struct inbye_loop *loop, struct list *link)
{
        atomic_fetch_add(&n_groups, 1);
        if (!loop->reaps)
                loop_note_stranger();
        list_append(&loop->groups, link);
}

void loop_group_remove(struct list *link)
{
        if (list_is_empty(link))
                return;
        list_unlink(link);
        atomic_fetch_sub(&n_groups, 1);
}

struct list *loop_groups(struct inbye_loop *loop)
{
        return &loop->groups;
}

ssize_t loop_list_orphans(struct inbye_loop *loop, pid_t **ret_pids)
{
        if (!loop->reaps || atomic_load(&strangers))
                return -EOPNOTSUPP;
        return list_unregistered(loop, ret_pids);
}

/* The dead do no harm: what they left behind did not come to us. */
static bool has_living_child(void)
{
        scoped(freep) pid_t *pids = NULL;
        ssize_t n = list_children(&pids);

        for (ssize_t i = 0; i < n; i++) {
                scoped(fd_closep) int pidfd = sys_pidfd_open(pids[i]);

                if (sys_child_has_ended(pidfd, pids[i]) != 1)
                        return true;
        }
        return n < 0;
}

/* --- reaping -------------------------------------------------------------------------------------------- */

static void on_sigchld(void *userdata, int signo, pid_t sender)
{
        struct inbye_loop *loop = userdata;
        struct loop_child *child;
        pid_t told = 0;

        (void)signo;
        (void)sender;
        while ((child = take_orphans(loop)) && child->pid != told) {
                told = child->pid;
                child->fn(child);
        }
}

int inbye_loop_reap_orphans(struct inbye_loop *loop)
{
        int r;

        if (!loop)
                return -EINVAL;
        if (atomic_flag_test_and_set(&process_reaps))
                return -EALREADY;
        r = inbye_watch_signal(loop, SIGCHLD, on_sigchld, loop, &loop->reap_watch);
        if (r < 0) {
                atomic_flag_clear(&process_reaps);
                return r;
        }
        if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0) {
                r = -errno;
                loop->reaps = true;
                reaper_deinit(loop);
                return r;
        }
        loop->reaps = true;
        atomic_store(&strangers, getpid() == 1 || atomic_load(&n_groups) > 0 || has_living_child());
        return 0;
}

/* Milliseconds that a dying orphan may take to become a zombie. */
#define DYING_LIMIT 100

/*
 * A member leaves its cgroup a moment before it can be reaped: the tree is empty, and its last process is not
 * a zombie yet. Those that are on their way out are waited for, so that PID 1 inherits none of them.
 */
static void reap_dying(struct inbye_loop *loop)
{
        struct proc_stat stat;
        pid_t pids[64];
        ssize_t n = proc_list_children(pids, ARRAY_SIZE(pids));

        for (ssize_t i = 0; i < n && i < (ssize_t)ARRAY_SIZE(pids); i++) {
                scoped(fd_closep) int pidfd = -1;

                if (proc_read_stat(pids[i], &stat) < 0 || !stat.exiting)
                        continue;
                pidfd = sys_pidfd_open(pids[i]);
                if (pidfd >= 0)
                        sys_pidfd_wait(pidfd, DYING_LIMIT);
        }
        loop_reap_now(loop);
}

void reaper_deinit(struct inbye_loop *loop)
{
        if (!loop->reaps)
                return;
        loop_reap_now(loop);
        reap_dying(loop);
        prctl(PR_SET_CHILD_SUBREAPER, 0L, 0L, 0L, 0L);
        inbye_watch_free(loop->reap_watch);
        loop->reap_watch = NULL;
        loop->reaps = false;
        atomic_flag_clear(&process_reaps);
}
