/* SPDX-License-Identifier: MIT */
#ifndef CLI_DENIALS_H
#define CLI_DENIALS_H

#include <inbye/inbye.h>
#include <stdbool.h>

/** Say on stderr what the filters of a sandbox denied, where that matters; `verbose`: in any case. */
void denials_say(const struct inbye_result *result, bool verbose);

#endif
