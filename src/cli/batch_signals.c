/* SPDX-License-Identifier: MIT */
/*
 * Signals to inbye batch. The first that would end it (INT, TERM, HUP, QUIT, XCPU, ALRM...) starts nothing
 * more and ends what runs softly, the second kills; readers of our output, who set the pace till then, have
 * some time for what is still to tell. TSTP stops the trees and every clock, then this process.
 * USR1 asks what is running.
 */
#include "base/scope.h"
#include "cli/batch.h"
#include <inttypes.h>
#include <stdio.h>

/* Whoever reads what we write has had its time. */
static void on_patience_end(void *userdata)
{
        struct batch_session *session = userdata;

        if (out_is_empty(session->out))
                return;
        cli_say("a reader is too slow, the rest is lost");
        session->cut_short = true;
        out_drop(session->out);
        inbye_batch_poke(session->batch);
}

static void on_ending_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;

        (void)sender;
        session->n_signals++;
        if (!session->signal)
                session->signal = signo;
        if (session->draining) {
                out_drop(session->out);
                return;
        }
        if (session->n_signals == 1)
                inbye_batch_cancel(session->batch, 0, session->wishes->grace_ns);
        else
                inbye_batch_cancel(session->batch, SIGKILL, 0);
        if (session->n_signals <= 2)
                (void)inbye_watch_rearm(
                        session->patience, session->n_signals == 1 ? CLI_SINK_PATIENCE : INBYE_SECOND);
}

/* In a turn of its own: the loop reads the clock once per turn, and the time in between must not count. */
static void on_resume(void *userdata)
{
        struct batch_session *session = userdata;

        inbye_batch_resume(session->batch);
}

static void on_stop_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;

        sigset_t set;

        (void)sender;
        inbye_batch_pause(session->batch);
        cli_raise_default(signo); /* comes back when we are continued, with the signal unblocked */
        sigemptyset(&set);
        sigaddset(&set, signo);
        sigprocmask(SIG_BLOCK, &set, NULL);          /* the watch needs it so */
        (void)inbye_watch_rearm(session->resume, 1); /* 0 would still be this turn */
}

static void say_held(struct batch_session *session, uint32_t held, uint64_t n_waiting)
{
        char text[96];

        if (n_waiting) {
                snprintf(text, sizeof(text), "%" PRIu64 " waiting for their next attempt", n_waiting);
                out_say(session->out, text);
        }
        if (held) {
                snprintf(text, sizeof(text), "held back by%s%s%s",
                        held & INBYE_BATCH_HELD_LOAD ? " load" : "",
                        held & INBYE_BATCH_HELD_MEMORY ? " memory" : "",
                        held & INBYE_BATCH_HELD_PRESSURE ? " pressure" : "");
                out_say(session->out, text);
        }
}

static void on_ask_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;
        struct inbye_batch_counts counts = { .size = sizeof(counts) };
        char text[80];

        (void)signo;
        (void)sender;
        (void)inbye_batch_counts(session->batch, &counts);
        snprintf(text, sizeof(text), "%" PRIu64 " running, %" PRIu64 " ended", counts.running,
                counts.submitted - counts.running - counts.waiting - counts.not_started);
        out_say(session->out, text);
        say_held(session, counts.held, counts.waiting);
        batch_running_say(batch_observers_find(&session->observers, &batch_running), session->out);
}

/* A file that cannot be read, or makes no sense, changes nothing. */
static void on_width_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;
        struct inbye_error error = { 0 };
        uint32_t width;
        char text[64];

        (void)signo;
        (void)sender;
        if (batch_wishes_read_width(session->wishes->width_path, &width, &error) < 0) {
                out_say(session->out, error.text);
                return;
        }
        (void)inbye_batch_set_width(session->batch, width);
        snprintf(text, sizeof(text), "at most %" PRIu32 " at once", width);
        out_say(session->out, text);
}

static void on_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;

        if (signo == SIGTSTP)
                on_stop_signal(userdata, signo, sender);
        else if (signo == SIGUSR1)
                on_ask_signal(userdata, signo, sender);
        else if (signo == SIGUSR2 && session->wishes->width_path)
                on_width_signal(userdata, signo, sender);
        else
                on_ending_signal(userdata, signo, sender);
}

/* A signal that was ignored when we came (nohup, a background job of sh) stays so. */
int batch_signals_watch(struct batch_session *session)
{
        sigset_t set;
        int r;

        cli_deadly_signals(&set);
        if (!cli_was_ignored(SIGTSTP))
                sigaddset(&set, SIGTSTP);
        r = cli_signals_open(&session->signals, session->loop, &set, on_signal, session);
        if (r >= 0)
                r = inbye_watch_timer(session->loop, INBYE_FOREVER, on_resume, session, &session->resume);
        if (r >= 0)
                r = inbye_watch_timer(
                        session->loop, INBYE_FOREVER, on_patience_end, session, &session->patience);
        return r;
}
