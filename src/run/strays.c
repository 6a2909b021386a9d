/* SPDX-License-Identifier: MIT */
/*
 * Strays: processes that came of a command and got away from what holds its tree (walked out of their leaf,
 * left their process group).
 *
 * Once the tree is empty, the parents that a stray had in it are dead. Where this process is the subreaper
 * the stray has become its child; and a child that nobody registered, and that is no member of a tree which
 * still runs, can be nothing else. It is killed; what it had made comes to us in turn; so it goes round until
 * nobody new is found. A child that we have not reaped keeps its pid: it can be killed by number.
 *
 * Where children may also come from elsewhere (loop_list_orphans()) nobody is touched, and the result says
 * that it is not known. Marking the members of a tree instead, by a variable of their environment, was
 * rejected: the command would see it, a stray can drop it, and every end would walk over all processes.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "run/run.h"
#include "sys/child.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* So often at once, against chains that hop from child to child, before the loop goes on. */
#define ROUNDS 128

/* One search. */
struct search {
        struct inbye_process *process;
        bool alone;     /* no other tree of the loop runs */
        bool blind;     /* somebody could not be judged */
        bool found_new; /* somebody was found who was not known, or known to be dead: look again */
        bool waits;     /* somebody was on the way out in the last round */
};

/* --- judging -------------------------------------------------------------------------------------------- */

static bool runs_another(const struct inbye_group *group, const struct inbye_process *process)
{
        struct inbye_process *other;

        LIST_FOREACH (other, &group->processes, struct inbye_process, link)
                if (other != process && other->state != PROCESS_ENDED)
                        return true;
        return false;
}

static bool is_alone(const struct inbye_process *process)
{
        struct inbye_group *group;

        LIST_FOREACH (group, loop_groups(process->loop), struct inbye_group, link)
                if (runs_another(group, process))
                        return false;
        return true;
}

/* 0: of no tree that still runs; else as group_claims(). */
static int ask_groups(const struct inbye_process *process, pid_t pid)
{
        struct inbye_group *group;
        int answer = 0;

        LIST_FOREACH (group, loop_groups(process->loop), struct inbye_group, link) {
                int r = group_ops(group)->group_claims(group->contain, process->tree, pid);

                if (r == CONTAIN_E_CLAIMED)
                        return r;
                if (r != 0)
                        answer = r;
        }
        return answer;
}

/* Where others run it may be older than the command, and theirs. */
static bool is_too_old(const struct search *search, const struct proc_stat *stat)
{
        return !search->alone && stat->start_ticks < search->process->started_ticks;
}

/* --- ending --------------------------------------------------------------------------------------------- */

static size_t find(const struct strays *strays, pid_t pid)
{
        size_t i;

        for (i = 0; i < strays->pids.n && strays->pids.pids[i] != pid; i++)
                ;
        return i;
}

/* The first ones, in the order of the pids. */
static void describe_last(struct inbye_process *process)
{
        struct strays *strays = &process->strays;
        size_t last = strays->pids.n - 1;

        if (last == 0)
                strays->escaped = calloc(LEFTOVERS_KNOWN, sizeof(*strays->escaped));
        if (strays->escaped && last < LEFTOVERS_KNOWN)
                leftover_describe(
                        process, strays->pids.pids[last], &strays->escaped[strays->n_escaped_known++]);
}

static void note(struct search *search, pid_t pid)
{
        struct strays *strays = &search->process->strays;

        if (find(strays, pid) < strays->pids.n)
                return;
        search->found_new = true;
        if (contain_pids_add(&strays->pids, pid) < 0)
                search->blind = true;
        else
                describe_last(search->process);
}

static void note_stuck(struct search *search, pid_t pid)
{
        struct strays *strays = &search->process->strays;
        size_t i = find(strays, pid);

        strays->stuck = true;
        if (i < strays->n_escaped_known)
                strays->escaped[i].public.unkillable = 1;
}

static void kill_stray(struct search *search, pid_t pid, int *pidfd)
{
        note(search, pid);
        /* It runs with rights that we lack. */
        if (kill(pid, SIGKILL) < 0 && errno == EPERM) {
                note_stuck(search, pid);
                return;
        }
        search->waits = true;
        end_pin(search->process, pid, TAKE_FD(*pidfd));
}

/* A member that has left the tree and is not yet a zombie: what it made is not ours yet. */
static bool is_leaving(struct search *search, pid_t pid)
{
        struct contain_tree *tree = search->process->tree;
        int pidfd = -1;

        if (tree->ops->tree_pin(tree, pid, &pidfd) != 0)
                return false;
        search->waits = true;
        end_pin(search->process, pid, pidfd);
        return true;
}

/* It may have lived when the list was read: then what it had made came to us behind the list. One that its
 * tracer keeps from us is dead as well; its children have come. */
static bool reap_dead(struct search *search, int pidfd, pid_t pid)
{
        bool dead = sys_child_has_ended(pidfd, pid) == 1;
        struct sys_wait wait;

        if (sys_wait(-1, pid, WEXITED, &wait) == 0 && wait.code)
                search->found_new = dead = true;
        return dead;
}

static void judge_orphan(struct search *search, pid_t pid)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(pid);
        struct proc_stat stat;
        int r;

        if (reap_dead(search, pidfd, pid))
                return;
        if (is_leaving(search, pid))
                return;
        r = proc_read_stat(pid, &stat);
        if (r == 0 && is_too_old(search, &stat))
                return;
        if (r == 0)
                r = ask_groups(search->process, pid);
        if (r == 0)
                kill_stray(search, pid, &pidfd);
        else if (r != CONTAIN_E_CLAIMED && r != -ESRCH)
                search->blind = true;
}

static void look_round(struct search *search)
{
        scoped(freep) pid_t *pids = NULL;
        ssize_t n = loop_list_orphans(search->process->loop, &pids);

        if (n < 0)
                search->blind = true;
        for (ssize_t i = 0; i < n; i++)
                judge_orphan(search, pids[i]);
}

bool strays_end(struct inbye_process *process)
{
        struct search search = { .process = process, .found_new = true };

        if (!process->tree->ops->cannot) {
                process->strays.known = true;
                return false;
        }
        search.alone = is_alone(process);
        loop_reap_now(process->loop);
        for (int i = 0; i < ROUNDS && search.found_new; i++) {
                search.found_new = search.waits = false;
                look_round(&search);
        }
        process->strays.known = !search.blind;
        return search.waits || search.found_new;
}

/* --- telling -------------------------------------------------------------------------------------------- */

void strays_give_up(struct inbye_process *process)
{
        struct strays *strays = &process->strays;
        struct proc_stat stat;

        for (size_t i = 0; i < strays->n_escaped_known; i++)
                if (proc_read_stat(strays->pids.pids[i], &stat) == 0 && stat.ppid == getpid() &&
                        stat.state != 'Z')
                        strays->escaped[i].public.unkillable = 1;
}

void strays_fill_result(struct inbye_process *process, struct inbye_result *result)
{
        struct strays *strays = &process->strays;

        result->n_escaped = strays->known || strays->pids.n ? strays->pids.n : INBYE_UNKNOWN;
        result->n_escaped_known = strays->n_escaped_known;
        result->escaped = TAKE(strays->escaped);
}

void strays_deinit(struct strays *strays)
{
        contain_pids_deinit(&strays->pids);
        free(strays->escaped);
        strays->escaped = NULL;
}
