/* SPDX-License-Identifier: MIT */
/*
 * The child between clone and exec: a straight list of steps, each with the stage that is reported when it
 * fails.
 *
 * All of it runs with every signal blocked and mostly in the parent's memory, while the parent's thread
 * sleeps and its other threads do not. Hence the rules: system calls only; nothing allocated, locked, logged
 * or cleaned up; nothing written but the report and locals. Raw calls where the C library would
 * do more than the call (ids). Everything that can be worked out beforehand was, in the plan and the lookup.
 *
 * The order is part of the meaning: first into the leaf, so that nothing happens outside it; the
 * terminal while SIGTTOU is still blocked; descriptors before the limit on their number; priorities and
 * limits before the ids that may not raise them; what a sandbox takes away (confine.c) as soon as nothing of
 * ours needs it any more; the signal mask last, when nothing of ours can be
 * interrupted any more. From the mask on a signal may end the child with nothing more to say: that counts as
 * an end of the program, so `ready` is said before.
 */
#include "spawn/child.h"
#include "spawn/confine.h"
#include "sys/clone.h"
#include "sys/closefrom.h"
#include "sys/ids.h"
#include "sys/misc.h"
#include "sys/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

CHILD_SIDE static int result(long r)
{
        return r < 0 ? -errno : 0;
}

/* A belt only: it follows the thread that is the holder's, and a set-id exec clears it. So does a change of
 * ids: hence a second time after that. A holder that had died before sends nothing. */
CHILD_SIDE static int step_belt(struct spawn_child *child)
{
        int r;

        child->report.detail = SPAWN_HOLDER_SETTLE;
        if (!child->plan->holder)
                return 0;
        r = sys_die_with_parent();
        return r == 0 && getppid() != child->holder_pid ? -ESRCH : r;
}

CHILD_SIDE static int step_join(struct spawn_child *child)
{
        return child->procs_fd < 0 ? 0 : result(write(child->procs_fd, "0", 1));
}

CHILD_SIDE static int step_join_more(struct spawn_child *child)
{
        size_t i;

        for (i = 0; i < child->plan->n_join_fds; i++)
                if (write(child->plan->join_fds[i], "0", 1) < 0)
                        return -errno;
        return 0;
}

CHILD_SIDE static int step_session(struct spawn_child *child)
{
        switch (child->plan->pgroup) {
        case SPAWN_PGROUP_SESSION:
                child->report.detail = SPAWN_SETSID;
                return result(setsid());
        case SPAWN_PGROUP_OWN:
                child->report.detail = SPAWN_SETPGID;
                return result(setpgid(0, 0));
        case SPAWN_PGROUP_JOIN:
                child->report.detail = SPAWN_SETPGID;
                return result(setpgid(0, child->plan->pgroup_joined));
        case SPAWN_PGROUP_KEEP:
                break;
        }
        return 0;
}

CHILD_SIDE static int step_foreground(struct spawn_child *child)
{
        child->report.detail = SPAWN_FOREGROUND;
        return child->plan->foreground_fd < 0 ? 0 : result(tcsetpgrp(child->plan->foreground_fd, getpgrp()));
}

/* A source that a lower number would overwrite before its turn gets out of the way first. The copy is the
 * child's alone: descriptor tables are not shared. */
CHILD_SIDE static int move_sources(volatile struct spawn_report *report, int sources[3])
{
        int i, source;

        for (i = 1; i < 3; i++) {
                source = sources[i];
                if (source < 0 || source >= i || sources[source] == source)
                        continue;
                report->detail = source;
                sources[i] = fcntl(source, F_DUPFD_CLOEXEC, 3);
                if (sources[i] < 0)
                        return -errno;
        }
        return 0;
}

CHILD_SIDE static int place(int source, int number)
{
        if (source < 0) {
                close(number); /* or it was closed before */
                return 0;
        }
        if (source == number)
                return result(fcntl(number, F_SETFD, 0));
        return result(dup2(source, number));
}

/* detail: the descriptor that could not be placed. */
CHILD_SIDE static int step_stdio(struct spawn_child *child)
{
        int sources[3] = { child->plan->stdio[0], child->plan->stdio[1], child->plan->stdio[2] };
        int i, r;

        r = move_sources(&child->report, sources);
        for (i = 0; i < 3 && r == 0; i++) {
                child->report.detail = child->plan->stdio[i];
                r = place(sources[i], i);
        }
        return r;
}

/* detail: the descriptor that could not be kept. */
CHILD_SIDE static int step_keep(struct spawn_child *child)
{
        size_t i;

        sys_cloexec_from(3);
        for (i = 0; i < child->plan->n_keep_fds; i++) {
                child->report.detail = child->plan->keep_fds[i];
                if (fcntl(child->plan->keep_fds[i], F_SETFD, 0) < 0)
                        return -errno;
        }
        return 0;
}

CHILD_SIDE static int step_chdir(struct spawn_child *child)
{
        const struct spawn_sandbox *sandbox = child->plan->sandbox;

        if (!child->plan->cwd || (sandbox && sandbox->cwd))
                return 0; /* the sandbox has entered it */
        return result(chdir(child->plan->cwd));
}

/* Cannot fail. */
CHILD_SIDE static int step_umask(struct spawn_child *child)
{
        if (child->plan->set_umask)
                umask(child->plan->umask);
        return 0;
}

CHILD_SIDE static int step_nice(struct spawn_child *child)
{
        return child->plan->set_nice ? result(setpriority(PRIO_PROCESS, 0, child->plan->nice)) : 0;
}

CHILD_SIDE static int step_ioprio(struct spawn_child *child)
{
        const struct spawn_plan *plan = child->plan;

        return plan->set_ioprio ? sys_ioprio_set(plan->io_class, plan->io_level) : 0;
}

CHILD_SIDE static int step_affinity(struct spawn_child *child)
{
        return child->plan->affinity ? sys_affinity_set(child->plan->affinity) : 0;
}

/* detail: the index of the limit. */
CHILD_SIDE static int step_rlimits(struct spawn_child *child)
{
        size_t i;

        for (i = 0; i < child->plan->n_rlimits; i++) {
                const struct spawn_rlimit *rlimit = &child->plan->rlimits[i];

                child->report.detail = (int)i;
                if (setrlimit(rlimit->resource, &rlimit->limit) < 0)
                        return -errno;
        }
        return 0;
}

CHILD_SIDE static int step_groups(struct spawn_child *child)
{
        const struct spawn_plan *plan = child->plan;

        return plan->set_groups ? sys_set_groups(plan->groups, plan->n_groups) : 0;
}

CHILD_SIDE static int step_gid(struct spawn_child *child)
{
        return child->plan->set_gid ? sys_set_gid(child->plan->gid) : 0;
}

CHILD_SIDE static int step_uid(struct spawn_child *child)
{
        return child->plan->set_uid ? sys_set_uid(child->plan->uid) : 0;
}

CHILD_SIDE static void send_report(const struct spawn_child *child)
{
        struct spawn_report record = child->report;

        if (child->report_fd >= 0 && write(child->report_fd, &record, sizeof(record)) < 0)
                _exit(127); /* nobody is there to be told */
}

/* Each action is a call of its own: 9 us for all of them, twice that where they are looked up first. A child
 * that is to ignore what its owner ignores needs none of it where the clone has taken the handlers away. */
CHILD_SIDE static int reset_signals(const struct spawn_plan *plan)
{
        if (!plan->inherit_ignored)
                return sys_signals_reset(plan->signals_ignored);
        if (!plan->signals_ignored && sys_clone_cleared_handlers())
                return 0;
        return sys_signals_reset(plan->signals_ignored | sys_signals_ignored());
}

CHILD_SIDE static int step_signals(struct spawn_child *child)
{
        int r = reset_signals(child->plan);

        if (r < 0)
                return r;
        child->report.ready = 1;
        send_report(child);
        return sys_signal_mask(child->plan->signal_mask, NULL);
}

CHILD_SIDE static int execute(const struct spawn_child *child, const char *path)
{
        static char *const nothing[] = { NULL };
        char *const *envp = child->plan->envp ? (char *const *)child->plan->envp : nothing;

        execve(path, (char *const *)child->plan->argv, envp);
        if (errno == ENOEXEC && child->lookup->shell_argv) {
                child->lookup->shell_argv[1] = path;
                execve(child->lookup->shell_argv[0], (char *const *)child->lookup->shell_argv, envp);
        }
        return -errno;
}

/* The search goes on after these; all other errors end it. */
CHILD_SIDE static bool is_elsewhere(int r)
{
        return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ENAMETOOLONG || r == -ESTALE ||
               r == -ENODEV || r == -ETIMEDOUT;
}

/* detail: the candidate that the errno is about. One that may not be executed says more than all that are
 * not there. */
CHILD_SIDE static int step_exec(struct spawn_child *child)
{
        const struct spawn_lookup *lookup = child->lookup;
        int verdict = -ENOENT;
        size_t i;

        for (i = 0; i < lookup->n_paths; i++) {
                int r = execute(child, lookup->paths[i]);

                if (!is_elsewhere(r) || lookup->n_paths == 1) {
                        child->report.detail = (int)i;
                        return r;
                }
                if (r == -EACCES && verdict != -EACCES) {
                        child->report.detail = (int)i;
                        verdict = r;
                }
        }
        return verdict;
}

CHILD_SIDE void spawn_put_number(char *text, int number)
{
        char digits[12];
        int n = 0;

        if (number < 0) {
                *text++ = '-';
                number = -number;
        }
        do
                digits[n++] = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        while (n > 0)
                *text++ = digits[--n];
        *text = '\0';
}

/* The environment that the program is about to get may have to name its pid, which nobody knew before. */
CHILD_SIDE static int step_pid_text(struct spawn_child *child)
{
        if (child->plan->pid_text)
                spawn_put_number(child->plan->pid_text, getpid());
        return 0;
}

static const struct {
        enum inbye_stage stage;
        int (*run)(struct spawn_child *child);
} steps[] = {
        { INBYE_STAGE_MECHANISM, step_belt },
        { INBYE_STAGE_JOIN, step_join },
        { INBYE_STAGE_JOIN, step_join_more },
        { INBYE_STAGE_SESSION, step_session },
        { INBYE_STAGE_SESSION, step_foreground },
        { INBYE_STAGE_STDIO, step_stdio },
        { INBYE_STAGE_STDIO, step_keep },
        { INBYE_STAGE_SANDBOX, confine_place },
        { INBYE_STAGE_CHDIR, step_chdir },
        { INBYE_STAGE_CHDIR, step_umask },
        { INBYE_STAGE_NICE, step_nice },
        { INBYE_STAGE_IOPRIO, step_ioprio },
        { INBYE_STAGE_AFFINITY, step_affinity },
        { INBYE_STAGE_RLIMIT, step_rlimits },
        { INBYE_STAGE_SANDBOX, confine_bound },
        { INBYE_STAGE_GROUPS, step_groups },
        { INBYE_STAGE_GID, step_gid },
        { INBYE_STAGE_UID, step_uid },
        { INBYE_STAGE_MECHANISM, step_belt },
        { INBYE_STAGE_SANDBOX, confine_drop },
        { INBYE_STAGE_EXEC, step_pid_text },
        { INBYE_STAGE_SIGNALS, step_signals },
        { INBYE_STAGE_SANDBOX, confine_enter },
        { INBYE_STAGE_EXEC, step_exec },
};

CHILD_SIDE void spawn_child_main(void *argument)
{
        struct spawn_child *child = argument;
        size_t i;
        int r = 0;

        for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++) {
                child->report.stage = steps[i].stage;
                child->report.detail = 0;
                r = steps[i].run(child);
        }
        child->report.number = -r;
        send_report(child);
        _exit(127);
}
