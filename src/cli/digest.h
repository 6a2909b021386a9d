/* SPDX-License-Identifier: MIT */
#ifndef CLI_DIGEST_H
#define CLI_DIGEST_H

#include <inbye/inbye.h>

/* SHA-256, by which a job is known again in a later run. */
#define DIGEST_SIZE 32

/** To be called once before digest_command(). @retval -ENOSYS  There is no digest here; *reterr says why. */
int digest_load(struct inbye_error *reterr);
/** Of the identity of the command, started in this directory. */
void digest_command(
        const struct inbye_command *command, const char *directory, unsigned char digest[DIGEST_SIZE]);

#endif
