/* SPDX-License-Identifier: MIT */
/*
 * Processes by descriptor: open, signal, wait for, ask about.
 *
 * Raw system calls throughout. For waitid(2) because the kernel fills in a fifth argument that no C library
 * passes on: the resource usage of the very process that is reported, with WNOWAIT too, where wait4(2) would
 * take the status away and getrusage(2) adds up all children. For the pidfd calls because the headers of the
 * oldest system we build on know some of them not at all.
 *
 * Once somebody else has reaped a child of ours (a host program with a loop around wait(-1)), the status is
 * gone for waitid(2). Since Linux 6.15 the pidfd still knows it.
 */
#include "sys/pidfd.h"
#include "base/fd.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Types of id as the kernel numbers them; P_PIDFD is too new for some <sys/wait.h>. */
enum { WAIT_FOR_ANY = 0, WAIT_FOR_PID = 1, WAIT_FOR_PIDFD = 3 };

/* <linux/pidfd.h> has had these since 6.13 and 6.15; the first published size is all that we need. */
struct pidfd_information {
        uint64_t mask; /* in: what is asked for; out: what is there */
        uint64_t cgroup_id;
        uint32_t pid, tgid, ppid;
        uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
        int32_t exit_status; /* as wait(2) returns it */
};
_Static_assert(sizeof(struct pidfd_information) == 64, "the kernel's PIDFD_INFO_SIZE_VER0");

#define GET_INFORMATION _IOWR(0xff, 11, struct pidfd_information)
#define INFORMATION_PID (UINT64_C(1) << 0)
#define INFORMATION_CGROUP_ID (UINT64_C(1) << 2)
#define INFORMATION_EXIT (UINT64_C(1) << 3)

int sys_pidfd_open(pid_t pid)
{
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        return fd < 0 ? -errno : fd;
}

int sys_pidfd_send_signal(int pidfd, int signo)
{
        return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

int sys_pidfd_wait(int pidfd, int timeout_ms)
{
        struct pollfd p = { .fd = pidfd, .events = POLLIN };
        int r;

        assert(pidfd >= 0);
        do
                r = poll(&p, 1, timeout_ms);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (p.revents & POLLNVAL)
                return -EBADF;
        return r > 0;
}

int sys_pidfd_has_ended(int pidfd)
{
        return sys_pidfd_wait(pidfd, 0);
}

static uint64_t timeval_us(const struct timeval *time)
{
        return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static void fill_usage(struct sys_wait *wait, const struct rusage *usage)
{
        wait->usage_known = true;
        wait->user_us = timeval_us(&usage->ru_utime);
        wait->system_us = timeval_us(&usage->ru_stime);
        wait->peak_bytes = (uint64_t)usage->ru_maxrss * 1024;
}

static void fill(struct sys_wait *wait, const siginfo_t *info, const struct rusage *usage)
{
        wait->code = info->si_code;
        wait->status = info->si_status;
        wait->pid = info->si_pid;
        fill_usage(wait, usage);
}

void sys_usage_of_children(struct sys_wait *ret)
{
        struct rusage usage;

        if (getrusage(RUSAGE_CHILDREN, &usage) == 0)
                fill_usage(ret, &usage);
}

int sys_wait(int pidfd, pid_t pid, int options, struct sys_wait *ret)
{
        int type = pidfd >= 0 ? WAIT_FOR_PIDFD : pid > 0 ? WAIT_FOR_PID : WAIT_FOR_ANY;
        struct sys_wait found = { 0 };
        struct rusage usage;
        siginfo_t info = { 0 };
        long r;

        assert(pid >= 0);
        options |= WNOHANG | (options & WEXITED ? __WALL : 0);
        do
                r = syscall(SYS_waitid, type, pidfd >= 0 ? pidfd : pid, &info, options, &usage);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        if (info.si_pid != 0)
                fill(&found, &info, &usage);
        *ret = found;
        return 0;
}

static int information_read(int pidfd, uint64_t mask, struct pidfd_information *ret)
{
        *ret = (struct pidfd_information){ .mask = mask };
        if (ioctl(pidfd, GET_INFORMATION, ret) < 0)
                return -errno;
        return ret->mask & mask ? 0 : -ENODATA;
}

int sys_pidfd_exit_status(int pidfd, struct sys_wait *ret)
{
        struct pidfd_information information;
        int status;

        if (information_read(pidfd, INFORMATION_EXIT, &information) < 0)
                return -ENODATA;
        status = information.exit_status;
        *ret = (struct sys_wait){ .pid = (pid_t)information.pid };
        if (WIFSIGNALED(status)) {
                ret->code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
                ret->status = WTERMSIG(status);
        } else {
                ret->code = CLD_EXITED;
                ret->status = WEXITSTATUS(status);
        }
        return 0;
}

static pid_t read_pid(int pidfd)
{
        char path[48], text[512];
        const char *line;
        ssize_t n;
        int pid;

        (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
        n = fd_read_file_at(AT_FDCWD, path, text, sizeof(text));
        if (n < 0)
                return (pid_t)n;
        line = strstr(text, "\nPid:");
        if (!line)
                return -ENOENT;
        pid = atoi(line + sizeof("\nPid:") - 1);
        return pid > 0 ? pid : -ESRCH;
}

pid_t sys_pidfd_pid(int pidfd)
{
        struct pidfd_information information;

        if (information_read(pidfd, INFORMATION_PID, &information) < 0)
                return read_pid(pidfd);
        return information.pid > 0 ? (pid_t)information.pid : -ESRCH;
}

int sys_pidfd_cgroup_id(int pidfd, uint64_t *ret_id)
{
        struct pidfd_information information;
        int r;

        r = information_read(pidfd, INFORMATION_CGROUP_ID, &information);
        if (r < 0)
                return r;
        *ret_id = information.cgroup_id;
        return 0;
}
