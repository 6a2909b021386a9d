/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `pgroup`: a process group, portable POSIX, for hosts where nothing better may be had.
 *
 * While the command lives or is a zombie that nobody has reaped, its pid, and with it the number of the
 * group, belongs to us: then killpg() is safe, and it is the one call that a group which forks cannot outrun.
 * So the command is reaped last. Only where the host's own wait() took it is the number no longer ours; from
 * then on members are found in /proc and signalled by pidfd alone.
 *
 * Whether anybody but the zombie is left only /proc can tell, by a walk over all processes. Where we are the
 * subreaper it is spared: whoever outlives the command then is a child of ours, or has an ancestor that is.
 * Without /proc the mechanism is refused: every group would look empty while its members are still dying.
 * (With an anchor in place of the command, as in pgroup_posix.c, the group could tell by itself; but a zombie
 * that nobody reaps would keep it alive, and all that is told of members here would be lost for hosts that do
 * not mount /proc.)
 *
 * There is no event for the end of a group: the members' pidfds are waited for. Where there are none, whoever
 * waits has to look again; all else goes by the number of the group.
 */
#include "base/error.h"
#include "base/fd.h"
#include "contain/contain.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pgroup {
        struct contain_tree tree;
        struct list link; /* of the group */
        struct inbye_loop *loop;
        bool ended;  /* the command */
        bool pinned; /* its pid is its own */
};

static struct pgroup *pgroup_of(struct contain_tree *tree)
{
        return CONTAINER_OF(tree, struct pgroup, tree);
}

static int check_proc(struct contain_probe *why)
{
        struct proc_stat own;
        int r = proc_read_stat(getpid(), &own);

        if (r != -ENOENT && r != -EACCES && r != -ESRCH)
                return r;
        snprintf(why->reason, sizeof(why->reason), "who is in a process group cannot be seen: %s",
                r == -ENOENT ? "/proc is not mounted" : "/proc does not show this process");
        snprintf(why->hint, sizeof(why->hint), "mount -t proc proc /proc (as root, in this pid namespace)");
        return -EOPNOTSUPP;
}

static int probe(struct contain_probe *ret)
{
        int r = check_proc(ret);

        if (r < 0)
                return r;
        snprintf(ret->detail, sizeof(ret->detail), "setpgid(2) and killpg(3)");
        return 0;
}

/* Trees of a group have nothing in common here but the loop. */
struct group {
        struct contain_group group;
        struct inbye_loop *loop;
        struct list trees;
};

static int refuse(const struct contain_probe *why, int r, struct inbye_error *reterr)
{
        if (r != -EOPNOTSUPP)
                return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot read /proc");
        error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP, "mechanism %s: %s", contain_pgroup.name,
                why->reason);
        error_hint(reterr, "%s", why->hint);
        return r;
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        struct contain_probe why = { 0 };
        struct group *group;
        int r;

        r = check_proc(&why);
        if (r < 0)
                return refuse(&why, r, reterr);
        group = calloc(1, sizeof(*group));
        if (!group)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another group");
        group->group.ops = &contain_pgroup;
        group->loop = loop;
        list_init(&group->trees);
        *ret = &group->group;
        return 0;
}

static void group_free(struct contain_group *group)
{
        free(CONTAINER_OF(group, struct group, group));
}

static int tree_open(
        struct contain_group *contain_group, struct contain_tree **ret, struct inbye_error *reterr)
{
        struct group *group = CONTAINER_OF(contain_group, struct group, group);
        struct pgroup *made = calloc(1, sizeof(*made));

        if (!made)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another process group");
        made->tree.ops = &contain_pgroup;
        made->loop = group->loop;
        made->pinned = true;
        list_append(&group->trees, &made->link);
        *ret = &made->tree;
        return 0;
}

static void tree_plan(struct contain_tree *tree, struct spawn_plan *plan)
{
        (void)tree;
        if (plan->pgroup == SPAWN_PGROUP_KEEP)
                plan->pgroup = SPAWN_PGROUP_OWN;
}

static void tree_started(struct contain_tree *tree, const struct spawned *spawned)
{
        tree->pid = spawned->pid;
}

static void tree_command_ended(struct contain_tree *tree, bool pinned)
{
        pgroup_of(tree)->ended = true;
        pgroup_of(tree)->pinned = pinned;
}

/* A zombie may be no more than a main thread that has ended before the others. */
static bool is_dead(pid_t pid, char state)
{
        scoped(fd_closep) int pidfd = -1;

        if (state != 'Z' && state != 'X')
                return false;
        pidfd = sys_pidfd_open(pid);
        return pidfd < 0 || sys_pidfd_has_ended(pidfd) != 0;
}

/* Is the process in the group, and not dead? A leader that was born later means that the number was recycled.
 */
static bool is_member(const struct pgroup *pgroup, pid_t pid)
{
        struct proc_stat stat;

        if (pgroup->ended && pid == pgroup->tree.pid)
                return false;
        if (proc_read_stat(pid, &stat) < 0 || stat.pgrp != pgroup->tree.pid)
                return false;
        return !is_dead(pid, stat.state);
}

static bool was_recycled(const struct pgroup *pgroup)
{
        return !pgroup->pinned && (kill(pgroup->tree.pid, 0) == 0 || errno != ESRCH);
}

/* Who has left a group bears no mark of it: where there are several, nobody can say which it was. */
static int group_claims(struct contain_group *contain_group, const struct contain_tree *except, pid_t pid)
{
        struct group *group = CONTAINER_OF(contain_group, struct group, group);
        struct pgroup *pgroup;
        int r = 0;

        LIST_FOREACH (pgroup, &group->trees, struct pgroup, link) {
                if (&pgroup->tree == except)
                        continue;
                if (is_member(pgroup, pid))
                        return CONTAIN_E_CLAIMED;
                r = CONTAIN_E_UNSURE;
        }
        return r;
}

static int tree_pids(struct contain_tree *tree, struct contain_pids *pids)
{
        struct pgroup *pgroup = pgroup_of(tree);
        scoped(freep) pid_t *found = NULL;
        size_t room = 64;
        ssize_t n;
        int r = 0;

        if (was_recycled(pgroup) || (pgroup->ended && !loop_may_have_orphans(pgroup->loop)))
                return 0;
        for (;;) {
                pid_t *grown = array_resize(found, room, sizeof(*found));

                if (!grown)
                        return -ENOMEM;
                found = grown;
                n = proc_list_pgrp(tree->pid, found, room);
                if (n < 0)
                        return (int)n;
                if ((size_t)n <= room)
                        break;
                room = 2 * (size_t)n;
        }
        for (ssize_t i = 0; i < n && r == 0; i++)
                if (is_member(pgroup, found[i]))
                        r = contain_pids_add(pids, found[i]);
        return r;
}

static int tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(pid);

        if (pidfd < 0)
                return pidfd == -ESRCH ? CONTAIN_E_GONE : pidfd;
        if (!is_member(pgroup_of(tree), pid) || sys_pidfd_has_ended(pidfd) != 0)
                return CONTAIN_E_GONE;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}

/* EPERM: none of them may be signalled by us, or so it looks from here. */
static int tree_signal(struct contain_tree *tree, int signo, bool cont)
{
        if (!pgroup_of(tree)->pinned)
                return -EOPNOTSUPP;
        if (kill(-tree->pid, signo) < 0)
                return errno == ESRCH ? 0 : errno == EPERM ? -EOPNOTSUPP : -errno;
        if (cont)
                (void)kill(-tree->pid, SIGCONT);
        return 0;
}

static int tree_kill(struct contain_tree *tree)
{
        return contain_signal(tree, SIGKILL, false);
}

static int tree_freeze(struct contain_tree *tree, bool frozen)
{
        (void)tree;
        (void)frozen;
        return -EOPNOTSUPP;
}

static int tree_look(struct contain_tree *tree)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        int r;

        if (!pgroup_of(tree)->ended)
                return CONTAIN_E_POPULATED;
        r = tree_pids(tree, &pids);
        if (r < 0)
                return r;
        return pids.n ? CONTAIN_E_POPULATED : 0;
}

static int tree_event_fd(struct contain_tree *tree)
{
        (void)tree;
        return -1;
}

static void tree_usage(struct contain_tree *tree, struct inbye_usage *usage)
{
        (void)tree;
        (void)usage; /* a process group accounts for nothing */
}

static void tree_free(struct contain_tree *tree)
{
        list_unlink(&pgroup_of(tree)->link);
        free(pgroup_of(tree));
}

const struct contain_ops contain_pgroup = {
        .name = "pgroup",
        .bit = INBYE_MECHANISM_PGROUP,
        .cannot = "hold a process that leaves the process group (setsid, setpgid)",
        .on_owner_death = "nothing",
        .pinned_by_command = true,
        .probe = probe,
        .group_open = group_open,
        .group_free = group_free,
        .group_claims = group_claims,
        .tree_open = tree_open,
        .tree_plan = tree_plan,
        .tree_started = tree_started,
        .tree_wait_fd = contain_child_wait_fd,
        .tree_wait = contain_child_wait,
        .tree_command_ended = tree_command_ended,
        .tree_kill = tree_kill,
        .tree_signal = tree_signal,
        .tree_freeze = tree_freeze,
        .tree_pids = tree_pids,
        .tree_pin = tree_pin,
        .tree_look = tree_look,
        .tree_event_fd = tree_event_fd,
        .tree_usage = tree_usage,
        .tree_free = tree_free,
};
