/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_SWEEP_H
#define WARDEN_SWEEP_H

#include <stdbool.h>

/* Ending everything below a cgroup directory without a heap: for the warden, which may have to work when
 * there is no memory left. */

/** Is it a directory of a v1 hierarchy (a limit, not what holds)? One that has gone is not. */
bool sweep_is_v1(int dir_fd);
/** SIGKILL to all in the directory and below it. Asked for, not done. */
void sweep_kill(int dir_fd);
/** Remove every empty cgroup below the directory. */
void sweep_prune(int dir_fd);

#endif
