/* SPDX-License-Identifier: MIT */
/*
 * The job log in a batch run: passes over what has ended in an earlier run, and writes a line for each job
 * once all that it wrote has been handed on. So no output is lost with an inbye that is killed: it may come
 * once more.
 */
#include "base/error.h"
#include "base/list.h"
#include "base/scope.h"
#include "cli/batch.h"
#include <errno.h>
#include <stdlib.h>

struct observer {
        struct batch_view view;
        struct joblog *log;
        struct list taken; /* in the order of the list */
        bool failed;
};

/* A job that was met and has no line yet. */
struct taken {
        struct list link;
        struct out_mark mark;
        struct observer *observer;
        struct joblog_end end;
        struct inbye_result *result; /* a reference, once it has ended */
};

static void taken_free(struct taken *taken)
{
        list_unlink(&taken->link);
        if (taken->result)
                inbye_result_unref(taken->result);
        free(taken);
}

static void observer_free(void *userdata)
{
        struct observer *observer = userdata;

        if (!observer)
                return;
        while (!list_is_empty(&observer->taken))
                taken_free(LIST_ENTRY(observer->taken.next, struct taken, link));
        joblog_free(observer->log);
        free(observer);
}
DEFINE_SCOPED(observer_freep, struct observer, observer_free)

static int observer_open(const struct batch_view *view, void **ret_observer, struct inbye_error *reterr)
{
        const struct joblog_options *options = &view->wishes->record.joblog;
        scoped(observer_freep) struct observer *observer = NULL;
        int r;

        if (!options->path)
                return 0;
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "job log");
        observer->view = *view;
        list_init(&observer->taken);
        r = joblog_open(options, &observer->log, reterr);
        if (r < 0)
                return r;
        *ret_observer = TAKE(observer);
        return 1;
}

static void fail(struct observer *observer, int r)
{
        if (!observer->failed)
                batch_cannot_write(observer->view.session, observer->view.wishes->record.joblog.path, r);
        observer->failed = true;
}

static bool passes_over(void *userdata, uint64_t number, struct inbye_command *command)
{
        struct observer *observer = userdata;
        struct taken *taken = calloc(1, sizeof(*taken));
        int r = -ENOMEM;

        if (taken) {
                list_init(&taken->link);
                taken->observer = observer;
                taken->end.number = number;
                r = joblog_meet(observer->log, command, &taken->end.key);
        }
        if (r == 0) {
                list_append(&observer->taken, &taken->link);
                return false;
        }
        free(taken);
        if (r < 0)
                fail(observer, r); /* which job it is cannot be known any more: nothing may run */
        return true;
}

static struct taken *find(struct observer *observer, uint64_t number)
{
        struct taken *taken;

        LIST_FOREACH (taken, &observer->taken, struct taken, link)
                if (taken->end.number == number)
                        return taken;
        return NULL;
}

static void on_end(void *userdata, const struct inbye_batch_attempt *attempt)
{
        struct taken *taken = find(userdata, attempt->index + 1);

        if (taken)
                taken->end.attempts = attempt->number;
}

static void on_written(struct out_mark *mark, bool is_written)
{
        struct taken *taken = CONTAINER_OF(mark, struct taken, mark);
        int r = 0;

        taken->end.result = taken->result;
        if (is_written)
                r = joblog_write(taken->observer->log, &taken->end);
        if (r < 0)
                fail(taken->observer, r);
        taken_free(taken);
}

static void on_result(void *userdata, uint64_t number, struct inbye_result *result)
{
        struct observer *observer = userdata;
        struct taken *taken = find(observer, number);

        if (!taken)
                return;
        taken->result = inbye_result_ref(result);
        taken->mark.fn = on_written;
        out_after(observer->view.out, &taken->mark);
}

static int on_finish(void *userdata, const struct out_summary *summary)
{
        const struct observer *observer = userdata;

        (void)summary;
        return observer->failed ? -EIO : 0;
}

const struct batch_observer_ops batch_joblog = {
        .open = observer_open,
        .passes_over = passes_over,
        .on_end = on_end,
        .on_result = on_result,
        .on_finish = on_finish,
        .free = observer_free,
};
