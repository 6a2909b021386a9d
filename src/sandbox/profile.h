/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_PROFILE_H
#define SANDBOX_PROFILE_H

#include "sandbox/sandbox.h"
#include <inbye/profile.h>

/* Profiles as texts: found (profile_find.c), read (profile_read.c), understood (profile_keys.c). */

enum profile_shape {
        PROFILE_WORD,    /* exactly one word */
        PROFILE_LIST,    /* words, each a setting of its own */
        PROFILE_CALLS,   /* words that are one setting: a list of what is allowed or, with '~', denied */
        PROFILE_NOTHING, /* nothing may stand behind it */
        PROFILE_TEXT,    /* the line as it is: the description */
        PROFILE_BASE     /* words: profiles that it builds on */
};

struct profile_word {
        const char *text;
        bool optional;
};

struct profile_key {
        const char *name; /* as in INI */
        const char *json; /* as in JSON: that of inbye-jobs(5) where there is one */
        enum profile_shape shape;
        const char *expected;
        const char *const *values; /* a closed set, NULL-terminated; NULL: open */
        bool (*check)(const char *word);
        int (*verify)(const char *words, struct inbye_error *reterr); /* of PROFILE_CALLS. -EINVAL: a fault */
        int (*apply)(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr);
        bool may_be_optional;
        int (*try)(struct inbye_error *reterr); /* can this host do it? -EOPNOTSUPP; NULL: apply says so */
};
/** Ends with a row without a name. */
extern const struct profile_key profile_keys[];

struct profile_setting {
        struct inbye_profile_setting public; /* strings are owned by the profile */
        const struct profile_key *key;
};

struct inbye_profile {
        char *name, *path, *description;
        struct profile_setting *settings;
        size_t n_settings;
        char **files; /* that settings point at */
};

/* --- where they are (profile_find.c) ----------------------------------------------------------------------
 */

struct profile_builtin {
        const char *name, *text;
};
/** Ends with one without a name. */
extern const struct profile_builtin profile_builtins[];

/**
 * @param ret_path  Receives the file, on the heap; NULL: it is built in.
 * @return 0, -ENOENT, -EEXIST (two of that name), -ENOMEM; text and hint in reterr.
 */
int profile_find(const char *name, char **ret_path, struct inbye_error *reterr);
/** A file's bytes, on the heap, NUL-terminated. 0, -errno with reterr. */
int profile_load(const char *path, char **ret_text, size_t *ret_n, struct inbye_error *reterr);

#endif
