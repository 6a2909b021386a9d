/* SPDX-License-Identifier: MIT */
/*
 * Listening to filters of system calls, raw: libseccomp's own calls for it allocate, and the C library has
 * none.
 */
#include "sys/notify.h"
#include "base/scope.h"
#include "sys/clone.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARMEL__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define MACHINE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define MACHINE AUDIT_ARCH_S390X
#elif defined(__loongarch__) && __loongarch_grlen == 64
#define MACHINE AUDIT_ARCH_LOONGARCH64
#else
#define MACHINE 0
#endif

#ifdef SYS_socketcall
#define CALL_SOCKETCALL SYS_socketcall
#else
#define CALL_SOCKETCALL SYS_sendmsg
#endif

uint32_t sys_machine(void)
{
        return MACHINE;
}

const int *sys_calls_before_exec(size_t *ret_n)
{
        static const int calls[] = { SYS_sendmsg, CALL_SOCKETCALL, SYS_close, SYS_seccomp, SYS_execve,
                SYS_write, SYS_exit_group, SYS_exit };

        *ret_n = ARRAY_SIZE(calls);
        return calls;
}

CHILD_SIDE static int load(const void *code, unsigned short n, unsigned long flags)
{
        struct sock_fprog program = { .len = n, .filter = (struct sock_filter *)code };
        long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

        return fd < 0 ? -errno : (int)fd;
}

/* A call that is being answered is not interrupted by a signal, which programs do not expect of these. */
CHILD_SIDE int sys_notify_load(const void *code, unsigned short n, unsigned flags)
{
        unsigned long listen = SECCOMP_FILTER_FLAG_NEW_LISTENER | flags;
        int fd = load(code, n, listen | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

        return fd == -EINVAL ? load(code, n, listen) : fd;
}

int sys_notify_receive(int fd, uint64_t *ret_id, pid_t *ret_pid, struct sys_call *ret_call)
{
        struct seccomp_notif request;

        _Static_assert(sizeof(*ret_call) == sizeof(request.data), "a call is what the kernel tells of it");
        memset(&request, 0, sizeof(request)); /* or it is refused */
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
                return -errno;
        *ret_id = request.id;
        *ret_pid = (pid_t)request.pid;
        memcpy(ret_call, &request.data, sizeof(*ret_call));
        return 0;
}

int sys_notify_deny(int fd, uint64_t id, int number)
{
        struct seccomp_notif_resp answer = { .id = id, .error = -number };

        return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 ? -errno : 0;
}

int sys_notify_let(int fd, uint64_t id)
{
        struct seccomp_notif_resp answer = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

        return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 ? -errno : 0;
}
