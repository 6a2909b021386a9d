/* SPDX-License-Identifier: MIT */
/*
 * Files of one v1 directory, by name.
 *
 * A leaf that is used over and over has twenty of them read or written for each tree, and opening and closing
 * was most of what that took (100 of 130 us). Where it is worth their number the descriptors are kept.
 */
#include "limit/v1_dir.h"
#include "base/fd.h"
#include <errno.h>
#include <fcntl.h>
#include <inbye/result.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int v1_dir_open(struct v1_dir *dir, int parent_fd, const char *path)
{
        *dir = (struct v1_dir)V1_DIR_INIT;
        dir->fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir->fd < 0 ? -errno : 0;
}

void v1_dir_close(struct v1_dir *dir)
{
        for (unsigned i = 0; i < dir->n_files; i++)
                fd_close(dir->files[i].fd);
        fd_close(dir->fd);
        *dir = (struct v1_dir)V1_DIR_INIT;
}

static int find(const struct v1_dir *dir, const char *name, int flags)
{
        for (unsigned i = 0; i < dir->n_files; i++)
                if (dir->files[i].flags == flags && strcmp(dir->files[i].name, name) == 0)
                        return dir->files[i].fd;
        return -1;
}

/* Without a descriptor to spare it goes on as before. */
static void add(struct v1_dir *dir, const char *name, int flags)
{
        int fd;

        if (dir->n_files == V1_DIR_FILES)
                return;
        fd = openat(dir->fd, name, flags | O_CLOEXEC);
        if (fd < 0)
                return;
        dir->files[dir->n_files].name = name;
        dir->files[dir->n_files].flags = flags;
        dir->files[dir->n_files++].fd = fd;
}

/* -1: to be opened by who asks. */
static int kept(struct v1_dir *dir, const char *name, int flags)
{
        int fd = find(dir, name, flags);

        if (fd >= 0 || !dir->keep)
                return fd;
        add(dir, name, flags);
        return find(dir, name, flags);
}

ssize_t v1_dir_read(struct v1_dir *dir, const char *name, char *text, size_t size)
{
        int fd = kept(dir, name, O_RDONLY);

        return fd < 0 ? fd_read_file_at(dir->fd, name, text, size) : fd_pread_all(fd, text, size);
}

int v1_dir_write(struct v1_dir *dir, const char *name, const char *value)
{
        int fd = kept(dir, name, O_WRONLY);
        size_t n = strlen(value);
        ssize_t written;

        if (fd < 0)
                return fd_write_file_at(dir->fd, name, value);
        written = pwrite(fd, value, n, 0);
        if (written < 0)
                return -errno;
        return (size_t)written == n ? 0 : -EIO;
}

bool v1_dir_read_number(struct v1_dir *dir, const char *name, uint64_t *ret)
{
        char text[32];

        if (dir->fd < 0 || v1_dir_read(dir, name, text, sizeof(text)) <= 0)
                return false;
        *ret = strtoull(text, NULL, 10);
        return true;
}

uint64_t v1_dir_read_key(struct v1_dir *dir, const char *name, const char *key)
{
        char text[512];
        const char *found;

        if (dir->fd < 0 || v1_dir_read(dir, name, text, sizeof(text)) < 0)
                return INBYE_UNKNOWN;
        found = strstr(text, key);
        return found ? strtoull(found + strlen(key), NULL, 10) : INBYE_UNKNOWN;
}
