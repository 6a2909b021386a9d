/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLONE3_RISCV64_H
#define SYS_CLONE3_RISCV64_H

#include "sys/clone3.h"

/* The kernel keeps every register but a0. */
static inline long clone3_call(
        struct clone3_args *args, size_t size, void (*child)(void *argument), void *argument)
{
        register long number_in_a7 __asm__("a7") = 435;
        register long a0 __asm__("a0") = (long)args;
        register size_t size_in_a1 __asm__("a1") = size;
        register void (*child_in_a2)(void *) __asm__("a2") = child;
        register void *argument_in_a3 __asm__("a3") = argument;

        __asm__ volatile("ecall\n\t"
                         "bnez a0, 1f\n\t"
                         "li s0, 0\n\t"
                         "mv a0, a3\n\t"
                         "jalr a2\n\t"
                         "ebreak\n"
                         "1:"
                         : "+r"(a0)
                         : "r"(number_in_a7), "r"(size_in_a1), "r"(child_in_a2), "r"(argument_in_a3)
                         : "memory");
        return a0;
}

#endif
