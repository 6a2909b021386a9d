/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_ACCOUNT_H
#define LIMIT_ACCOUNT_H

#include "limit/limit.h"

/** What a v2 directory with these controllers has counted by itself so far (not what is below it, where the
 * kernel tells that apart), of what these limits are judged by (NULL: any). */
void account_counts(
        int dir_fd, uint32_t controllers, const struct inbye_limits *limits, struct limit_counts *ret);
/** Has memory been refused there for its own limit? */
bool account_met_memory(int dir_fd);
/** What it tells of the use; fields that it does not know are left. */
void account_usage(int dir_fd, uint32_t controllers, struct inbye_usage *usage);
/** The verdicts that follow, of a leaf and of the group above it (-1: none). */
void account_judge(const struct limit_tree *tree, struct limit_verdicts *ret);

#endif
