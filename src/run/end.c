/* SPDX-License-Identifier: MIT */
/*
 * The one way a tree ends.
 *
 *   RUNNING --soft signal--> FREEZING --all stand still--> GRACE --time up--> KILLING --empty--> ENDED
 *
 * with short cuts: no grace goes from RUNNING to KILLING; a command that ends by itself and leaves nobody
 * goes from RUNNING to ENDED; a tree that is empty early never waits for its grace.
 *
 * What moves the machine are ends of processes. The command has its pidfd. Of the other members the N_PINS
 * that the kernel kills last are pinned by pidfds of their own: when all of those have ended, the tree is
 * looked at again, and the next are pinned. Each pinned member also gets a SIGKILL of its own, since
 * cgroup.kill misses a process whose main thread has gone (Linux 6.18); so every round makes the tree smaller
 * until it is empty. The mechanism's own event (cgroup.events) comes as much as 10 ms late and is the last
 * resort, for members that cannot be pinned.
 *
 * Polling for emptiness and signalling all members again and again was rejected: it costs a walk over the
 * tree each time, and loses against a tree that forks.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "run/run.h"
#include "sys/child.h"
#include "sys/proc.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* How long everybody may take to stand still before the soft signal is sent all the same. */
#define FREEZE_LIMIT (50 * INBYE_MILLISECOND)
/* How long a killed tree may take to go before it is reported as unkillable. */
#define KILL_LIMIT (10 * INBYE_SECOND)
/* How long a tracer that was killed may take to give the command's status up. */
#define HELD_LIMIT INBYE_SECOND
/*
 * Where neither a pidfd nor an event of the mechanism tells of a member's end, there is no event at all
 * (POSIX has none for processes that are not one's children): look again, soon, then less and less soon.
 */
#define BLIND_FIRST INBYE_MILLISECOND
#define BLIND_LAST (64 * INBYE_MILLISECOND)

/*
 * In newer kernels (7.2; 6.18 not yet) a cgroup is populated until its last member has left the CPU for good:
 * some microseconds after everybody was told of its end, when no list shows it any more. The tree's event
 * would tell up to 10 ms later. So look again: soon, then less and less soon, then no more.
 */
#define LEAVING_FIRST (INBYE_MILLISECOND / 20)
#define LEAVING_LAST (10 * INBYE_MILLISECOND)

enum end_event {
        END_MAIN,  /* the command has ended */
        END_HELD,  /* it has, but a tracer holds its status */
        END_LOOK,  /* the tree may have changed */
        END_SOFT,  /* a soft end is wished */
        END_KILL,  /* a hard end is wished */
        END_PHASE, /* the time of the phase is up */
        END_N_EVENTS
};
static void step(struct inbye_process *process, enum end_event event);
static void on_tree_event(struct loop_io *io, uint32_t events);

/* --- watching members -------------------------------------------------------------------------------------
 */

static void pin_release(struct pin *pin)
{
        if (pin->fd < 0)
                return;
        loop_io_remove(&pin->io);
        pin->fd = fd_close(pin->fd);
        pin->process->n_pins--;
}

static void on_pin(struct loop_io *io, uint32_t events)
{
        struct pin *pin = CONTAINER_OF(io, struct pin, io);
        struct inbye_process *process = pin->process;

        (void)events;
        pin_release(pin);
        if (process->n_pins == 0)
                step(process, END_LOOK);
}

static struct pin *find_free_pin(struct inbye_process *process)
{
        for (int i = 0; i < N_PINS; i++)
                if (process->pins[i].fd < 0)
                        return &process->pins[i];
        return NULL;
}

/* Wait for the end of one member. It may have ended or left by now: then there is nothing to wait for. */
static void pin_member(struct inbye_process *process, pid_t pid)
{
        int fd = -1;

        if (!find_free_pin(process) || process->tree->ops->tree_pin(process->tree, pid, &fd) != 0)
                return;
        if (process->state == PROCESS_KILLING)
                sys_pidfd_send_signal(fd, SIGKILL);
        end_pin(process, pid, fd);
}

static bool is_pinned(const struct inbye_process *process, pid_t pid)
{
        for (int i = 0; i < N_PINS; i++)
                if (process->pins[i].fd >= 0 && process->pins[i].pid == pid)
                        return true;
        return false;
}

void end_pin(struct inbye_process *process, pid_t pid, int fd)
{
        struct pin *pin = is_pinned(process, pid) ? NULL : find_free_pin(process);

        if (!pin || fd < 0 || loop_io_add(process->loop, &pin->io, fd, LOOP_IN, on_pin) < 0) {
                fd_close(fd);
                return;
        }
        pin->fd = fd;
        pin->pid = pid;
        pin->process = process;
        process->n_pins++;
        process->leaving_ns = 0;
}

static void pin_last_members(struct inbye_process *process)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        if (process->tree->ops->tree_pids(process->tree, &pids) < 0)
                return;
        for (size_t i = pids.n; i-- > 0 && process->n_pins < N_PINS;)
                if (process->main_ended || pids.pids[i] != process->pid)
                        pin_member(process, pids.pids[i]);
}

static void watch_tree_event(struct inbye_process *process)
{
        int fd = process->tree->ops->tree_event_fd(process->tree);

        if (!process->tree_io.loop && fd >= 0)
                loop_io_add(
                        process->loop, &process->tree_io, fd, process->tree->ops->tree_events, on_tree_event);
}

static void watch_members(struct inbye_process *process)
{
        watch_tree_event(process);
        if (process->n_pins == 0)
                pin_last_members(process);
}

/* The command whose pid pinned its tree, now that there is no tree any more. */
static void reap_pin(struct inbye_process *process)
{
        struct sys_wait wait;

        if (process->main_ended && process->tree && process->tree->ops->pinned_by_command)
                sys_wait(process->pidfd, process->pid, WEXITED, &wait);
}

void end_unwatch(struct inbye_process *process)
{
        for (int i = 0; i < N_PINS; i++)
                pin_release(&process->pins[i]);
        loop_io_remove(&process->tree_io);
        loop_io_remove(&process->main_io);
        reap_pin(process);
        loop_child_remove(&process->child);
}

/* --- phases
 * ------------------------------------------------------------------------------------------------- */

static void enter(struct inbye_process *process, enum process_state state, uint64_t limit_ns)
{
        process->state = state;
        process->leaving_ns = process->blind_ns = 0;
        process->phase_limit_ns = limit_ns;
        process->phase_at = clock_deadline(loop_now_ns(process->loop), limit_ns);
        process_arm(process);
}

/* Nothing of it is left: the command was reaped, no member is known, and every pinned one has become a
 * zombie. */
static bool is_over(struct inbye_process *process)
{
        const struct contain_ops *ops = process->tree->ops;

        int r;

        /* Looking is also what quiets the tree's event: it comes first. */
        r = ops->tree_look(process->tree);
        if ((r != 0 && r != CONTAIN_E_LOST) || !process->main_ended || process->n_pins > 0)
                return false;
        process->lost |= r == CONTAIN_E_LOST;
        if (!ops->pinned_by_command || process->swept)
                return true;
        /* A list of processes that was read while they forked may miss one; the kill misses none. */
        process->swept = true;
        ops->tree_kill(process->tree);
        return ops->tree_look(process->tree) == 0;
}

static void on_blind_timer(struct loop_timer *timer)
{
        step(CONTAINER_OF(timer, struct inbye_process, blind_timer), END_LOOK);
}

static void look_again(struct inbye_process *process, uint64_t after_ns)
{
        loop_timer_set(process->loop, &process->blind_timer,
                clock_deadline(loop_now_ns(process->loop), after_ns), on_blind_timer);
}

/* When to look again for members that leave; 0: often enough. */
static uint64_t next_leaving_ns(const struct inbye_process *process)
{
        uint64_t after_ns = process->leaving_ns ? 2 * process->leaving_ns : LEAVING_FIRST;

        return after_ns <= LEAVING_LAST ? after_ns : 0;
}

static void look_for_leaving(struct inbye_process *process)
{
        uint64_t after_ns = next_leaving_ns(process);

        if (!after_ns)
                return;
        process->leaving_ns = after_ns;
        look_again(process, after_ns);
}

static void look_blindly(struct inbye_process *process)
{
        uint64_t after_ns = 2 * process->blind_ns;

        process->blind_ns = after_ns < BLIND_FIRST  ? BLIND_FIRST
                            : after_ns > BLIND_LAST ? BLIND_LAST
                                                    : after_ns;
        look_again(process, process->blind_ns);
}

/* The end of a holder is an event that comes once and stays: whoever is left has to be looked for without. */
static void drop_spent_event(struct inbye_process *process)
{
        if (process->state == PROCESS_ENDED || process->tree->ops->tree_event_fd(process->tree) >= 0)
                return;
        loop_io_remove(&process->tree_io);
        look_blindly(process);
}

static void on_tree_event(struct loop_io *io, uint32_t events)
{
        struct inbye_process *process = CONTAINER_OF(io, struct inbye_process, tree_io);

        (void)events;
        end_notice_main(process); /* a holder that has gone says nothing more of the command */
        step(process, END_LOOK);
        drop_spent_event(process);
}

/* The tree is empty: finish, or wait for those who got away from it and have now been killed. */
static bool finish_if_over(struct inbye_process *process)
{
        if (!is_over(process))
                return false;
        if (!strays_end(process)) {
                process_finish(process);
                return true;
        }
        process->paused_ns = 0;
        if (process->state != PROCESS_KILLING)
                enter(process, PROCESS_KILLING, KILL_LIMIT);
        if (process->n_pins == 0)
                look_blindly(process);
        return true;
}

/* Finish, or wait for whoever is left. */
static void finish_or_watch(struct inbye_process *process)
{
        if (finish_if_over(process))
                return;
        watch_members(process);
        if (!process->main_ended || process->n_pins > 0)
                return;
        if (process->tree_io.loop)
                look_for_leaving(process);
        else
                look_blindly(process);
}

static void kill_main(struct inbye_process *process)
{
        if (!process->main_ended)
                sys_child_signal(process->pidfd, process->pid, SIGKILL);
}

static void kill_tree(struct inbye_process *process)
{
        process->tree->ops->tree_kill(process->tree);
        kill_main(process);
        process->paused_ns = 0; /* a frozen tree dies as well, and its time counts again */
        enter(process, PROCESS_KILLING, process->main_held ? HELD_LIMIT : KILL_LIMIT);
        process_emit(process, (struct inbye_event){ .kind = INBYE_EVENT_KILLED, .signal = SIGKILL });
        finish_or_watch(process);
}

static void broadcast(struct inbye_process *process)
{
        bool was_frozen = process->state == PROCESS_FREEZING;
        int r = contain_signal(process->tree, process->soft_signal, process->soft_signal != SIGCONT);

        /* Without a descriptor to be had the members cannot be reached, but the command can. */
        if (r < 0 && !process->main_ended)
                sys_child_signal(process->pidfd, process->pid, process->soft_signal);
        if (was_frozen)
                process->tree->ops->tree_freeze(process->tree, false);
        enter(process, PROCESS_GRACE, process->grace_ns);
        process_emit(
                process, (struct inbye_event){ .kind = INBYE_EVENT_SIGNAL, .signal = process->soft_signal });
        if (process->state == PROCESS_GRACE)
                finish_or_watch(process);
}

static bool has_one_member(struct inbye_process *process)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        return process->tree->ops->tree_pids(process->tree, &pids) == 0 && pids.n <= 1;
}

static void soft_end(struct inbye_process *process)
{
        int r;

        if (process->grace_ns == 0 || process->soft_signal == SIGKILL) {
                kill_tree(process);
                return;
        }
        if (has_one_member(process)) {
                broadcast(process);
                return;
        }
        r = process->tree->ops->tree_freeze(process->tree, true);
        if (r == 0 || r == CONTAIN_E_PENDING)
                enter(process, PROCESS_FREEZING, FREEZE_LIMIT);
        if (r != CONTAIN_E_PENDING) {
                broadcast(process);
                return;
        }
        watch_tree_event(process);
}

static bool stands_still(struct inbye_process *process)
{
        return process->tree->ops->tree_freeze(process->tree, true) != CONTAIN_E_PENDING;
}

static void freezing_look(struct inbye_process *process)
{
        if (finish_if_over(process))
                return;
        if (!process->paused_ns && stands_still(process))
                broadcast(process);
}

/* --- leftovers
 * ---------------------------------------------------------------------------------------------- */

void leftover_describe(struct inbye_process *process, pid_t pid, struct leftover *ret)
{
        uint64_t inodes[2] = { process->pumps[0].inode, process->pumps[1].inode };
        struct proc_stat stat = { 0 };

        *ret = (struct leftover){ .public = { .pid = pid, .age_ns = INBYE_UNKNOWN, .state = '?' } };
        if (proc_read_stat(pid, &stat) < 0)
                return;
        memcpy(ret->name, stat.name, sizeof(ret->name));
        ret->public.age_ns = proc_age_ns(&stat);
        ret->public.state = stat.state;
        ret->public.held = proc_holds(pid, inodes, 2);
}

static void note_leftovers(struct inbye_process *process, bool unkillable)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        if (process->tree->ops->tree_pids(process->tree, &pids) < 0) {
                process->n_leftovers = SIZE_MAX; /* somebody is there, and nobody tells who */
                return;
        }
        if (pids.n == 0)
                return;
        if (!process->leftovers)
                process->leftovers = calloc(LEFTOVERS_KNOWN, sizeof(*process->leftovers));
        if (process->leftovers) {
                size_t n = pids.n < LEFTOVERS_KNOWN ? pids.n : LEFTOVERS_KNOWN;

                for (size_t i = 0; i < n; i++) {
                        leftover_describe(process, pids.pids[i], &process->leftovers[i]);
                        process->leftovers[i].public.unkillable = unkillable;
                }
                process->n_leftovers_known = n;
        }
        process->n_leftovers = pids.n;
}

/* --- the table
 * ---------------------------------------------------------------------------------------------- */

static bool has_members(struct inbye_process *process)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        return process->tree->ops->tree_pids(process->tree, &pids) < 0 || pids.n > 0;
}

/* Is the command itself all that is left, on its way out? */
static bool only_leaves(struct inbye_process *process)
{
        if (process->n_leftovers > 0 || process->tree->ops->pinned_by_command)
                return false;
        return next_leaving_ns(process) && !has_members(process);
}

static void running_main(struct inbye_process *process)
{
        if (finish_if_over(process))
                return;
        note_leftovers(process, false);
        if (process->command->leftovers == INBYE_LEFTOVERS_WAIT && process->reason == INBYE_OK)
                finish_or_watch(process);
        else if (only_leaves(process))
                finish_or_watch(process);
        else
                kill_tree(process);
}

static void running_look(struct inbye_process *process)
{
        if (process->main_ended && process->n_leftovers == 0)
                running_main(process);
        else
                finish_or_watch(process);
}

/*
 * A killed tree that does not go: say so, and leave it to whoever cleans up. A command that is dead and held
 * by a tracer out of our reach is not that: nothing of it is alive, only its status cannot be known.
 */
static void give_up(struct inbye_process *process)
{
        bool members = has_members(process);

        if (members && process->phase_limit_ns < KILL_LIMIT) {
                enter(process, PROCESS_KILLING, KILL_LIMIT);
                return;
        }
        process->unkillable = members || !process->main_held;
        if (process->unkillable) {
                note_leftovers(process, true);
                strays_give_up(process);
        }
        process_finish(process);
}

/* Its tracer is one of those whom it left behind. */
static void running_held(struct inbye_process *process)
{
        note_leftovers(process, false);
        if (process->command->leftovers == INBYE_LEFTOVERS_WAIT)
                watch_members(process);
        else
                kill_tree(process);
}

static void killing_held(struct inbye_process *process)
{
        enter(process, PROCESS_KILLING, HELD_LIMIT);
}

static void (*const table[PROCESS_N_STATES][END_N_EVENTS])(struct inbye_process *process) = {
        [PROCESS_RUNNING] = {
                [END_MAIN] = running_main,
                [END_HELD] = running_held,
                [END_LOOK] = running_look,
                [END_SOFT] = soft_end,
                [END_KILL] = kill_tree,
        },
        [PROCESS_FREEZING] = {
                [END_MAIN] = freezing_look,
                [END_LOOK] = freezing_look,
                [END_KILL] = kill_tree,
                [END_PHASE] = broadcast,
        },
        [PROCESS_GRACE] = {
                [END_MAIN] = finish_or_watch,
                [END_LOOK] = finish_or_watch,
                [END_SOFT] = broadcast,
                [END_KILL] = kill_tree,
                [END_PHASE] = kill_tree,
        },
        [PROCESS_KILLING] = {
                [END_MAIN] = finish_or_watch,
                [END_HELD] = killing_held,
                [END_LOOK] = finish_or_watch,
                [END_PHASE] = give_up,
        },
};

static void step(struct inbye_process *process, enum end_event event)
{
        void (*handler)(struct inbye_process * process) = table[process->state][event];

        if (handler)
                handler(process);
}

void end_on_phase_timer(struct loop_timer *timer)
{
        step(CONTAINER_OF(timer, struct inbye_process, phase_timer), END_PHASE);
}

/* --- the command
 * -------------------------------------------------------------------------------------------- */

/* Take its status. false: it has not ended. */
static bool reap_main(struct inbye_process *process)
{
        const struct contain_ops *ops = process->tree->ops;
        int r;

        r = ops->tree_wait(process->tree, process->pidfd, WEXITED, &process->main_wait);
        process->main_traced = r == CONTAIN_E_TRACED;
        if (r > 0 || (r == 0 && !process->main_wait.code))
                return false;
        /* Somebody else's wait took the status: the kernel may still know it. */
        if (r < 0 && sys_pidfd_exit_status(process->pidfd, &process->main_wait) < 0)
                process->main_wait = (struct sys_wait){ 0 };
        process->main_ended = true;
        ops->tree_command_ended(process->tree, r == 0);
        loop_io_remove(&process->main_io);
        if (!ops->pinned_by_command)
                loop_child_remove(&process->child);
        return true;
}

void end_notice_main(struct inbye_process *process)
{
        if (process->main_ended)
                return;
        if (!reap_main(process)) {
                if (process->main_held || !process->main_traced)
                        return;
                process->main_held = true;
                step(process, END_HELD);
                return;
        }
        process_emit(process, (struct inbye_event){ .kind = INBYE_EVENT_EXITED });
        step(process, END_MAIN);
}

static void on_main(struct loop_io *io, uint32_t events)
{
        (void)events;
        end_notice_main(CONTAINER_OF(io, struct inbye_process, main_io));
}

static void on_child(struct loop_child *child)
{
        end_notice_main(CONTAINER_OF(child, struct inbye_process, child));
}

int end_watch_main(struct inbye_process *process)
{
        int fd = process->tree->ops->tree_wait_fd(process->tree);

        /* One that holds the tree and is killed closes its line before it can be seen to be dead. */
        if (fd >= 0)
                watch_tree_event(process);
        if (fd < 0) {
                fd = process->pidfd;
                process->child.pid = process->pid;
                process->child.fn = on_child;
                loop_child_add(process->loop, &process->child);
        }
        if (fd < 0)
                fd = process->end_fd = sys_child_end_fd(process->pid);
        if (fd < 0)
                return fd;
        /* By edges: one that is dead and traced stays readable, and can be reaped only once its tracer has
         * gone, which is another edge. */
        return loop_io_add(process->loop, &process->main_io, fd, LOOP_IN | LOOP_EDGE, on_main);
}

/* What is left of the grace, which may only shrink. */
static uint64_t grace_left(const struct inbye_process *process)
{
        switch (process->state) {
        case PROCESS_FREEZING:
                return process->grace_ns;
        case PROCESS_GRACE:
                return clock_left(loop_now_ns(process->loop), process->phase_at);
        default:
                return CLOCK_FOREVER;
        }
}

void end_begin(struct inbye_process *process, enum inbye_status reason, int signo, uint64_t grace_ns)
{
        uint64_t left_ns;

        if (process->state == PROCESS_ENDED)
                return;
        /* The command ended by itself, and what it left behind is on its way out. */
        if (process->state == PROCESS_KILLING && process->reason == INBYE_OK)
                return;
        /* Cancel beats what came before it; nothing beats cancel. */
        if (process->reason == INBYE_OK || reason == INBYE_CANCELLED)
                process->reason = reason;
        if (grace_ns == 0 || signo == SIGKILL) {
                step(process, END_KILL);
                return;
        }
        /* A paused tree cannot act on a soft signal: let it go on. Where it cannot be let go, its time still
         * runs. */
        if (inbye_process_resume(process) < 0)
                process->paused_ns = 0;
        left_ns = grace_left(process);
        process->soft_signal = signo;
        process->grace_ns = grace_ns < left_ns ? grace_ns : left_ns;
        step(process, END_SOFT);
}
