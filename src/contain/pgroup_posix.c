/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `pgroup` with nothing but POSIX: a process group whose number belongs to an anchor.
 *
 * Were the command the leader of its group, we could not know when it is empty: as long as the command is not
 * reaped killpg(2) finds its zombie, and once it is the number may be somebody else's, whom a SIGKILL must
 * not reach. So the group is founded by a child of ours, the anchor, which never executes anything; the
 * command joins, and the anchor is moved out into our own group. From then on nobody but members is in the
 * group, and nobody else can have its number, for the anchor's pid it is: killpg(group, 0) says whether
 * anybody is left, and SIGKILL to it is safe at any time. EPERM means that somebody is left whom we may not
 * signal. (Zombies that nobody reaps count, too: POSIX does not tell them apart.)
 *
 * The anchor reads from a pipe whose other end is ours alone. When we are gone it reads the end of file and
 * kills the group: so a tree does not outlive an owner that dies of SIGKILL.
 *
 * Who is in the group nobody tells, and there is no event for its end: whoever waits looks again.
 */
#include "base/error.h"
#include "base/fd.h"
#include "contain/contain.h"
#include "sys/child.h"
#include "sys/closefrom.h"
#include "sys/signals.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pgroup {
        struct contain_tree tree;
        pid_t anchor; /* and number of the group; 0: not made */
        int line_fd;  /* our end of the anchor's pipe; -1 */
};

static struct pgroup *pgroup_of(struct contain_tree *tree)
{
        return CONTAINER_OF(tree, struct pgroup, tree);
}

static int probe(struct contain_probe *ret)
{
        (void)snprintf(ret->detail, sizeof(ret->detail), "setpgid(2) and kill(2), of POSIX alone");
        return 0;
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        struct contain_group *group = calloc(1, sizeof(*group));

        (void)loop;
        if (!group)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another group");
        group->ops = &contain_pgroup;
        *ret = group;
        return 0;
}

static void group_free(struct contain_group *group)
{
        free(group);
}

static int group_claims(struct contain_group *group, const struct contain_tree *except, pid_t pid)
{
        (void)group;
        (void)except;
        (void)pid;
        return CONTAIN_E_UNSURE;
}

/* All signals are blocked in it, and it has no descriptor but its own: it holds no pipe of ours open. */
static void anchor_main(int fd)
{
        char byte;

        sys_close_but(fd);
        while (read(fd, &byte, 1) < 0 && errno == EINTR)
                ;
        (void)kill(-getpid(), SIGKILL);
        _exit(0);
}

/* Its group is ours to set, and ours alone: the anchor's own call might come after we have moved it out. */
static int anchor_fork(struct pgroup *pgroup, int read_fd)
{
        uint64_t mask;
        pid_t pid;
        int r;

        r = sys_signal_mask(UINT64_MAX, &mask);
        if (r < 0)
                return r;
        pid = fork();
        if (pid == 0)
                anchor_main(read_fd);
        r = pid < 0 ? -errno : 0;
        (void)sys_signal_mask(mask, NULL);
        if (r < 0)
                return r;
        pgroup->anchor = pid;
        return setpgid(pid, pid) < 0 ? -errno : 0;
}

static int anchor_start(struct pgroup *pgroup)
{
        scoped(fd_closep) int read_fd = -1;
        int ends[2], r;

        r = fd_pipe(ends);
        if (r < 0)
                return r;
        read_fd = ends[0];
        pgroup->line_fd = ends[1];
        return anchor_fork(pgroup, read_fd);
}

static void tree_free(struct contain_tree *tree)
{
        struct pgroup *pgroup = pgroup_of(tree);

        if (pgroup->anchor) {
                (void)kill(pgroup->anchor, SIGKILL);
                sys_child_reap(-1, pgroup->anchor);
        }
        fd_close(pgroup->line_fd);
        free(pgroup);
}

static int tree_open(struct contain_group *group, struct contain_tree **ret, struct inbye_error *reterr)
{
        struct pgroup *pgroup = calloc(1, sizeof(*pgroup));
        int r;

        (void)group;
        if (!pgroup)
                return error_set(reterr, INBYE_STAGE_LEAF, ENOMEM, "cannot hold another process group");
        pgroup->tree.ops = &contain_pgroup;
        pgroup->line_fd = -1;
        r = anchor_start(pgroup);
        if (r < 0) {
                tree_free(&pgroup->tree);
                return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot found a process group");
        }
        *ret = &pgroup->tree;
        return 0;
}

static void tree_plan(struct contain_tree *tree, struct spawn_plan *plan)
{
        plan->pgroup = SPAWN_PGROUP_JOIN;
        plan->pgroup_joined = pgroup_of(tree)->anchor;
}

/* Should it fail, the anchor stays in: then the group is not empty before it is killed, anchor and all. */
static void tree_started(struct contain_tree *tree, const struct spawned *spawned)
{
        tree->pid = spawned->pid;
        (void)setpgid(pgroup_of(tree)->anchor, getpgrp());
}

static void tree_command_ended(struct contain_tree *tree, bool pinned)
{
        (void)tree;
        (void)pinned; /* the number of the group is not the command's */
}

static int tree_signal(struct contain_tree *tree, int signo, bool cont)
{
        pid_t group = pgroup_of(tree)->anchor;

        if (kill(-group, signo) < 0)
                return errno == ESRCH ? 0 : -errno;
        if (cont)
                (void)kill(-group, SIGCONT);
        return 0;
}

static int tree_kill(struct contain_tree *tree)
{
        return tree_signal(tree, SIGKILL, false);
}

static int tree_freeze(struct contain_tree *tree, bool frozen)
{
        (void)tree;
        (void)frozen;
        return -EOPNOTSUPP;
}

static int tree_pids(struct contain_tree *tree, struct contain_pids *pids)
{
        (void)tree;
        (void)pids;
        return -EOPNOTSUPP;
}

static int tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        (void)tree;
        (void)pid;
        (void)ret_pidfd;
        return -EOPNOTSUPP;
}

static int tree_look(struct contain_tree *tree)
{
        if (kill(-pgroup_of(tree)->anchor, 0) < 0 && errno == ESRCH)
                return 0;
        return CONTAIN_E_POPULATED;
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

const struct contain_ops contain_pgroup = {
        .name = "pgroup",
        .bit = INBYE_MECHANISM_PGROUP,
        .cannot = "hold a process that leaves the process group (setsid, setpgid)",
        .on_owner_death = "group",
        .cannot_hold_sessions = true,
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
