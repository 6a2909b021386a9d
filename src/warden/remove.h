/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_REMOVE_H
#define WARDEN_REMOVE_H

#include <stdint.h>

/**
 * Kill all that is in a session, wait until it is empty and remove it. Without a heap.
 *
 * @return 0: the directory is gone; -ETIMEDOUT; -errno: it cannot be opened.
 */
int remove_session(int base_fd, const char *name, uint64_t deadline_ns);

/**
 * Undo what an owner did to have controllers for its leaves: us and it out of the way, controllers turned on.
 * Not while other sessions, or other processes, need it. Without a heap.
 */
void remove_room(int base_fd);

#endif
