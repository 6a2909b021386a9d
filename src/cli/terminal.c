/* SPDX-License-Identifier: MIT */
/*
 * The foreground of the controlling terminal, handed to the command's process group and taken back.
 *
 * The command has a process group of its own, so that `kill 0` in a script of it does not reach us, and the
 * keys for signals have to reach it: so its group becomes the foreground. But only where inbye is a job of
 * its own, the leader of the foreground group, and its output does not go into a pipe. In `inbye run make |
 * less`, or below a script or a make -j, others share our group: they would lose the terminal. There the
 * command starts in the background; signals from the keys come to us and are passed on, and only when the
 * command is stopped because it does use the terminal (SIGTTIN, SIGTTOU) is it handed over. Leaving the
 * command in our group was rejected: simpler, but its `kill -9 0` would take us along and let the rest
 * of the tree stray.
 */
#include "cli/terminal.h"
#include "base/fd.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

void terminal_open(struct terminal *terminal)
{
        *terminal = (struct terminal)TERMINAL_INIT;
        terminal->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

void terminal_close(struct terminal *terminal)
{
        terminal_take_back(terminal);
        terminal->fd = fd_close(terminal->fd);
}

bool terminal_is_ours(const struct terminal *terminal)
{
        return terminal->fd >= 0 && tcgetpgrp(terminal->fd) == getpgrp();
}

static bool is_pipe(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

bool terminal_is_for_command(const struct terminal *terminal)
{
        if (!terminal_is_ours(terminal) || getpgrp() != getpid())
                return false;
        return !is_pipe(STDIN_FILENO) && !is_pipe(STDOUT_FILENO) && !is_pipe(STDERR_FILENO);
}

/* From the background the call would stop us by SIGTTOU. */
static void set_foreground(int fd, pid_t group)
{
        sigset_t set, old;

        sigemptyset(&set);
        sigaddset(&set, SIGTTOU);
        sigprocmask(SIG_BLOCK, &set, &old);
        /* fails when the terminal has hung up, or the group has gone: then nobody misses it */
        (void)tcsetpgrp(fd, group);
        sigprocmask(SIG_SETMASK, &old, NULL);
}

void terminal_note_given(struct terminal *terminal)
{
        if (!terminal->saved)
                terminal->saved = tcgetattr(terminal->fd, &terminal->modes) == 0;
        terminal->given = true;
}

void terminal_give(struct terminal *terminal, pid_t group)
{
        terminal_note_given(terminal);
        set_foreground(terminal->fd, group);
}

void terminal_take_back(struct terminal *terminal)
{
        if (!terminal->given)
                return;
        terminal->given = false;
        set_foreground(terminal->fd, getpgrp());
}

void terminal_restore_modes(struct terminal *terminal)
{
        if (terminal->saved && terminal_is_ours(terminal))
                tcsetattr(terminal->fd, TCSADRAIN, &terminal->modes);
}
