/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_DENIALS_H
#define SANDBOX_DENIALS_H

#include "base/scope.h"
#include "sandbox/sandbox.h"
#include "sys/notify.h"
#include <inbye/result.h>

/* What the filters of one command denied. */

#define DENIALS_KNOWN 64

struct denial {
        struct inbye_denial public;
        char program[16];
};

struct denials {
        struct inbye_sandbox *sandbox; /* a reference: has the rules, and the code of the filters */
        struct spawn_filter filters[SANDBOX_FILTERS];
        size_t n_filters;
        uint32_t told; /* of listen_judge() */
        uint64_t n;
        size_t n_known;
        struct denial known[DENIALS_KNOWN];
};
/** @return NULL: no memory. */
struct denials *denials_new(struct inbye_sandbox *sandbox, const struct sandbox_steps *steps);
void denials_free(struct denials *denials);
DEFINE_SCOPED(denials_freep, struct denials, denials_free)

/** Take the call that waits at a listener, note it, and answer as the filters would. 0, -errno. */
int denials_answer(struct denials *denials, int fd);
/** How many there were; INBYE_UNKNOWN where some filters were not listened to. NULL is fine. */
uint64_t denials_count(const struct denials *denials);

#endif
