/* SPDX-License-Identifier: MIT */
/* A system without filters of system calls: there is nobody to listen to. */
#include "sys/notify.h"
#include <errno.h>

int sys_notify_load(const void *code, unsigned short n, unsigned flags)
{
        (void)code;
        (void)n;
        (void)flags;
        return -EOPNOTSUPP;
}

int sys_notify_receive(int fd, uint64_t *ret_id, pid_t *ret_pid, struct sys_call *ret_call)
{
        (void)fd;
        (void)ret_id;
        (void)ret_pid;
        (void)ret_call;
        return -EOPNOTSUPP;
}

int sys_notify_deny(int fd, uint64_t id, int number)
{
        (void)fd;
        (void)id;
        (void)number;
        return -EOPNOTSUPP;
}

int sys_notify_let(int fd, uint64_t id)
{
        (void)fd;
        (void)id;
        return -EOPNOTSUPP;
}

uint32_t sys_machine(void)
{
        return 0;
}

const char *sys_call_name(uint32_t machine, int number)
{
        (void)machine;
        (void)number;
        return NULL;
}

const int *sys_calls_before_exec(size_t *ret_n)
{
        *ret_n = 0;
        return NULL;
}
