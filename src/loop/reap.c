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
#include "loop/internal.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static atomic_flag process_reaps = ATOMIC_FLAG_INIT;

void loop_child_add(struct inbye_loop *loop, struct loop_child *child)
{
        list_append(&loop->children, &child->link);
}

void loop_child_remove(struct loop_child *child)
{
        if (child->link.next)
                list_unlink(&child->link);
}

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

bool loop_may_have_orphans(struct inbye_loop *loop)
{
        pid_t pids[64];
        ssize_t n;

        if (!loop->reaps)
                return true;
        n = proc_list_children(pids, ARRAY_SIZE(pids));
        if (n < 0 || n > (ssize_t)ARRAY_SIZE(pids))
                return true;
        for (ssize_t i = 0; i < n; i++)
                if (!find_child(loop, pids[i]))
                        return true;
        return false;
}

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
