/* SPDX-License-Identifier: MIT */
/*
 * What runs now, for who asks by SIGUSR1: a list of the attempts that have begun and not ended, in the order
 * of their beginning.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "cli/batch.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct running {
        struct list link;
        struct inbye_command *command; /* a reference */
        uint64_t index, since_ns;
        uint32_t number;
};

static void running_free(struct running *running)
{
        list_unlink(&running->link);
        inbye_command_unref(running->command);
        free(running);
}

static int open_running(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        struct list *all = malloc(sizeof(*all));

        (void)view;
        if (!all)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "list of what runs");
        list_init(all);
        *ret_observer = all;
        return 1;
}

/* Without memory it is not shown, and runs all the same. */
static void on_start(void *observer, const struct inbye_batch_attempt *attempt)
{
        struct running *running = calloc(1, sizeof(*running));

        if (!running)
                return;
        running->command = inbye_command_ref(attempt->command);
        running->index = attempt->index;
        running->number = attempt->number;
        running->since_ns = clock_now_ns();
        list_append(observer, &running->link);
}

static void on_end(void *observer, const struct inbye_batch_attempt *attempt)
{
        struct list *all = observer;
        struct running *running;

        LIST_FOREACH (running, all, struct running, link)
                if (running->index == attempt->index) {
                        running_free(running);
                        return;
                }
}

static void free_all(void *observer)
{
        struct list *all = observer;

        while (!list_is_empty(all))
                running_free(LIST_ENTRY(all->next, struct running, link));
        free(all);
}

static void say_one(const struct running *running, struct out *out)
{
        uint64_t ms = (clock_now_ns() - running->since_ns) / INBYE_MILLISECOND;
        struct buf line = BUF_INIT;

        buf_printf(&line, "job %" PRIu64, running->index + 1);
        if (running->number > 1)
                buf_printf(&line, " (attempt %" PRIu32 ")", running->number);
        buf_printf(&line, " for %" PRIu64 ".%02" PRIu64 " s: ", ms / 1000, ms % 1000 / 10);
        out_report_command(&line, running->command);
        if (!line.failed)
                out_say(out, line.data);
        buf_deinit(&line);
}

void batch_running_say(void *observer, struct out *out)
{
        struct list *all = observer;
        struct running *running;

        LIST_FOREACH (running, all, struct running, link)
                say_one(running, out);
}

const struct batch_observer_ops batch_running = {
        .open = open_running,
        .on_start = on_start,
        .on_end = on_end,
        .free = free_all,
};
