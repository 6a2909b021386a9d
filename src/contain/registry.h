/* SPDX-License-Identifier: MIT */
#ifndef CONTAIN_REGISTRY_H
#define CONTAIN_REGISTRY_H

#include <inbye/registry.h>
#include <stdbool.h>

/* Whose a session is: kept in the session's own directory, so that it cannot outlive it. */

#define SESSION_PREFIX "inbye."
#define SESSION_RANDOM 16
#define SESSION_NAME_SIZE (sizeof(SESSION_PREFIX) + 2 * SESSION_RANDOM)

/** A new name, with 128 random bits. */
int registry_name(char name[static SESSION_NAME_SIZE]);
/** Is this a name that a session's directory has? */
bool registry_is_session(const char *name);

/** Where a pid and a start time mean what they say: they are compared nowhere else. */
struct registry_place {
        char boot_id[40];
        uint64_t pid_ns;  /* inodes of the namespaces; 0: unknown */
        uint64_t time_ns; /* start times are shifted by it */
};
int registry_here(struct registry_place *ret);

#define REGISTRY_COMMAND_SIZE 201
struct registry_entry {
        struct registry_place place;
        pid_t owner_pid;
        uint64_t owner_start_ticks;
        uint64_t started_ns;  /* CLOCK_REALTIME */
        uint64_t lock_device; /* st_dev of the directory that the owner has locked; 0: it has not */
        char command[REGISTRY_COMMAND_SIZE];
};

/** Put down this process as the owner, which it is until it closes this descriptor. 0; -EOPNOTSUPP,
 * -EPERM...: not here, nothing would know the owner. */
int registry_tag(int dir_fd);
/** In a v1 hierarchy: only that there is an owner, for as long. 0, -errno. */
int registry_tag_v1(int dir_fd);
/** -ENODATA: it has no entry; -EBADMSG: none that this version reads; -EACCES: another user's. */
int registry_read(int dir_fd, struct registry_entry *ret);
/** What of the owner can be proven from here. dir_fd: the directory, opened by who asks. */
enum inbye_owner registry_judge(
        const struct registry_place *here, const struct registry_entry *entry, int dir_fd);
/** The same of a directory in a v1 hierarchy. */
enum inbye_owner registry_judge_v1(int dir_fd);

#endif
