/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_WORDS_H
#define SANDBOX_WORDS_H

#include "sandbox/rules.h"
#include <inbye/base.h>

/**
 * Rules out of words in the manner of systemd's SystemCallFilter= (words.c), for all machines whose programs
 * the kernel of this one may run: numbers_load() was called.
 *
 * @return 0; -EINVAL, -EOPNOTSUPP: refused, *reterr says why; -ENOMEM.
 */
int words_read(struct rules *rules, uint32_t machine, const char *words, struct inbye_error *reterr);

#endif
