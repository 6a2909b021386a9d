/* SPDX-License-Identifier: MIT */
#ifndef SYS_DIRENTS_H
#define SYS_DIRENTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** One entry of a directory, as getdents64(2) writes it. */
struct sys_dirent {
        uint64_t inode;
        int64_t offset;
        uint16_t length; /* of the whole entry: the next one begins there */
        uint8_t type;    /* DT_DIR... */
        char name[];
};

/** Read entries without a heap, which opendir(3) needs. @return bytes; 0 at the end; -errno. */
ssize_t sys_dirents(int dir_fd, void *entries, size_t size);

#endif
