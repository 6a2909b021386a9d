/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_ERRNOS_H
#define SANDBOX_ERRNOS_H

/* Names of errors, as policies write them. */

/** 38 for "ENOSYS", as it is here; 0: there is no such error. */
int errnos_number(const char *name);
/** The name that was meant; NULL: none is near. */
const char *errnos_nearest(const char *name);

#endif
