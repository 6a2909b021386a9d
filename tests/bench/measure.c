/* SPDX-License-Identifier: MIT */
/*
 * Rounds, medians and the table.
 *
 * Only ratios are judged, and only of two things that took turns in one run: absolute times say more about
 * the machine than about us. The ratio is the median of the ratios of all rounds, not the ratio of two
 * medians: what slows the machine down for a while slows both halves of a round down, and drops out.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What is put down to noise: a ratio is missed only beyond it. */
static double noise = 0.10;

static bool any_missed;

void row_set_noise(double part)
{
        noise = part;
}

double now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void samples_add(struct samples *samples, double value)
{
        double *values = realloc(samples->values, (samples->n + 1) * sizeof(*values));

        if (!values)
                die("out of memory");
        samples->values = values;
        values[samples->n++] = value;
}

void samples_free(struct samples *samples)
{
        free(samples->values);
        *samples = (struct samples){ 0 };
}

static int compare(const void *left, const void *right)
{
        double a = *(const double *)left, b = *(const double *)right;

        return a < b ? -1 : a > b;
}

double samples_quantile(struct samples *samples, double quantile)
{
        double at = quantile * (double)(samples->n - 1);
        size_t below = (size_t)at;
        double *values = samples->values;

        qsort(values, samples->n, sizeof(*values), compare);
        if (below + 1 >= samples->n)
                return values[samples->n - 1];
        return values[below] + (at - (double)below) * (values[below + 1] - values[below]);
}

struct outcome contest_run(const struct contest *contest)
{
        struct samples ours = { 0 }, theirs = { 0 }, ratios = { 0 };
        struct outcome outcome;

        contest->ours(contest->userdata); /* once for the caches */
        contest->theirs(contest->userdata);
        for (int i = 0; i < contest->n_rounds; i++) {
                double own, other;

                own = i % 2 ? 0 : contest->ours(contest->userdata);
                other = contest->theirs(contest->userdata);
                own = i % 2 ? contest->ours(contest->userdata) : own;
                samples_add(&ours, own);
                samples_add(&theirs, other);
                samples_add(&ratios, own / other);
        }
        outcome.ours = samples_quantile(&ours, 0.5);
        outcome.theirs = samples_quantile(&theirs, 0.5);
        outcome.ratio = samples_quantile(&ratios, 0.5);
        samples_free(&ours);
        samples_free(&theirs);
        samples_free(&ratios);
        return outcome;
}

/* The worse it is, the larger; up to 1 it is as wanted. */
static double distance(const struct row *row)
{
        double value = row->theirs > 0 ? row->ratio : row->ours;

        if (row->wish == WITHOUT_WISH)
                return 0;
        return row->wish == AT_MOST ? value / row->wanted : row->wanted / value;
}

void row_header(void)
{
        printf("%-52s | %14s | %14s | %6s | %8s | %s\n", "what", "ours", "theirs", "ratio", "wanted", "ok");
        printf("%.52s-+-%.14s-+-%.14s-+-%.6s-+-%.8s-+-----\n",
                "----------------------------------------------------", "--------------", "--------------",
                "------", "--------");
}

static void print_number(double value, const char *unit)
{
        char text[32] = "-";

        if (value > 0)
                snprintf(text, sizeof(text), "%.*f %s", value < 10 ? 3 : value < 1000 ? 1 : 0, value, unit);
        printf(" | %14s", text);
}

void row_print(const struct row *row)
{
        double off = distance(row);
        char wanted[16] = "-", ratio[16] = "-";

        if (row->wish != WITHOUT_WISH)
                snprintf(wanted, sizeof(wanted), "%s %g", row->wish == AT_MOST ? "<=" : ">=", row->wanted);
        if (row->theirs > 0)
                snprintf(ratio, sizeof(ratio), "%.3f", row->ratio);
        printf("%-52s", row->what);
        print_number(row->ours, row->unit);
        print_number(row->theirs, row->unit);
        printf(" | %6s | %8s | %s\n", ratio, wanted,
                row->wish == WITHOUT_WISH ? ""
                : off <= 1                ? "yes"
                : off <= 1 + noise        ? "noise"
                                          : "NO");
        fflush(stdout);
        any_missed |= off > 1 + noise;
}

bool row_any_missed(void)
{
        return any_missed;
}
