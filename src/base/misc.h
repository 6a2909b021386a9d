/* SPDX-License-Identifier: MIT */
#ifndef BASE_MISC_H
#define BASE_MISC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Width of a terminal; 0: unknown. */
unsigned terminal_columns(int fd);
/** Write to a socket without waiting, and without SIGPIPE. @return as send(2). */
ssize_t send_now(int fd, const void *data, size_t n);
/** For names that others should not hit upon. */
uint64_t random_number(void);
/** No core dump of this process from now on, as far as that can be had. */
void forbid_core(void);
/** Groups of a user and this one: fills up to *n. @return 0; -E2BIG, *n says how many there are; -EOPNOTSUPP.
 */
int groups_of_user(const char *user, gid_t group, gid_t *groups, int *n);

#endif
