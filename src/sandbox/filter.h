/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "spawn/spawn.h"
#include <stddef.h>

/* Filters of system calls of our own: they last as long as we do. */
enum filter {
        FILTER_DENY,    /* what is denied by name: EPERM */
        FILTER_KNOWN,   /* what is not known: ENOSYS */
        FILTER_MEASURE, /* what is not known: done, and told to the audit log */
        FILTER_N
};

/** One of them: not the caller's. 0, -EOPNOTSUPP (no libseccomp), -ENOMEM. Any thread. */
int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr);
/** The same made anew: its code is the caller's to free. machine: see compile.h; 0: ours. */
int filter_compile(enum filter which, uint32_t machine, struct spawn_filter *ret, struct inbye_error *reterr);
/**
 * One out of JSON (oci.h).
 *
 * @param capabilities  Bit per capability that the command has.
 * @param path          For messages.
 * @param unknown       Names of calls that were left out are appended, each once.
 * @param ret           Its code is the caller's to free.
 * @return 0; -EINVAL, -EOPNOTSUPP: refused, *reterr says why; -E2BIG: too much for the kernel; -ENOMEM.
 */
int filter_from_json(const char *path, const char *text, size_t n, uint64_t capabilities,
        struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr);
/** The same out of words (words.h). */
int filter_from_words(
        const char *words, struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr);
/** Append copies of the names that are not there yet (either may be NULL). 0, -ENOMEM. */
int filters_keep_unknown(char ***names, char **added);

#endif
