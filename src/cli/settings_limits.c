/* SPDX-License-Identifier: MIT */
/*
 * Limits of the tree: --limit in our words, --property in systemd's, both for the same few numbers.
 *
 * A row has both names of a limit and what reads its value. Percentages are of what systemd takes them of: of
 * one CPU, of the memory of the machine, of the tasks that it can have.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WEIGHT_MAX 10000

static bool is_percent(const char *value, uint64_t *ret_ten_thousandths)
{
        uint64_t n;

        if (parse_decimal(value, "%", &n) < 0)
                return false;
        *ret_ten_thousandths = n / 100;
        return true;
}

static uint64_t all_memory(void)
{
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

        return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static uint64_t read_number(const char *path)
{
        char text[32];

        return fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) > 0 ? strtoull(text, NULL, 10)
                                                                       : UINT64_MAX;
}

static uint64_t all_tasks(void)
{
        uint64_t pids = read_number("/proc/sys/kernel/pid_max");
        uint64_t threads = read_number("/proc/sys/kernel/threads-max");

        return pids < threads ? pids : threads;
}

static int take_bytes(uint64_t *place, const char *value, struct inbye_error *reterr)
{
        uint64_t part;

        if (is_percent(value, &part)) {
                *place = all_memory() / 10000 * part;
                return 0;
        }
        if (parse_size(value, place) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no size, as in 64M, 1.5G, 10% or infinity");
        return 0;
}

static int take_memory(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        int r = take_bytes(&limits->memory_bytes, value, reterr);

        if (r == 0 && limits->memory_bytes == 0)
                return settings_refuse(reterr, EINVAL, value, "leaves no memory to run in");
        return r;
}

static int take_swap(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_bytes(&limits->swap_bytes, value, reterr);
}

static int take_tasks(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        uint64_t part;

        if (strcmp(value, "infinity") == 0)
                limits->tasks = INBYE_UNLIMITED;
        else if (is_percent(value, &part))
                limits->tasks = all_tasks() * part / 10000;
        else if (parse_unsigned(value, INT32_MAX, &limits->tasks) < 0)
                return settings_refuse(
                        reterr, EINVAL, value, "is no number of tasks, as in 64, 10% or infinity");
        if (limits->tasks == 0)
                return settings_refuse(reterr, EINVAL, value, "leaves no task to run");
        return 0;
}

static int take_cpu(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        uint64_t part;

        if (strcmp(value, "infinity") == 0) {
                limits->cpu_us_per_s = INBYE_UNLIMITED;
                return 0;
        }
        if (!is_percent(value, &part) && parse_decimal(value, "", &part) < 0)
                return settings_refuse(
                        reterr, EINVAL, value, "is no number of CPUs, as in 0.5, 50%, 2 or infinity");
        if (part < 10)
                return settings_refuse(reterr, ERANGE, value, "is less than a thousandth of a CPU");
        limits->cpu_us_per_s = part * 100;
        return 0;
}

static int take_quota(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        if (value[0] && value[strlen(value) - 1] != '%' && strcmp(value, "infinity") != 0)
                return settings_refuse(reterr, EINVAL, value, "is no percentage of a CPU, as in 50%");
        return take_cpu(limits, value, reterr);
}

static int take_weight(uint32_t *place, const char *value, struct inbye_error *reterr)
{
        uint64_t weight;

        if (parse_unsigned(value, WEIGHT_MAX, &weight) < 0 || weight == 0)
                return settings_refuse(reterr, EINVAL, value, "is no weight from 1 to 10000");
        *place = (uint32_t)weight;
        return 0;
}

static int take_cpu_weight(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_weight(&limits->cpu_weight, value, reterr);
}

static int take_io_weight(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_weight(&limits->io_weight, value, reterr);
}

static int replace(const char **place, char *text, struct inbye_error *reterr)
{
        if (!text)
                return settings_no_memory(reterr);
        free((char *)*place);
        *place = text;
        return 0;
}

static int take_cpus(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        enum { MAX_CPUS = 1024 };
        unsigned cpus[MAX_CPUS], n;
        char list[256];

        snprintf(list, sizeof(list), "%s", value);
        for (char *c = list; *c; c++)
                if (*c == ' ')
                        *c = ',';
        if (strlen(value) >= sizeof(list) || parse_cpu_list(list, cpus, MAX_CPUS, &n) < 0 || n == 0)
                return settings_refuse(reterr, EINVAL, value, "is no list of CPUs, as in 0-3,7");
        return replace(&limits->cpus, strdup(list), reterr);
}

/* --- disks ------------------------------------------------------------------------------------------------
 */

/* Only whole disks have limits: that of a partition is the directory above it. */
static void format_disk(dev_t device, char *text, size_t size)
{
        char path[64], number[32];

        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device), minor(device));
        snprintf(text, size, "%u:%u", major(device), minor(device));
        if (access(path, F_OK) < 0)
                return;
        snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev", major(device), minor(device));
        if (fd_read_file_at(AT_FDCWD, path, number, sizeof(number)) > 0)
                snprintf(text, size, "%.*s", (int)strcspn(number, "\n"), number);
}

/* "8:0" as it is, a device by its numbers, a file by those of the device that it is on. */
static int device_of(const char *path, char *text, size_t size, struct inbye_error *reterr)
{
        struct stat st;
        dev_t device;

        if (strspn(path, "0123456789:") == strlen(path)) {
                snprintf(text, size, "%.*s", (int)size - 1, path);
                return 0;
        }
        if (stat(path, &st) < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, errno, "%s", path);
        device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        if (major(device) == 0)
                return settings_refuse(reterr, EINVAL, path, "is on no block device");
        format_disk(device, text, size);
        return 0;
}

static int append_io(
        struct inbye_limits *limits, const char *device, const char *what, struct inbye_error *reterr)
{
        struct buf lines = BUF_INIT;
        int r = buf_printf(&lines, "%s%s%s %s", limits->io_max ? limits->io_max : "",
                limits->io_max ? "\n" : "", device, what);

        if (r < 0)
                buf_deinit(&lines);
        return replace(&limits->io_max, r < 0 ? NULL : lines.data, reterr);
}

/* systemd's "DEVICE NUMBER", for one key of io.max. */
static int take_io(
        struct inbye_limits *limits, const char *value, const char *key, struct inbye_error *reterr)
{
        size_t n = strcspn(value, " ");
        char path[512], device[32], what[64];
        uint64_t number;
        int r;

        if (n == 0 || !value[n] || n >= sizeof(path) || parse_size(value + n + 1, &number) < 0)
                return settings_refuse(reterr, EINVAL, value, "is no device and number, as in '/dev/sda 1M'");
        snprintf(path, sizeof(path), "%.*s", (int)n, value);
        r = device_of(path, device, sizeof(device), reterr);
        if (r < 0)
                return r;
        if (number == UINT64_MAX)
                snprintf(what, sizeof(what), "%s=max", key);
        else
                snprintf(what, sizeof(what), "%s=%" PRIu64, key, number);
        return append_io(limits, device, what, reterr);
}

static int take_read_bytes(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_io(limits, value, "rbps", reterr);
}

static int take_written_bytes(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_io(limits, value, "wbps", reterr);
}

static int take_reads(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_io(limits, value, "riops", reterr);
}

static int take_writes(struct inbye_limits *limits, const char *value, struct inbye_error *reterr)
{
        return take_io(limits, value, "wiops", reterr);
}

/* --- the table --------------------------------------------------------------------------------------------
 */

static const struct limit_row {
        enum inbye_limit limit;
        const char *name, *property; /* ours, systemd's */
        int (*take)(struct inbye_limits *limits, const char *value, struct inbye_error *reterr);
        int (*take_property)(struct inbye_limits *limits, const char *value, struct inbye_error *reterr);
} rows[] = {
        { INBYE_LIMIT_MEMORY, "memory", "MemoryMax", take_memory, take_memory },
        { INBYE_LIMIT_SWAP, "swap", "MemorySwapMax", take_swap, take_swap },
        { INBYE_LIMIT_TASKS, "tasks", "TasksMax", take_tasks, take_tasks },
        { INBYE_LIMIT_CPU, "cpu", "CPUQuota", take_cpu, take_quota },
        { INBYE_LIMIT_CPU_WEIGHT, "cpu-weight", "CPUWeight", take_cpu_weight, take_cpu_weight },
        { INBYE_LIMIT_IO_WEIGHT, "io-weight", "IOWeight", take_io_weight, take_io_weight },
        { INBYE_LIMIT_CPUS, "cpus", "AllowedCPUs", take_cpus, take_cpus },
        { INBYE_LIMIT_IO_MAX, "io-read", "IOReadBandwidthMax", take_read_bytes, take_read_bytes },
        { INBYE_LIMIT_IO_MAX, "io-write", "IOWriteBandwidthMax", take_written_bytes, take_written_bytes },
        { INBYE_LIMIT_IO_MAX, "io-reads", "IOReadIOPSMax", take_reads, take_reads },
        { INBYE_LIMIT_IO_MAX, "io-writes", "IOWriteIOPSMax", take_writes, take_writes },
};

static int refuse_name(const char *name, bool property, struct inbye_error *reterr)
{
        const char *names[ARRAY_SIZE(rows) + 1] = { NULL }, *nearest;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                names[i] = property ? rows[i].property : rows[i].name;
        nearest = str_nearest(name, names);
        if (nearest)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                        "there is no %s '%s'; did you mean '%s'?", property ? "property" : "limit", name,
                        nearest);
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL, "there is no %s '%s'",
                property ? "property" : "limit", name);
}

/* "NAME=VALUE", cut in place. */
static int take_one(struct settings *s, char *text, bool property, struct inbye_error *reterr)
{
        char *value = strchr(text, '=');

        if (!value)
                return settings_refuse(reterr, EINVAL, text,
                        property ? "is no property, as in MemoryMax=64M" : "is no limit, as in memory=64M");
        *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(text, property ? rows[i].property : rows[i].name) == 0) {
                        int r = (property ? rows[i].take_property : rows[i].take)(&s->limits, value, reterr);

                        s->limits_given |= r < 0 ? 0 : 1u << rows[i].limit;
                        return r;
                }
        return refuse_name(text, property, reterr);
}

static int take_property(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);

        return copy ? take_one(s, copy, true, reterr) : settings_no_memory(reterr);
}

/* Where the next limit begins: behind a comma that a name and '=' follow. A list of CPUs has commas too. */
static char *cut_next(char *text)
{
        for (char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ',')) {
                size_t n = strcspn(comma + 1, ",=");

                if (comma[1 + n] == '=' || comma[1 + n] == '\0') {
                        if (comma[1 + n] == '\0' && n > 0 && comma[1] >= '0' && comma[1] <= '9')
                                continue;
                        *comma = '\0';
                        return comma + 1;
                }
        }
        return NULL;
}

static int take_limits(struct settings *s, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        char *rest = copy;
        int r = 0;

        if (!copy)
                return settings_no_memory(reterr);
        while (rest && r == 0) {
                char *one = rest;

                rest = cut_next(one);
                r = take_one(s, one, false, reterr);
        }
        return r;
}

static int hand_limits(const struct settings *s, struct inbye_command *command, struct inbye_error *reterr)
{
        uint32_t waived = 0;
        int r;

        (void)reterr;
        if ((s->limits_given & 1u << INBYE_LIMIT_MEMORY) && s->limits.memory_bytes == INBYE_UNLIMITED)
                waived |= INBYE_REQUIRE_MEMORY;
        if ((s->limits_given & 1u << INBYE_LIMIT_TASKS) && s->limits.tasks == INBYE_UNLIMITED)
                waived |= INBYE_REQUIRE_TASKS;
        r = inbye_command_waive(command, waived);
        return r < 0 ? r : inbye_command_set_limits(command, &s->limits);
}

void settings_limits_deinit(struct settings *s)
{
        free((char *)s->limits.io_max);
        free((char *)s->limits.cpus);
}

/* --- of a batch and of one job ----------------------------------------------------------------------------
 */

static void inherit_one(struct inbye_limits *to, const struct inbye_limits *from, enum inbye_limit limit)
{
        switch (limit) {
        case INBYE_LIMIT_MEMORY:
                to->memory_bytes = from->memory_bytes;
                break;
        case INBYE_LIMIT_SWAP:
                to->swap_bytes = from->swap_bytes;
                break;
        case INBYE_LIMIT_TASKS:
                to->tasks = from->tasks;
                break;
        case INBYE_LIMIT_CPU:
                to->cpu_us_per_s = from->cpu_us_per_s;
                break;
        case INBYE_LIMIT_CPU_WEIGHT:
                to->cpu_weight = from->cpu_weight;
                break;
        case INBYE_LIMIT_IO_WEIGHT:
                to->io_weight = from->io_weight;
                break;
        default:
                break; /* strings: settings_inherit_limits() */
        }
}

static int inherit_text(const char **to, const char *from)
{
        *to = from ? strdup(from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

int settings_inherit_limits(struct settings *settings, const struct settings *base)
{
        uint32_t missing = base->limits_given & ~settings->limits_given;
        int r = 0;

        for (int i = 0; i < INBYE_LIMIT_N; i++)
                if (missing & 1u << i)
                        inherit_one(&settings->limits, &base->limits, (enum inbye_limit)i);
        if (missing & 1u << INBYE_LIMIT_CPUS)
                r |= inherit_text(&settings->limits.cpus, base->limits.cpus);
        if (missing & 1u << INBYE_LIMIT_IO_MAX)
                r |= inherit_text(&settings->limits.io_max, base->limits.io_max);
        settings->limits_given |= missing;
        return r;
}

const struct settings_row settings_limits_rows[] = {
        { CLI_SETTING_LIMIT, take_limits, hand_limits },
        { CLI_SETTING_PROPERTY, take_property, hand_limits },
        { 0 },
};
