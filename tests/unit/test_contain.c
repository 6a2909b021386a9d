/* SPDX-License-Identifier: MIT */
/*
 * The mechanisms by themselves: leaves and process groups without a process object around them. Every test
 * works below the test's own cgroup and leaves nothing there.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "contain/contain.h"
#include "sys/clone3.h"
#include "sys/pidfd.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define PATIENCE_MS 20000

/* One tree with one command in it that talks to us. */
struct rig {
        struct inbye_loop *loop;
        struct contain_group *group;
        struct contain_tree *tree;
        const struct contain_ops *ops;
        char path[PATH_MAX]; /* of the leaf */
        int dir_fd;          /* borrowed */
        pid_t pid;
        int pidfd, in_fd, out_fd;
};

static void rig_open(struct rig *rig, uint32_t mechanism)
{
        struct inbye_error error = { 0 };
        int r;

        *rig = (struct rig){ .dir_fd = -1, .pidfd = -1, .in_fd = -1, .out_fd = -1 };
        cr_assert(zero(int, inbye_loop_open(&rig->loop)));
        r = contain_open(rig->loop, mechanism, &rig->group, &error);
        if (r == -EOPNOTSUPP)
                cr_skip("%s", error.text);
        cr_assert(zero(int, r), "%s", error.text);
        rig->ops = rig->group->ops;
}

static void rig_tree(struct rig *rig)
{
        struct spawn_plan plan = SPAWN_PLAN_INIT;
        struct inbye_error error = { 0 };
        char link[64];
        ssize_t n;

        cr_assert(zero(int, rig->ops->tree_open(rig->group, &rig->tree, &error)), "%s", error.text);
        rig->ops->tree_plan(rig->tree, &plan);
        rig->dir_fd = plan.cgroup_fd;
        if (rig->dir_fd < 0)
                return;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", rig->dir_fd);
        n = readlink(link, rig->path, sizeof(rig->path) - 1);
        cr_assert(gt(int, (int)n, 0));
        rig->path[n] = '\0';
}

static void rig_start_argv(struct rig *rig, const char *const *argv)
{
        struct spawn_plan plan = SPAWN_PLAN_INIT;
        struct inbye_error error = { 0 };
        struct spawned spawned;
        int in[2], out[2];

        cr_assert(zero(int, pipe2(in, O_CLOEXEC)));
        cr_assert(zero(int, pipe2(out, O_CLOEXEC)));
        plan.argv = argv;
        plan.envp = (const char *const *)environ;
        plan.program = argv[0];
        plan.stdio[0] = in[0];
        plan.stdio[1] = out[1];
        plan.stdio[2] = 2;
        rig->ops->tree_plan(rig->tree, &plan);
        cr_assert(zero(int, spawn(&plan, &spawned, &error)), "%s", error.text);
        rig->ops->tree_started(rig->tree, &spawned);
        fd_close(in[0]);
        fd_close(out[1]);
        rig->in_fd = in[1];
        rig->out_fd = out[0];
        rig->pid = spawned.pid;
        rig->pidfd = spawned.pidfd;
}
#define rig_start(rig, ...) rig_start_argv(rig, (const char *const[]){ __VA_ARGS__, NULL })

/* $1 is the leaf. */
static void rig_script(struct rig *rig, const char *script)
{
        rig_start(rig, "sh", "-c", script, "sh", rig->path);
}

/* A scenario of tests/helpers/hostile, up to where it says "ready". */
static void rig_hostile(struct rig *rig, const char *scenario, const char *how)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/hostile", getenv("INBYE_HELPERS"));
        rig_start(rig, path, scenario, how);
}

/* Take the next line. @return its number, for lines that are pids. */
static int rig_line(struct rig *rig, char line[static 64])
{
        struct pollfd p = { .fd = rig->out_fd, .events = POLLIN };
        size_t n = 0;

        while (n < 63) {
                cr_assert(eq(int, poll(&p, 1, PATIENCE_MS), 1), "no line came");
                cr_assert(eq(int, (int)read(rig->out_fd, line + n, 1), 1), "the output ended in a line");
                if (line[n++] == '\n')
                        break;
        }
        line[n] = '\0';
        return atoi(line);
}

static void rig_expect(struct rig *rig, char *expected)
{
        char line[64];

        rig_line(rig, line);
        cr_assert(eq(str, line, expected));
}

static void rig_reap(struct rig *rig)
{
        siginfo_t info;

        rig->in_fd = fd_close(rig->in_fd);
        cr_assert(eq(int, sys_pidfd_wait(rig->pidfd, PATIENCE_MS), 1), "the command did not end");
        cr_assert(zero(int, waitid(P_PID, (id_t)rig->pid, &info, WEXITED)));
        rig->ops->tree_command_ended(rig->tree, false);
        rig->pidfd = fd_close(rig->pidfd);
        rig->out_fd = fd_close(rig->out_fd);
}

/* As the end of a tree does it: look, and wait for the members and for the tree's own event. */
static void rig_await_empty(struct rig *rig)
{
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), PATIENCE_MS * INBYE_MILLISECOND);
        int r;

        while ((r = rig->ops->tree_look(rig->tree)) != 0) {
                struct contain_pids pids = { 0 };
                struct pollfd p = { .fd = rig->ops->tree_event_fd(rig->tree), .events = POLLPRI };
                int pidfd = -1;

                cr_assert(eq(int, r, CONTAIN_E_POPULATED));
                cr_assert(lt(u64, clock_now_ns(), deadline_ns), "members are left");
                cr_assert(zero(int, rig->ops->tree_pids(rig->tree, &pids)));
                if (pids.n && rig->ops->tree_pin(rig->tree, pids.pids[pids.n - 1], &pidfd) == 0) {
                        sys_pidfd_send_signal(pidfd, SIGKILL);
                        cr_assert(eq(int, sys_pidfd_wait(pidfd, PATIENCE_MS), 1));
                } else {
                        poll(&p, p.fd >= 0, 100);
                }
                fd_close(pidfd);
                contain_pids_deinit(&pids);
        }
}

static void rig_free_tree(struct rig *rig)
{
        contain_tree_free(rig->tree);
        rig->tree = NULL;
}

static void rig_kill(struct rig *rig)
{
        cr_assert(zero(int, rig->ops->tree_kill(rig->tree)));
        if (rig->pidfd >= 0)
                rig_reap(rig);
        rig_await_empty(rig);
}

static void rig_close(struct rig *rig)
{
        char path[PATH_MAX], *end;

        contain_tree_free(rig->tree);
        contain_group_free(rig->group);
        inbye_loop_free(rig->loop);
        if (!rig->path[0])
                return;
        memcpy(path, rig->path, sizeof(path));
        end = strchr(strstr(path, "/inbye.") + 1, '/');
        *end = '\0';
        cr_assert(eq(int, access(path, F_OK), -1), "the session is left: %s", path);
}

static size_t count_pids(struct rig *rig)
{
        struct contain_pids pids = { 0 };
        size_t n;

        cr_assert(zero(int, rig->ops->tree_pids(rig->tree, &pids)));
        n = pids.n;
        contain_pids_deinit(&pids);
        return n;
}

static int write_in_leaf(struct rig *rig, const char *name, const char *value)
{
        return fd_write_file_at(rig->dir_fd, name, value);
}

/* --- leaves: used again, or not ------------------------------------------------------------------------- */

/* Run a command in a leaf, do something to the leaf, and see whether the next tree gets the same one. */
static bool is_used_again(struct rig *rig, const char *script, void (*meddle)(struct rig *rig))
{
        char before[PATH_MAX];
        bool again;

        rig_tree(rig);
        memcpy(before, rig->path, sizeof(before));
        rig_script(rig, script);
        if (meddle)
                meddle(rig);
        if (rig->pidfd >= 0)
                rig_reap(rig);
        rig_await_empty(rig);
        rig_free_tree(rig);
        rig_tree(rig);
        again = strcmp(before, rig->path) == 0;
        if (!again)
                cr_assert(eq(int, access(before, F_OK), -1), "the old leaf is left");
        rig_script(rig, "exit 0"); /* and it is one that can be born into */
        rig_reap(rig);
        rig_await_empty(rig);
        return again;
}

Test(cgroup, a_leaf_that_emptied_by_itself_is_used_again)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        cr_assert(is_used_again(&rig, "exit 0", NULL));
        rig_close(&rig);
}

static void kill_it(struct rig *rig)
{
        rig_kill(rig);
}

Test(cgroup, a_leaf_that_was_killed_is_not)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        cr_assert(not(is_used_again(&rig, "cat", kill_it)));
        rig_close(&rig);
}

Test(cgroup, nor_one_whose_members_made_cgroups_in_it)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        cr_assert(not(is_used_again(&rig, "mkdir $1/a $1/a/b", NULL)));
        rig_close(&rig);
}

Test(cgroup, nor_one_whose_members_took_permissions_away)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        cr_assert(not(is_used_again(&rig, "chmod 000 $1", NULL)));
        rig_close(&rig);
}

/* What a member would do with its last breath; here by another hand, since it would stand still itself. */
static void freeze_it(struct rig *rig)
{
        rig_reap(rig);
        rig_await_empty(rig);
        cr_assert(zero(int, write_in_leaf(rig, "cgroup.freeze", "1")));
}

Test(cgroup, nor_one_that_is_frozen)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        cr_assert(not(is_used_again(&rig, "exit 0", freeze_it)));
        rig_close(&rig);
}

Test(cgroup, a_leaf_that_is_used_again_counts_only_the_new_command)
{
        struct inbye_usage first = { .cpu_user_us = INBYE_UNKNOWN }, second = first;
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_script(&rig, "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
        rig_reap(&rig);
        rig_await_empty(&rig);
        rig.ops->tree_usage(rig.tree, &first);
        rig_free_tree(&rig);
        rig_tree(&rig);
        rig_script(&rig, "exit 0");
        rig_reap(&rig);
        rig_await_empty(&rig);
        rig.ops->tree_usage(rig.tree, &second);
        cr_assert(eq(str, (char *)second.cpu_source, "cgroup"));
        cr_assert(
                lt(u64, second.cpu_user_us + second.cpu_system_us, first.cpu_user_us + first.cpu_system_us));
        rig_close(&rig);
}

/* --- leaves: what members make of them ------------------------------------------------------------------ */

Test(cgroup, lists_kills_and_removes_what_is_in_cgroups_below)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "subcgroups", "stay");
        rig_expect(&rig, "ready\n");
        cr_assert(eq(sz, count_pids(&rig), 4));
        rig_kill(&rig);
        rig_free_tree(&rig);
        cr_assert(eq(int, access(rig.path, F_OK), -1), "the leaf is left");
        rig_close(&rig);
}

Test(cgroup, removes_thousands_of_empty_cgroups_in_no_time)
{
        struct rig rig;
        uint64_t before;
        char name[32];

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        for (int i = 0; i < 2000; i++) {
                snprintf(name, sizeof(name), "e%d", i);
                cr_assert(zero(int, mkdirat(rig.dir_fd, name, 0755)));
        }
        before = clock_now_ns();
        rig_free_tree(&rig);
        cr_assert(lt(u64, clock_now_ns() - before, 5 * INBYE_SECOND));
        cr_assert(eq(int, access(rig.path, F_OK), -1), "the leaf is left");
        rig_close(&rig);
}

Test(cgroup, removes_cgroups_however_deep_they_are)
{
        struct rig rig;
        char pid[16];
        int fd, next;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        fd = fd_dup_above(rig.dir_fd, 3);
        for (int i = 0; i < 300; i++) {
                cr_assert(zero(int, mkdirat(fd, "d", 0755)));
                cr_assert(zero(int, mkdirat(fd, "e", 0755)));
                next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                fd_close(fd);
                fd = next;
        }
        rig_start(&rig, "cat");
        snprintf(pid, sizeof(pid), "%d", (int)rig.pid);
        cr_assert(zero(int, fd_write_file_at(fd, "cgroup.procs", pid)));
        fd_close(fd);
        cr_assert(eq(sz, count_pids(&rig), 1));
        rig_kill(&rig);
        rig_free_tree(&rig);
        cr_assert(eq(int, access(rig.path, F_OK), -1), "the leaf is left");
        rig_close(&rig);
}

Test(cgroup, lists_and_kills_one_process_that_is_in_two_cgroups)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "threaded", "stay");
        rig_expect(&rig, "ready\n");
        cr_assert(ge(sz, count_pids(&rig), 3));
        rig_kill(&rig);
        rig_close(&rig);
}

Test(cgroup, kills_threads_behind_a_dead_main_thread)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "threads", "stay");
        rig_expect(&rig, "ready\n");
        cr_assert(eq(sz, count_pids(&rig), 3));
        rig_kill(&rig);
        rig_close(&rig);
}

Test(cgroup, kills_and_removes_what_was_locked)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "locked", "stay");
        cr_assert(eq(int, sys_pidfd_wait(rig.pidfd, 0), 0));
        rig_expect(&rig, "ready\n");
        rig_kill(&rig);
        rig_free_tree(&rig);
        cr_assert(eq(int, access(rig.path, F_OK), -1), "the leaf is left");
        rig_close(&rig);
}

/* --- freezing and signals ------------------------------------------------------------------------------- */

static int freeze_and_wait(struct rig *rig, bool frozen)
{
        struct pollfd p = { .fd = rig->ops->tree_event_fd(rig->tree), .events = POLLPRI };
        int r;

        while ((r = rig->ops->tree_freeze(rig->tree, frozen)) == CONTAIN_E_PENDING)
                cr_assert(eq(int, poll(&p, 1, PATIENCE_MS), 1));
        return r;
}

Test(cgroup, a_frozen_tree_stands_still_and_can_be_killed)
{
        struct rig rig;
        char byte;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_start(&rig, "cat");
        cr_assert(zero(int, freeze_and_wait(&rig, true)));
        cr_assert(eq(int, (int)write(rig.in_fd, "x", 1), 1));
        cr_assert(zero(int, freeze_and_wait(&rig, false)));
        cr_assert(eq(int, (int)read(rig.out_fd, &byte, 1), 1));
        cr_assert(zero(int, freeze_and_wait(&rig, true)));
        rig_kill(&rig);
        rig_close(&rig);
}

Test(cgroup, a_signal_reaches_every_member)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "bomb", "stay");
        rig_expect(&rig, "ready\n");
        cr_assert(eq(sz, count_pids(&rig), 300));
        cr_assert(zero(int, contain_signal(rig.tree, SIGKILL, false)));
        rig_reap(&rig);
        rig_await_empty(&rig);
        rig_close(&rig);
}

/* --- pins ----------------------------------------------------------------------------------------------- */

static int try_pin(struct rig *rig, pid_t pid)
{
        int pidfd = -1, r = rig->ops->tree_pin(rig->tree, pid, &pidfd);

        cr_assert(eq(int, r == 0, pidfd >= 0));
        fd_close(pidfd);
        return r;
}

static void refuses_strangers(uint32_t mechanism)
{
        struct rig rig;
        char line[64];
        pid_t dead;

        rig_open(&rig, mechanism);
        rig_tree(&rig);
        rig_start(&rig, "sh", "-c", "true & echo $!; wait; echo; exec cat");
        dead = rig_line(&rig, line);
        rig_line(&rig, line);
        cr_assert(zero(int, try_pin(&rig, rig.pid)));
        cr_assert(eq(int, try_pin(&rig, getpid()), CONTAIN_E_GONE));
        cr_assert(eq(int, try_pin(&rig, getppid()), CONTAIN_E_GONE));
        cr_assert(eq(int, try_pin(&rig, 1), CONTAIN_E_GONE));
        cr_assert(eq(int, try_pin(&rig, dead), CONTAIN_E_GONE));
        rig_kill(&rig);
        cr_assert(eq(int, try_pin(&rig, rig.pid), CONTAIN_E_GONE));
        rig_close(&rig);
}

Test(cgroup, never_pins_a_stranger)
{
        refuses_strangers(INBYE_MECHANISM_CGROUP);
}

Test(pgroup, never_pins_a_stranger)
{
        refuses_strangers(INBYE_MECHANISM_PGROUP);
}

static void be_killed(void *unused)
{
        (void)unused;
        for (;;)
                pause();
}

/* Make a process with the pid of one that is gone. 0 or -errno. */
static int occupy(pid_t pid)
{
        static char stack[16384] __attribute__((aligned(16)));
        int number = pid;
        struct clone3_args args = {
                .exit_signal = SIGCHLD,
                .stack = (uint64_t)(uintptr_t)stack,
                .stack_size = sizeof(stack),
                .set_tid = (uint64_t)(uintptr_t)&number,
                .set_tid_size = 1,
        };
        long r = clone3_call(&args, sizeof(args), be_killed, NULL);

        return r < 0 ? (int)r : 0;
}

static void refuses_recycled(uint32_t mechanism)
{
        struct rig rig;
        char line[64];
        pid_t pid;
        int r;

        rig_open(&rig, mechanism);
        rig_tree(&rig);
        rig_start(&rig, "sh", "-c", "true & echo $!; wait; echo; exec cat");
        pid = rig_line(&rig, line);
        rig_line(&rig, line);
        r = occupy(pid);
        if (r == -EPERM || r == -ENOSYS)
                cr_skip("a pid cannot be chosen here: %s", strerror(-r));
        cr_assert(zero(int, r));
        cr_assert(eq(int, try_pin(&rig, pid), CONTAIN_E_GONE));
        cr_assert(zero(int, contain_signal(rig.tree, SIGKILL, false)));
        rig_kill(&rig);
        cr_assert(zero(int, kill(pid, 0)), "the stranger was hit");
        kill(pid, SIGKILL);
        cr_assert(eq(int, waitpid(pid, NULL, 0), pid));
        rig_close(&rig);
}

Test(cgroup, never_pins_a_recycled_pid)
{
        refuses_recycled(INBYE_MECHANISM_CGROUP);
}

Test(pgroup, never_pins_a_recycled_pid)
{
        refuses_recycled(INBYE_MECHANISM_PGROUP);
}

/* Leaf 1 is not leaf 10. */
Test(cgroup, never_pins_a_member_of_another_leaf)
{
        enum { N = 24 };
        struct rig rig;
        struct contain_tree *trees[N];
        pid_t pids[N];

        rig_open(&rig, INBYE_MECHANISM_CGROUP);
        for (int i = 0; i < N; i++) {
                rig_tree(&rig);
                trees[i] = rig.tree;
                rig_start(&rig, "cat");
                pids[i] = rig.pid;
                fd_close(rig.out_fd);
                fd_close(rig.pidfd);
                (void)TAKE_FD(rig.in_fd); /* ends with us */
        }
        for (int i = 0; i < N; i++) {
                rig.tree = trees[i];
                for (int j = 0; j < N; j++)
                        cr_assert(eq(int, try_pin(&rig, pids[j]), i == j ? 0 : CONTAIN_E_GONE), "%d in %d", j,
                                i);
        }
        for (int i = 0; i < N; i++) {
                rig.tree = trees[i];
                rig.pidfd = -1;
                cr_assert(zero(int, rig.ops->tree_kill(rig.tree)));
                cr_assert(eq(int, waitpid(pids[i], NULL, 0), pids[i]));
                rig_await_empty(&rig);
                rig_free_tree(&rig);
        }
        rig_close(&rig);
}

/* --- process groups ------------------------------------------------------------------------------------- */

Test(pgroup, is_empty_when_its_last_member_has_gone_and_not_before)
{
        struct rig rig;
        char line[64];

        rig_open(&rig, INBYE_MECHANISM_PGROUP);
        rig_tree(&rig);
        rig_start(&rig, "sh", "-c", "sleep 60 >&- & echo $!");
        rig_line(&rig, line);
        cr_assert(eq(int, rig.ops->tree_look(rig.tree), CONTAIN_E_POPULATED));
        rig_reap(&rig);
        cr_assert(eq(int, rig.ops->tree_look(rig.tree), CONTAIN_E_POPULATED));
        cr_assert(eq(sz, count_pids(&rig), 1));
        cr_assert(eq(int, rig.ops->tree_event_fd(rig.tree), -1));
        cr_assert(eq(int, rig.ops->tree_freeze(rig.tree, true), -EOPNOTSUPP));
        rig_kill(&rig);
        cr_assert(zero(sz, count_pids(&rig)));
        rig_close(&rig);
}

/* A zombie in /proc/PID/stat, and alive all the same. */
Test(pgroup, threads_behind_a_dead_main_thread_are_alive)
{
        struct rig rig;

        rig_open(&rig, INBYE_MECHANISM_PGROUP);
        rig_tree(&rig);
        rig_hostile(&rig, "threads", "stay");
        rig_expect(&rig, "ready\n");
        cr_assert(eq(sz, count_pids(&rig), 3));
        cr_assert(zero(int, kill(rig.pid, SIGKILL)));
        rig_reap(&rig);
        cr_assert(ge(sz, count_pids(&rig), 2));
        rig_kill(&rig);
        rig_close(&rig);
}

/* --- choosing ------------------------------------------------------------------------------------------- */

Test(choose, takes_the_strongest_of_those_allowed)
{
        struct rig rig;

        rig_open(&rig, 0);
        for (size_t i = 0; contain_mechanisms[i]; i++) {
                struct contain_probe why = { 0 };

                if (contain_mechanisms[i]->reluctance && contain_mechanisms[i]->reluctance())
                        continue;
                if (contain_mechanisms[i]->probe(&why) == 0) {
                        cr_assert(eq(str, (char *)rig.ops->name, (char *)contain_mechanisms[i]->name));
                        cr_assert(ne(chr, why.detail[0], '\0'));
                        break;
                }
                cr_assert(ne(chr, why.reason[0], '\0'), "not here, and no word why");
        }
        rig_close(&rig);
}

Test(choose, refuses_what_is_not_there_and_says_so)
{
        struct contain_group *group = NULL;
        struct inbye_loop *loop = NULL;
        struct inbye_error error = { 0 };

        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(eq(int, contain_open(loop, 1u << 30, &group, &error), -EOPNOTSUPP));
        cr_assert(eq(int, (int)error.stage, INBYE_STAGE_MECHANISM));
        cr_assert(ne(chr, error.text[0], '\0'));
        cr_assert(eq(ptr, group, NULL));
        inbye_loop_free(loop);
}

/* Short of descriptors is no reason to hold less: the strongest fails, and no weaker one is taken for it. */
Test(choose, a_shortage_is_an_error_and_no_reason_to_take_a_weaker_one)
{
        struct rig rig;
        struct contain_group *group = NULL;
        struct inbye_error error = { 0 };
        int hold[64], n = 0, n_free;
        struct rlimit limit;
        const char *best;

        rig_open(&rig, 0);
        best = rig.ops->name;
        contain_group_free(rig.group);
        rig.group = NULL;
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 64;
        setrlimit(RLIMIT_NOFILE, &limit);
        while (n < 64 && (hold[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
                n++;
        for (n_free = 0; n > 0; n_free++) {
                int r = contain_open(rig.loop, 0, &group, &error);

                if (r == 0)
                        break;
                cr_assert(eq(int, r, -EMFILE), "with %d free: %s", n_free, error.text);
                fd_close(hold[--n]);
        }
        cr_assert(eq(str, (char *)group->ops->name, (char *)best), "with %d free", n_free);
        rig.group = group;
        while (n > 0)
                fd_close(hold[--n]);
        rig_close(&rig);
}
