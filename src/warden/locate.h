/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_LOCATE_H
#define WARDEN_LOCATE_H

#include <inbye/base.h>

/** Path of the warden's program. 0; -ENOENT, with what would mend it. */
int warden_locate(char *path, size_t size, struct inbye_error *reterr);

#endif
