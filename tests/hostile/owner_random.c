/* SPDX-License-Identifier: MIT */
/*
 * SIGKILL at moments that nobody chose: an `inbye batch` of short jobs, each of which leaves daemons behind,
 * is started over and over and killed after a random part of the time that it takes when it is let alone. The
 * delay comes from a seed that is printed, and the wait ends early only when the batch has ended.
 */
#include "arena.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define N_JOBS "12"

static uint64_t next_random(uint64_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

static int start_batch(struct arena *arena, struct program *batch, const struct witness *witness)
{
        const char *argv[] = { arena->suite.inbye, "batch", "-q", "-j3", "--mechanism",
                inbye_mechanism_name(arena->mechanism), "--", arena->suite.helper, "daemon", "exit",
                ":::", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", N_JOBS, NULL };

        return program_start(batch, argv, witness->log_path, NULL);
}

/* How long the batch takes when nobody kills it; 0: it failed. */
static uint64_t measure(struct arena *arena)
{
        struct witness witness = WITNESS_NULL;
        struct program batch = PROGRAM_NULL;
        uint64_t start_ns = now_ns(), took_ns;
        int status = -1, r;

        r = witness_init(&witness, arena->suite.directory);
        if (r >= 0)
                r = start_batch(arena, &batch, &witness);
        if (r >= 0)
                r = program_wait(&batch, PATIENCE_MS, &status);
        took_ns = now_ns() - start_ns;
        arena_check(arena, r >= 0 && status == 0, "a batch that is let alone: %s, status %d", strerror(-r),
                status);
        arena_check_nothing(arena, &witness, "a batch that is let alone");
        program_deinit(&batch);
        witness_deinit(&witness);
        return r >= 0 && status == 0 ? took_ns : 0;
}

/* @return true when it ended by itself before that. */
static bool wait_or_end(const struct program *program, uint64_t delay_ns)
{
        struct itimerspec when = { .it_value = { .tv_sec = (time_t)(delay_ns / INBYE_SECOND),
                                           .tv_nsec = (long)(delay_ns % INBYE_SECOND) + 1 } };
        struct pollfd fds[] = { { .fd = program->pidfd, .events = POLLIN },
                { .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), .events = POLLIN } };

        if (fds[1].fd < 0 || timerfd_settime(fds[1].fd, 0, &when, NULL) < 0)
                return false;
        while (poll(fds, 2, PATIENCE_MS) < 0 && errno == EINTR)
                ;
        close(fds[1].fd);
        return fds[0].revents != 0;
}

static bool kill_one(struct arena *arena, unsigned serial, uint64_t delay_ns)
{
        struct witness witness = WITNESS_NULL;
        struct program batch = PROGRAM_NULL;
        bool ended = false;
        char what[64];
        int status, r;

        snprintf(what, sizeof(what), "kill %u after %llu us", serial, (unsigned long long)delay_ns / 1000);
        r = witness_init(&witness, arena->suite.directory);
        if (r >= 0)
                r = start_batch(arena, &batch, &witness);
        if (arena_check(arena, r >= 0, "%s: cannot start: %s", what, strerror(-r))) {
                ended = wait_or_end(&batch, delay_ns);
                syscall(SYS_pidfd_send_signal, batch.pidfd, SIGKILL, NULL, 0);
                program_wait(&batch, PATIENCE_MS, &status);
                arena_check_nothing(arena, &witness, what);
        }
        program_deinit(&batch);
        witness_deinit(&witness);
        return ended;
}

/* The least of several: else most kills would come too late to hit anything. */
static uint64_t measure_least(struct arena *arena)
{
        uint64_t least_ns = UINT64_MAX, took_ns;

        for (int i = 0; i < 5; i++) {
                took_ns = measure(arena);
                if (took_ns < least_ns)
                        least_ns = took_ns;
        }
        return least_ns;
}

void random_kills(struct arena *arena, unsigned n, uint64_t seed)
{
        uint64_t whole_ns = measure_least(arena), state = seed ? seed : 1;
        unsigned n_late = 0;

        printf("%s: %u random kills of a batch that takes %llu ms, seed %llu\n",
                inbye_mechanism_name(arena->mechanism), n, (unsigned long long)whole_ns / INBYE_MILLISECOND,
                (unsigned long long)seed);
        fflush(stdout);
        for (unsigned i = 0; whole_ns && i < n; i++)
                n_late += kill_one(arena, i, next_random(&state) % (whole_ns + whole_ns / 4));
        arena_check_others(arena, "random kills");
        printf("%u of them came after the end\n", n_late);
}
