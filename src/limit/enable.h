/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_ENABLE_H
#define LIMIT_ENABLE_H

#include "contain/contain.h"
#include "limit/values.h"

/**
 * Have controllers in the leaves of a group: turned on in the subtree_control of every directory above them.
 *
 * @param may_move      This process may be moved out of the way.
 * @retval -EOPNOTSUPP  They cannot be had in v2; reterr says why and what would grant it.
 */
int enable_controllers(
        struct contain_group *group, uint32_t controllers, bool may_move, struct inbye_error *reterr);
/** Those of them that can be had in v2 below this directory, without turning anything on. */
uint32_t enable_available(int dir_fd);
/** Turn them on for what is below the directory: those that are not on yet, read back. 0, -errno. */
int enable_in(int dir_fd, uint32_t controllers);
/** Is the directory the root of the hierarchy itself, which may have processes and controllers? */
bool enable_is_root(int dir_fd);

#endif
