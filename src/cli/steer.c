/* SPDX-License-Identifier: MIT */
/*
 * Signals and job control of `inbye run`.
 *
 * Somebody's TERM, INT, HUP or QUIT is the wish that the command ends, and so is whatever else would end us
 * by default (XCPU, ALRM...): the tree gets that signal, SIGKILL after a grace, and a second one shortens the
 * grace to nothing. A key of the terminal is not such a wish: without inbye the kernel would send its signal
 * to the command, which may take it as it likes (an interpreter's prompt survives Ctrl-C), so it is passed on
 * and nothing more. The two are told apart by the sender: the kernel has no pid, and we are in the
 * foreground. What was ignored when inbye started (nohup) stays ignored: no watch.
 *
 * When the command is stopped by the terminal, so are we, with the same signal, for the shell above us to
 * see; before that the tree is frozen and every clock of it stops. SIGCONT turns all that back. A SIGSTOP is
 * different: a command that stops itself would then stop its own timeout, so its clocks go on and it is
 * ended in time. The kernel has no event for a stop but SIGCHLD, which the loop's reaper watches: so we look
 * each time the loop has turned.
 */
#include "cli/steer.h"
#include "base/scope.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Besides those that would end us. */
static const int watched[] = { SIGWINCH, SIGTSTP, SIGCONT };

static void cancel(struct steer *steer, int signo)
{
        bool again = steer->cancel_signo != 0;

        if (!again)
                steer->cancel_signo = signo;
        inbye_process_cancel(steer->process, again ? SIGKILL : signo, again ? 0 : steer->cancel_grace_ns);
}

static bool is_key(const struct steer *steer, int signo, pid_t sender)
{
        return (signo == SIGINT || signo == SIGQUIT) && sender == 0 && terminal_is_ours(&steer->terminal);
}

static void end_or_pass_on(struct steer *steer, int signo, pid_t sender)
{
        if (!is_key(steer, signo, sender)) {
                cancel(steer, signo);
                return;
        }
        steer->key_signo = signo;
        inbye_process_signal(steer->process, signo);
}

static bool may_have_terminal(const struct steer *steer)
{
        return !steer->own_session && terminal_is_ours(&steer->terminal);
}

static void pass_on(struct steer *steer, int signo)
{
        /* a shell's `fg` of a job that was running in the background */
        if (signo == SIGCONT && !steer->own_session && terminal_is_for_command(&steer->terminal))
                terminal_give(&steer->terminal, getpgid(inbye_process_pid(steer->process)));
        inbye_process_signal(steer->process, signo);
}

static void on_signal(void *userdata, int signo, pid_t sender)
{
        struct steer *steer = userdata;

        switch (signo) {
        case SIGUSR1:
        case SIGUSR2:
        case SIGWINCH:
        case SIGTSTP:
        case SIGCONT:
                pass_on(steer, signo);
                break;
        default:
                end_or_pass_on(steer, signo, sender);
        }
}

/* Our own messages and copies of the output must not stop us while the command has the foreground. */
static void block(int signo)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, signo);
        sigprocmask(SIG_BLOCK, &set, NULL);
}

int steer_open(struct steer *steer, struct inbye_loop *loop)
{
        sigset_t set;

        terminal_open(&steer->terminal);
        block(SIGTTOU);
        cli_deadly_signals(&set);
        for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
                if (!cli_was_ignored(watched[i]))
                        sigaddset(&set, watched[i]);
        return cli_signals_open(&steer->signals, loop, &set, on_signal, steer);
}

int steer_prepare(struct steer *steer, struct inbye_command *command)
{
        int r;

        if (steer->own_session)
                return 0;
        r = inbye_command_set_process_group(command, 1);
        if (r < 0 || !terminal_is_for_command(&steer->terminal))
                return r;
        terminal_note_given(&steer->terminal);
        return inbye_command_set_foreground(command, steer->terminal.fd);
}

/* What woke us is no news: the command gets a SIGCONT anyway. */
static void drop_pending_cont(void)
{
        const struct timespec now = { 0, 0 };
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCONT);
        while (sigtimedwait(&set, NULL, &now) > 0)
                ;
}

/* Returns when somebody continues us; at once where there is no job control (an orphaned process group). */
static void stop_with_command(struct steer *steer, int signo)
{
        bool had_terminal = steer->terminal.given;

        inbye_process_pause(steer->process);
        terminal_take_back(&steer->terminal);
        cli_raise_default(signo);
        block(signo);
        drop_pending_cont();
        if (may_have_terminal(steer) && (had_terminal || terminal_is_for_command(&steer->terminal)))
                terminal_give(&steer->terminal, getpgid(inbye_process_pid(steer->process)));
        inbye_process_resume(steer->process);
        inbye_process_signal(steer->process, SIGCONT);
}

static void look_for_stop(struct steer *steer)
{
        int signo = inbye_process_take_stop(steer->process);

        if (signo <= 0 || signo == SIGSTOP || steer->terminal.fd < 0 || steer->own_session)
                return;
        if ((signo == SIGTTIN || signo == SIGTTOU) && may_have_terminal(steer)) {
                terminal_give(&steer->terminal, getpgid(inbye_process_pid(steer->process)));
                inbye_process_signal(steer->process, SIGCONT);
                return;
        }
        stop_with_command(steer, signo);
}

int steer_until_end(struct steer *steer, struct inbye_loop *loop)
{
        int r;

        while (!inbye_process_result(steer->process)) {
                look_for_stop(steer);
                r = inbye_loop_dispatch(loop, INBYE_FOREVER);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return 0;
}

int steer_key_signal(const struct steer *steer, const struct inbye_result *result)
{
        int signo = inbye_result_signal(result);

        if (inbye_result_status(result) != INBYE_SIGNALED || (signo != SIGINT && signo != SIGQUIT))
                return 0;
        if (steer->key_signo == signo)
                return signo;
        if (!steer->terminal.given)
                return 0;
        if (getpgrp() != getpid())
                kill(0, signo); /* blocked here; we die of it ourselves in a moment */
        return signo;
}

void steer_close(struct steer *steer)
{
        cli_signals_close(&steer->signals);
        terminal_close(&steer->terminal);
}
