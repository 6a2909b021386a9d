/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_SCOPE_H
#define LIMIT_SCOPE_H

#include <inbye/base.h>
#include <stdbool.h>

/** Is systemd what runs this machine? */
bool scope_has_systemd(void);
/**
 * Move this process into a new scope of systemd's with Delegate=yes: of the system manager for root, else of
 * the user's. One at a time.
 *
 * @param timeout_ns  For all of it together. What comes of the request after that is the manager's.
 * @return 0; -errno, -ETIMEDOUT for one, and reterr says why and what would mend it.
 */
int scope_enter(uint64_t timeout_ns, struct inbye_error *reterr);

#endif
