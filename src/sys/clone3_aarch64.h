/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLONE3_AARCH64_H
#define SYS_CLONE3_AARCH64_H

#include "sys/clone3.h"

/* The kernel keeps every register but x0. */
static inline long clone3_call(
        struct clone3_args *args, size_t size, void (*child)(void *argument), void *argument)
{
        register long number_in_x8 __asm__("x8") = 435;
        register long x0 __asm__("x0") = (long)args;
        register size_t size_in_x1 __asm__("x1") = size;
        register void (*child_in_x2)(void *) __asm__("x2") = child;
        register void *argument_in_x3 __asm__("x3") = argument;

        __asm__ volatile("svc #0\n\t"
                         "cbnz x0, 1f\n\t"
                         "mov x29, #0\n\t"
                         "mov x0, x3\n\t"
                         "blr x2\n\t"
                         "brk #1\n"
                         "1:"
                         : "+r"(x0)
                         : "r"(number_in_x8), "r"(size_in_x1), "r"(child_in_x2), "r"(argument_in_x3)
                         : "cc", "memory");
        return x0;
}

#endif
