/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_VALUES_H
#define LIMIT_VALUES_H

#include <inbye/limits.h>
#include <stdbool.h>

/* Controllers of cgroups, as bits. */
enum {
        CONTROLLER_MEMORY = 1u,
        CONTROLLER_PIDS = 2u,
        CONTROLLER_CPU = 4u,
        CONTROLLER_IO = 8u,
        CONTROLLER_CPUSET = 16u,
        CONTROLLER_END = 32u
};
/** The name of one bit. */
const char *controller_name(uint32_t controller);
/** The bits of those whose names stand in a list with blanks between. */
uint32_t controllers_parse(const char *text);
/** "memory pids", each with the prefix, one blank between. */
void controllers_format(uint32_t wanted, const char *prefix, char *text, size_t size);

/** An own copy of what the caller gave: the strings are ours. All zero is no valid one: LIMITS_NONE. */
#define LIMITS_NONE ((struct inbye_limits)INBYE_LIMITS_INIT)
/** NULL: none. -EINVAL, -E2BIG, -ENOMEM. */
int limits_copy(struct inbye_limits *to, const struct inbye_limits *from);
void limits_deinit(struct inbye_limits *limits);
/** Is this one to be enforced? */
bool limits_has(const struct inbye_limits *limits, enum inbye_limit limit);
/** The controllers that all that is to be enforced needs. */
uint32_t limits_controllers(const struct inbye_limits *limits);
uint32_t limit_controller(enum inbye_limit limit);

/** One file of a cgroup directory and what it should hold. */
#define LIMIT_VALUE_SIZE 160
struct limit_file {
        enum inbye_limit limit;
        const char *name;
        bool optional; /* what it adds was not asked for: a kernel without the file will do */
        char value[LIMIT_VALUE_SIZE];
};
/* As many as there are limits, one that comes with memory, and room for lines of io.max. */
#define LIMIT_FILES_MAX 32
/** The files of v2 for these limits. `before`: what was in force (NULL: nothing): what is no longer limited
 * then gets its default. @return how many; -E2BIG. */
int limits_files(const struct inbye_limits *limits, const struct inbye_limits *before,
        struct limit_file files[LIMIT_FILES_MAX]);
/** CPU time per period as the kernel takes it, microseconds. */
void limit_cpu_quota(uint64_t us_per_s, uint64_t *ret_quota_us, uint64_t *ret_period_us);

#endif
