/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_TEE_H
#define CAPTURE_TEE_H

#include "capture/capture.h"

/* The second sink of a pump. Internal to the folder. */

/** Copy the descriptor (-1: there is none to be). 0 or -errno. */
int tee_open(struct pump *pump, int fd);
/** Be told when a sink that was slow takes bytes again: fn, when tee_io is armed with LOOP_OUT. */
int tee_start(struct pump *pump, struct inbye_loop *loop, void (*fn)(struct loop_io *io, uint32_t events));
/** Does the sink still owe us? Then nothing may be read. */
bool tee_waits(const struct pump *pump);
/** Give bytes; nothing waits. What it does not take is kept for tee_flush(). Wherever a sink answers EPIPE,
 * the read end of the pump is closed. */
void tee_take(struct pump *pump, const char *data, size_t n);
void tee_flush(struct pump *pump);
/** Flush until the deadline of clock_now_ns(); drop the sink (ETIMEDOUT) if that was not enough. */
void tee_flush_until(struct pump *pump, uint64_t deadline_ns);
void tee_close(struct pump *pump);

#endif
