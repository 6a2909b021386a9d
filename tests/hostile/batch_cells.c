/* SPDX-License-Identifier: MIT */
/*
 * All scenarios at once through `inbye batch`: each job a tree of its own, side by side, and none may be in
 * another's way. What is left is looked at once the batch has ended, so no job can be excused by a later one.
 */
#include "cells.h"
#include "program.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define MOST_JOBS 32
#define MOST_ATTEMPTS 3u
#define FIRST_TIMEOUT_NS (300 * INBYE_MILLISECOND)

enum end { END_EXIT, END_TIMEOUT, END_N };
static const char *const end_names[END_N] = { [END_EXIT] = "exit", [END_TIMEOUT] = "timeout" };
static const char *const end_status[END_N] = { [END_EXIT] = "ok", [END_TIMEOUT] = "timeout" };
static const int end_code[END_N] = { [END_EXIT] = 0, [END_TIMEOUT] = 1 };

/* One run of the command. */
struct round {
        struct suite *suite;
        uint32_t mechanism;
        enum end end;
        uint64_t timeout_ns;
        struct cell *cells;                  /* of this end, one per trick */
        const struct trick *jobs[MOST_JOBS]; /* which tricks are tried */
        struct witness witnesses[MOST_JOBS];
        size_t n_jobs;
        char jobs_path[PATH_MAX + 16], results_path[PATH_MAX + 16];
        struct program inbye;
};

static bool is_wanted(const struct round *round, const struct trick *trick)
{
        if (round->end == END_EXIT && (trick->traits & TRICK_NEVER_EXITS))
                return false;
        /* A chain that gets away takes the processors from all other jobs until the batch has ended. */
        if (trick_escapes(trick, round->mechanism, false) && (trick->traits & TRICK_MOVES_ON))
                return false;
        return trick_applies(trick, round->mechanism) && suite_wants(round->suite->only_trick, trick->name);
}

static struct cell *cell_of(const struct round *round, size_t job)
{
        return &round->cells[round->jobs[job] - tricks];
}

static int write_job(struct round *round, FILE *file, size_t job)
{
        json_t *line;
        int r;

        line = json_pack("{s:s, s:[s,s,s], s:{s:s}}", "id", round->jobs[job]->name, "argv",
                round->suite->helper, round->jobs[job]->name, round->end == END_EXIT ? "exit" : "stay", "env",
                "HOSTILE_LOG", round->witnesses[job].log_path);
        if (!line)
                return -ENOMEM;
        r = json_dumpf(line, file, JSON_COMPACT);
        fputc('\n', file);
        json_decref(line);
        return r < 0 ? -EIO : 0;
}

static int round_write(struct round *round)
{
        const struct trick *trick;
        FILE *file;
        int r = 0;

        snprintf(round->jobs_path, sizeof(round->jobs_path), "%s/jobs", round->suite->directory);
        snprintf(round->results_path, sizeof(round->results_path), "%s/results", round->suite->directory);
        file = fopen(round->jobs_path, "we");
        if (!file)
                return -errno;
        for (trick = tricks; r >= 0 && trick->name && round->n_jobs < MOST_JOBS; trick++) {
                if (!is_wanted(round, trick))
                        continue;
                round->jobs[round->n_jobs] = trick;
                r = witness_init(&round->witnesses[round->n_jobs], round->suite->directory);
                if (r >= 0)
                        r = write_job(round, file, round->n_jobs++);
        }
        return fclose(file) < 0 ? -errno : r;
}

static int round_start(struct round *round)
{
        char mechanism[64], timeout[64], results[PATH_MAX + 32];
        const char *argv[] = { round->suite->inbye, "batch", "-q", "-j6", "--grace=30ms", mechanism, timeout,
                results, NULL };
        int r;

        r = round_write(round);
        if (r < 0)
                return r;
        snprintf(mechanism, sizeof(mechanism), "--mechanism=%s", inbye_mechanism_name(round->mechanism));
        snprintf(timeout, sizeof(timeout), "--timeout=%dms",
                round->end == END_TIMEOUT ? (int)(round->timeout_ns / INBYE_MILLISECOND) : 0);
        snprintf(results, sizeof(results), "--results=%s", round->results_path);
        return program_start(&round->inbye, argv, NULL, round->jobs_path);
}

static void round_close(struct round *round)
{
        size_t i;

        program_deinit(&round->inbye);
        for (i = 0; i < round->n_jobs; i++)
                witness_deinit(&round->witnesses[i]);
        unlink(round->jobs_path);
        unlink(round->results_path);
}

/* Each job has exactly one line, and the right status in it. */
static void check_results(struct round *round)
{
        size_t i, n_found[MOST_JOBS] = { 0 };
        FILE *file = fopen(round->results_path, "re");
        const char *id, *status;
        json_t *line;

        while (file && (line = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
                id = json_string_value(json_object_get(line, "id"));
                status = json_string_value(json_object_get(line, "status"));
                for (i = 0; i < round->n_jobs; i++) {
                        if (!id || strcmp(id, round->jobs[i]->name) != 0)
                                continue;
                        n_found[i]++;
                        if (!status || strcmp(status, end_status[round->end]) != 0)
                                cell_fail(cell_of(round, i), "status %s", status ? status : "?");
                }
                json_decref(line);
        }
        if (file)
                fclose(file);
        for (i = 0; i < round->n_jobs; i++)
                if (n_found[i] != 1)
                        cell_fail(cell_of(round, i), "%zu results", n_found[i]);
}

/* Did every job say that it was ready before its timeout? */
static bool all_ready(struct round *round)
{
        size_t i;

        for (i = 0; i < round->n_jobs; i++)
                if (witness_read(&round->witnesses[i]) < 0 || !round->witnesses[i].ready)
                        return round->end != END_TIMEOUT;
        return true;
}

static void end_round(struct round *round)
{
        size_t i;

        for (i = 0; i < round->n_jobs; i++)
                witness_end_all(&round->witnesses[i]);
}

/* The session's directory is the same for all: the first that finds it tells. */
static void check_places(struct round *round)
{
        struct place place;
        size_t i;

        for (i = 0; i < round->n_jobs && !cell_of(round, i)->failed; i++) {
                place_find(&place, &round->witnesses[i], round->mechanism);
                check_place(cell_of(round, i), &place);
        }
}

static void round_judge(struct round *round, int status)
{
        size_t i;
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

        for (i = 0; i < round->n_jobs; i++)
                if (check_list(cell_of(round, i), &round->witnesses[i], false))
                        check_survivors(cell_of(round, i), &round->witnesses[i],
                                trick_escapes(round->jobs[i], round->mechanism, true));
        if (code != end_code[round->end])
                cell_fail(cell_of(round, 0), "inbye batch ended with code %d", code);
        check_results(round);
        check_places(round);
        if (!bystander_is_well(&round->suite->bystander))
                cell_fail(cell_of(round, 0), "a bystander was hit");
        if (!neighbour_is_well(&round->suite->neighbour))
                cell_fail(cell_of(round, 0), "a command of another inbye was hit");
}

/* @return false: a timeout came before somebody was ready, which says nothing. */
static bool round_run(struct round *round)
{
        int r, status = 0;
        bool told = true;

        r = round_start(round);
        if (r < 0) {
                cell_fail(cell_of(round, 0), "inbye batch cannot be started: %s", strerror(-r));
                return true;
        }
        if (program_wait(&round->inbye, PATIENCE_MS, &status) < 0)
                cell_fail(cell_of(round, 0), "inbye batch does not end");
        else
                told = all_ready(round);
        if (told)
                round_judge(round, status);
        end_round(round);
        return told;
}

static void batch_end(struct suite *suite, uint32_t mechanism, enum end end, struct cell *cells)
{
        bool told = false;
        unsigned attempt;

        for (attempt = 0; !told && attempt < MOST_ATTEMPTS; attempt++) {
                struct round round = {
                        .suite = suite,
                        .mechanism = mechanism,
                        .end = end,
                        .timeout_ns = FIRST_TIMEOUT_NS << (2 * attempt),
                        .cells = cells,
                        .inbye = PROGRAM_NULL,
                };
                told = round_run(&round);
                round_close(&round);
        }
        if (!told)
                cell_fail(&cells[0], "some job was never ready before its timeout");
}

void batch_table(struct suite *suite, uint32_t mechanism)
{
        struct cell cells[END_N][MOST_JOBS] = { 0 };
        const struct trick *trick;
        char title[64];
        int end;

        for (end = 0; end < END_N; end++) {
                for (trick = tricks; trick->name; trick++)
                        cells[end][trick - tricks] = (struct cell){ .trick = trick,
                                .end = end_names[end],
                                .mechanism = inbye_mechanism_name(mechanism) };
                if (suite_wants(suite->only_end, end_names[end]))
                        batch_end(suite, mechanism, (enum end)end, cells[end]);
        }
        snprintf(title, sizeof(title), "inbye batch, %s", inbye_mechanism_name(mechanism));
        sheet_head(title, end_names, END_N);
        for (trick = tricks; trick->name; trick++) {
                sheet_row(trick->name);
                for (end = 0; end < END_N; end++)
                        if (cells[end][trick - tricks].n_registered)
                                sheet_cell(&cells[end][trick - tricks]);
                        else
                                sheet_no_cell();
                sheet_row_end();
        }
}
