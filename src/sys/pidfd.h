/* SPDX-License-Identifier: MIT */
#ifndef SYS_PIDFD_H
#define SYS_PIDFD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** @return a close-on-exec pidfd (>= 5.3) or -errno; -ESRCH: no such process. */
int sys_pidfd_open(pid_t pid);
/** -ESRCH: it has ended. -EPERM: it is alive and not ours to signal. */
int sys_pidfd_send_signal(int pidfd, int signo);
/** Has the process ended (is its pidfd readable)? 1 yes, 0 no, -errno. */
int sys_pidfd_has_ended(int pidfd);
/** The same, waiting for it up to timeout_ms. */
int sys_pidfd_wait(int pidfd, int timeout_ms);

struct sys_wait {
        int code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_CONTINUED; 0: nothing to report */
        int status; /* exit code or signal */
        pid_t pid;
        /* Of the process and what it waited for; with WNOWAIT too. */
        bool usage_known;
        uint64_t user_us, system_us, peak_bytes;
};
/**
 * waitid(2) with WNOHANG always added.
 *
 * @param pidfd  >= 0: that process; -1: `pid` (> 0), or any child (pid 0).
 * @param options  WEXITED, WSTOPPED, WNOWAIT. Children of every kind are meant.
 * @return 0 (ret->code 0: nothing yet), -ECHILD (somebody else took it), -errno.
 */
int sys_wait(int pidfd, pid_t pid, int options, struct sys_wait *ret);
/** Fill in the usage of all children that were waited for, and of theirs. */
void sys_usage_of_children(struct sys_wait *ret);
/**
 * Exit status of a process that somebody else reaped (PIDFD_GET_INFO, >= 6.15), without pid and usage.
 * -ENODATA: cannot be known.
 */
int sys_pidfd_exit_status(int pidfd, struct sys_wait *ret);
/** The process's pid as we see it, before Linux 6.13 from /proc/self/fdinfo; -ESRCH: it was reaped; -ENOENT:
 * not to be had. */
pid_t sys_pidfd_pid(int pidfd);
/** Id of the v2 cgroup of the process (PIDFD_GET_INFO, >= 6.13): the inode of its directory. 0 or -errno. */
int sys_pidfd_cgroup_id(int pidfd, uint64_t *ret_id);

#endif
