/* SPDX-License-Identifier: MIT */
/*
 * What the filters of one command denied: the first so many that differ, each with how often.
 *
 * The memory is that of one result, however many calls a job makes up; a job that wants its denials to go
 * unnoticed can fill the list, not keep the count down.
 */
#include "sandbox/denials.h"
#include "sandbox/listen.h"
#include "sys/proc.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the kernel cuts the errno of a filter. */
#define ERRNO_MAX 4095

struct denials *denials_new(struct inbye_sandbox *sandbox, const struct sandbox_steps *steps)
{
        struct denials *denials = calloc(1, sizeof(*denials));

        if (!denials)
                return NULL;
        denials->sandbox = inbye_sandbox_ref(sandbox);
        memcpy(denials->filters, steps->filters, sizeof(denials->filters));
        denials->n_filters = steps->spawn.n_filters;
        denials->told = steps->told;
        return denials;
}

void denials_free(struct denials *denials)
{
        if (!denials)
                return;
        inbye_sandbox_unref(denials->sandbox);
        free(denials);
}

uint64_t denials_count(const struct denials *denials)
{
        if (!denials || denials->told + 1 != UINT32_C(1) << denials->n_filters)
                return INBYE_UNKNOWN;
        return denials->n;
}

static bool is_same(const struct inbye_denial *a, const struct inbye_denial *b)
{
        return a->number == b->number && a->machine == b->machine && a->error == b->error &&
               a->done == b->done && a->rule == b->rule;
}

static void add(struct denials *denials, const struct inbye_denial *seen, pid_t pid)
{
        struct denial *denial = &denials->known[denials->n_known];
        struct proc_stat stat;

        if (denials->n_known == DENIALS_KNOWN)
                return;
        denial->public = *seen;
        denial->public.call = sys_call_name(seen->machine, seen->number);
        denial->public.program = denial->program;
        denial->public.n_times = 1;
        if (pid > 0 && proc_read_stat(pid, &stat) == 0) /* it waits for us, so it is still the same */
                memcpy(denial->program, stat.name, sizeof(denial->program));
        denials->n_known++;
}

static void note(struct denials *denials, const struct inbye_denial *seen, pid_t pid)
{
        denials->n++;
        for (size_t i = 0; i < denials->n_known; i++)
                if (is_same(&denials->known[i].public, seen)) {
                        denials->known[i].public.n_times++;
                        return;
                }
        add(denials, seen, pid);
}

/* A call that no filter says a word of cannot have come here: it is not let through for that. */
static int error_of(uint32_t verdict)
{
        int number = (int)(verdict & 0xffff);

        if (BPF_ACTION(verdict) != BPF_ERRNO)
                return ENOSYS;
        return number < ERRNO_MAX ? number : ERRNO_MAX;
}

static const char *rule_of(const struct sandbox_filter *filter)
{
        return filter->rule ? filter->rule : "a filter";
}

int denials_answer(struct denials *denials, int fd)
{
        struct inbye_denial seen = { 0 };
        struct sys_call call;
        uint32_t verdict;
        size_t filter;
        uint64_t id;
        pid_t pid;
        int r;

        r = sys_notify_receive(fd, &id, &pid, &call);
        if (r < 0)
                return r;
        verdict = listen_judge(denials->filters, denials->n_filters, denials->told, &call, &filter);
        seen.number = call.number;
        seen.machine = call.machine;
        memcpy(seen.arguments, call.arguments, sizeof(seen.arguments));
        seen.rule = rule_of(&denials->sandbox->filters[filter]);
        seen.done = BPF_ACTION(verdict) == BPF_LOG;
        seen.error = seen.done ? 0 : error_of(verdict);
        note(denials, &seen, pid);
        return seen.done ? sys_notify_let(fd, id) : sys_notify_deny(fd, id, seen.error);
}
