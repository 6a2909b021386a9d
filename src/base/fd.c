/* SPDX-License-Identifier: MIT */
/*
 * Descriptors, and small files read and written whole.
 *
 * Files of procfs and cgroupfs are made when they are read, so one read may stop short of the end although
 * more would follow: reading goes on until end of file. Writing is the other way round: there one write(2) is
 * one command to the kernel, and a value that went out in two pieces would be two wrong commands, so a short
 * write is an error and never carried on. stdio was rejected for both: it allocates, splits writes where its
 * buffer ends, and says too late what failed.
 *
 * Nothing here retries close(): on Linux the descriptor is gone even after EINTR.
 */
#include "base/fd.h"
#include "base/scope.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fd_close(int fd)
{
        int saved = errno;

        if (fd >= 0)
                (void)close(fd);
        errno = saved;
        return -1;
}

int fd_set_nonblock(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0)
                return -errno;
        if (flags & O_NONBLOCK)
                return 0;
        return fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int fd_dup_above(int fd, int min)
{
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, min);

        return copy < 0 ? -errno : copy;
}

/* Where it may be searched but not read, that is enough. */
#ifdef O_PATH
#define OPEN_FOR_SEARCH O_PATH
#else
#define OPEN_FOR_SEARCH O_RDONLY
#endif

/* Part after part: openat2(RESOLVE_NO_SYMLINKS) is Linux 5.6. A symlink that is to be a directory is told
 * apart from a file: the errors of openat(2) for it are two. */
static int open_part(int above, const char *part, size_t n)
{
        char name[NAME_MAX + 1];
        struct stat st;
        int fd;

        if (n > NAME_MAX)
                return -ENAMETOOLONG;
        memcpy(name, part, n);
        name[n] = '\0';
        fd = openat(above, name, OPEN_FOR_SEARCH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
                return fd;
        if (errno == ENOTDIR && fstatat(above, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
                return -ELOOP;
        return -errno;
}

int fd_open_straight(const char *path, int flags, mode_t mode)
{
        int at = open(path[0] == '/' ? "/" : ".", OPEN_FOR_SEARCH | O_DIRECTORY | O_CLOEXEC), fd = -errno;
        size_t n;

        for (; at >= 0; path += n) {
                path += strspn(path, "/");
                n = strcspn(path, "/");
                if (!path[n]) {
                        fd = openat(at, path, flags | O_NOFOLLOW, mode);
                        fd = fd < 0 ? -errno : fd;
                        fd_close(at);
                        break;
                }
                fd = open_part(at, path, n);
                fd_close(at);
                at = fd;
        }
        return fd;
}

int fd_write_all(int fd, const void *data, size_t n)
{
        const char *p = data;
        ssize_t written;

        while (n > 0) {
                written = write(fd, p, n);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -errno;
                if (written == 0)
                        return -EIO;
                p += written;
                n -= (size_t)written;
        }
        return 0;
}

/* read(2) where offset < 0 (the file's own position), else pread(2). */
static ssize_t read_some(int fd, char *buffer, size_t n, off_t offset)
{
        ssize_t got;

        do
                got = offset < 0 ? read(fd, buffer, n) : pread(fd, buffer, n, offset);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got;
}

static ssize_t read_whole(int fd, char *buffer, size_t size, off_t offset)
{
        size_t n = 0;
        ssize_t got;

        assert(buffer && size > 0);
        for (;;) {
                if (n == size)
                        return -EFBIG; /* no room for the NUL, so the end was not seen either */
                got = read_some(fd, buffer + n, size - n, offset < 0 ? offset : offset + (off_t)n);
                if (got < 0)
                        return got;
                if (got == 0)
                        break;
                n += (size_t)got;
        }
        buffer[n] = '\0';
        return (ssize_t)n;
}

ssize_t fd_read_file_at(int dir_fd, const char *name, char *buffer, size_t size)
{
        scoped(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return -errno;
        return read_whole(fd, buffer, size, -1);
}

ssize_t fd_pread_all(int fd, char *buffer, size_t size)
{
        return read_whole(fd, buffer, size, 0);
}

int fd_write_file_at(int dir_fd, const char *name, const char *value)
{
        scoped(fd_closep) int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        size_t n = strlen(value);
        ssize_t written;

        if (fd < 0)
                return -errno;
        do
                written = write(fd, value, n);
        while (written < 0 && errno == EINTR);
        if (written < 0)
                return -errno;
        return (size_t)written == n ? 0 : -EIO;
}

void file_closep(FILE **file)
{
        if (*file)
                (void)fclose(*file);
}

void dir_closep(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir);
}
