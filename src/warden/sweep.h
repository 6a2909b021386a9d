/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_SWEEP_H
#define WARDEN_SWEEP_H

/* Ending everything below a cgroup directory without a heap: for the warden, which may have to work when
 * there is no memory left. */

/** SIGKILL to all in the directory and below it. Asked for, not done. */
void sweep_kill(int dir_fd);
/** Remove every empty cgroup below the directory. */
void sweep_prune(int dir_fd);

#endif
