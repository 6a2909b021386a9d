/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_SCOPE_H
#define LIMIT_SCOPE_H

/**
 * Move this process into a new scope of systemd's with Delegate=yes: of the system manager for root, else of
 * the user's. 0; -EOPNOTSUPP: there is no systemd to ask; -errno.
 */
int scope_enter(void);

#endif
