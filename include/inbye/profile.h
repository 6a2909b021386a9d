/* SPDX-License-Identifier: MIT */
#ifndef INBYE_PROFILE_H
#define INBYE_PROFILE_H

#include <inbye/base.h>

INBYE_BEGIN_DECLS

/**
 * A sandbox profile, read and checked: what inbye-profile(5) describes. inbye_sandbox_add_profile() is all
 * that a program needs to use one; this is for who shows and checks them.
 *
 * Ownership: inbye_profile_open() gives the caller a profile, inbye_profile_free() takes it back; strings
 * live as long as it.
 * Threads: any number may read it at once.
 */
struct inbye_profile;

/** Something that is wrong with a profile. Strings live during the call. */
struct inbye_profile_fault {
        const char *file;      /**< Where; the name of a profile that is built in, or was not found. */
        unsigned line, column; /**< From 1; columns count characters. 0: the file as a whole. */
        const char *text;      /**< What is wrong and what was expected; one line. */
        const char *hint;      /**< How to mend it; "" where nothing is known. */
};
typedef void (*inbye_profile_fault_fn)(void *userdata, const struct inbye_profile_fault *fault);

/**
 * Find a profile, read it and all that it builds on, and check every word of it.
 *
 * A name with a slash in it is a file. Others are looked for as NAME.ini and NAME.json in
 * $XDG_CONFIG_HOME/inbye/profiles (where that is not set: ~/.config/inbye/profiles), in /etc/inbye/profiles,
 * and among those that are built in; the first counts. A file with the name of one that is built in is
 * refused, as one of two in the same folder is. Programs with more rights than their caller do not look at
 * the caller's environment.
 *
 * A file counts only where it is a regular one of at most 1 MiB that belongs to the caller (its effective
 * user) or to root and that nobody else may write.
 *
 * @param fault_fn  Is told everything that is wrong, in the order of the file. NULL: only reterr is.
 * @param reterr    The first fault, "FILE:LINE:COLUMN: what".
 * @retval -ENOENT  No such profile; the hint has the nearest name.
 * @retval -EEXIST  A file has the name of a profile that is built in.
 * @retval -EPERM   The file is somebody else's, or may be written by somebody else.
 * @retval -EFBIG   It is too large.
 * @retval -EINVAL  There is a fault in it.
 */
INBYE_API INBYE_MUST_USE int inbye_profile_open(const char *name, inbye_profile_fault_fn fault_fn,
        void *userdata, struct inbye_profile **ret_profile, struct inbye_error *reterr);
INBYE_API void inbye_profile_free(struct inbye_profile *profile);

/** As it was called. */
INBYE_API const char *inbye_profile_name(const struct inbye_profile *profile);
/** The file that it is. NULL: it is built in. */
INBYE_API const char *inbye_profile_path(const struct inbye_profile *profile);
/** One line for people; "" where it has none. */
INBYE_API const char *inbye_profile_description(const struct inbye_profile *profile);

/** One thing that a profile takes away; what it builds on is resolved. */
struct inbye_profile_setting {
        const char *key;   /**< As in the INI form. */
        const char *value; /**< One word, without quotes. */
        int optional;      /**< It is skipped where the host cannot do it: a '-' stood in front. */
        const char *file;  /**< Where it was said: a file, or the name of a profile that is built in. */
        unsigned line, column;
};
/** In the order in which they are applied; NULL beyond the last. */
INBYE_API const struct inbye_profile_setting *inbye_profile_setting(
        const struct inbye_profile *profile, size_t index);

/** @param path  NULL: it is built in. */
typedef void (*inbye_profile_fn)(void *userdata, const char *name, const char *path);
/**
 * Tell of each profile that a name stands for, by name. Those with faults are told too; what a file of the
 * same name hides is not. Strings live during the call.
 *
 * @return 0, -ENOMEM.
 */
INBYE_API INBYE_MUST_USE int inbye_profile_list(inbye_profile_fn fn, void *userdata);

INBYE_END_DECLS
#endif
