/* SPDX-License-Identifier: MIT */
/*
 * How busy the system is, POSIX does not say: what should wait for it is refused.
 */
#include "sys/pressure.h"
#include <errno.h>

int sys_load(uint32_t *ret_milli)
{
        (void)ret_milli;
        return -EOPNOTSUPP;
}

int sys_memory_available(uint64_t *ret_bytes)
{
        (void)ret_bytes;
        return -EOPNOTSUPP;
}

const char *sys_pressure_name(enum sys_pressure kind)
{
        static const char *const names[SYS_PRESSURE_N] = {
                [SYS_PRESSURE_CPU] = "cpu",
                [SYS_PRESSURE_MEMORY] = "memory",
                [SYS_PRESSURE_IO] = "io",
        };

        return names[kind];
}

int sys_pressure_open(enum sys_pressure kind, unsigned percent)
{
        (void)kind;
        (void)percent;
        return -EOPNOTSUPP;
}

int sys_pressure_now(enum sys_pressure kind, uint32_t *ret_average)
{
        (void)kind;
        (void)ret_average;
        return -EOPNOTSUPP;
}
