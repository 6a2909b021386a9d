/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_LISTEN_H
#define SANDBOX_LISTEN_H

#include "sandbox/bpf.h"
#include "sandbox/sandbox.h"

/* Filters that let the owner know what they deny (listen.c). */

/**
 * Have the owner told of what the filters in the steps deny, where that can be had.
 */
int listen_prepare(struct sandbox_steps *steps, struct inbye_error *reterr);
/** Once the child has exec'ed. @return a descriptor for sys_notify_receive(), the caller's; -1: there is
 * none. */
int listen_take(const struct sandbox_steps *steps);
void listen_deinit(struct sandbox_steps *steps);

/**
 * What those of the filters say of a call of which `told` has a bit: BPF_ERRNO and an errno,
 * BPF_LOG, or BPF_ALLOW.
 *
 * @param ret_filter  Which one it was.
 */
uint32_t listen_judge(const struct spawn_filter *filters, size_t n, uint32_t told,
        const struct sys_call *call, size_t *ret_filter);

#endif
