/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_NURSERY_H
#define HOSTILE_NURSERY_H

/**
 * Run a function in a child, above which this process adopts and reaps every orphan.
 *
 * @return  Its status; 1 where somebody was still alive when it had ended (ended then, and named on stderr).
 */
int nursery_run(int (*body)(void *userdata), void *userdata);

#endif
