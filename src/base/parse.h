/* SPDX-License-Identifier: MIT */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdint.h>

/**
 * All: 0, -EINVAL (not of that form) or -ERANGE; *ret untouched on failure; no locale, no leading white
 * space, no trailing bytes.
 */

/** "10" (seconds), "1.5s", "300ms", "20us", "2m", "1h30m", "1d", "infinity" -> nanoseconds. */
int parse_duration(const char *text, uint64_t *ret_ns);
/** "4096", "64K", "64KiB", "8M", "1.5G", "infinity" -> bytes; powers of 1024 (K, M, G, T; KB is 1000). */
int parse_size(const char *text, uint64_t *ret_bytes);
/** "1.5" in front of `end` -> ten-thousandths: 15000; up to a million. */
int parse_decimal(const char *text, const char *end, uint64_t *ret);
int parse_unsigned(const char *text, uint64_t max, uint64_t *ret);
int parse_int(const char *text, int min, int max, int *ret);
/** "TERM", "SIGTERM", "term", "15", "RTMIN+2" -> 1..64. 0 is not a signal. */
int parse_signal(const char *text, int *ret_signo);
/** "TERM" for 15; "RTMIN+n"; a number's text for others. Static or per-thread storage. */
const char *signal_name(int signo);
/** "0-3,7" -> up to max_cpus numbers. */
int parse_cpu_list(const char *text, unsigned *ret_cpus, unsigned max_cpus, unsigned *ret_n);
/** "nofile" for RLIMIT_NOFILE; NULL: no limit of this system. */
const char *rlimit_name(int resource);
/** "nofile=64:128", "core=infinity", "cpu=10" -> resource, soft, hard. Infinity: UINT64_MAX. */
int parse_rlimit(const char *text, int *ret_resource, uint64_t *ret_soft, uint64_t *ret_hard);

#endif
