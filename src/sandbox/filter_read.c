/* SPDX-License-Identifier: MIT */
/* From what people write, JSON or words, to code. */
#include "base/error.h"
#include "base/scope.h"
#include "sandbox/filter.h"
#include "sandbox/numbers.h"
#include "sandbox/oci.h"
#include "sandbox/words.h"
#include <errno.h>

int filter_from_json(const char *path, const char *text, size_t n, uint64_t capabilities,
        struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr)
{
        scoped(rules_deinit) struct rules rules = { 0 };
        struct spawn_filter filter = { 0 };
        struct oci_host host;
        unsigned flags = 0;
        int r = numbers_load(reterr);

        if (r < 0)
                return r;
        oci_host_init(&host, capabilities);
        r = oci_read(&rules, &host, path, text, n, &flags, reterr);
        if (r == -EINVAL || r == -EOPNOTSUPP)
                return r;
        if (r == 0)
                r = filters_keep_unknown(unknown, rules.unknown);
        if (r == 0)
                r = rules_compile(&rules, &filter);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot compile the filter '%s'", path);
        filter.flags = flags;
        *ret = filter;
        return 0;
}

int filter_from_words(
        const char *words, struct spawn_filter *ret, char ***unknown, struct inbye_error *reterr)
{
        scoped(rules_deinit) struct rules rules = { 0 };
        int r = numbers_load(reterr);

        if (r < 0)
                return r;
        r = words_read(&rules, numbers_native(), words, reterr);
        if (r == -EINVAL || r == -EOPNOTSUPP)
                return r;
        if (r == 0)
                r = filters_keep_unknown(unknown, rules.unknown);
        if (r == 0)
                r = rules_compile(&rules, ret);
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot compile a filter of system calls")
                     : 0;
}
