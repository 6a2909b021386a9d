/* SPDX-License-Identifier: MIT */
#ifndef LIMIT_DISKS_H
#define LIMIT_DISKS_H

#include <stdbool.h>

/** Does the weight of a v2 directory divide any disk, as far as can be seen from there? */
bool disks_have_weights(int dir_fd);

#endif
