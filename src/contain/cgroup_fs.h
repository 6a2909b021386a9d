/* SPDX-License-Identifier: MIT */
#ifndef CONTAIN_CGROUP_FS_H
#define CONTAIN_CGROUP_FS_H

#include "contain/contain.h"
#include "warden/protocol.h"

/* Reading and removing below one cgroup directory, whatever its members have made of it. */

/** Beside our leaves: where an owner went that made room for them. */
#define CGROUP_OWNER_DIR WARDEN_OWNER_DIR

/** Where our leaves may live: the directory of our own cgroup. */
struct cgroup_base {
        int dir_fd;
        char path[4096];
};
/** -EOPNOTSUPP with reason and hint; -errno. */
int cgroup_base_open(struct cgroup_base *ret, struct contain_probe *why);

/** The path of that directory, or of the whole tree that is visible; to look, no access is asked for.
 * controller: in the v1 hierarchy of that one; NULL: in v2, whose absence `why` is about. */
int cgroup_base_find(const char *controller, bool whole, char *path, size_t size, struct contain_probe *why);

/** Pids in the directory and everything below it. A directory that has gone is empty. */
int cgroup_list(int dir_fd, struct contain_pids *pids);
/** Pids in the directory itself. */
int cgroup_list_own(int dir_fd, struct contain_pids *pids);
/** Remove the empty cgroups below the directory ; the directory itself is left. */
void cgroup_prune(int dir_fd);

/** All of an open file of the kernel's, as text. @return bytes, or -errno. */
ssize_t cgroup_read_file(int fd, char *text, size_t size);

struct cgroup_events {
        bool populated, frozen;
};
/** From an open cgroup.events. 0; -errno: unknown; a removed cgroup is empty. */
int cgroup_read_events(int events_fd, struct cgroup_events *ret);

#endif
