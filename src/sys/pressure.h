/* SPDX-License-Identifier: MIT */
#ifndef SYS_PRESSURE_H
#define SYS_PRESSURE_H

#include <stdint.h>

/** Load average of the last minute, in thousandths. 0 or -errno. */
int sys_load(uint32_t *ret_milli);
/** Memory that can be had without swapping. 0 or -errno. */
int sys_memory_available(uint64_t *ret_bytes);

/** Texts of /proc/loadavg and /proc/meminfo. 0 or -EINVAL. */
int sys_parse_load(const char *text, uint32_t *ret_milli);
int sys_parse_meminfo(const char *text, uint64_t *ret_bytes);

enum sys_pressure { SYS_PRESSURE_CPU, SYS_PRESSURE_MEMORY, SYS_PRESSURE_IO, SYS_PRESSURE_N };

const char *sys_pressure_name(enum sys_pressure kind);
/** Time over which stalls are added up. */
#define SYS_PRESSURE_WINDOW_US 2000000u
/**
 * Watch the pressure of the whole system: EPOLLPRI, at most once per window, while some task stalled for at
 * least this share of the last window.
 *
 * @return A descriptor. -ENOENT, -EOPNOTSUPP: the kernel does not account for pressure; -EPERM, -EACCES: not
 *         for us.
 */
int sys_pressure_open(enum sys_pressure kind, unsigned percent);
/** Average of the last ten seconds, in hundredths of a percent. 0 or -errno. */
int sys_pressure_now(enum sys_pressure kind, uint32_t *ret_average);

#endif
