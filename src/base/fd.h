/* SPDX-License-Identifier: MIT */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/** Close if >= 0, errno untouched. Always returns -1, for `fd = fd_close(fd)`. */
int fd_close(int fd);
int fd_set_nonblock(int fd);
/** Duplicate, close-on-exec, to a number >= min. @return the new descriptor or -errno. */
int fd_dup_above(int fd, int min);
/** A pipe, close-on-exec at both ends. 0 or -errno. */
int fd_pipe(int ret_ends[2]);
/** A new file in that folder, read and write, close-on-exec, without a name: gone when it is closed. @return
 * the descriptor or -errno. */
int fd_open_unnamed(const char *folder);
/** A file in that folder, to be written, that linkat(2) of /proc/self/fd may give a name. @return it, or
 * -errno: -EOPNOTSUPP, -EISDIR, -EINVAL where there is no such thing. */
int fd_open_nameless(const char *folder);
/** open(2) that follows no symlink, neither on the way nor in its place. @return the descriptor,
 * close-on-exec as the flags say, or -errno: -ELOOP. */
int fd_open_straight(const char *path, int flags, mode_t mode);
/** Write everything; blocking descriptors only. 0 or -errno (-EIO for a write of nothing). */
int fd_write_all(int fd, const void *data, size_t n);
/** Read a small file below a directory (or AT_FDCWD) into a NUL-terminated buffer.
 *  @return bytes read, -errno; -EFBIG when it does not fit. */
ssize_t fd_read_file_at(int dir_fd, const char *name, char *buffer, size_t size);
/** Read from the start of an open file (pread), NUL-terminated. @return as above. */
ssize_t fd_pread_all(int fd, char *buffer, size_t size);
/** Open, write one short value in a single write, close. 0 or -errno. */
int fd_write_file_at(int dir_fd, const char *name, const char *value);

/** For scoped(). NULL is fine. */
void file_closep(FILE **file);
void dir_closep(DIR **dir);

#endif
