/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_ROOM_H
#define LIMIT_ROOM_H

/** Move this process, and its children there, out of the base into a leaf of its own. -EBUSY: somebody else
 * is there too. */
int room_evacuate(int base_fd);
/** Undo that, once no leaf is left. */
void room_leave(void);
/** Before anything is held: where our own cgroup has no place for limits, ask systemd for a scope. What
 * cannot be done is left: a limit that needed it is refused later, with the reason. */
void room_find(void);

#endif
