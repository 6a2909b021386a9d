/* SPDX-License-Identifier: MIT */
/*
 * The matrix through the library: each scenario, ended in each way, under one mechanism.
 *
 * A cell has a loop and a group of its own, so that everything it acquired must be gone at its end: counted
 * descriptors, the session's directory, children of this process. Everything but the timeouts is driven by
 * the "ready" of the scenario; the timeouts are measured from how long that took in the cells before, and a
 * cell whose timeout came before "ready" says nothing and is tried again with a longer one.
 */
#include "cells.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (10 * INBYE_SECOND)
#define READY_NS (40 * INBYE_SECOND) /* an emulated machine takes its time over 300 forks */
#define GRACE_NS (30 * INBYE_MILLISECOND)
#define MOST_ATTEMPTS 4u

enum end { END_CANCEL, END_KILL, END_DROP, END_EXIT, END_TIMEOUT, END_KILL_TIMEOUT, END_N };
static const char *const end_names[END_N] = {
        [END_CANCEL] = "cancel",
        [END_KILL] = "kill",
        [END_DROP] = "drop",
        [END_EXIT] = "exit",
        [END_TIMEOUT] = "timeout",
        [END_KILL_TIMEOUT] = "killtimeout",
};
static const enum inbye_status end_status[END_N] = {
        [END_CANCEL] = INBYE_CANCELLED,
        [END_KILL] = INBYE_CANCELLED,
        [END_EXIT] = INBYE_OK,
        [END_TIMEOUT] = INBYE_TIMEOUT,
        [END_KILL_TIMEOUT] = INBYE_TIMEOUT,
};

/* One command being tried. */
struct trial {
        struct suite *suite;
        struct cell *cell;
        enum end end;
        uint32_t mechanism;
        uint64_t timeout_ns;
        struct inbye_loop *loop;
        struct inbye_cancel *cancel;
        struct inbye_group *group;
        struct inbye_process *process;
        struct inbye_result *result;
        struct neighbour sibling; /* in the same group, where the group itself is not ended */
        struct witness witness;
        struct place place;
        char output[64];
        size_t n_output;
        uint64_t start_ns;
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct trial *trial = userdata;
        size_t room = sizeof(trial->output) - 1 - trial->n_output;

        (void)process;
        if (event->kind != INBYE_EVENT_OUTPUT || event->stream != INBYE_STDOUT)
                return;
        if (room > event->n_bytes)
                room = event->n_bytes;
        memcpy(trial->output + trial->n_output, event->data, room);
        trial->n_output += room;
        trial->output[trial->n_output] = '\0';
}

static bool is_ready(const struct trial *trial)
{
        return strstr(trial->output, "ready\n");
}

static int trial_command(struct trial *trial, struct inbye_command **ret_command)
{
        const char *argv[] = { trial->suite->helper, trial->cell->trick->name,
                trial->end == END_EXIT ? "exit" : "stay", NULL };
        struct inbye_command *command;
        int r;

        r = inbye_command_open(argv, &command);
        if (r < 0)
                return r;
        inbye_command_env_set(command, "HOSTILE_LOG", trial->witness.log_path);
        inbye_command_set_output(command, INBYE_STDERR, INBYE_OUTPUT_INHERIT);
        if (trial->end == END_TIMEOUT || trial->end == END_KILL_TIMEOUT)
                inbye_command_set_timeout(command, trial->timeout_ns);
        if (trial->end == END_TIMEOUT)
                inbye_command_set_grace(command, GRACE_NS);
        *ret_command = command;
        return 0;
}

static int trial_open(struct trial *trial, struct inbye_error *reterr)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        int r;

        r = inbye_loop_open(&trial->loop);
        if (r >= 0 && trial->suite->reaps)
                r = inbye_loop_reap_orphans(trial->loop);
        if (r >= 0)
                r = inbye_cancel_open(&trial->cancel);
        if (r >= 0)
                r = witness_init(&trial->witness, trial->suite->directory);
        if (r < 0)
                return r;
        options.mechanisms = trial->mechanism;
        options.cancel = trial->cancel;
        r = inbye_group_open(trial->loop, &options, &trial->group, reterr);
        if (r < 0)
                return r;
        if (trial->end == END_EXIT || trial->end == END_KILL_TIMEOUT)
                r = neighbour_init(&trial->sibling, trial->loop, trial->group, trial->suite->helper, reterr);
        return r;
}

static int trial_spawn(struct trial *trial, struct inbye_error *reterr)
{
        struct inbye_command *command;
        int r;

        r = trial_command(trial, &command);
        if (r < 0)
                return r;
        trial->start_ns = now_ns();
        r = inbye_group_spawn(trial->group, command, &trial->process, reterr);
        inbye_command_unref(command);
        if (r < 0)
                return r;
        inbye_process_on_event(trial->process, on_event, trial);
        return 0;
}

static void trial_close(struct trial *trial)
{
        inbye_result_unref(trial->result);
        neighbour_deinit(&trial->sibling);
        inbye_process_free(trial->process);
        inbye_group_free(trial->group);
        inbye_cancel_free(trial->cancel);
        inbye_loop_free(trial->loop);
        witness_deinit(&trial->witness);
}

/* "frozen" stops itself after it has said "ready": the kernel says when. */
static void wait_frozen(const struct trial *trial)
{
        char path[PATH_MAX + 16], text[128];
        struct pollfd events = { .events = POLLPRI };
        ssize_t n;

        snprintf(path, sizeof(path), "%s/cgroup.events", trial->place.path);
        events.fd = open(path, O_RDONLY | O_CLOEXEC);
        while (events.fd >= 0) {
                n = pread(events.fd, text, sizeof(text) - 1, 0);
                text[n > 0 ? n : 0] = '\0';
                if (strstr(text, "frozen 1") || poll(&events, 1, 5000) <= 0)
                        break;
        }
        if (events.fd >= 0)
                close(events.fd);
}

static void wait_ready(struct trial *trial)
{
        uint64_t deadline_ns = now_ns() + READY_NS;

        while (!is_ready(trial) && !inbye_process_result(trial->process) && now_ns() < deadline_ns)
                if (inbye_loop_dispatch(trial->loop, deadline_ns - now_ns()) < 0)
                        break;
        if (is_ready(trial) && now_ns() - trial->start_ns > trial->suite->slowest_ready_ns)
                trial->suite->slowest_ready_ns = now_ns() - trial->start_ns;
}

/* @return 0, or the error of the call. The others end by themselves. */
static int trial_end(struct trial *trial)
{
        switch (trial->end) {
        case END_CANCEL:
                inbye_cancel_fire(trial->cancel);
                return 0;
        case END_KILL:
                return inbye_group_kill(trial->group);
        case END_DROP:
                inbye_process_free(trial->process);
                trial->process = NULL;
                return 0;
        default:
                return 0;
        }
}

/* Does the owner find those who get away? In a process group only where no other tree runs beside it. */
static bool is_sought(const struct trial *trial)
{
        return trial->suite->reaps && (trial->mechanism != INBYE_MECHANISM_PGROUP || !trial->sibling.process);
}

static void check_escaped(struct trial *trial)
{
        uint64_t n = inbye_result_n_escaped(trial->result);
        bool escapes = trick_escapes(trial->cell->trick, trial->mechanism, false);

        if (!inbye_result_cannot(trial->result) && n != 0)
                cell_fail(trial->cell, "%llu escaped from what holds everything", (unsigned long long)n);
        if (!trial->suite->reaps && inbye_result_cannot(trial->result) && n != INBYE_UNKNOWN)
                cell_fail(trial->cell, "%llu escaped, by one who cannot know", (unsigned long long)n);
        if (is_sought(trial) && escapes && (n == 0 || n == INBYE_UNKNOWN))
                cell_fail(trial->cell, "the result keeps silent about who got away");
        if (is_sought(trial) && !escapes && n != 0)
                cell_fail(trial->cell, "%llu escaped, where none does", (unsigned long long)n);
        if (trial->suite->reaps && !is_sought(trial) && escapes && n != INBYE_UNKNOWN)
                cell_fail(trial->cell, "%llu escaped, where nobody can tell", (unsigned long long)n);
}

static void check_result(struct trial *trial)
{
        struct inbye_result *result = trial->result;
        enum inbye_status status = inbye_result_status(result);
        bool reaches = trial->mechanism != INBYE_MECHANISM_PGROUP;

        if (status != end_status[trial->end])
                cell_fail(trial->cell, "status %s, not %s", inbye_status_name(status),
                        inbye_status_name(end_status[trial->end]));
        if (trial->end == END_EXIT && inbye_result_code(result) != 0)
                cell_fail(trial->cell, "exit code %d", inbye_result_code(result));
        if (trial->end == END_EXIT && inbye_result_n_leftovers(result) == 0 && reaches)
                cell_fail(trial->cell, "what the main process left behind is not in the result");
        if (strcmp(inbye_result_mechanism(result), trial->cell->mechanism) != 0)
                cell_fail(trial->cell, "mechanism %s in the result", inbye_result_mechanism(result));
        if (trick_escapes(trial->cell->trick, trial->mechanism, false) && !inbye_result_cannot(result))
                cell_fail(trial->cell, "the result keeps silent about what the mechanism cannot hold");
        if (!strstr(trial->output, "ready\n"))
                cell_fail(trial->cell, "its output is not in the result: \"%s\"", trial->output);
}

static void trial_judge(struct trial *trial)
{
        uint64_t since_ns = now_ns();
        int r;

        /* The loop did not turn while we looked at the tree: of a timeout from then that time is ours. */
        if (trial->timeout_ns && trial->start_ns + trial->timeout_ns > since_ns)
                since_ns = trial->start_ns + trial->timeout_ns;
        r = trial_end(trial);
        if (r < 0)
                cell_fail(trial->cell, "cannot be ended: %s", strerror(-r));
        if (trial->process) {
                r = inbye_process_wait(trial->process, trial->timeout_ns + PATIENCE_NS, &trial->result);
                if (r < 0)
                        cell_fail(trial->cell, "waiting for its end: %s", strerror(-r));
        }
        check_prompt(trial->suite, trial->cell, since_ns);
        check_survivors(trial->cell, &trial->witness,
                trick_escapes(trial->cell->trick, trial->mechanism, is_sought(trial)));
        if (trial->result) {
                check_result(trial);
                check_escaped(trial);
        }
        if (trial->sibling.process && !neighbour_is_well(&trial->sibling))
                cell_fail(trial->cell, "another command of the same group was hit");
}

/* @return false: its time was up before it was ready, which says nothing. */
static bool trial_run(struct trial *trial)
{
        struct inbye_error error = { 0 };
        bool alive = trial->end != END_EXIT;
        int r;

        r = trial_open(trial, &error);
        if (r >= 0)
                r = trial_spawn(trial, &error);
        if (r < 0) {
                cell_fail(trial->cell, "cannot be started: %s; %s", strerror(-r), error.text);
                return true;
        }
        wait_ready(trial);
        if (!is_ready(trial) && (trial->end == END_TIMEOUT || trial->end == END_KILL_TIMEOUT))
                return false;
        if (!is_ready(trial)) {
                cell_fail(trial->cell, "not ready in time: \"%s\"", trial->output);
                return true;
        }
        place_find(&trial->place, &trial->witness, trial->mechanism);
        if (trial->cell->trick->traits & TRICK_NEVER_EXITS)
                wait_frozen(trial);
        /* A timeout may come while the list is read: it is complete all the same. */
        if (check_list(trial->cell, &trial->witness, alive && trial->timeout_ns == 0))
                trial_judge(trial);
        return true;
}

static void check_nothing_left(struct cell *cell, struct suite *suite, int n_fds, const struct place *place)
{
        int n = count_fds();

        if (n != n_fds)
                cell_fail(cell, "%d descriptors, %d before", n, n_fds);
        if (have_zombie())
                cell_fail(cell, "a child is dead and was not waited for");
        check_place(cell, place);
        if (!bystander_is_well(&suite->bystander))
                cell_fail(cell, "a bystander was hit");
        if (suite->neighbour.process && !neighbour_is_well(&suite->neighbour))
                cell_fail(cell, "a command of another group was hit");
}

static void api_cell(struct suite *suite, struct cell *cell, enum end end, uint32_t mechanism)
{
        bool timed = end == END_TIMEOUT || end == END_KILL_TIMEOUT, told = false;
        int n_fds = count_fds();
        unsigned attempt;

        for (attempt = 0; !told && attempt < MOST_ATTEMPTS; attempt++) {
                struct trial trial = {
                        .suite = suite,
                        .cell = cell,
                        .end = end,
                        .mechanism = mechanism,
                        .timeout_ns = timed ? suite_timeout_ns(suite, attempt) : 0,
                        .witness = WITNESS_NULL,
                };
                told = trial_run(&trial);
                trial_close(&trial);
                check_nothing_left(cell, suite, n_fds, &trial.place);
        }
        if (!told)
                cell_fail(cell, "never ready before its timeout");
}

static void api_row(struct suite *suite, const struct trick *trick, uint32_t mechanism)
{
        struct cell all = { .trick = trick, .end = "all", .mechanism = inbye_mechanism_name(mechanism) };
        struct stranger stranger;
        int end;

        suite->slowest_ready_ns = 0;
        sheet_row(trick->name);
        if (!suite->reaps) /* it would be a child of ours, which hides who got away */
                stranger_open(&stranger, suite);
        for (end = 0; end < END_N; end++) {
                struct cell cell = {
                        .trick = trick,
                        .end = end_names[end],
                        .mechanism = inbye_mechanism_name(mechanism),
                };
                if (!suite_tries(suite, trick, end, end_names[end]) ||
                        (end == END_EXIT && (trick->traits & TRICK_NEVER_EXITS))) {
                        sheet_no_cell();
                        continue;
                }
                api_cell(suite, &cell, (enum end)end, mechanism);
                sheet_cell(&cell);
        }
        if (!suite->reaps)
                stranger_close(&stranger, &all);
        sheet_row_end();
}

/* Who dies in a chain is left to the subreaper as a zombie, ten thousand in a second, and the test does not
 * turn the loop that would reap them while it looks. Below a warden it is the warden who reaps. */
static bool fills_process_table(const struct suite *suite, const struct trick *trick, uint32_t mechanism)
{
        bool are_ours = mechanism == INBYE_MECHANISM_CGROUP || mechanism == INBYE_MECHANISM_PGROUP;

        return suite->reaps && are_ours && (trick->traits & TRICK_MOVES_ON);
}

void api_table(struct suite *suite, uint32_t mechanism)
{
        char title[64];
        const struct trick *trick;

        snprintf(title, sizeof(title), "library%s, %s", suite->reaps ? " (reaps)" : "",
                inbye_mechanism_name(mechanism));
        sheet_head(title, end_names, END_N);
        for (trick = tricks; trick->name; trick++)
                if (trick_applies(trick, mechanism) && !fills_process_table(suite, trick, mechanism) &&
                        suite_wants(suite->only_trick, trick->name))
                        api_row(suite, trick, mechanism);
}
