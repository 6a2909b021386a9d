/* SPDX-License-Identifier: MIT */
/*
 * System calls of one line each that the C library has no function for, or one with more to it.
 */
#include "sys/misc.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_random(void *data, size_t n)
{
        char *p = data;
        ssize_t got;

        while (n > 0) {
                got = getrandom(p, n, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                p += got;
                n -= (size_t)got;
        }
        return 0;
}

/* The C library's goes by faccessat2, takes ENOSYS for its absence, and not the EPERM of a filter that is
 * older than the call. The call before it asks for the real user, which most often is the same. */
int sys_access(int dir_fd, const char *path, int mode)
{
        if (faccessat(dir_fd, path, mode, AT_EACCESS) == 0)
                return 0;
        if (errno != EPERM || geteuid() != getuid() || getegid() != getgid())
                return -errno;
        return syscall(SYS_faccessat, dir_fd, path, mode) < 0 ? -errno : 0;
}

uint64_t sys_own_peak_bytes(void)
{
        struct rusage own;

        return getrusage(RUSAGE_SELF, &own) < 0 ? 0 : (uint64_t)own.ru_maxrss * 1024;
}

int sys_supports(enum sys_feature feature)
{
        (void)feature;
        return 0;
}

int sys_dumpable(void)
{
        int r = prctl(PR_GET_DUMPABLE);

        return r < 0 ? -errno : r;
}

void sys_set_dumpable(int dumpable)
{
        (void)prctl(PR_SET_DUMPABLE, dumpable);
}

bool sys_is_noexec(int fd)
{
        struct statvfs file_system;

        return fstatvfs(fd, &file_system) == 0 && (file_system.f_flag & ST_NOEXEC);
}

int sys_affinity_set(const struct sys_cpus *cpus)
{
        return syscall(SYS_sched_setaffinity, 0, sizeof(*cpus), cpus) < 0 ? -errno : 0;
}

int sys_die_with_parent(void)
{
        return prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) < 0 ? -errno : 0;
}

int sys_ioprio_set(int io_class, int level)
{
        enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };

        /* Who 0: the calling thread. Safe between clone and exec. */
        if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, io_class << CLASS_SHIFT | level) < 0)
                return -errno;
        return 0;
}
