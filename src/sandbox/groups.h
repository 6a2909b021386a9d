/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_GROUPS_H
#define SANDBOX_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

/* Groups of system calls, by names as "@mount" (groups.c). */

/** Names of calls and of groups, one space between; NULL: there is no such group. */
const char *groups_calls(const char *name);
/** Names of all groups; NULL: no more. */
const char *groups_name(size_t i);
/** Is the call in any group? libseccomp may be too old to know it. */
bool groups_mention(const char *call);

#endif
