/* SPDX-License-Identifier: MIT */
/*
 * Limits as values: what makes sense, which controller each needs, and what is written to which file of a v2
 * directory for it.
 *
 * One table says for each limit its name and its controller; everything else that knows a file by name is in
 * limits_files() and, for v1, in the file that knows v1.
 */
#include "limit/values.h"
#include "base/extensible.h"
#include "base/scope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *name;
        uint32_t controller;
} kinds[INBYE_LIMIT_N] = {
        [INBYE_LIMIT_MEMORY] = { "memory", CONTROLLER_MEMORY },
        [INBYE_LIMIT_SWAP] = { "swap", CONTROLLER_MEMORY },
        [INBYE_LIMIT_TASKS] = { "tasks", CONTROLLER_PIDS },
        [INBYE_LIMIT_CPU] = { "cpu", CONTROLLER_CPU },
        [INBYE_LIMIT_CPU_WEIGHT] = { "cpu-weight", CONTROLLER_CPU },
        [INBYE_LIMIT_IO_WEIGHT] = { "io-weight", CONTROLLER_IO },
        [INBYE_LIMIT_IO_MAX] = { "io-max", CONTROLLER_IO },
        [INBYE_LIMIT_CPUS] = { "cpus", CONTROLLER_CPUSET },
};

const char *inbye_limit_name(enum inbye_limit limit)
{
        return (unsigned)limit < INBYE_LIMIT_N ? kinds[limit].name : NULL;
}

uint32_t limit_controller(enum inbye_limit limit)
{
        return kinds[limit].controller;
}

static const char *const verdict_names[INBYE_VERDICT_N] = {
        [INBYE_VERDICT_NONE] = "none",
        [INBYE_VERDICT_NOT_TRIPPED] = "not_tripped",
        [INBYE_VERDICT_TRIPPED] = "tripped",
        [INBYE_VERDICT_UNKNOWN] = "unknown",
};

const char *inbye_verdict_name(enum inbye_verdict verdict)
{
        return (unsigned)verdict < INBYE_VERDICT_N ? verdict_names[verdict] : "unknown";
}

/* --- controllers ------------------------------------------------------------------------------------------
 */

static const struct {
        uint32_t bit;
        const char *name;
} controllers[] = {
        { CONTROLLER_MEMORY, "memory" },
        { CONTROLLER_PIDS, "pids" },
        { CONTROLLER_CPU, "cpu" },
        { CONTROLLER_IO, "io" },
        { CONTROLLER_CPUSET, "cpuset" },
};

const char *controller_name(uint32_t controller)
{
        for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
                if (controllers[i].bit == controller)
                        return controllers[i].name;
        return "?";
}

static uint32_t controller_bit(const char *name, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
                if (strlen(controllers[i].name) == n && memcmp(controllers[i].name, name, n) == 0)
                        return controllers[i].bit;
        return 0;
}

uint32_t controllers_parse(const char *text)
{
        uint32_t found = 0;

        while (*(text += strspn(text, " \n"))) {
                size_t n = strcspn(text, " \n");

                found |= controller_bit(text, n);
                text += n;
        }
        return found;
}

void controllers_format(uint32_t wanted, const char *prefix, char *text, size_t size)
{
        size_t n = 0;

        text[0] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(controllers) && n < size; i++)
                if (wanted & controllers[i].bit)
                        n += (size_t)snprintf(
                                text + n, size - n, "%s%s%s", n ? " " : "", prefix, controllers[i].name);
}

/* --- values -----------------------------------------------------------------------------------------------
 */

#define CPU_MIN_US 1000
#define WEIGHT_MAX 10000
#define WEIGHT_DEFAULT 100
#define BFQ_WEIGHT_MAX 1000

static bool makes_sense(const struct inbye_limits *limits)
{
        return limits->memory_bytes > 0 && limits->tasks > 0 && limits->cpu_us_per_s >= CPU_MIN_US &&
               limits->cpu_weight <= WEIGHT_MAX && limits->io_weight <= WEIGHT_MAX &&
               !(limits->cpus && !limits->cpus[0]) && !(limits->io_max && !limits->io_max[0]);
}

static int read_struct(struct inbye_limits *to, const struct inbye_limits *from)
{
        int r;

        *to = LIMITS_NONE;
        if (!from)
                return 0;
        r = extensible_copy(to, sizeof(*to), from, from->size);
        if (r < 0)
                return r;
        to->size = sizeof(*to);
        return makes_sense(to) ? 0 : -EINVAL;
}

int limits_copy(struct inbye_limits *to, const struct inbye_limits *from)
{
        scoped(freep) char *io_max = NULL;
        scoped(freep) char *cpus = NULL;
        struct inbye_limits copy;
        int r;

        r = read_struct(&copy, from);
        if (r < 0)
                return r;
        io_max = copy.io_max ? strdup(copy.io_max) : NULL;
        cpus = copy.cpus ? strdup(copy.cpus) : NULL;
        if ((copy.io_max && !io_max) || (copy.cpus && !cpus))
                return -ENOMEM;
        copy.io_max = TAKE(io_max);
        copy.cpus = TAKE(cpus);
        *to = copy;
        return 0;
}

void limits_deinit(struct inbye_limits *limits)
{
        free((char *)limits->io_max);
        free((char *)limits->cpus);
        *limits = LIMITS_NONE;
}

bool limits_has(const struct inbye_limits *limits, enum inbye_limit limit)
{
        switch (limit) {
        case INBYE_LIMIT_MEMORY:
                return limits->memory_bytes != INBYE_UNLIMITED;
        case INBYE_LIMIT_SWAP:
                return limits->swap_bytes < INBYE_SWAP_DEFAULT;
        case INBYE_LIMIT_TASKS:
                return limits->tasks != INBYE_UNLIMITED;
        case INBYE_LIMIT_CPU:
                return limits->cpu_us_per_s != INBYE_UNLIMITED;
        case INBYE_LIMIT_CPU_WEIGHT:
                return limits->cpu_weight != 0;
        case INBYE_LIMIT_IO_WEIGHT:
                return limits->io_weight != 0;
        case INBYE_LIMIT_IO_MAX:
                return limits->io_max != NULL;
        case INBYE_LIMIT_CPUS:
                return limits->cpus != NULL;
        case INBYE_LIMIT_N:
                break;
        }
        return false;
}

uint32_t limits_controllers(const struct inbye_limits *limits)
{
        uint32_t needed = 0;

        for (int i = 0; i < INBYE_LIMIT_N; i++)
                if (limits_has(limits, (enum inbye_limit)i))
                        needed |= kinds[i].controller;
        return needed;
}

/* --- files ------------------------------------------------------------------------------------------------
 */

/* A tenth of a second is the kernel's own period. A quota below 1 ms it refuses: then the period is longer.
 */
void limit_cpu_quota(uint64_t us_per_s, uint64_t *ret_quota_us, uint64_t *ret_period_us)
{
        bool small = us_per_s < 10 * CPU_MIN_US;

        *ret_period_us = small ? 1000000 : 100000;
        *ret_quota_us = small ? us_per_s : us_per_s / 10;
}

struct file_list {
        struct limit_file *files;
        int n; /* -E2BIG: too many, or a value that is too long */
};

static void add(struct file_list *list, enum inbye_limit limit, const char *name, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static void add(struct file_list *list, enum inbye_limit limit, const char *name, const char *format, ...)
{
        struct limit_file *file = &list->files[list->n];
        va_list arguments;
        int n;

        if (list->n < 0 || list->n == LIMIT_FILES_MAX) {
                list->n = -E2BIG;
                return;
        }
        *file = (struct limit_file){ .limit = limit, .name = name };
        va_start(arguments, format);
        n = vsnprintf(file->value, sizeof(file->value), format, arguments);
        va_end(arguments);
        list->n = n < 0 || (size_t)n >= sizeof(file->value) ? -E2BIG : list->n + 1;
}

static void add_number(struct file_list *list, enum inbye_limit limit, const char *name, uint64_t number)
{
        if (number == INBYE_UNLIMITED)
                add(list, limit, name, "max");
        else
                add(list, limit, name, "%" PRIu64, number);
}

static void set_optional(struct file_list *list)
{
        if (list->n > 0)
                list->files[list->n - 1].optional = true;
}

static void add_memory(struct file_list *list, const struct inbye_limits *limits)
{
        bool limited = limits_has(limits, INBYE_LIMIT_MEMORY);
        bool implied = limits->swap_bytes == INBYE_SWAP_DEFAULT;

        add_number(list, INBYE_LIMIT_SWAP, "memory.swap.max",
                !implied  ? limits->swap_bytes
                : limited ? 0
                          : INBYE_UNLIMITED);
        if (implied)
                set_optional(list);
        add_number(list, INBYE_LIMIT_MEMORY, "memory.max", limits->memory_bytes);
        add(list, INBYE_LIMIT_MEMORY, "memory.oom.group", "%d", limited);
        set_optional(list);
}

static void add_cpu_max(struct file_list *list, uint64_t us_per_s)
{
        uint64_t quota_us, period_us;

        if (us_per_s == INBYE_UNLIMITED) {
                add(list, INBYE_LIMIT_CPU, "cpu.max", "max");
                return;
        }
        limit_cpu_quota(us_per_s, &quota_us, &period_us);
        add(list, INBYE_LIMIT_CPU, "cpu.max", "%" PRIu64 " %" PRIu64, quota_us, period_us);
}

/* That of io.cost, and that of the scheduler bfq, which knows 1 to 1000: 100 is the middle of both. A kernel
 * has either, or both. */
static void add_io_weight(struct file_list *list, uint32_t weight)
{
        uint32_t bfq = weight <= WEIGHT_DEFAULT ? weight
                                                : WEIGHT_DEFAULT + (weight - WEIGHT_DEFAULT) *
                                                                           (BFQ_WEIGHT_MAX - WEIGHT_DEFAULT) /
                                                                           (WEIGHT_MAX - WEIGHT_DEFAULT);

        add(list, INBYE_LIMIT_IO_WEIGHT, "io.bfq.weight", "default %u", bfq);
        set_optional(list);
        add(list, INBYE_LIMIT_IO_WEIGHT, "io.weight", "default %u", weight);
        set_optional(list);
}

/* One line a write: that is how the kernel takes them. */
static void add_io_max(struct file_list *list, const char *lines)
{
        while (*(lines += strspn(lines, "\n"))) {
                int n = (int)strcspn(lines, "\n");

                add(list, INBYE_LIMIT_IO_MAX, "io.max", "%.*s", n, lines);
                lines += n;
        }
}

/* A line takes back only what is named: so each device that was limited gets all it could have been. */
static void add_io_unlimited(struct file_list *list, const char *lines)
{
        while (*(lines += strspn(lines, "\n"))) {
                int n_device = (int)strcspn(lines, " \n");

                add(list, INBYE_LIMIT_IO_MAX, "io.max", "%.*s rbps=max wbps=max riops=max wiops=max",
                        n_device, lines);
                lines += strcspn(lines, "\n");
        }
}

int limits_files(const struct inbye_limits *limits, const struct inbye_limits *before,
        struct limit_file files[LIMIT_FILES_MAX])
{
        struct file_list list = { .files = files };
        struct inbye_limits none = LIMITS_NONE;
        uint32_t had;

        before = before ? before : &none;
        had = limits_controllers(before);
        if ((limits_controllers(limits) | had) & CONTROLLER_MEMORY)
                add_memory(&list, limits);
        if (limits_has(limits, INBYE_LIMIT_TASKS) || limits_has(before, INBYE_LIMIT_TASKS))
                add_number(&list, INBYE_LIMIT_TASKS, "pids.max", limits->tasks);
        if (limits_has(limits, INBYE_LIMIT_CPU) || limits_has(before, INBYE_LIMIT_CPU))
                add_cpu_max(&list, limits->cpu_us_per_s);
        if (limits->cpu_weight || before->cpu_weight)
                add(&list, INBYE_LIMIT_CPU_WEIGHT, "cpu.weight", "%u",
                        limits->cpu_weight ? limits->cpu_weight : WEIGHT_DEFAULT);
        if (limits->io_weight || before->io_weight)
                add_io_weight(&list, limits->io_weight ? limits->io_weight : WEIGHT_DEFAULT);
        if (before->io_max)
                add_io_unlimited(&list, before->io_max);
        if (limits->io_max)
                add_io_max(&list, limits->io_max);
        if (limits->cpus || before->cpus)
                add(&list, INBYE_LIMIT_CPUS, "cpuset.cpus", "%s", limits->cpus ? limits->cpus : "\n");
        return list.n;
}
