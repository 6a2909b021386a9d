/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_ROOM_H
#define LIMIT_ROOM_H

#include <inbye/base.h>

/** Move this process, and its children there, out of the base into a leaf of its own. -EBUSY: somebody else
 * is there too. */
int room_evacuate(int base_fd);
/** Undo that, once no leaf is left. */
void room_leave(void);
/**
 * Before anything is held: where our own cgroup has no place for limits and systemd runs this machine, ask it
 * for a scope. It takes 5 s at most.
 *
 * @return 0; -errno, and reterr says why systemd gave none: for whom a limit is refused later.
 */
int room_find(struct inbye_error *reterr);

#endif
