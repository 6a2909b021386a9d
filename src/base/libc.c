/* SPDX-License-Identifier: MIT */
/*
 * What the C library does better than POSIX asks of it: descriptors that no other thread's fork can inherit,
 * since they are close-on-exec from the first moment on; files that never had a name; texts of errnos that
 * are safe in threads and do not follow the locale of the host program. libc_posix.c is the same for any
 * other system.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/misc.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void error_describe(int number, char text[ERROR_DESCRIPTION_SIZE])
{
        const char *description = strerrordesc_np(number);

        if (description)
                (void)snprintf(text, ERROR_DESCRIPTION_SIZE, "%s", description);
        else
                (void)snprintf(text, ERROR_DESCRIPTION_SIZE, "error %d", number);
}

char **str_environment(void)
{
        static char *nothing[] = { NULL };

        return environ ? environ : nothing; /* clearenv(3) */
}

const char *str_getenv_trusted(const char *name)
{
        return secure_getenv(name);
}

int fd_pipe(int ret_ends[2])
{
        return pipe2(ret_ends, O_CLOEXEC) < 0 ? -errno : 0;
}

/* A named file that is unlinked at once, where the file system has no O_TMPFILE. */
static int open_unlinked(const char *folder)
{
        scoped(buf_deinit) struct buf path = BUF_INIT;
        int fd;

        if (buf_printf(&path, "%s/inbye-XXXXXX", folder) < 0)
                return -ENOMEM;
        fd = mkostemp(path.data, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        (void)unlink(path.data);
        return fd;
}

int fd_open_unnamed(const char *folder)
{
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        return fd >= 0 ? fd : open_unlinked(folder);
}

void forbid_core(void)
{
        const struct rlimit no_core = { 0, 0 };

        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); /* a core may go to a pipe, past the limit */
}

int groups_of_user(const char *user, gid_t group, gid_t *groups, int *n)
{
        return getgrouplist(user, group, groups, n) < 0 ? -E2BIG : 0;
}

uint64_t random_number(void)
{
        uint64_t number = 0;

        (void)!getrandom(&number, sizeof(number), 0);
        return number;
}

int fd_open_nameless(const char *folder)
{
        int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);

        return fd < 0 ? -errno : fd;
}

unsigned terminal_columns(int fd)
{
        struct winsize size;

        return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

ssize_t send_now(int fd, const void *data, size_t n)
{
        return send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}
