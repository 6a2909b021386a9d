/* SPDX-License-Identifier: MIT */
#ifndef SYS_BLOCK_H
#define SYS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Large blocks of memory, and files as blocks. Their lengths are multiples of whatever the caller rounds to,
 * which is more than a page.
 */

/** Make a block longer or shorter, by another place if need be; NULL, 0: a new one. @return NULL: no memory.
 */
char *sys_block_resize(char *data, size_t length, size_t new_length);
/** A file from its beginning, to be read only. @return NULL: it cannot be had. */
char *sys_block_of_file(int fd, size_t length);
/** Free either. */
void sys_block_free(char *data, size_t length);

/** Is the file kept in memory alone? False where nobody knows. */
bool sys_is_memory_file(int fd);

#endif
