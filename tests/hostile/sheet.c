/* SPDX-License-Identifier: MIT */
/*
 * The table of the hostile suite: which scenarios there are, what each mechanism cannot hold by its nature,
 * and how the outcome is printed. The traits stand here once, as facts about the scenario, and not as a
 * list of tolerated failures per mechanism: a mechanism that comes to hold more then fails the suite until
 * trick_escapes() says so.
 */
#include "sheet.h"

#include <inbye/inbye.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct trick tricks[] = {
        { "plain", 0 },
        { "setsid", TRICK_LEAVES_GROUP },
        { "daemon", TRICK_LEAVES_GROUP },
        { "holder", TRICK_LEAVES_GROUP },
        { "deaf", 0 },
        { "stopped", 0 },
        { "hops", TRICK_MOVES_ON },
        { "hops-away", TRICK_MOVES_ON | TRICK_LEAVES_GROUP },
        { "swarm", TRICK_MOVES_ON | TRICK_LEAVES_GROUP },
        { "loose", 0 },
        { "late-forks", 0 },
        { "bomb", 0 },
        { "crowd", 0 },
        { "threads", 0 },
        { "thread-main", 0 },
        { "vfork", 0 },
        { "ptrace", 0 },
        { "traced", 0 },
        { "subreaper", 0 },
        { "namespaces", 0 },
        { "nested", TRICK_HOLDS_TREE },
        { "subcgroups", TRICK_NEEDS_LEAF },
        { "frozen", TRICK_NEEDS_LEAF | TRICK_NEVER_EXITS },
        { "threaded", TRICK_NEEDS_LEAF },
        { "locked", TRICK_NEEDS_LEAF },
        { "walkout", TRICK_NEEDS_LEAF | TRICK_WALKS_OUT },
        { NULL, 0 },
};

/* What went wrong in the row that is being printed; told when it is complete. */
static struct {
        char *text;
        size_t n_bytes;
        FILE *stream;
} told;
static size_t n_failures, n_cells;

bool trick_escapes(const struct trick *trick, uint32_t mechanism, bool sought)
{
        if (sought)
                return false;
        if (mechanism == INBYE_MECHANISM_PGROUP)
                return trick->traits & TRICK_LEAVES_GROUP;
        if (mechanism == INBYE_MECHANISM_CGROUP)
                return trick->traits & TRICK_WALKS_OUT;
        return false;
}

bool mechanism_outlives_owner(uint32_t mechanism)
{
        return mechanism != INBYE_MECHANISM_PGROUP;
}

/* With a process group the inner inbye is killed at once, and its tree a moment later by its own warden. */
bool trick_applies(const struct trick *trick, uint32_t mechanism)
{
        if (mechanism == INBYE_MECHANISM_PGROUP && (trick->traits & TRICK_HOLDS_TREE))
                return false;
        return (mechanism & (INBYE_MECHANISM_CGROUP | INBYE_MECHANISM_CGROUP_PIDNS)) ||
               !(trick->traits & TRICK_NEEDS_LEAF);
}

void cell_fail(struct cell *cell, const char *format, ...)
{
        va_list arguments;

        cell->failed = true;
        n_failures++;
        if (!told.stream)
                told.stream = open_memstream(&told.text, &told.n_bytes);
        if (!told.stream)
                return;
        fprintf(told.stream, "hostile: %s, %s, %s: ", cell->mechanism, cell->trick->name, cell->end);
        va_start(arguments, format);
        vfprintf(told.stream, format, arguments);
        va_end(arguments);
        fputc('\n', told.stream);
}

static void tell(void)
{
        if (!told.stream)
                return;
        fclose(told.stream);
        fputs(told.text, stdout);
        free(told.text);
        told.stream = NULL;
}

size_t sheet_failures(void)
{
        tell();
        return n_failures;
}

void sheet_head(const char *title, const char *const *ends, size_t n_ends)
{
        size_t i;

        printf("\n%-18s", title);
        for (i = 0; i < n_ends; i++)
                printf(" %11s", ends[i]);
        printf("\n");
}

void sheet_row(const char *name)
{
        printf("  %-16s", name);
}

/* Survivors of those registered; a '!' marks what must not be. */
void sheet_cell(const struct cell *cell)
{
        char text[32];

        snprintf(text, sizeof(text), "%zu/%zu%s", cell->n_survivors, cell->n_registered,
                cell->failed ? "!" : "");
        printf(" %11s", text);
        n_cells++;
}

size_t sheet_cells(void)
{
        return n_cells;
}

void sheet_add(size_t n_more_cells, size_t n_more_failures)
{
        n_cells += n_more_cells;
        n_failures += n_more_failures;
}

void sheet_no_cell(void)
{
        printf(" %11s", "-");
}

void sheet_row_end(void)
{
        printf("\n");
        tell();
        fflush(stdout);
}
