/* SPDX-License-Identifier: MIT */
/*
 * No pidfds: children are waited for by number. waitid(2) of POSIX tells no usage, and getrusage(2) adds up
 * all children: so it is unknown.
 */
#include "sys/pidfd.h"
#include <assert.h>
#include <errno.h>
#include <sys/wait.h>

int sys_pidfd_open(pid_t pid)
{
        (void)pid;
        return -ENOSYS;
}

int sys_pidfd_send_signal(int pidfd, int signo)
{
        (void)pidfd;
        (void)signo;
        return -ENOSYS;
}

int sys_pidfd_wait(int pidfd, int timeout_ms)
{
        (void)pidfd;
        (void)timeout_ms;
        return -ENOSYS;
}

int sys_pidfd_has_ended(int pidfd)
{
        return sys_pidfd_wait(pidfd, 0);
}

int sys_wait(int pidfd, pid_t pid, int options, struct sys_wait *ret)
{
        siginfo_t info = { 0 };
        int r;

        assert(pidfd < 0 && pid >= 0);
        (void)pidfd;
        do
                r = waitid(pid > 0 ? P_PID : P_ALL, (id_t)pid, &info, options | WNOHANG);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        *ret = (struct sys_wait){ 0 };
        if (info.si_pid != 0)
                *ret = (struct sys_wait){
                        .code = info.si_code, .status = info.si_status, .pid = info.si_pid
                };
        return 0;
}

int sys_pidfd_exit_status(int pidfd, struct sys_wait *ret)
{
        (void)pidfd;
        (void)ret;
        return -ENODATA;
}

int sys_pidfd_cgroup_id(int pidfd, uint64_t *ret_id)
{
        (void)pidfd;
        (void)ret_id;
        return -ENOSYS;
}
