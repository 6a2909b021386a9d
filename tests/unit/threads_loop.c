/* SPDX-License-Identifier: MIT */
/*
 * Tokens fired from other threads, by a plain program: ThreadSanitizer does not start under Criterion.
 *
 * Loops in threads of their own wait for tokens that other threads and a signal handler fire; each token has
 * one loop too many waiting for it, and is freed by whoever comes last.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "loop/cancel.h"
#include "loop/loop.h"
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define N_TOKENS 8
#define N_WAITERS 4
#define N_FIRERS 4
#define N_ROUNDS 20

static struct inbye_cancel *tokens[N_TOKENS];
static int n_passed, n_failed;

static void check(bool good, const char *what)
{
        if (good)
                n_passed++;
        else
                n_failed++;
        if (!good)
                printf("not ok %s\n", what);
}

struct waiter {
        struct loop_io io[N_TOKENS];
        int n_seen;
        bool failed;
};

static void on_fired(struct loop_io *io, uint32_t events)
{
        (void)events;
        loop_io_remove(io);
}

static int n_added(const struct waiter *waiter)
{
        int n = 0;

        for (int i = 0; i < N_TOKENS; i++)
                n += waiter->io[i].loop != NULL;
        return n;
}

/* Wait until every token was seen once. */
static void *wait_for_tokens(void *userdata)
{
        struct waiter *waiter = userdata;
        struct inbye_loop *loop = NULL;
        struct inbye_cancel *mine[N_TOKENS];
        int fds[N_TOKENS];

        waiter->failed = inbye_loop_open(&loop) < 0;
        for (int i = 0; i < N_TOKENS; i++) {
                mine[i] = cancel_ref(tokens[i]);
                fds[i] = cancel_dup_fd(tokens[i]);
                waiter->failed |= loop_io_add(loop, &waiter->io[i], fds[i], EPOLLIN, on_fired) < 0;
        }
        while (!waiter->failed && n_added(waiter) > 0)
                waiter->failed = inbye_loop_dispatch(loop, 20 * INBYE_SECOND) <= 0;
        for (int i = 0; i < N_TOKENS; i++) {
                waiter->n_seen += inbye_cancel_is_fired(mine[i]);
                loop_io_remove(&waiter->io[i]);
                fd_close(fds[i]);
                inbye_cancel_free(mine[i]);
        }
        inbye_loop_free(loop);
        return NULL;
}

static void *fire_tokens(void *userdata)
{
        (void)userdata;
        for (int i = 0; i < N_TOKENS; i++)
                inbye_cancel_fire(tokens[i]);
        return NULL;
}

static void on_signal(int signo)
{
        (void)signo;
        inbye_cancel_fire(tokens[0]);
}

static void round_of_threads(void)
{
        struct waiter waiters[N_WAITERS] = { 0 };
        pthread_t threads[N_WAITERS + N_FIRERS];

        for (int i = 0; i < N_TOKENS; i++)
                if (inbye_cancel_open(&tokens[i]) < 0)
                        exit(1);
        for (int i = 0; i < N_WAITERS; i++)
                pthread_create(&threads[i], NULL, wait_for_tokens, &waiters[i]);
        raise(SIGUSR1);
        for (int i = 0; i < N_FIRERS; i++)
                pthread_create(&threads[N_WAITERS + i], NULL, fire_tokens, NULL);
        for (int i = 0; i < N_WAITERS + N_FIRERS; i++)
                pthread_join(threads[i], NULL);
        for (int i = 0; i < N_WAITERS; i++) {
                check(!waiters[i].failed, "a loop saw every token in time");
                check(waiters[i].n_seen == N_TOKENS, "every token is fired");
        }
        for (int i = 0; i < N_TOKENS; i++)
                inbye_cancel_free(tokens[i]);
}

int main(void)
{
        struct sigaction action = { .sa_handler = on_signal };

        sigaction(SIGUSR1, &action, NULL);
        for (int i = 0; i < N_ROUNDS; i++)
                round_of_threads();
        printf("checks: %d passed, %d failed, 0 skipped\n", n_passed, n_failed);
        return n_failed > 0;
}
