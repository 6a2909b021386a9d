/* SPDX-License-Identifier: MIT */
/*
 * How many CPUs there are. POSIX says nothing of affinity and quotas.
 */
#include "sys/misc.h"
#include <limits.h>
#include <unistd.h>

unsigned sys_usable_cpus(void)
{
        long n = sysconf(_SC_NPROCESSORS_ONLN);

        return n > 0 && n < INT_MAX ? (unsigned)n : 1;
}
