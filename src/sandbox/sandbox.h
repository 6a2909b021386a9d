/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/buf.h"
#include "spawn/spawn.h"
#include <inbye/limits.h>
#include <inbye/sandbox.h>
#include <stdatomic.h>

/* A policy, as it was said; and as a child enters it. */

struct sandbox_path {
        enum inbye_access access;
        char *path, *target; /* target NULL: at the path */
        bool optional;       /* need not be there */
};

/* Parts that were optional and are left out, and why. */
struct sandbox_skips {
        struct sandbox_skip {
                char *part, *reason;
        } * list;
        size_t n;
};
int sandbox_skip(struct sandbox_skips *skips, const char *part, const char *reason);
void sandbox_skips_deinit(struct sandbox_skips *skips);

#define SANDBOX_FILTERS 8

/* A filter of system calls. What it denies may depend on the capabilities that the command has. */
struct sandbox_filter {
        struct spawn_filter whole; /* for one that has those of the caller */
        struct spawn_filter bare;  /* for one that has none; no code: the same */
        bool owned;                /* the code is freed with it */
        const char *of;            /* the profile that it is of. Static; NULL: of none */
        char *rule;                /* where to change it, for people; owned; NULL: nobody has said */
};

struct inbye_sandbox {
        atomic_int n_references;
        atomic_bool started;
        bool listens; /* to what its filters deny */
        bool no_new_privs, no_capabilities, no_network, no_ipc;
        bool own_root;   /* made of the system's directories, read-only, and the working directory */
        bool own_pids;   /* only under a mechanism with a pid namespace */
        bool landlock;   /* by the accesses below */
        char **writable; /* of Landlock */
        char **writable_if_there;
        struct sandbox_path *paths;
        size_t n_paths;
        struct sandbox_filter filters[SANDBOX_FILTERS];
        size_t n_filters;
        char **unknown_calls;       /* names in filters that mean nothing here; NULL: none */
        struct inbye_limits limits; /* memory, tasks and CPU only */
        struct inbye_limits optional_limits;
        uint64_t timeout_ns;
        uint32_t required, waived; /* INBYE_REQUIRE_* */
        struct sandbox_skips skips;
};

/** The steps of one start. All strings in it live until _deinit(). */
struct sandbox_steps {
        struct spawn_sandbox spawn;
        struct spawn_filter filters[SANDBOX_FILTERS];
        struct spawn_mount *mounts;
        struct spawn_access *accesses;
        char **strings; /* all that was put together for it */
        size_t n_mounts, n_accesses, n_strings;
        struct sandbox_skips skips; /* found when it was started */
        char uid_map[32], gid_map[32];
        char cwd[4096];
        /* Of listen.c. */
        struct bpf *joined;
        size_t n_joined;
        struct spawn_filter others[SANDBOX_FILTERS];
        void *rests[SANDBOX_FILTERS]; /* code of those that are ours */
        size_t n_others;
        uint32_t told; /* bit per filter of the sandbox whose denials can be told */
        int line[2];   /* with spawn.listened.n only */
};
void sandbox_steps_deinit(struct sandbox_steps *steps);

/**
 * What a child has to do to be in the sandbox.
 *
 * @param cwd   Of the command; NULL: the owner's.
 * @return 0; -EOPNOTSUPP, -ENOENT...: refused, reterr says why.
 */
int sandbox_prepare(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox, const char *cwd,
        struct inbye_error *reterr);

/** Make the limits at least as strict as the sandbox has them; NULL: it has none. */
void sandbox_limit(const struct inbye_sandbox *sandbox, struct inbye_limits *limits);
/** The same with one of those that are optional. @return is there one? */
bool sandbox_limit_optional(
        const struct inbye_sandbox *sandbox, enum inbye_limit limit, struct inbye_limits *limits);
/** Has it any, optional or not? */
bool sandbox_has_limits(const struct inbye_sandbox *sandbox);
uint64_t sandbox_timeout(const struct inbye_sandbox *sandbox, uint64_t timeout_ns);
void sandbox_limits_merge(struct inbye_limits *to, const struct inbye_limits *from);
/** Are those there that it requires? -EINVAL: reterr says which are not. */
int sandbox_check_limits(const struct inbye_sandbox *sandbox, const struct inbye_limits *limits,
        uint64_t timeout_ns, uint32_t waived, struct inbye_error *reterr);

/** Append what was said of the sandbox, in a form that stays the same: for a command's identity. */
int sandbox_describe(const struct inbye_sandbox *sandbox, struct buf *out);

/* --- inside this folder -----------------------------------------------------------------------------------
 */

/** Can this host do all that it says? 0; -EOPNOTSUPP; another errno: a shortage of the moment. */
int sandbox_try(const struct inbye_sandbox *sandbox, struct inbye_error *reterr);
/** May it be changed? 0, -EINVAL for NULL, -EBUSY once a command was started in it. */
int sandbox_change(const struct inbye_sandbox *sandbox);
/** What is owned of it is taken, also where it fails: -E2BIG. */
int sandbox_add_filter(
        struct inbye_sandbox *sandbox, struct sandbox_filter *filter, struct inbye_error *reterr);
void sandbox_filter_deinit(struct sandbox_filter *filter);
/** Keep a copy that lives as long as the steps. @return NULL: no memory. */
const char *steps_string(struct sandbox_steps *steps, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int steps_mount(struct sandbox_steps *steps, struct spawn_mount mount);
/** An empty directory in place of what is there. */
int steps_cover(struct sandbox_steps *steps, const char *path);
int steps_access(struct sandbox_steps *steps, const char *path, uint64_t access, bool optional);
/** The mounts of a root of its own (root.c). */
int root_prepare(struct sandbox_steps *steps, struct inbye_error *reterr);
/** May this directory of the host be given to the command as its working directory? 0, -EINVAL. */
int root_check_cwd(const char *cwd, struct inbye_error *reterr);
/** Is the path part of what a root of its own shows anyway, read-only and without its secrets? */
bool root_shows(const char *path);
/** Is the path part of the system (or above it)? */
bool root_is_system(const char *path);

#endif
