/* SPDX-License-Identifier: MIT */
#ifndef SYS_IDS_H
#define SYS_IDS_H

#include <stddef.h>
#include <sys/types.h>

/** Ids of the calling process alone, for the child between clone and exec. 0 or -errno. */
int sys_set_uid(uid_t uid);
int sys_set_gid(gid_t gid);
int sys_set_groups(const gid_t *groups, size_t n);

#endif
