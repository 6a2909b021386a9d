/* SPDX-License-Identifier: MIT */
/* A build without libseccomp: filters from files still load, those of the profiles are refused. */
#include "base/error.h"
#include "sandbox/filter.h"
#include <errno.h>

int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)
{
        (void)which;
        (void)ret;
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                "this inbye was built without libseccomp: it has no filters of its own");
        error_hint(reterr, "build it with -Dlibseccomp=enabled, or give a filter by --seccomp FILE");
        return -EOPNOTSUPP;
}
