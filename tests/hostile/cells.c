/* SPDX-License-Identifier: MIT */
/*
 * What is checked after each cell, whoever ended the tree. Nothing here waits for things to become right: a
 * call of inbye that has returned says that nothing is left, and is taken at its word. The one exception is
 * an owner that was killed and says nothing any more.
 */
#include "cells.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * INBYE_SECOND + (uint64_t)now.tv_nsec;
}

bool suite_wants(const char *only, const char *name)
{
        size_t n = strlen(name);
        const char *at;

        if (!only)
                return true;
        for (at = only; (at = strstr(at, name)); at += n)
                if ((at == only || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
                        return true;
        return false;
}

/* So each scenario and each end are tried with each mechanism, and all pairs of them with some. */
bool suite_tries(const struct suite *suite, const struct trick *trick, int end, const char *end_name)
{
        if (!suite_wants(suite->only_end, end_name))
                return false;
        return suite->every == 0 ||
               ((unsigned)(trick - tricks) + (unsigned)end + suite->turn) % suite->every == 0;
}

#define STRANGER_MS 10000

void stranger_open(struct stranger *stranger, const struct suite *suite)
{
        const char *argv[] = { suite->helper, "daemon", "stay", NULL };

        *stranger = (struct stranger){ .program = PROGRAM_NULL, .witness = WITNESS_NULL };
        if (witness_init(&stranger->witness, suite->directory) >= 0 &&
                program_start(&stranger->program, argv, stranger->witness.log_path, NULL) >= 0 &&
                program_expect(&stranger->program, "ready\n", STRANGER_MS) &&
                witness_read(&stranger->witness) > 0)
                stranger->n_alive = witness_count_alive(&stranger->witness);
}

void stranger_close(struct stranger *stranger, struct cell *cell)
{
        if (stranger->n_alive < 3 || witness_count_alive(&stranger->witness) != stranger->n_alive)
                cell_fail(cell, "of a tree that nobody holds %zu of %zu are left",
                        witness_count_alive(&stranger->witness), stranger->n_alive);
        if (witness_end_all(&stranger->witness) < 0)
                cell_fail(cell, "the tree that nobody holds cannot be ended");
        program_deinit(&stranger->program);
        witness_deinit(&stranger->witness);
}

/* What it took before, with room; each further attempt has four times as much. */
uint64_t suite_timeout_ns(const struct suite *suite, unsigned attempt)
{
        uint64_t timeout_ns = 40 * INBYE_MILLISECOND + 2 * suite->slowest_ready_ns;

        return timeout_ns << (2 * attempt);
}

void check_prompt(const struct suite *suite, struct cell *cell, uint64_t since_ns)
{
        uint64_t at_ns = now_ns(), took_ns = at_ns > since_ns ? at_ns - since_ns : 0;

        if (took_ns > PROMPT_NS + 10 * suite->slowest_ready_ns)
                cell_fail(cell, "its end took %.1f s", (double)took_ns / (double)INBYE_SECOND);
}

static bool is_grandchild(const struct sighting *sighting)
{
        return strcmp(sighting->role, "main") != 0 && strcmp(sighting->role, "child") != 0;
}

bool check_list(struct cell *cell, struct witness *witness, bool alive)
{
        size_t i, n_alive, n_grandchildren = 0;
        int r;

        r = witness_read(witness);
        cell->n_registered = witness->n_sightings;
        for (i = 0; i < witness->n_sightings; i++)
                n_grandchildren += is_grandchild(&witness->sightings[i]);
        if (r < 2 || n_grandchildren == 0) {
                cell_fail(cell, "the scenario lists %d processes, %zu of them grandchildren", r,
                        n_grandchildren);
                return false;
        }
        if (witness_line_is_cut(witness) && alive) {
                cell_fail(cell, "the scenario is said to be ready, and nobody is there");
                return false;
        }
        n_alive = witness_count_alive(witness);
        if (alive && !(cell->trick->traits & TRICK_MOVES_ON) && n_alive != witness->n_sightings) {
                cell_fail(
                        cell, "%zu of %zu processes are there before the end", n_alive, witness->n_sightings);
                return false;
        }
        return true;
}

void check_survivors(struct cell *cell, const struct witness *witness, bool escapes)
{
        const struct sighting *first;
        bool cut = witness_line_is_cut(witness);

        cell->n_survivors = witness_count_alive(witness);
        if (escapes) {
                if (cut)
                        cell_fail(cell, "nobody is left, although the mechanism cannot hold this one");
        } else if (cell->n_survivors > 0) {
                first = witness_first_alive(witness);
                cell_fail(cell, "%zu of %zu processes live on, the first is %d (%s)", cell->n_survivors,
                        witness->n_sightings, first ? (int)first->pid : 0, first ? first->role : "gone");
        } else if (!cut) {
                cell_fail(cell, "somebody who is not on the list lives on");
        }
        if (witness_end_all(witness) < 0)
                cell_fail(cell, "somebody cannot be ended");
}

void place_find(struct place *place, const struct witness *witness, uint32_t mechanism)
{
        char own[PATH_MAX];

        place->n_own = own_cgroup(own, sizeof(own)) < 0 ? 0 : strlen(own);
        /* What has a leaf all the same is a nested inbye's, and its warden is a member, killed with it: an
         * empty directory may be left, for gc. */
        if (mechanism == INBYE_MECHANISM_REAPER || mechanism == INBYE_MECHANISM_PIDNS ||
                witness_cgroup(witness, place->path, sizeof(place->path)) < 0 ||
                strlen(place->path) < place->n_own || !strstr(place->path + place->n_own, "inbye."))
                place->path[0] = '\0'; /* its mechanism needs no cgroup */
}

void check_place(struct cell *cell, const struct place *place)
{
        char path[PATH_MAX];
        char *name;

        snprintf(path, sizeof(path), "%s", place->path);
        while (strlen(path) > place->n_own && (name = strrchr(path, '/'))) {
                if (access(path, F_OK) == 0)
                        cell_fail(cell, "the cgroup %s is left", path);
                *name = '\0';
        }
}

/* The session's directory: the first of the names below our own cgroup. */
static void session_of(const struct place *place, char path[static PATH_MAX])
{
        char *end;

        snprintf(path, PATH_MAX, "%s", place->path);
        end = strstr(path + place->n_own, "inbye.");
        if (end && (end = strchr(end, '/')))
                *end = '\0';
}

static int left_ms(uint64_t deadline_ns)
{
        uint64_t now = now_ns();

        return now < deadline_ns ? (int)((deadline_ns - now) / INBYE_MILLISECOND) + 1 : 0;
}

/* The kernel tells of removed cgroups by inotify. */
static void await_removal(const struct place *place, const char *path, uint64_t deadline_ns)
{
        char parent[PATH_MAX];
        struct pollfd changes = { .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN };
        char events[4096];

        if (changes.fd < 0)
                return;
        snprintf(parent, sizeof(parent), "%.*s", (int)place->n_own, place->path);
        if (inotify_add_watch(changes.fd, parent, IN_DELETE) >= 0)
                while (access(path, F_OK) == 0 && poll(&changes, 1, left_ms(deadline_ns)) > 0)
                        if (read(changes.fd, events, sizeof(events)) < 0)
                                break;
        close(changes.fd);
}

void await_promise(const struct witness *witness, const struct place *place)
{
        uint64_t deadline_ns = now_ns() + PROMISE_MS * INBYE_MILLISECOND;
        struct pollfd line = { .fd = witness->line_fd };
        char session[PATH_MAX];

        (void)poll(&line, 1, PROMISE_MS);
        if (!place->path[0])
                return;
        session_of(place, session);
        await_removal(place, session, deadline_ns);
}
