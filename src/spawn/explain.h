/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_EXPLAIN_H
#define SPAWN_EXPLAIN_H

#include "spawn/child.h"

/** Turn what the child reported into words. reterr may be NULL. */
void explain_report(const struct spawn_child *child, struct inbye_error *reterr);
/** The same for a program that could not be executed: which, where it was looked for, how to mend it. */
void explain_exec(const struct spawn_child *child, struct inbye_error *reterr, int number);

/** A sandbox that could not be entered, and namespaces that could not be had. */
void explain_sandbox(const struct spawn_child *child, struct inbye_error *reterr, int number);
void explain_namespaces(struct inbye_error *reterr, int number);

#endif
