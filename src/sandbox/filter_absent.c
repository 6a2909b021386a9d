/* SPDX-License-Identifier: MIT */
/* A build without libseccomp: filters that are code already still load, all others are refused. */
#include "base/error.h"
#include "sandbox/filter.h"
#include <errno.h>

static int refuse(struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                "this inbye was built without libseccomp: it knows no system calls by name");
        error_hint(reterr, "build it with -Dlibseccomp=enabled, or give a filter as BPF by --seccomp FILE");
        return -EOPNOTSUPP;
}

int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)
{
        (void)which;
        (void)ret;
        return refuse(reterr);
}

int filter_from_json(const char *path, const char *text, size_t n, uint64_t capabilities,
        struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr)
{
        (void)path;
        (void)text;
        (void)n;
        (void)capabilities;
        (void)ret;
        (void)unknown;
        return refuse(reterr);
}

int filter_from_words(
        const char *words, struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr)
{
        (void)words;
        (void)ret;
        (void)unknown;
        return refuse(reterr);
}
