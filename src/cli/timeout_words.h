/* SPDX-License-Identifier: MIT */
#ifndef CLI_TIMEOUT_WORDS_H
#define CLI_TIMEOUT_WORDS_H

#include <stdint.h>

/* The words of timeout(1): how it reads durations and signals, and how it quotes. */

/** "1.5", "2m", "0x10", "1e3d", "infinity"; 0 and what never comes: INBYE_FOREVER. 0 or -EINVAL. */
int timeout_duration(const char *text, uint64_t *ret_ns);
/** "TERM", "SIGTERM", "15", 137 (128 + 9), "EXIT" (0). 0 or -EINVAL. */
int timeout_signal(const char *text, int *ret_signo);
#define TIMEOUT_SIGNAL_SIZE 16
void timeout_signal_name(int signo, char name[TIMEOUT_SIGNAL_SIZE]);
/** In the quotation marks of the locale; to be given to free(). NULL: no memory. */
char *timeout_quote(const char *text);

#endif
