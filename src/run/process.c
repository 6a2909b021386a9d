/* SPDX-License-Identifier: MIT */
/*
 * A live command: started here, timed here, its output pumped, its result made when end.c says that nothing
 * of it is left.
 *
 * The owner is told from a deferred call, never from within one of its own calls, so that it may free the
 * process (or start the next) right there.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "run/run.h"
#include "sys/child.h"
#include "sys/misc.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* How long a tree that was just started and killed may take to go. */
#define UNDO_LIMIT INBYE_SECOND

static const char *const event_names[INBYE_EVENT_N] = {
        [INBYE_EVENT_OUTPUT] = "output",
        [INBYE_EVENT_EXITED] = "exited",
        [INBYE_EVENT_SIGNAL] = "signal",
        [INBYE_EVENT_LIMIT] = "limit",
        [INBYE_EVENT_KILLED] = "killed",
};

const char *inbye_event_name(enum inbye_event_kind kind)
{
        return (unsigned)kind < INBYE_EVENT_N ? event_names[kind] : "unknown";
}

void process_emit(struct inbye_process *process, struct inbye_event event)
{
        if (!process->event_fn)
                return;
        event.since_start_ns = clock_left(process->started_ns, loop_now_ns(process->loop));
        loop_hold(process->loop);
        process->event_fn(process->event_userdata, process, &event);
        loop_unhold(process->loop);
}

/* --- clocks
 * --------------------------------------------------------------------------------------------------- */

/* The command may have ended in this very turn, and its event still be on the way: then it did not overrun
 * and cannot be cancelled, unless its leftovers are waited for. */
static bool has_ended_by_itself(struct inbye_process *process)
{
        end_notice_main(process);
        return process->state != PROCESS_RUNNING ||
               (process->main_ended && process->command->leftovers != INBYE_LEFTOVERS_WAIT);
}

void process_overrun(struct inbye_process *process, enum inbye_status status)
{
        if (process->state != PROCESS_RUNNING || has_ended_by_itself(process))
                return;
        process_emit(process, (struct inbye_event){ .kind = INBYE_EVENT_LIMIT, .status = status });
        if (process->state != PROCESS_RUNNING)
                return; /* who was told has begun to end it */
        end_begin(process, status, process->command->soft_signal, process->command->grace_ns);
}

static void on_timeout(struct loop_timer *timer)
{
        process_overrun(CONTAINER_OF(timer, struct inbye_process, timeout_timer), INBYE_TIMEOUT);
}

/* Set anew only when it fires, not for every byte. */
static void on_idle(struct loop_timer *timer)
{
        struct inbye_process *process = CONTAINER_OF(timer, struct inbye_process, idle_timer);
        uint64_t due_ns;

        if (process->pumps[0].paused)
                process->last_byte_ns = loop_now_ns(process->loop); /* it may have written: nobody looked */
        due_ns = clock_deadline(process->last_byte_ns, process->command->idle_timeout_ns);
        if (due_ns <= loop_now_ns(process->loop)) {
                process_overrun(process, INBYE_IDLE_TIMEOUT);
                return;
        }
        process->idle_at = due_ns;
        process_arm(process);
}

void process_arm(struct inbye_process *process)
{
        bool running = process->state == PROCESS_RUNNING && !process->paused_ns;
        uint64_t never = CLOCK_FOREVER;

        loop_timer_set(
                process->loop, &process->timeout_timer, running ? process->timeout_at : never, on_timeout);
        loop_timer_set(process->loop, &process->idle_timer, running ? process->idle_at : never, on_idle);
        loop_timer_set(process->loop, &process->phase_timer, process->paused_ns ? never : process->phase_at,
                end_on_phase_timer);
}

static uint64_t later(uint64_t at_ns, uint64_t by_ns)
{
        return at_ns == CLOCK_FOREVER ? at_ns : clock_deadline(at_ns, by_ns);
}

int inbye_process_pause(struct inbye_process *process)
{
        int r;

        if (!process)
                return -EINVAL;
        if (process->state == PROCESS_ENDED)
                return -ESRCH;
        /* What was killed goes, and the time that it may take counts. */
        if (process->paused_ns || process->state == PROCESS_KILLING)
                return 0;
        r = process->tree->ops->tree_freeze(process->tree, true);
        if (r < 0 && r != -EOPNOTSUPP)
                return r;
        process->paused_ns = loop_clock_ns(process->loop);
        process_arm(process);
        return 0;
}

int inbye_process_resume(struct inbye_process *process)
{
        uint64_t by_ns;
        int r;

        if (!process)
                return -EINVAL;
        if (process->state == PROCESS_ENDED)
                return -ESRCH;
        if (!process->paused_ns)
                return 0;
        r = process->tree->ops->tree_freeze(process->tree, false);
        if (r < 0 && r != -EOPNOTSUPP)
                return r;
        by_ns = clock_left(process->paused_ns, loop_clock_ns(process->loop));
        process->paused_ns = 0;
        process->timeout_at = later(process->timeout_at, by_ns);
        process->idle_at = later(process->idle_at, by_ns);
        process->last_byte_ns = later(process->last_byte_ns, by_ns);
        process->phase_at = later(process->phase_at, by_ns);
        process_arm(process);
        return 0;
}

/* --- output
 * ----------------------------------------------------------------------------------------------------- */

static void on_bytes(struct pump *pump, const char *data, size_t n)
{
        struct inbye_process *process = pump->userdata;

        process->last_byte_ns = loop_now_ns(process->loop);
        process_emit(process, (struct inbye_event){
                                      .kind = INBYE_EVENT_OUTPUT,
                                      .stream = pump == &process->pumps[0] ? INBYE_STDOUT : INBYE_STDERR,
                                      .data = data,
                                      .n_bytes = n,
                              });
}

static void on_over(struct pump *pump)
{
        struct inbye_process *process = pump->userdata;

        if (process->state == PROCESS_RUNNING &&
                (process->main_ended || sys_child_has_ended(process->pidfd, process->pid) != 1))
                process_overrun(process, INBYE_OUTPUT_LIMIT);
        else if (process->reason == INBYE_OK)
                process->reason = INBYE_OUTPUT_LIMIT; /* too late to end it, not too late to say so */
}

static int pause_output(struct inbye_process *process, bool paused)
{
        if (!process)
                return -EINVAL;
        if (process->state == PROCESS_ENDED)
                return -ESRCH;
        if (process->pumps[0].paused != paused)
                process->last_byte_ns = loop_clock_ns(process->loop);
        for (int i = 0; i < 2; i++)
                pump_pause(&process->pumps[i], paused);
        return 0;
}

int inbye_process_pause_output(struct inbye_process *process)
{
        return pause_output(process, true);
}

int inbye_process_resume_output(struct inbye_process *process)
{
        return pause_output(process, false);
}

static int start_pumps(struct inbye_process *process)
{
        int r = 0;

        for (int i = 0; i < 2 && r == 0; i++) {
                struct pump *pump = &process->pumps[i];

                if (pump->fd < 0)
                        continue;
                pump_close_write(pump);
                pump->on_bytes = on_bytes;
                pump->on_over = on_over;
                r = pump_start(pump, process->loop);
        }
        if (r == 0 && process->feed.fd >= 0) {
                feed_close_read(&process->feed);
                r = feed_start(&process->feed, process->loop);
        }
        return r;
}

/* --- birth
 * ------------------------------------------------------------------------------------------------------ */

/* Where the kernel ends one member and leaves the others, we do not. */
static void on_oom(struct loop_io *io, uint32_t events)
{
        struct inbye_process *process = CONTAINER_OF(io, struct inbye_process, oom_io);

        (void)events;
        if (!limit_tree_take_oom(&process->limits))
                return;
        process_emit(process, (struct inbye_event){ .kind = INBYE_EVENT_LIMIT, .status = INBYE_OOM });
        end_begin(process, INBYE_OOM, SIGKILL, 0);
}

static int watch_oom(struct inbye_process *process)
{
        int fd = limit_tree_oom_fd(&process->limits);

        return fd < 0 ? 0 : loop_io_add(process->loop, &process->oom_io, fd, LOOP_IN, on_oom);
}

static void release(struct inbye_process *process)
{
        loop_io_remove(&process->oom_io);
        listener_deinit(&process->listener);
        end_unwatch(process);
        loop_timer_stop(&process->timeout_timer);
        loop_timer_stop(&process->idle_timer);
        loop_timer_stop(&process->phase_timer);
        loop_timer_stop(&process->blind_timer);
        for (int i = 0; i < 2; i++)
                pump_deinit(&process->pumps[i]);
        feed_deinit(&process->feed);
        limit_tree_close(&process->limits);
        contain_tree_free(process->tree);
        process->tree = NULL;
        process->pidfd = fd_close(process->pidfd);
        process->end_fd = fd_close(process->end_fd);
}

void process_free_now(struct inbye_process *process)
{
        loop_defer_cancel(&process->finish);
        release(process);
        if (process->timers_reserved)
                loop_timers_release(process->loop, N_TIMERS);
        list_unlink(&process->link);
        free(process->leftovers);
        strays_deinit(&process->strays);
        inbye_result_unref(process->result);
        inbye_command_unref(process->command);
        free(process);
}

static void process_freep(struct inbye_process **process)
{
        if (*process)
                process_free_now(*process);
}

static struct inbye_process *process_new(struct inbye_group *group, struct inbye_command *command)
{
        struct inbye_process *process = calloc(1, sizeof(*process));

        if (!process)
                return NULL;
        list_init(&process->link);
        process->group = group;
        process->loop = group->loop;
        process->command = inbye_command_ref(command);
        process->pidfd = process->end_fd = process->listener.fd = -1;
        process->limits = (struct limit_tree)LIMIT_TREE_INIT;
        for (int i = 0; i < N_PINS; i++)
                process->pins[i].fd = -1;
        for (int i = 0; i < 2; i++)
                process->pumps[i] = (struct pump)PUMP_INIT;
        process->feed = (struct feed)FEED_INIT;
        process->timeout_at = process->idle_at = process->phase_at = CLOCK_FOREVER;
        return process;
}

/* What its end will need: from here on it cannot fail for want of memory. */
static int reserve(struct inbye_process *process, const struct prepared *prepared)
{
        int r;

        r = result_new(process->command, process->group->contain, &process->result);
        if (r < 0)
                return r;
        r = listener_reserve(&process->listener, process->command, &prepared->sandbox);
        if (r < 0)
                return r;
        r = loop_timers_reserve(process->loop, N_TIMERS);
        if (r == 0)
                process->timers_reserved = true;
        return r;
}

/* Before it is made: what it does may be over when we come back from making it. */
static void note_start(struct inbye_process *process)
{
        process->started_ns = process->last_byte_ns = loop_clock_ns(process->loop);
        process->wall_ns = clock_wall_ns();
        process->started_ticks = proc_now_ticks();
        process->owner_peak_bytes = sys_own_peak_bytes();
}

static void start_clocks(struct inbye_process *process)
{
        const struct inbye_command *command = process->command;

        process->timeout_at =
                clock_deadline(process->started_ns, sandbox_timeout(command->sandbox, command->timeout_ns));
        if (command_captures(command, 0) || command_captures(command, 1))
                process->idle_at = clock_deadline(process->started_ns, command->idle_timeout_ns);
        process_arm(process);
}

/* It runs and cannot be watched: end it here and now, so that nothing half-done is left. */
static void end_unwatched(struct inbye_process *process)
{
        siginfo_t info;

        process->tree->ops->tree_kill(process->tree);
        if (process->tree->ops->tree_wait_fd(process->tree) < 0)
                kill(process->pid, SIGKILL); /* ours, and not reaped yet */
        while (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
                ;
        process->tree->ops->tree_command_ended(process->tree, true);
        (void)contain_await_empty(process->tree, UNDO_LIMIT);
        (void)waitid(P_PID, (id_t)process->pid, &info, WEXITED);
}

static int undo_start(struct inbye_process *process, int r, struct inbye_error *reterr)
{
        end_unwatched(process);
        return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot watch the new process");
}

static int start(struct inbye_process *process, const struct prepared *prepared, struct inbye_error *reterr)
{
        struct spawned spawned;
        int r;

        note_start(process);
        r = spawn(&prepared->plan, &spawned, reterr);
        if (r < 0)
                return limit_tree_explain(&process->limits, r, reterr);
        process->pid = spawned.pid;
        process->pidfd = spawned.pidfd;
        process->tree->ops->tree_started(process->tree, &spawned);
        r = end_watch_main(process);
        if (r == 0)
                r = watch_oom(process);
        if (r == 0)
                r = listener_start(&process->listener, process->loop, &prepared->sandbox);
        if (r == 0)
                r = start_pumps(process);
        if (r < 0)
                return undo_start(process, r, reterr);
        start_clocks(process);
        return 0;
}

static bool mechanism_fits(const struct inbye_group *group, const struct inbye_sandbox *sandbox)
{
        uint32_t mechanisms = inbye_sandbox_mechanisms(sandbox);

        return !mechanisms || (mechanisms & group_ops(group)->bit);
}

static int check(struct inbye_group *group, struct inbye_command *command, struct inbye_error *reterr)
{
        int r;

        if (group->cancel && inbye_cancel_is_fired(group->cancel))
                return error_set_plain(
                        reterr, INBYE_STAGE_ARGUMENT, ECANCELED, "cancelled before it was started");
        if (group->frozen)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBUSY,
                        "the group is frozen: a command started now would hang until it is thawed");
        if (command->session && group_ops(group)->cannot_hold_sessions)
                return error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP,
                        "mechanism %s cannot hold a session of its own here", group_ops(group)->name);
        if (!mechanism_fits(group, command->sandbox)) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                        "the sandbox needs a pid namespace of its own, which mechanism %s has not",
                        group_ops(group)->name);
                error_hint(reterr, "--mechanism cgroup+pidns,pidns");
                return -EOPNOTSUPP;
        }
        r = command_check_limits(command, &group->limits.limits, reterr);
        if (r == 0)
                atomic_store(&command->started, true);
        return r;
}

int inbye_group_spawn(struct inbye_group *group, struct inbye_command *command,
        struct inbye_process **ret_process, struct inbye_error *reterr)
{
        scoped(prepared_deinit) struct prepared prepared = PREPARED_INIT;
        scoped(process_freep) struct inbye_process *process = NULL;
        int r;

        if (!group || !command || !ret_process)
                return -EINVAL;
        r = check(group, command, reterr);
        if (r < 0)
                return r;
        process = process_new(group, command);
        if (!process)
                return error_set(reterr, INBYE_STAGE_PIPE, ENOMEM, "cannot hold another process");
        r = plan_prepare(&prepared, command, process, reterr);
        if (r < 0)
                return r;
        r = group->contain->ops->tree_open(group->contain, &process->tree, reterr);
        if (r < 0)
                return r;
        r = reserve(process, &prepared);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot hold another process");
        process->result->skips = prepared.sandbox.skips;
        prepared.sandbox.skips = (struct sandbox_skips){ 0 };
        process->tree->ops->tree_plan(process->tree, &prepared.plan);
        r = process_open_limits(process, &prepared, reterr);
        if (r < 0)
                return r;
        r = start(process, &prepared, reterr);
        if (r < 0)
                return r;
        list_append(&group->processes, &process->link);
        *ret_process = TAKE(process);
        return 0;
}

/* --- the end
 * ---------------------------------------------------------------------------------------------------- */

/* A tree that its own limit, or that of its group, has ended: whatever its command made of it. */
static bool limit_ended(const struct limit_verdicts *verdicts)
{
        return verdicts->oom == LIMIT_OOM_COMMAND || verdicts->oom == LIMIT_OOM_GROUP;
}

/* It failed, and a fork of it did: there is hardly another reason. */
static enum inbye_status failed_as(const struct inbye_process *process, enum inbye_status status)
{
        bool tasks = process->result->verdicts.of[INBYE_LIMIT_TASKS] == INBYE_VERDICT_TRIPPED;

        return tasks ? INBYE_LIMIT : status;
}

static enum inbye_status judge(const struct inbye_process *process)
{
        const struct sys_wait *wait = &process->main_wait;

        if (process->unkillable || process->lost || process->strays.stuck)
                return INBYE_LOST;
        if (process->reason != INBYE_OK)
                return process->reason;
        if (limit_ended(&process->result->verdicts))
                return INBYE_OOM;
        if (wait->code == CLD_KILLED || wait->code == CLD_DUMPED)
                return failed_as(process, INBYE_SIGNALED);
        if (wait->code != CLD_EXITED)
                return INBYE_LOST;
        if (!command_is_success(process->command, wait->status))
                return failed_as(process, INBYE_NONZERO);
        if ((process->n_leftovers || process->strays.pids.n) &&
                process->command->leftovers == INBYE_LEFTOVERS_FAIL)
                return INBYE_NONZERO;
        return INBYE_OK;
}

/*
 * The kernel counts the memory that a child shared with its owner before it exec'ed: what is not above the
 * owner's own peak says nothing of the child.
 */
static void fill_peak(const struct inbye_process *process, uint64_t peak_bytes, struct inbye_usage *usage)
{
        if (peak_bytes <= process->owner_peak_bytes)
                return;
        usage->peak_memory_bytes = peak_bytes;
        usage->memory_source = "rusage";
}

/* What the kernel tells of the command and what it waited for; the mechanism may know better. */
static void fill_usage(const struct inbye_process *process, struct inbye_usage *usage)
{
        const struct sys_wait *wait = &process->main_wait;

        if (wait->usage_known) {
                usage->cpu_user_us = wait->user_us;
                usage->cpu_system_us = wait->system_us;
                usage->cpu_source = "rusage";
                fill_peak(process, wait->peak_bytes, usage);
        }
        process->tree->ops->tree_usage(process->tree, usage);
        limit_tree_read(&process->limits, usage, &process->result->verdicts);
}

static int fill_stream(struct pump *pump, bool captured, struct result_stream *stream)
{
        stream->captured = captured;
        if (!captured)
                return 0;
        stream->n_seen = pump->keep.n_seen;
        stream->truncated = keep_is_truncated(&pump->keep);
        stream->tee_error = pump->tee_error;
        stream->error = pump->error;
        stream->spill_fd = TAKE_FD(pump->keep.spill_fd);
        return keep_finish(&pump->keep, &stream->kept);
}

static void point_at_names(struct inbye_result *result)
{
        for (size_t i = 0; i < result->n_leftovers_known; i++)
                result->leftovers[i].public.name = result->leftovers[i].name;
        for (size_t i = 0; i < result->n_escaped_known; i++)
                result->escaped[i].public.name = result->escaped[i].name;
}

/* It was made at the start: an end cannot fail for want of memory. */
static void fill_result(struct inbye_process *process)
{
        struct inbye_result *result = process->result;
        const struct sys_wait *wait = &process->main_wait;

        fill_usage(process, &result->usage);
        result->status = judge(process);
        result->code = wait->code == CLD_EXITED ? wait->status : -1;
        result->signal = wait->code == CLD_KILLED || wait->code == CLD_DUMPED ? wait->status : 0;
        result->core_dumped = wait->code == CLD_DUMPED;
        result->pid = process->pid;
        result->wall_ns = process->wall_ns;
        result->duration_ns = clock_left(process->started_ns, loop_clock_ns(process->loop));
        for (int i = 0; i < 2; i++) {
                /* Without memory for the bytes the result still tells how many there were. */
                int r = fill_stream(
                        &process->pumps[i], command_captures(process->command, i), &result->streams[i]);
                if (r < 0) {
                        result->streams[i].error = -r;
                        result->streams[i].truncated = true;
                }
        }
        result->leftovers = TAKE(process->leftovers);
        result->n_leftovers = process->n_leftovers;
        result->n_leftovers_known = process->n_leftovers_known;
        result->denials = TAKE(process->listener.denials);
        strays_fill_result(process, result);
        point_at_names(result);
}

static void tell_owner(struct loop_defer *defer)
{
        struct inbye_process *process = CONTAINER_OF(defer, struct inbye_process, finish);
        struct inbye_group *group = process->group;

        list_unlink(&process->link);
        process->group = NULL;
        group_process_gone(group); /* before the owner is told, who may free it */
        if (process->abandoned)
                process_free_now(process);
        else if (process->end_fn)
                process->end_fn(process->end_userdata, process, process->result);
}

void process_finish(struct inbye_process *process)
{
        struct inbye_loop *loop = process->loop;

        process->state = PROCESS_ENDED;
        end_unwatch(process);
        loop_reap_now(loop);
        for (int i = 0; i < 2; i++)
                pump_drain(&process->pumps[i]);
        fill_result(process);
        release(process);
        loop_defer(loop, &process->finish, tell_owner);
}

void inbye_process_on_end(struct inbye_process *process, inbye_process_end_fn fn, void *userdata)
{
        process->end_fn = fn;
        process->end_userdata = userdata;
}

void inbye_process_on_event(struct inbye_process *process, inbye_process_event_fn fn, void *userdata)
{
        process->event_fn = fn;
        process->event_userdata = userdata;
}

struct inbye_result *inbye_process_result(const struct inbye_process *process)
{
        return process->state == PROCESS_ENDED ? process->result : NULL;
}

pid_t inbye_process_pid(const struct inbye_process *process)
{
        return process->pid;
}

int inbye_process_wait(struct inbye_process *process, uint64_t timeout_ns, struct inbye_result **ret_result)
{
        uint64_t deadline_ns;
        int r;

        if (!process)
                return -EINVAL;
        deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        while (process->group) {
                uint64_t left_ns = clock_left(clock_now_ns(), deadline_ns);

                r = inbye_loop_dispatch(process->loop, left_ns);
                if (r < 0)
                        return r;
                if (left_ns == 0 && process->group)
                        return -ETIMEDOUT;
        }
        if (ret_result)
                *ret_result = inbye_result_ref(process->result);
        return 0;
}

void inbye_process_free(struct inbye_process *process)
{
        if (!process)
                return;
        process->end_fn = NULL;
        process->event_fn = NULL;
        end_begin(process, INBYE_CANCELLED, SIGKILL, 0);
        /* From inside a callback the loop cannot be turned: it will free the process itself. */
        if (process->group && loop_is_busy(process->loop)) {
                process->abandoned = true;
                return;
        }
        while (process->group && inbye_loop_dispatch(process->loop, INBYE_FOREVER) >= 0)
                ;
        process_free_now(process);
}

/* --- signals
 * ---------------------------------------------------------------------------------------------------- */

static int check_live(const struct inbye_process *process, int signo)
{
        if (!process || signo < 1 || signo > 64)
                return -EINVAL;
        return process->state == PROCESS_ENDED ? -ESRCH : 0;
}

int inbye_process_signal(struct inbye_process *process, int signo)
{
        int r = check_live(process, signo);

        if (r < 0)
                return r;
        r = contain_signal(process->tree, signo, false);
        if (r == 0)
                process_emit(process, (struct inbye_event){ .kind = INBYE_EVENT_SIGNAL, .signal = signo });
        return r;
}

int inbye_process_signal_main(struct inbye_process *process, int signo)
{
        int r = check_live(process, signo);

        if (r < 0)
                return r;
        return process->main_ended ? -ESRCH : sys_child_signal(process->pidfd, process->pid, signo);
}

int inbye_process_cancel(struct inbye_process *process, int signo, uint64_t grace_ns)
{
        int r = check_live(process, signo ? signo : SIGTERM);

        if (r < 0)
                return r;
        if (process->state == PROCESS_RUNNING && has_ended_by_itself(process))
                return 0;
        end_begin(process, INBYE_CANCELLED, signo ? signo : process->command->soft_signal, grace_ns);
        return 0;
}

int inbye_process_take_stop(struct inbye_process *process)
{
        struct sys_wait wait;

        if (!process || process->main_ended || process->state == PROCESS_ENDED)
                return 0;
        if (process->tree->ops->tree_wait(process->tree, process->pidfd, WSTOPPED, &wait) < 0)
                return 0;
        if (wait.code != CLD_STOPPED)
                return 0;
        return wait.status;
}

int inbye_process_write(struct inbye_process *process, const void *data, size_t n_bytes)
{
        if (!process || (!data && n_bytes) || process->command->input != INPUT_PIPE)
                return -EINVAL;
        if (process->state == PROCESS_ENDED)
                return -EPIPE;
        return feed_write(&process->feed, data, n_bytes);
}

int inbye_process_close_input(struct inbye_process *process)
{
        if (!process || process->command->input != INPUT_PIPE)
                return -EINVAL;
        if (process->state == PROCESS_ENDED)
                return -ESRCH;
        return feed_end(&process->feed);
}
