/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "spawn/spawn.h"

/* Filters of system calls of our own: compiled when they are first asked for, kept as long as we live. */
enum filter {
        FILTER_DENY,    /* what is denied by name: EPERM */
        FILTER_KNOWN,   /* what is not known: ENOSYS */
        FILTER_MEASURE, /* what is not known: done, and told to the audit log */
        FILTER_N
};

/** 0, -EOPNOTSUPP (no libseccomp), -ENOMEM. Any thread. */
int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr);

#endif
