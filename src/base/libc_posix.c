/* SPDX-License-Identifier: MIT */
/*
 * The C library, as far as POSIX.1-2008 has it.
 *
 * A descriptor is made, then marked close-on-exec: another thread that forks and executes in between hands it
 * on. POSIX had nothing better before 2024.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/misc.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* No header of POSIX declares it. */
extern char **environ;

void error_describe(int number, char text[ERROR_DESCRIPTION_SIZE])
{
        if (strerror_r(number, text, ERROR_DESCRIPTION_SIZE) != 0)
                (void)snprintf(text, ERROR_DESCRIPTION_SIZE, "error %d", number);
}

char **str_environment(void)
{
        static char *nothing[] = { NULL };

        return environ ? environ : nothing;
}

const char *str_getenv_trusted(const char *name)
{
        return geteuid() == getuid() && getegid() == getgid() ? getenv(name) : NULL;
}

static int mark(int fd)
{
        return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int fd_pipe(int ret_ends[2])
{
        int ends[2], r;

        if (pipe(ends) < 0)
                return -errno;
        r = mark(ends[0]);
        if (r == 0)
                r = mark(ends[1]);
        if (r < 0) {
                fd_close(ends[0]);
                fd_close(ends[1]);
                return r;
        }
        memcpy(ret_ends, ends, sizeof(ends));
        return 0;
}

int fd_open_unnamed(const char *folder)
{
        scoped(buf_deinit) struct buf path = BUF_INIT;
        scoped(fd_closep) int fd = -1;
        int r;

        if (buf_printf(&path, "%s/inbye-XXXXXX", folder) < 0)
                return -ENOMEM;
        fd = mkstemp(path.data);
        if (fd < 0)
                return -errno;
        (void)unlink(path.data);
        r = mark(fd);
        return r < 0 ? r : TAKE_FD(fd);
}

void forbid_core(void)
{
        const struct rlimit no_core = { 0, 0 };

        (void)setrlimit(RLIMIT_CORE, &no_core);
}

int groups_of_user(const char *user, gid_t group, gid_t *groups, int *n)
{
        (void)user;
        (void)group;
        (void)groups;
        (void)n;
        return -EOPNOTSUPP;
}

uint64_t random_number(void)
{
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec << 16 ^ (uint64_t)getpid();
}

int fd_open_nameless(const char *folder)
{
        (void)folder;
        return -EOPNOTSUPP;
}

unsigned terminal_columns(int fd)
{
        (void)fd;
        return 0;
}

/* One byte: that much a socket takes that polls writable, and nobody waits. */
ssize_t send_now(int fd, const void *data, size_t n)
{
        struct pollfd at = { .fd = fd, .events = POLLOUT };

        if (poll(&at, 1, 0) == 0) {
                errno = EAGAIN;
                return -1;
        }
        return send(fd, data, n > 0 ? 1 : 0, MSG_NOSIGNAL);
}
