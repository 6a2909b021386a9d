/* SPDX-License-Identifier: MIT */
/*
 * Results: plain data, complete when it is handed out, never changed after (a batch notes the number of the
 * attempt before it tells one). Everything that is not known stays INBYE_UNKNOWN; nothing here guesses.
 */
#include "base/fd.h"
#include "run/run.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[INBYE_STATUS_N] = {
        [INBYE_OK] = "ok",
        [INBYE_NONZERO] = "nonzero",
        [INBYE_SIGNALED] = "signaled",
        [INBYE_TIMEOUT] = "timeout",
        [INBYE_IDLE_TIMEOUT] = "idle_timeout",
        [INBYE_CANCELLED] = "cancelled",
        [INBYE_OUTPUT_LIMIT] = "output_limit",
        [INBYE_OOM] = "oom",
        [INBYE_LIMIT] = "limit",
        [INBYE_SPAWN_ERROR] = "spawn_error",
        [INBYE_LOST] = "lost",
};

const char *inbye_status_name(enum inbye_status status)
{
        return (unsigned)status < INBYE_STATUS_N ? status_names[status] : "unknown";
}

int result_new(struct inbye_command *command, const struct contain_group *group, struct inbye_result **ret)
{
        struct inbye_result *result = calloc(1, sizeof(*result));

        if (!result)
                return -ENOMEM;
        atomic_init(&result->n_references, 1);
        result->command = inbye_command_ref(command);
        result->code = -1;
        result->n_attempts = 1;
        result->n_escaped = INBYE_UNKNOWN;
        result->streams[0].spill_fd = result->streams[1].spill_fd = -1;
        result->usage = (struct inbye_usage){
                .cpu_user_us = INBYE_UNKNOWN,
                .cpu_system_us = INBYE_UNKNOWN,
                .peak_memory_bytes = INBYE_UNKNOWN,
                .peak_processes = INBYE_UNKNOWN,
                .io_read_bytes = INBYE_UNKNOWN,
                .io_written_bytes = INBYE_UNKNOWN,
                .cpu_stall_us = INBYE_UNKNOWN,
                .memory_stall_us = INBYE_UNKNOWN,
                .io_stall_us = INBYE_UNKNOWN,
                .cpu_source = "unknown",
                .memory_source = "unknown",
        };
        if (group) {
                result->ops = group->ops;
                result->passed_over = contain_passed_over_ref(group->passed_over);
        }
        *ret = result;
        return 0;
}

int result_new_failed(struct inbye_command *command, enum inbye_status status,
        const struct inbye_error *error, const struct inbye_group *group, struct inbye_result **ret)
{
        scoped(result_unrefp) struct inbye_result *result = NULL;
        int r;

        r = result_new(command, group ? group->contain : NULL, &result);
        if (r < 0)
                return r;
        result->status = status;
        result->n_escaped = 0; /* of what was never there */
        for (int i = 0; i < 2; i++)
                result->streams[i].captured = command_captures(command, i);
        if (error) {
                result->error = malloc(sizeof(*error));
                if (!result->error)
                        return -ENOMEM;
                *result->error = *error;
        }
        *ret = TAKE(result);
        return 0;
}

int inbye_result_from_error(struct inbye_command *command, const struct inbye_group *group,
        const struct inbye_error *error, struct inbye_result **ret_result)
{
        bool cancelled = error && error->number == ECANCELED;

        if (!command || !error || !ret_result)
                return -EINVAL;
        return result_new_failed(command, cancelled ? INBYE_CANCELLED : INBYE_SPAWN_ERROR,
                cancelled ? NULL : error, group, ret_result);
}

struct inbye_result *inbye_result_ref(struct inbye_result *result)
{
        if (result)
                atomic_fetch_add(&result->n_references, 1);
        return result;
}

void inbye_result_unref(struct inbye_result *result)
{
        if (!result || atomic_fetch_sub(&result->n_references, 1) > 1)
                return;
        for (int i = 0; i < 2; i++) {
                kept_deinit(&result->streams[i].kept);
                fd_close(result->streams[i].spill_fd);
        }
        contain_passed_over_unref(result->passed_over);
        inbye_command_unref(result->command);
        free(result->error);
        sandbox_skips_deinit(&result->skips);
        free(result->leftovers);
        free(result->escaped);
        denials_free(result->denials);
        free(result);
}

enum inbye_status inbye_result_status(const struct inbye_result *result)
{
        return result->status;
}

int inbye_result_code(const struct inbye_result *result)
{
        return result->code;
}

int inbye_result_signal(const struct inbye_result *result)
{
        return result->signal;
}

int inbye_result_core_dumped(const struct inbye_result *result)
{
        return result->core_dumped;
}

uint32_t inbye_result_attempts(const struct inbye_result *result)
{
        return result->n_attempts;
}

pid_t inbye_result_pid(const struct inbye_result *result)
{
        return result->pid;
}

struct inbye_command *inbye_result_command(const struct inbye_result *result)
{
        return result->command;
}

const struct inbye_error *inbye_result_error(const struct inbye_result *result)
{
        return result->error;
}

static const struct result_stream *find_stream(const struct inbye_result *result, enum inbye_stream stream)
{
        return &result->streams[stream == INBYE_STDERR];
}

const char *inbye_result_output(
        const struct inbye_result *result, enum inbye_stream stream, size_t *ret_n_bytes)
{
        const struct kept *kept = &find_stream(result, stream)->kept;

        if (ret_n_bytes)
                *ret_n_bytes = kept->n;
        return kept->data ? kept->data : "";
}

uint64_t inbye_result_bytes_seen(const struct inbye_result *result, enum inbye_stream stream)
{
        return find_stream(result, stream)->n_seen;
}

int inbye_result_truncated(const struct inbye_result *result, enum inbye_stream stream)
{
        return find_stream(result, stream)->truncated;
}

int inbye_result_tee_error(const struct inbye_result *result, enum inbye_stream stream)
{
        return find_stream(result, stream)->tee_error;
}

size_t inbye_result_gap(const struct inbye_result *result, enum inbye_stream stream)
{
        return find_stream(result, stream)->kept.gap;
}

int inbye_result_spill_fd(const struct inbye_result *result, enum inbye_stream stream)
{
        return find_stream(result, stream)->spill_fd;
}

uint64_t inbye_result_start_ns(const struct inbye_result *result)
{
        return result->wall_ns;
}

uint64_t inbye_result_duration_ns(const struct inbye_result *result)
{
        return result->duration_ns;
}

int inbye_result_usage(const struct inbye_result *result, struct inbye_usage *usage)
{
        size_t size;

        if (!usage || usage->size < sizeof(usage->size))
                return -EINVAL;
        size = usage->size;
        if (size > sizeof(*usage))
                return -E2BIG;
        memcpy(usage, &result->usage, size);
        usage->size = size;
        return 0;
}

enum inbye_verdict inbye_result_verdict(const struct inbye_result *result, enum inbye_limit limit)
{
        return (unsigned)limit < INBYE_LIMIT_N ? result->verdicts.of[limit] : INBYE_VERDICT_NONE;
}

const char *inbye_result_oom(const struct inbye_result *result)
{
        static const char *const names[] = {
                [LIMIT_OOM_COMMAND] = "command",
                [LIMIT_OOM_GROUP] = "group",
                [LIMIT_OOM_INSIDE] = "inside",
                [LIMIT_OOM_OUTSIDE] = "outside",
        };

        return names[result->verdicts.oom];
}

const char *inbye_result_mechanism(const struct inbye_result *result)
{
        return result->ops ? result->ops->name : NULL;
}

const char *inbye_result_cannot(const struct inbye_result *result)
{
        return result->ops ? result->ops->cannot : NULL;
}

const char *inbye_result_on_owner_death(const struct inbye_result *result)
{
        return result->ops ? result->ops->on_owner_death : NULL;
}

const char *inbye_result_passed_over(const struct inbye_result *result, size_t index, const char **ret_reason)
{
        const struct contain_passed_over *all = result->passed_over;

        if (!all || index >= all->n)
                return NULL;
        if (ret_reason)
                *ret_reason = all->mechanisms[index].reason;
        return all->mechanisms[index].name;
}

size_t inbye_result_n_leftovers(const struct inbye_result *result)
{
        return result->n_leftovers;
}

const struct inbye_leftover *inbye_result_leftover(const struct inbye_result *result, size_t index)
{
        return index < result->n_leftovers_known ? &result->leftovers[index].public : NULL;
}

uint64_t inbye_result_n_escaped(const struct inbye_result *result)
{
        return result->n_escaped;
}

const struct inbye_leftover *inbye_result_escaped(const struct inbye_result *result, size_t index)
{
        return index < result->n_escaped_known ? &result->escaped[index].public : NULL;
}

const char *inbye_result_sandbox_skipped(
        const struct inbye_result *result, size_t index, const char **ret_reason)
{
        const struct inbye_sandbox *sandbox = result ? result->command->sandbox : NULL;
        const struct sandbox_skip *skip;

        if (!result)
                return NULL;
        if (sandbox && index < sandbox->skips.n)
                return inbye_sandbox_skipped(sandbox, index, ret_reason);
        index -= sandbox ? sandbox->skips.n : 0;
        if (index >= result->skips.n)
                return NULL;
        skip = &result->skips.list[index];
        if (ret_reason)
                *ret_reason = skip->reason;
        return skip->part;
}

uint64_t inbye_result_n_denials(const struct inbye_result *result)
{
        return denials_count(result->denials);
}

const struct inbye_denial *inbye_result_denial(const struct inbye_result *result, size_t index)
{
        if (!result->denials || index >= result->denials->n_known)
                return NULL;
        return &result->denials->known[index].public;
}
