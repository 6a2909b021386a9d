/* SPDX-License-Identifier: MIT */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli/cli.h"
#include "cli/joblog.h"
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stdint.h>

/* What inbye batch keeps and shows of its jobs beside their output: the options of it (record.c). */

enum record_progress { RECORD_AUTO, RECORD_BAR, RECORD_PLAIN, RECORD_NONE };

struct record_wishes {
        struct joblog_options joblog; /* path NULL: none */
        const char *junit, *tap;
        uint64_t slow_ns; /* INBYE_FOREVER: nothing is slow */
        enum record_progress progress;
};
#define RECORD_WISHES_INIT                                                                                   \
        {                                                                                                    \
                .slow_ns = INBYE_FOREVER                                                                     \
        }

#define RECORD_OPTION_FIRST 0x400
extern const struct cli_option record_options[];
/** Part of a cli_apply_fn, for ids from RECORD_OPTION_FIRST to those of the settings. */
int record_apply(struct record_wishes *wishes, int id, const char *value, struct inbye_error *reterr);
/** Once all options are known: what does not go together. 0 or -EINVAL. */
int record_check(const struct record_wishes *wishes, struct inbye_error *reterr);

#endif
