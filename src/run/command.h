/* SPDX-License-Identifier: MIT */
#ifndef RUN_COMMAND_H
#define RUN_COMMAND_H

#include "spawn/spawn.h"
#include <inbye/command.h>
#include <inbye/limits.h>
#include <inbye/sandbox.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The description behind inbye_command, read by the rest of this folder. */

enum input_kind { INPUT_NULL, INPUT_INHERIT, INPUT_PIPE, INPUT_BYTES, INPUT_FILE, INPUT_FD };
enum output_kind { OUTPUT_CAPTURE, OUTPUT_INHERIT, OUTPUT_NULL, OUTPUT_MERGE, OUTPUT_FILE, OUTPUT_FD };

struct command_output {
        enum output_kind kind;
        int fd;         /* OUTPUT_FD */
        char *path;     /* OUTPUT_FILE */
        unsigned flags; /* INBYE_OUTPUT_*, of a file */
        size_t cap_bytes;
        enum inbye_keep keep;
        char *spill_path;
        int tee_fd; /* -1: none */
};

struct inbye_command {
        atomic_int n_references;
        atomic_bool started;

        char **argv;
        char *id, *program, *cwd;

        bool env_clear;
        char **env_allow; /* names */
        char **env_edits; /* "NAME=VALUE" sets, "NAME" unsets, in order */
        char *env_pid;    /* name of the variable that is set to the pid of the child */
        char **env_files; /* "NAME=VALUE", from the files */

        enum input_kind input;
        char *input_bytes, *input_path;
        size_t n_input_bytes;
        int input_fd;
        struct command_output output[2]; /* stdout, stderr */

        int *keep_fds;
        size_t n_keep_fds;
        struct spawn_rlimit *rlimits;
        size_t n_rlimits;
        gid_t *groups;
        size_t n_groups;
        struct sys_cpus *affinity;
        bool set_groups, set_uid, set_gid, set_umask, set_nice, set_ioprio;
        uid_t uid;
        gid_t gid;
        mode_t umask;
        int nice, io_class, io_level;
        bool session, inherit_ignored, shell_fallback;
        int process_group; /* -1: as input says */
        int foreground_fd; /* -1: none */
        uint64_t signal_mask, signals_ignored;

        struct inbye_sandbox *sandbox; /* a reference; NULL: none */
        struct inbye_limits limits;    /* of the tree; strings are owned */
        uint32_t waived;               /* INBYE_REQUIRE_* */

        uint64_t timeout_ns, idle_timeout_ns, grace_ns;
        int soft_signal;
        uint8_t success[256 / 8];
        enum inbye_leftovers leftovers;
};

/** May it be changed? 0, -EINVAL for NULL, -EBUSY once it was started. */
int command_change(const struct inbye_command *command);
/** The same for what not every system can do: -EOPNOTSUPP. */
int command_change_for(const struct inbye_command *command, enum sys_feature feature);
/** Has it the limits that its sandbox requires? `group`: limits of all trees of its group; NULL: none. */
int command_check_limits(
        const struct inbye_command *command, const struct inbye_limits *group, struct inbye_error *reterr);
bool command_is_success(const struct inbye_command *command, int code);
/** The environment of the child: *ret_envp is `environ` itself or *ret_owned, to be given to strv_free(). */
int command_environment(const struct inbye_command *command, const char *const **ret_envp, char ***ret_owned);
/** Where in that environment (owned) the child writes its pid, or NULL. */
char *command_pid_text(const struct inbye_command *command, char **env);
/** Does the stream go through a pipe of ours? index: 0 stdout, 1 stderr. */
bool command_captures(const struct inbye_command *command, int index);

#endif
