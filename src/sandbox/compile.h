/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_COMPILE_H
#define SANDBOX_COMPILE_H

#include "spawn/spawn.h"

/* Decisions about system calls, by number, become classic BPF (compile.c). */

/* A machine as libseccomp names it: the kernel's AUDIT_ARCH_... but for x32, that shares x86-64's. */
#define MACHINE_X86_64 UINT32_C(0xc000003e)
#define MACHINE_X86 UINT32_C(0x40000003)
#define MACHINE_X32 UINT32_C(0x4000003e)
#define MACHINE_AARCH64 UINT32_C(0xc00000b7)
#define MACHINE_ARM UINT32_C(0x40000028)

enum call_op { CALL_EQUAL, CALL_NOT_EQUAL, CALL_LESS, CALL_LESS_EQUAL, CALL_GREATER_EQUAL, CALL_GREATER };

/** What an argument has to be. Of machines of 32 bits the lower half of it is looked at. */
struct call_test {
        unsigned argument; /* counted from 0 */
        enum call_op op;
        uint64_t mask; /* cut to it first; of CALL_EQUAL and CALL_NOT_EQUAL */
        uint64_t value;
};

/** One decision about one call of one machine, if all tests hold. */
struct call_case {
        uint32_t machine, number;
        uint32_t action; /* SECCOMP_RET_... */
        size_t order;    /* of two without tests, and of two with, the earlier decides */
        size_t first_test, n_tests;
};

struct call_cases {
        struct call_case *cases; /* reordered */
        size_t n_cases;
        const struct call_test *tests;
        const uint32_t *machines;
        size_t n_machines;
        uint32_t otherwise;   /* action for calls of these machines that no case decides */
        uint32_t bad_machine; /* for all calls of others */
};

/**
 * @param ret  Its code is the caller's to free.
 * @return 0; -ENOMEM; -E2BIG: more than the kernel takes.
 */
int compile_filter(struct call_cases *cases, struct spawn_filter *ret);

#endif
