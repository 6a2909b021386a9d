/* SPDX-License-Identifier: MIT */
#ifndef SYS_SIGNALS_H
#define SYS_SIGNALS_H

#include <stdint.h>

/* Signal sets as 64-bit masks, bit n - 1 for signal n; raw calls, so that glibc's own two signals count as
 * well. All are async-signal-safe. */
#define SIGNAL_BIT(signo) (UINT64_C(1) << ((signo)-1))

/** Set the mask of the calling thread. ret_old may be NULL. */
int sys_signal_mask(uint64_t mask, uint64_t *ret_old);
/** The signals that the calling process ignores. */
uint64_t sys_signals_ignored(void);
/** In the child: default action for every signal but those of `ignored`, which become ignored. */
int sys_signals_reset(uint64_t ignored);

#endif
