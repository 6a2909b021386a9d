/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "base/scope.h"
#include "sys/child.h"
#include "sys/misc.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include "sys/signals.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* A shell in a process group of its own; the script says "ready" and may read its stdin. */
struct child {
        pid_t pid;
        int pidfd, in, out;
};

static struct child child_start(const char *script)
{
        char *argv[] = { "sh", "-c", (char *)script, NULL }, ready[8] = "";
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        struct child c;
        int in[2], out[2];

        cr_assert(zero(int, pipe2(in, O_CLOEXEC)));
        cr_assert(zero(int, pipe2(out, O_CLOEXEC)));
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        cr_assert(zero(int, posix_spawn(&c.pid, "/bin/sh", &actions, &attributes, argv, environ)));
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        fd_close(in[0]);
        fd_close(out[1]);
        c.in = in[1];
        c.out = out[0];
        c.pidfd = sys_pidfd_open(c.pid);
        cr_assert(ge(int, c.pidfd, 0));
        cr_assert(eq(long, read(c.out, ready, 6), 6));
        cr_assert(eq(str, ready, "ready\n"));
        return c;
}

/* Until the process is a zombie; its status is left to be taken. */
static void child_await(const struct child *c)
{
        struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

        cr_assert(eq(int, poll(&p, 1, -1), 1));
}

static void child_close(struct child *c)
{
        c->in = fd_close(c->in);
        c->out = fd_close(c->out);
        c->pidfd = fd_close(c->pidfd);
}

Test(pidfd, tells_when_a_process_has_ended)
{
        struct child c = child_start("echo ready; read x; exit 7");
        struct sys_wait w;

        cr_assert(zero(int, sys_pidfd_has_ended(c.pidfd)));
        cr_assert(zero(int, sys_wait(c.pidfd, 0, WEXITED, &w)));
        cr_assert(zero(int, w.code));
        c.in = fd_close(c.in);
        child_await(&c);
        cr_assert(eq(int, sys_pidfd_has_ended(c.pidfd), 1));
        cr_assert(eq(int, sys_pidfd_pid(c.pidfd), c.pid));
        cr_assert(zero(int, sys_wait(c.pidfd, 0, WEXITED | WNOWAIT, &w)));
        cr_assert(eq(int, w.code, CLD_EXITED));
        cr_assert(w.usage_known);
        cr_assert(gt(u64, w.peak_bytes, 0));
        cr_assert(zero(int, sys_wait(-1, c.pid, WEXITED, &w)));
        cr_assert(eq(int, w.code, CLD_EXITED));
        cr_assert(eq(int, w.status, 7));
        cr_assert(eq(int, w.pid, c.pid));
        cr_assert(w.usage_known);
        cr_assert(gt(u64, w.peak_bytes, 0));
        cr_assert(eq(int, sys_wait(c.pidfd, 0, WEXITED, &w), -ECHILD));
        cr_assert(eq(int, sys_pidfd_pid(c.pidfd), -ESRCH));
        cr_assert(eq(int, sys_pidfd_send_signal(c.pidfd, SIGKILL), -ESRCH));
        child_close(&c);
}

Test(child, without_a_pidfd_is_signalled_by_its_number_until_it_is_reaped)
{
        struct child c = child_start("echo ready; read x");
        int end_fd = sys_child_end_fd(c.pid);
        struct pollfd end = { .fd = end_fd, .events = POLLIN };
        struct sys_wait w;

        cr_assert(ge(int, end_fd, 0));
        cr_assert(zero(int, sys_child_has_ended(-1, c.pid)));
        cr_assert(zero(int, poll(&end, 1, 0)));
        cr_assert(zero(int, sys_child_signal(-1, c.pid, SIGKILL)));
        cr_assert(eq(int, poll(&end, 1, -1), 1));
        cr_assert(eq(int, sys_child_has_ended(-1, c.pid), 1));
        cr_assert(zero(int, sys_child_signal(-1, c.pid, SIGKILL))); /* a zombie takes it */
        cr_assert(zero(int, sys_wait(-1, c.pid, WEXITED, &w)));
        cr_assert(eq(int, w.status, SIGKILL));
        cr_assert(eq(int, sys_child_signal(-1, c.pid, SIGKILL), -ESRCH));
        cr_assert(eq(int, sys_child_has_ended(-1, c.pid), 1));
        fd_close(end_fd);
        child_close(&c);
}

Test(child, tells_at_once_of_one_that_nobody_has)
{
        int end_fd = sys_child_end_fd(getpid());
        struct pollfd end = { .fd = end_fd, .events = POLLIN };

        cr_assert(eq(int, poll(&end, 1, -1), 1));
        fd_close(end_fd);
}

Test(pidfd, reports_stops_and_signals)
{
        struct child c = child_start("echo ready; read x");
        struct sys_wait w;
        siginfo_t info;

        cr_assert(zero(int, sys_pidfd_send_signal(c.pidfd, SIGSTOP)));
        cr_assert(zero(int, waitid(P_PID, (id_t)c.pid, &info, WSTOPPED | WNOWAIT)));
        cr_assert(zero(int, sys_wait(c.pidfd, 0, WEXITED | WSTOPPED, &w)));
        cr_assert(eq(int, w.code, CLD_STOPPED));
        cr_assert(eq(int, w.status, SIGSTOP));
        cr_assert(zero(int, sys_pidfd_has_ended(c.pidfd)));
        cr_assert(zero(int, sys_pidfd_send_signal(c.pidfd, SIGKILL)));
        child_await(&c);
        cr_assert(zero(int, sys_wait(-1, 0, WEXITED, &w)));
        cr_assert(eq(int, w.pid, c.pid));
        cr_assert(eq(int, w.code, CLD_KILLED));
        cr_assert(eq(int, w.status, SIGKILL));
        child_close(&c);
}

Test(pidfd, knows_the_status_that_somebody_else_took)
{
        struct child c = child_start("echo ready; read x; exit 3"), k = child_start("echo ready; read x");
        struct sys_wait w, w2;
        int r;

        c.in = fd_close(c.in);
        cr_assert(eq(int, sys_pidfd_exit_status(k.pidfd, &w2), -ENODATA)); /* it lives */
        cr_assert(zero(int, sys_pidfd_send_signal(k.pidfd, SIGTERM)));
        cr_assert(eq(int, waitpid(c.pid, NULL, 0), c.pid));
        cr_assert(eq(int, waitpid(k.pid, NULL, 0), k.pid));
        cr_assert(eq(int, sys_wait(c.pidfd, 0, WEXITED, &w), -ECHILD));
        r = sys_pidfd_exit_status(c.pidfd, &w);
        if (r == 0)
                r = sys_pidfd_exit_status(k.pidfd, &w2);
        child_close(&c);
        child_close(&k);
        if (r == -ENODATA)
                cr_skip("the kernel is older than 6.15");
        cr_assert(zero(int, r));
        cr_assert(eq(int, w.code, CLD_EXITED));
        cr_assert(eq(int, w.status, 3));
        cr_assert(eq(int, w2.code, CLD_KILLED));
        cr_assert(eq(int, w2.status, SIGTERM));
}

/* The directory of the own v2 cgroup; false: there is none to be seen. */
static bool own_directory(char *path, size_t size)
{
        char mount[1024], root[1024], own[1024];

        if (proc_cgroup2_mount(mount, sizeof(mount), root, sizeof(root)) < 0 ||
                proc_own_cgroup(own, sizeof(own)) < 0 || strcmp(root, "/") != 0)
                return false;
        return snprintf(path, size, "%s%s", mount, own) < (int)size;
}

Test(pidfd, knows_the_cgroup_of_a_process)
{
        scoped(fd_closep) int self = sys_pidfd_open(getpid());
        char path[2048];
        struct stat st;
        uint64_t id = 0;
        int r = sys_pidfd_cgroup_id(self, &id);

        if (r == -ENOTTY || r == -EINVAL)
                cr_skip("the kernel is older than 6.13");
        if (!own_directory(path, sizeof(path)))
                cr_skip("no cgroup2 with the whole hierarchy is mounted");
        cr_assert(zero(int, r));
        cr_assert(zero(int, stat(path, &st)));
        cr_assert(eq(u64, id, st.st_ino));
}

Test(pidfd, wrong_descriptors_are_errors)
{
        struct sys_wait w;
        uint64_t id;

        cr_assert(eq(int, sys_pidfd_has_ended(1000000), -EBADF));
        cr_assert(eq(int, sys_pidfd_send_signal(1000000, SIGTERM), -EBADF));
        cr_assert(eq(int, sys_wait(1000000, 0, WEXITED, &w), -EBADF));
        cr_assert(eq(int, sys_pidfd_exit_status(1000000, &w), -ENODATA));
        cr_assert(eq(int, sys_pidfd_cgroup_id(1000000, &id), -EBADF));
        cr_assert(eq(int, sys_wait(-1, getpid(), WEXITED, &w), -ECHILD));
}

Test(proc, reads_the_name_whatever_it_is)
{
        struct child c = child_start("printf 'a) R 1\\n(b c' > /proc/$$/comm; echo ready; read x");
        struct proc_stat st = { 0 };
        struct sys_wait w;

        cr_assert(zero(int, proc_read_stat(c.pid, &st)));
        cr_assert(eq(str, st.name, "a) R 1\n(b c"));
        cr_assert(eq(int, st.pid, c.pid));
        cr_assert(eq(int, st.ppid, getpid()));
        cr_assert(eq(int, st.pgrp, c.pid));
        cr_assert(eq(int, st.session, getsid(0)));
        cr_assert(lt(u64, proc_age_ns(&st), UINT64_C(60000000000)));
        c.in = fd_close(c.in);
        child_await(&c);
        cr_assert(zero(int, proc_read_stat(c.pid, &st)));
        cr_assert(eq(chr, st.state, 'Z'));
        cr_assert(zero(int, sys_wait(c.pidfd, 0, WEXITED, &w)));
        cr_assert(eq(int, proc_read_stat(c.pid, &st), -ESRCH));
        cr_assert(eq(int, proc_cgroup_contains(c.pid, "/"), -ESRCH));
        child_close(&c);
}

Test(proc, lists_a_process_group_and_what_its_members_hold)
{
        struct child c = child_start("exec 3<&0; cat <&3 >&2 & echo ready; wait");
        uint64_t inodes[3];
        struct stat in, out;
        struct sys_wait w;
        pid_t pids[1];

        cr_assert(zero(int, fstat(c.in, &in)));
        cr_assert(zero(int, fstat(c.out, &out)));
        inodes[0] = in.st_ino;
        inodes[1] = UINT64_MAX;
        inodes[2] = out.st_ino;
        cr_assert(eq(u32, proc_holds(c.pid, inodes, 3), 5));
        cr_assert(eq(u32, proc_holds(c.pid, inodes, 2), 1));
        cr_assert(zero(u32, proc_holds(INT32_MAX, inodes, 3)));
        cr_assert(eq(long, proc_list_pgrp(c.pid, pids, 1), 2));
        cr_assert(zero(long, proc_list_pgrp(INT32_MAX, pids, 1)));
        cr_assert(zero(int, kill(-c.pid, SIGKILL)));
        child_await(&c);
        cr_assert(zero(int, sys_wait(c.pidfd, 0, WEXITED, &w)));
        child_close(&c);
}

Test(proc, finds_the_own_cgroup)
{
        char mount[1024], root[1024], own[1024];
        struct statfs there;

        if (proc_cgroup2_mount(mount, sizeof(mount), root, sizeof(root)) < 0)
                cr_skip("no cgroup2 is mounted");
        cr_assert(zero(int, statfs(mount, &there)));
        cr_assert(eq(long, there.f_type, CGROUP2_SUPER_MAGIC));
        cr_assert(zero(int, proc_own_cgroup(own, sizeof(own))));
        cr_assert(eq(chr, own[0], '/'));
        cr_assert(eq(int, proc_cgroup_contains(getpid(), own), 1));
        cr_assert(zero(int, proc_cgroup_contains(getpid(), "no such thing")));
        cr_assert(eq(int, proc_own_cgroup(own, 1), -ENAMETOOLONG));
        cr_assert(eq(int, proc_cgroup2_mount(mount, 1, root, sizeof(root)), -ENAMETOOLONG));
        cr_assert(eq(int, proc_own_cgroup_of("no such controller", own, sizeof(own)), -ENOENT));
}

static void handler(int signo)
{
        (void)signo;
}

Test(signals, are_reset_to_default_or_ignored)
{
        const uint64_t ignored = SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(33) | SIGNAL_BIT(64);
        struct sigaction old = { 0 };

        cr_assert(signal(SIGUSR1, handler) != SIG_ERR);
        cr_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR);
        cr_assert(ne(u64, sys_signals_ignored() & SIGNAL_BIT(SIGHUP), 0));
        errno = EXDEV;
        cr_assert(zero(int, sys_signals_reset(ignored | SIGNAL_BIT(SIGKILL))));
        cr_assert(eq(int, errno, EXDEV)); /* it would be the owner's */
        cr_assert(eq(u64, sys_signals_ignored(), ignored));
        cr_assert(zero(int, sigaction(SIGUSR1, NULL, &old)));
        cr_assert(old.sa_handler == SIG_DFL);
        cr_assert(zero(int, sys_signals_reset(0)));
        cr_assert(zero(u64, sys_signals_ignored()));
}

Test(signals, the_mask_takes_the_hidden_signals_too)
{
        const uint64_t never = SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP);
        uint64_t before = 0, full = 0;

        cr_assert(zero(int, sys_signal_mask(UINT64_MAX, &before)));
        cr_assert(zero(int, sys_signal_mask(before, &full)));
        cr_assert(eq(u64, full, ~never));
        cr_assert(zero(int, sys_signal_mask(before, NULL)));
}

Test(misc, random_bytes_differ)
{
        unsigned char a[32] = { 0 }, b[32] = { 0 };

        cr_assert(zero(int, sys_random(a, sizeof(a))));
        cr_assert(zero(int, sys_random(b, sizeof(b))));
        cr_assert(ne(int, memcmp(a, b, sizeof(a)), 0));
}

Test(misc, never_more_cpus_than_the_affinity_mask_has)
{
        cpu_set_t all, one;
        unsigned n = sys_usable_cpus();

        cr_assert(zero(int, sched_getaffinity(0, sizeof(all), &all)));
        cr_assert(ge(uint, n, 1));
        cr_assert(le(uint, n, (unsigned)CPU_COUNT(&all)));
        CPU_ZERO(&one);
        for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
                if (CPU_ISSET(i, &all))
                        CPU_SET(i, &one);
        cr_assert(zero(int, sched_setaffinity(0, sizeof(one), &one)));
        cr_assert(eq(uint, sys_usable_cpus(), 1));
}

Test(misc, sets_the_io_priority)
{
        enum { BEST_EFFORT = 2, NO_CLASS = 5 };

        cr_assert(zero(int, sys_ioprio_set(BEST_EFFORT, 5)));
        cr_assert(eq(int, sys_ioprio_set(NO_CLASS, 0), -EINVAL));
}
