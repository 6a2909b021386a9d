/* SPDX-License-Identifier: MIT */
/*
 * How busy the system is: its load, its free memory, and what tasks lose by waiting (PSI).
 *
 * For load and memory the kernel has no event: who holds something back looks again by a timer. PSI has: a
 * trigger is written to the file, and the file then polls with EPOLLPRI while the stalls of the last window
 * exceed it. The window is two seconds because that is the shortest whose multiples an unprivileged process
 * may ask for (kernels from 6.4 on; older ones want CAP_SYS_RESOURCE).
 */
#include "sys/pressure.h"
#include "base/fd.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "1.24 3.71 2.78 1/93 29274"; strtod() would ask the locale what a point is. */
int sys_parse_load(const char *text, uint32_t *ret_milli)
{
        unsigned whole, hundredths;

        if (sscanf(text, "%7u.%2u", &whole, &hundredths) != 2)
                return -EINVAL;
        *ret_milli = whole * 1000 + hundredths * 10;
        return 0;
}

int sys_parse_meminfo(const char *text, uint64_t *ret_bytes)
{
        const char *line = strstr(text, "MemAvailable:");
        uint64_t kib;

        if (!line || sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) != 1)
                return -EINVAL;
        *ret_bytes = kib << 10;
        return 0;
}

int sys_load(uint32_t *ret_milli)
{
        char text[128];
        ssize_t n = fd_read_file_at(AT_FDCWD, "/proc/loadavg", text, sizeof(text));

        return n < 0 ? (int)n : sys_parse_load(text, ret_milli);
}

int sys_memory_available(uint64_t *ret_bytes)
{
        char text[8192];
        ssize_t n = fd_read_file_at(AT_FDCWD, "/proc/meminfo", text, sizeof(text));

        return n < 0 ? (int)n : sys_parse_meminfo(text, ret_bytes);
}

static const char *const paths[SYS_PRESSURE_N] = {
        [SYS_PRESSURE_CPU] = "/proc/pressure/cpu",
        [SYS_PRESSURE_MEMORY] = "/proc/pressure/memory",
        [SYS_PRESSURE_IO] = "/proc/pressure/io",
};

const char *sys_pressure_name(enum sys_pressure kind)
{
        return strrchr(paths[kind], '/') + 1;
}

int sys_pressure_open(enum sys_pressure kind, unsigned percent)
{
        char trigger[64];
        int fd, n;

        fd = open(paths[kind], O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = snprintf(trigger, sizeof(trigger), "some %u %u", percent * (SYS_PRESSURE_WINDOW_US / 100),
                SYS_PRESSURE_WINDOW_US);
        if (write(fd, trigger, (size_t)n + 1) < 0) {
                n = -errno;
                close(fd);
                return n;
        }
        return fd;
}

int sys_pressure_now(enum sys_pressure kind, uint32_t *ret_average)
{
        unsigned whole, hundredths;
        char text[256];
        ssize_t n = fd_read_file_at(AT_FDCWD, paths[kind], text, sizeof(text));

        if (n < 0)
                return (int)n;
        if (sscanf(text, "some avg10=%3u.%2u", &whole, &hundredths) != 2)
                return -EINVAL;
        *ret_average = whole * 100 + hundredths;
        return 0;
}
