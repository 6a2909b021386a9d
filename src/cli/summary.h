/* SPDX-License-Identifier: MIT */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/cli.h"

/** One line on stderr of what a command used: time, CPU, memory, tasks, I/O, limits that it met. */
void summary_say(const struct inbye_result *result);

#endif
