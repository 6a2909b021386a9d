/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all.
 *
 * It is made without a name in the folder where it will stand (O_TMPFILE), so that a folder that cannot be
 * written is refused before anything runs, a full disk is met where it matters, and nothing stays behind
 * when we are killed. At the end it gets a name beside its own and is renamed. Where the file system has no
 * O_TMPFILE it has that name from the beginning, and only there may a SIGKILL leave it behind. A copy that
 * waits in $TMPDIR was rejected: everything would be written twice, and a disk that is full is found last.
 */
#include "cli/replace.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/misc.h"
#include "base/scope.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_target(const char *name, struct inbye_error *reterr)
{
        struct stat st;

        if (stat(name, &st) < 0)
                return errno == ENOENT
                               ? 0
                               : error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write '%s'", name);
        if (S_ISREG(st.st_mode))
                return 0;
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                "'%s' is no regular file, and cannot be replaced by one", name);
}

/* A link is followed: what it points to is replaced, not the link. */
static char *resolve(const char *name)
{
        char *path = realpath(name, NULL);

        return path ? path : strdup(name);
}

/* Beside the path, hidden, and nobody else's. */
static char *temporary_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        int n_dir = slash ? (int)(slash - path) + 1 : 0;
        scoped(buf_deinit) struct buf name = BUF_INIT;
        char *text;

        (void)buf_printf(&name, "%.*s.inbye-%016llx.tmp", n_dir, path, (unsigned long long)random_number());
        return buf_steal(&name, &text, NULL) < 0 ? NULL : text;
}

static int open_nameless(const char *path)
{
        const char *slash = strrchr(path, '/');
        scoped(freep) char *dir =
                slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

        return dir ? fd_open_nameless(dir) : -ENOMEM;
}

/* Kernels and file systems say in different ways that they know no O_TMPFILE. */
static int open_file(struct replace *replace)
{
        replace->fd = open_nameless(replace->path);
        if (replace->fd >= 0)
                return 0;
        if (replace->fd != -EOPNOTSUPP && replace->fd != -EISDIR && replace->fd != -EINVAL)
                return replace->fd;
        replace->temporary = temporary_name(replace->path);
        if (!replace->temporary)
                return -ENOMEM;
        replace->fd = open(replace->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (replace->fd >= 0)
                return 0;
        free(TAKE(replace->temporary));
        return -errno;
}

int replace_open(struct replace *replace, const char *name, struct inbye_error *reterr)
{
        int r;

        r = check_target(name, reterr);
        if (r < 0)
                return r;
        replace->path = resolve(name);
        r = replace->path ? open_file(replace) : -ENOMEM;
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot write '%s'", name);
        return 0;
}

static int give_name(struct replace *replace)
{
        char self[40];

        if (replace->temporary)
                return 0;
        replace->temporary = temporary_name(replace->path);
        if (!replace->temporary)
                return -ENOMEM;
        snprintf(self, sizeof(self), "/proc/self/fd/%d", replace->fd);
        if (linkat(AT_FDCWD, self, AT_FDCWD, replace->temporary, AT_SYMLINK_FOLLOW) == 0)
                return 0;
        free(TAKE(replace->temporary));
        return -errno;
}

/* Some file systems tell only at close(2) that there was no room. */
int replace_commit(struct replace *replace)
{
        int r;

        r = give_name(replace);
        if (r >= 0 && close(TAKE_FD(replace->fd)) < 0)
                r = -errno;
        if (r >= 0 && rename(replace->temporary, replace->path) < 0)
                r = -errno;
        if (r >= 0)
                free(TAKE(replace->temporary));
        replace_discard(replace);
        return r;
}

void replace_discard(struct replace *replace)
{
        if (replace->temporary)
                unlink(replace->temporary);
        free(replace->temporary);
        free(replace->path);
        fd_close(replace->fd);
        *replace = (struct replace)REPLACE_INIT;
}
