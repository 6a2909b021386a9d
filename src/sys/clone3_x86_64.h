/* SPDX-License-Identifier: MIT */
#ifndef SYS_CLONE3_X86_64_H
#define SYS_CLONE3_X86_64_H

#include "sys/clone3.h"

/* The kernel keeps every register but rax, rcx and r11. The top of the stack is a multiple of 16, as the ABI
 * wants it before a call. */
static inline long clone3_call(
        struct clone3_args *args, size_t size, void (*child)(void *argument), void *argument)
{
        register void (*child_in_r8)(void *) __asm__("r8") = child;
        register void *argument_in_r9 __asm__("r9") = argument;
        long r = 435;

        __asm__ volatile("syscall\n\t"
                         "testq %%rax, %%rax\n\t"
                         "jnz 1f\n\t"
                         "xorl %%ebp, %%ebp\n\t"
                         "movq %%r9, %%rdi\n\t"
                         "callq *%%r8\n\t"
                         "ud2\n"
                         "1:"
                         : "+a"(r)
                         : "D"(args), "S"(size), "r"(child_in_r8), "r"(argument_in_r9)
                         : "rcx", "r11", "cc", "memory");
        return r;
}

#endif
