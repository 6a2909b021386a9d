/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_WATCH_H
#define WARDEN_WATCH_H

/** Until the owner is gone; then end the session of that name, if it was made, and remove it.
 *  @return exit status of the warden. */
int watch(int line_fd, int base_fd, int owner_pidfd, const char *name);

#endif
