/* SPDX-License-Identifier: MIT */
#ifndef LOOP_CANCEL_H
#define LOOP_CANCEL_H

#include <inbye/loop.h>

/** NULL stays NULL. Given back by inbye_cancel_free(). */
struct inbye_cancel *cancel_ref(struct inbye_cancel *cancel);
/** A descriptor of the caller's own that is readable once the token is fired; or -errno. */
int cancel_dup_fd(const struct inbye_cancel *cancel);

#endif
