/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

#include <stdint.h>

/* Lists of system calls by name (calls.c), for the filters of the profiles. */

/** A call, or those of its calls of which one argument, cut to the mask, is that value. */
struct call_rule {
        const char *name;
        unsigned argument; /* counted from 0 */
        uint64_t mask;     /* 0: whatever the arguments are */
        uint64_t value;
};

/** What no build and no test needs, but an attacker does. Ends with a name that is NULL. */
extern const struct call_rule calls_denied[];
/** What programs that compute, compile and test are known to need. */
extern const struct call_rule calls_known[];

#endif
