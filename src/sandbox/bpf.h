/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_BPF_H
#define SANDBOX_BPF_H

#include "spawn/spawn.h"
#include "sys/notify.h"

/* Filters of system calls, read and rewritten (bpf.c). */

/** One instruction: struct sock_filter of the kernel. */
struct bpf {
        uint16_t code;
        uint8_t yes, no; /* instructions to skip */
        uint32_t value;
};
/** What the kernel takes. */
#define BPF_INSTRUCTIONS_MAX 4096

/* What a filter says of a call, the strictest first, as signed numbers: the lower wins. The low half of an
 * errno's is that errno. */
#define BPF_ERRNO UINT32_C(0x00050000)
#define BPF_NOTIFY UINT32_C(0x7fc00000)
#define BPF_LOG UINT32_C(0x7ffc0000)
#define BPF_ALLOW UINT32_C(0x7fff0000)
#define BPF_ACTION(verdict) ((verdict)&UINT32_C(0xffff0000))

/**
 * Does it consist of what can be read here: loads from the call, comparisons with constants, masks and
 * constant verdicts? That is what libseccomp writes. All others below take only such.
 */
bool bpf_is_plain(const struct spawn_filter *filter);
/** What it says of a call. */
uint32_t bpf_verdict(const struct spawn_filter *filter, const struct sys_call *call);
/** Does it allow the call of that machine whatever its arguments are? */
bool bpf_allows_always(const struct spawn_filter *filter, uint32_t machine, int number);
/** Does it have a verdict of this kind? */
bool bpf_has(const struct spawn_filter *filter, bool (*kind)(uint32_t verdict));

#endif
