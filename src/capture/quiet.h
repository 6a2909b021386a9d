/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_QUIET_H
#define CAPTURE_QUIET_H

#include <sys/types.h>

/** write(2) and pwrite(2) that raise no SIGPIPE and no SIGXFSZ. @return bytes written or -errno. */
ssize_t quiet_write(int fd, const void *data, size_t n);
/** @return 0 once all is written at that offset, or -errno. */
int quiet_pwrite_all(int fd, const void *data, size_t n, off_t offset);
/** @return 0 once all is written, or -errno; for descriptors that block. */
int quiet_write_all(int fd, const void *data, size_t n);

#endif
