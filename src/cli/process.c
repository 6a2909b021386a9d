/* SPDX-License-Identifier: MIT */
/*
 * The process that inbye itself is: what it was started with, and how it dies.
 *
 * Descriptors 0 to 2 may be closed at the start: a pipe made later would then take their numbers and end up
 * as the command's standard input. /dev/null goes there first, close-on-exec: to the command they are closed.
 * SIGCHLD may be ignored: the kernel would then reap our children for us and their statuses were lost; it is
 * ignored in the command again. SIGPIPE is blocked, not ignored, because the
 * command inherits what is ignored: a write of ours gives EPIPE, and the command sees the pipe's signal as
 * ever.
 */
#include "base/error.h"
#include "base/misc.h"
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct cli_origin cli_origin;

/* The signals that a subcommand may watch, or leave alone where they were ignored. */
static const int noted[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGTSTP,
        SIGTTIN, SIGTTOU, SIGCONT, SIGPIPE, SIGCHLD };

static void open_standard_descriptors(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the lowest free number */
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

void cli_process_init(void)
{
        struct sigaction action;
        sigset_t write_set;

        open_standard_descriptors();
        for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++)
                if (sigaction(noted[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
                        cli_origin.ignored |= UINT64_C(1) << (noted[i] - 1);
        if (cli_was_ignored(SIGCHLD))
                signal(SIGCHLD, SIG_DFL);
        sigemptyset(&write_set);
        sigaddset(&write_set, SIGPIPE);
        sigaddset(&write_set, SIGXFSZ); /* a report that grows too large is EFBIG, not our death */
        sigprocmask(SIG_BLOCK, &write_set, &cli_origin.mask);
}

bool cli_was_ignored(int signo)
{
        return cli_origin.ignored & (UINT64_C(1) << (signo - 1));
}

/* Faults are not caught, so that they end us where they are, under a debugger or sanitizer as well. */
static bool is_deadly(int signo)
{
        switch (signo) {
        case SIGKILL:
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
        case SIGCONT:
        case SIGCHLD:
        case SIGURG:
        case SIGWINCH: /* do not end a process, or cannot be waited for */
        case SIGPIPE:
        case SIGXFSZ: /* blocked for good, see above */
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
        case SIGTRAP:
        case SIGABRT:
                return false;
        default:
                return true;
        }
}

void cli_deadly_signals(sigset_t *ret)
{
        struct sigaction action;

        sigemptyset(ret);
        for (int signo = 1; signo <= SIGRTMAX; signo++)
                if (is_deadly(signo) && sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
                        sigaddset(ret, signo);
}

uint64_t cli_origin_mask(void)
{
        uint64_t mask = 0;

        for (int signo = 1; signo <= 64; signo++)
                if (sigismember(&cli_origin.mask, signo) == 1)
                        mask |= UINT64_C(1) << (signo - 1);
        return mask;
}

int cli_pass_ignored(struct inbye_command *command)
{
        int r = inbye_command_set_inherit_ignored(command, 1);

        if (r < 0 || !cli_was_ignored(SIGCHLD))
                return r;
        return inbye_command_set_ignored_signals(command, UINT64_C(1) << (SIGCHLD - 1));
}

void cli_raise_default(int signo)
{
        sigset_t set;

        signal(signo, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, signo);
        raise(signo);
        sigprocmask(SIG_UNBLOCK, &set, NULL); /* it is taken here, whether it was blocked or not */
}

void cli_die_of(int signo)
{
        fflush(NULL);
        forbid_core();
        cli_raise_default(signo);
        _exit(128 + signo);
}

/* The loop of a subcommand: whatever of its trees loses its parent becomes our child, and is reaped. */
int cli_loop_open(struct inbye_loop **ret, struct inbye_error *reterr)
{
        int r = inbye_loop_open(ret);

        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot make an event loop");
        r = inbye_loop_reap_orphans(*ret);
        if (r == 0 || r == -EOPNOTSUPP) /* a system that has no such thing, and a mechanism that needs none */
                return 0;
        inbye_loop_free(*ret);
        *ret = NULL;
        error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot become the reaper of orphans");
        error_hint(reterr,
                "prctl(PR_SET_CHILD_SUBREAPER) is needed: Linux 3.4, and no seccomp filter against it");
        return r;
}
