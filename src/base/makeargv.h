/* SPDX-License-Identifier: MIT */
#ifndef BASE_MAKEARGV_H
#define BASE_MAKEARGV_H

#include <stdbool.h>

/** Is the program GNU make, by its name (make, gmake), wherever it stands? */
bool makeargv_is_make(const char *program);
/**
 * Take out what makes a make leave the jobserver that it is given: its own number of jobs. A make that is
 * told to run one at a time needs no token and stays as it is.
 *
 * @param argv  Its words, each of its own on the heap, NULL at the end; those that go are freed.
 */
void makeargv_drop_jobs(char **argv);

#endif
