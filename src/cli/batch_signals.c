/* SPDX-License-Identifier: MIT */
/*
 * Signals to inbye batch. The first INT, TERM, HUP or QUIT starts nothing more and ends what runs softly, the
 * second kills. TSTP stops the trees and every clock, then this process. USR1 asks what is running.
 */
#include "base/scope.h"
#include "cli/batch.h"
#include <inttypes.h>
#include <stdio.h>

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
_Static_assert(ARRAY_SIZE(ending_signals) + 2 <= BATCH_N_WATCHES, "a place for each signal");

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

static void on_ask_signal(void *userdata, int signo, pid_t sender)
{
        struct batch_session *session = userdata;
        struct inbye_batch_counts counts = { .size = sizeof(counts) };
        char text[80];

        (void)signo;
        (void)sender;
        (void)inbye_batch_counts(session->batch, &counts);
        snprintf(text, sizeof(text), "%" PRIu64 " running, %" PRIu64 " ended", counts.running,
                counts.submitted - counts.running - counts.not_started);
        out_say(session->out, text);
        batch_running_say(batch_observers_find(&session->observers, &batch_running), session->out);
}

/* A signal that was ignored when we came (nohup, a background job of sh) stays so. */
static int watch_signal(struct batch_session *session, size_t place, int signo, inbye_watch_signal_fn fn)
{
        if (cli_was_ignored(signo))
                return 0;
        return inbye_watch_signal(session->loop, signo, fn, session, &session->watches[place]);
}

int batch_signals_watch(struct batch_session *session)
{
        size_t n = ARRAY_SIZE(ending_signals);
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = watch_signal(session, i, ending_signals[i], on_ending_signal);
        if (r >= 0)
                r = watch_signal(session, n, SIGTSTP, on_stop_signal);
        if (r >= 0)
                r = watch_signal(session, n + 1, SIGUSR1, on_ask_signal);
        if (r >= 0)
                r = inbye_watch_timer(session->loop, INBYE_FOREVER, on_resume, session, &session->resume);
        return r;
}
