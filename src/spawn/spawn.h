/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_SPAWN_H
#define SPAWN_SPAWN_H

#include "sys/confine.h"
#include "sys/misc.h"
#include <inbye/base.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * The plan of one start: everything the child does between clone and exec, settled in the parent. Borrowed
 * pointers and descriptors throughout: the plan owns nothing. Start from SPAWN_PLAN_INIT.
 */
struct spawn_rlimit {
        int resource;
        struct rlimit limit;
};

enum spawn_pgroup {
        SPAWN_PGROUP_KEEP,    /* that of the owner */
        SPAWN_PGROUP_OWN,     /* setpgid(0, 0) */
        SPAWN_PGROUP_SESSION, /* setsid() */
        SPAWN_PGROUP_JOIN     /* setpgid(0, pgroup_joined) */
};

/* Digits of the largest pid there can be, and the end of the string. */
#define SPAWN_PID_TEXT_SIZE 11

/*
 * A process between the owner and the command, that holds what comes of the command (held.c): as its
 * subreaper, or as the first process of its pid namespace. Borrowed, as the plan is.
 */
struct spawn_holder {
        const char *program; /* what it becomes once the command is started; a path */
        const char *const *argv;
        char *pid_text;    /* in argv: becomes the command's pid as the holder sees it */
        char *pidfd_text;  /* in argv: becomes the number of its descriptor of the command; "-1": none */
        int line_fd;       /* kept open in the holder: a Unix socket */
        int owner_line_fd; /* its other end */
        int owner_pidfd;   /* kept open in the holder; -1: none */
        int null_fd;       /* its standard streams */
        bool subreaper;
        uint64_t namespaces;           /* CLONE_NEW..., SYS_CLONE_AUTOKILL */
        const char *uid_map, *gid_map; /* of its user namespace; NULL: none */
        bool own_proc;                 /* mount a procfs of the pid namespace */
};

/* One step towards the files that a sandboxed command sees. */
enum spawn_mount_kind {
        SPAWN_MOUNT_DIRECTORY, /* make an empty one at `target`, unless there is one */
        SPAWN_MOUNT_FILE,
        SPAWN_MOUNT_LINK,  /* to `source` */
        SPAWN_MOUNT_BIND,  /* what is at `source` */
        SPAWN_MOUNT_TMPFS, /* `source`: its mode */
        SPAWN_MOUNT_SET    /* the attributes of what is mounted there and below */
};
struct spawn_mount {
        enum spawn_mount_kind kind;
        const char *source, *target;
        const char *size;    /* of a tmpfs; NULL: the kernel's own */
        uint64_t set, clear; /* SYS_MOUNT_... */
};

struct spawn_access {
        const char *path;
        uint64_t access; /* SYS_LANDLOCK_... */
        bool optional;   /* the path need not be there */
};

struct spawn_filter {
        const void *code;
        unsigned short n;
        unsigned flags; /* SECCOMP_FILTER_FLAG_... */
};

/* Where a root of its own keeps that of the host while it is put together. */
#define SPAWN_HOST_ROOT ".inbye-host"

/* What the child gives up and what it sees, settled in the parent as all of the plan is. */
struct spawn_sandbox {
        uint64_t namespaces;           /* to be born with: CLONE_NEW... */
        const char *uid_map, *gid_map; /* of its user namespace; NULL: none */
        bool loopback;                 /* bring the interface up */
        const char *root; /* mount a root of its own there and enter it; NULL: that of the host */
        const struct spawn_mount *mounts;
        size_t n_mounts;
        const char *cwd; /* entered once more, as it is seen now; NULL: not needed */
        bool no_capabilities, no_new_privs;
        struct sys_landlock landlock; /* all 0: none */
        const struct spawn_access *accesses;
        size_t n_accesses;
        const struct spawn_filter *filters; /* the last one's errno counts where several deny a call */
        size_t n_filters;
        /* Where one may listen: this one, whose listener goes over line_fd, and the others; not `filters`. */
        struct spawn_filter listened; /* n 0: none */
        const struct spawn_filter *others;
        size_t n_others;
        int line_fd;
};

struct spawn_plan {
        const struct spawn_sandbox *sandbox; /* NULL: none */
        const struct spawn_holder *holder;   /* NULL: the command is a child of the owner itself */
        const char *const *argv;
        const char *const *envp;
        char *pid_text; /* in envp, SPAWN_PID_TEXT_SIZE bytes: becomes the child's pid, decimal; NULL: none */
        const char *program; /* what is looked up; holds a slash: taken as it is */
        const char *cwd;     /* NULL: the owner's */
        int stdio[3];        /* descriptor that becomes 0, 1, 2; -1: closed in the child */
        bool stdio_null[3];  /* it is /dev/null: in a root of its own the child opens the one there */
        const int *keep_fds; /* passed on under their own numbers, >= 3 */
        size_t n_keep_fds;
        enum spawn_pgroup pgroup;
        pid_t pgroup_joined;
        int foreground_fd;        /* tty whose foreground group the child becomes (its own group), or -1 */
        uint64_t signal_mask;     /* blocked in the child */
        uint64_t signals_ignored; /* ignored in the child; all others have the default action */
        const struct spawn_rlimit *rlimits;
        size_t n_rlimits;
        const gid_t *groups; /* with set_groups */
        size_t n_groups;
        bool set_groups, set_gid, set_uid, set_umask, set_nice, set_ioprio;
        bool inherit_ignored; /* besides signals_ignored: those that the owner ignores */
        bool shell_fallback;  /* ENOEXEC: /bin/sh FILE ARGS */
        uid_t uid;
        gid_t gid;
        mode_t umask;
        int nice;
        int io_class, io_level;
        const struct sys_cpus *affinity; /* NULL: the owner's */
        int cgroup_fd;                   /* directory of the leaf, or -1 */
        int cgroup_procs_fd; /* its cgroup.procs open for writing, or -1: fetched when needed by the call
                                below */
        int (*open_cgroup_procs)(void *userdata); /* fallback: gives cgroup_procs_fd (borrowed) or -errno */
        void *userdata;
        const int *join_fds; /* files of further leaves, open for writing: the child enters each of
                                them */
        size_t n_join_fds;
        bool join_by_write; /* do not try CLONE_INTO_CGROUP */
};
#define SPAWN_PLAN_INIT                                                                                      \
        {                                                                                                    \
                .stdio = { -1, -1, -1 }, .foreground_fd = -1, .cgroup_fd = -1, .cgroup_procs_fd = -1         \
        }

struct spawned {
        pid_t pid;
        int pidfd;            /* close-on-exec; -1 where the kernel has none */
        bool joined_by_write; /* CLONE_INTO_CGROUP did not do: not worth trying again here */
        pid_t holder_pid;     /* with a holder: it is the child of ours, and the parent of `pid` */
        int holder_pidfd;
};

/**
 * Start the program. Returns once the child has exec'ed or failed; a failed child is reaped.
 *
 * @return 0; -errno with reterr saying the stage. -ENOENT at INBYE_STAGE_EXEC: the text lists where it
 * looked.
 */
int spawn(const struct spawn_plan *plan, struct spawned *ret, struct inbye_error *reterr);

/** What a holder does before it starts the command, that may fail here. */
enum spawn_holder_step {
        SPAWN_HOLDER_CLONE,
        SPAWN_HOLDER_SETTLE, /* its process group and signals */
        SPAWN_HOLDER_SUBREAPER,
        SPAWN_HOLDER_MAP, /* ids in its user namespace */
        SPAWN_HOLDER_PROC,
        SPAWN_HOLDER_PASS, /* the command's pidfd to the owner */
        SPAWN_HOLDER_EXEC
};
/** Would a holder like this one come up here? Without a command and without its program. 0, or -errno and the
 * step. */
int spawn_try_holder(const struct spawn_holder *holder, enum spawn_holder_step *ret_step);

#endif
