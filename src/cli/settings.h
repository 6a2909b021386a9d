/* SPDX-License-Identifier: MIT */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

/* What the files of the settings share, and nobody else sees. */

#include "cli/cli.h"

#define SETTINGS_MAX_RLIMITS 32

struct rlimit_setting {
        int resource;
        uint64_t soft, hard;
};

struct settings {
        uint64_t given; /* bit id - CLI_SETTING_FIRST */
        bool of_a_job;  /* not of the command line */
        uint64_t timeout_ns, idle_timeout_ns, grace_ns;
        int signal;
        enum inbye_leftovers leftovers;
        unsigned char codes[256];
        size_t n_codes;
        uint32_t mechanisms, required;
        char *cwd, *program, *input;
        char **env; /* the first byte says what to do with the rest: see hand_env() */
        uid_t uid;
        gid_t gid, user_gid;
        char *user_name; /* NULL: a bare number without an entry */
        gid_t *groups;
        size_t n_groups;
        int nice, io_class, io_level;
        unsigned *cpus;
        size_t n_cpus;
        mode_t umask;
        struct rlimit_setting rlimits[SETTINGS_MAX_RLIMITS];
        size_t n_rlimits;
        int *fds;
        size_t n_fds;
        struct inbye_limits limits;    /* strings are owned */
        uint32_t limits_given;         /* bit per enum inbye_limit */
        struct inbye_sandbox *sandbox; /* a reference; NULL: no word of one */
        bool ignore_denials;
        size_t cap_bytes;
        enum inbye_keep keep;
};

/** How one setting is taken from a text, and handed to a command (NULL: it is not the command's). */
struct settings_row {
        enum cli_setting id;
        int (*take)(struct settings *settings, const char *value, struct inbye_error *reterr);
        int (*hand)(
                const struct settings *settings, struct inbye_command *command, struct inbye_error *reterr);
};

/* Each ends with a row without a function. */
extern const struct settings_row settings_end_rows[];     /* settings_end.c: time and ending */
extern const struct settings_row settings_command_rows[]; /* settings_command.c: what runs, its streams */
extern const struct settings_row settings_process_rows[]; /* settings_process.c: ids, rlimits, priorities */
extern const struct settings_row settings_limits_rows[];  /* settings_limits.c: limits of the tree */

extern const struct settings_row settings_sandbox_rows[]; /* settings_sandbox.c */

/** "'VALUE' why". @return -number. */
int settings_refuse(struct inbye_error *reterr, int number, const char *value, const char *why);
int settings_no_memory(struct inbye_error *reterr);
/** Keep a copy of the text; what was there before goes. */
int settings_take_string(char **place, const char *value, struct inbye_error *reterr);
/** Take of a setting without a value. */
int settings_take_flag(struct settings *settings, const char *value, struct inbye_error *reterr);
void settings_limits_deinit(struct settings *settings);
void settings_give(struct settings *settings, enum cli_setting id);

#endif
