/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_WATCH_H
#define WARDEN_WATCH_H

/** Until the owner is gone; then end the session and remove it. @return exit status of the warden. */
int watch(int line_fd, int dir_fd, int owner_pidfd);

#endif
