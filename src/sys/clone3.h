/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLONE3_H
#define SYS_CLONE3_H

#include <stddef.h>
#include <stdint.h>

/* The kernel's struct clone_args, spelled out: the headers of the build may be older than the kernel. */
struct clone3_args {
        uint64_t flags;
        uint64_t pidfd; /* int * */
        uint64_t child_tid;
        uint64_t parent_tid;
        uint64_t exit_signal;
        uint64_t stack; /* its lowest byte */
        uint64_t stack_size;
        uint64_t tls;
        uint64_t set_tid;
        uint64_t set_tid_size;
        uint64_t cgroup;
};

/*
 * Each of these gives
 *
 *      long clone3_call(struct clone3_args *args, size_t size, void (*child)(void *), void *argument);
 *
 * which returns to the parent only (pid or -errno). The child comes up on its own stack, in the middle of the
 * assembly, and goes from there straight into child(argument): with shared memory it must never run through
 * the caller's frame, which the parent still needs, so no C wrapper of the call will do. child() does not
 * return; should it, the trap behind it ends the child.
 */
#if defined(__x86_64__) && defined(__LP64__)
#include "sys/clone3_x86_64.h"
#elif defined(__aarch64__) && defined(__LP64__)
#include "sys/clone3_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "sys/clone3_riscv64.h"
#else
#include "sys/clone3_generic.h"
#endif

#endif
