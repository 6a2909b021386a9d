/* SPDX-License-Identifier: MIT */
/*
 * How many CPUs this process may use, for the width of a batch.
 *
 * sysconf(_SC_NPROCESSORS_ONLN) was rejected: in a container with half a CPU on a machine with 64 it says 64.
 * What counts is the affinity mask, and the CPU quota of the own cgroup and of each one above it, as far up
 * as can be seen. What cannot be read limits nothing.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "sys/misc.h"
#include "sys/proc.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_SIZE = 64, HIERARCHY_PATH_SIZE = 4096 };

static unsigned affinity_count(void)
{
        enum { CPUS_MAX = 1 << 20 };
        cpu_set_t *set;
        unsigned n = 0;
        int r;

        /* EINVAL: the kernel's mask is larger than ours. */
        for (int room = 1024; room <= CPUS_MAX && n == 0; room *= 2) {
                set = CPU_ALLOC((size_t)room);
                if (!set)
                        return 1;
                r = sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)room), set) < 0 ? -errno : 0;
                if (r == 0)
                        n = (unsigned)CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)room), set);
                CPU_FREE(set);
                if (r < 0 && r != -EINVAL)
                        break;
        }
        return n > 0 ? n : 1;
}

/* quota / period rounded up; UINT_MAX: no limit. */
static unsigned quota_cpus(const char *quota, const char *period)
{
        uint64_t q, p;
        char *end;

        if (*quota < '0' || *quota > '9')
                return UINT_MAX; /* "max", "-1" */
        q = strtoull(quota, &end, 10);
        p = strtoull(period, &end, 10);
        if (q == 0 || p == 0 || end == period || q / p >= UINT_MAX)
                return UINT_MAX;
        return (unsigned)(q / p + (q % p != 0));
}

static unsigned quota_v2(int directory_fd)
{
        char value[VALUE_SIZE];
        const char *space;

        if (fd_read_file_at(directory_fd, "cpu.max", value, sizeof(value)) <= 0)
                return UINT_MAX;
        space = strchr(value, ' ');
        return space ? quota_cpus(value, space + 1) : UINT_MAX;
}

static unsigned quota_v1(int directory_fd)
{
        char quota[VALUE_SIZE], period[VALUE_SIZE];

        if (fd_read_file_at(directory_fd, "cpu.cfs_quota_us", quota, sizeof(quota)) <= 0 ||
                fd_read_file_at(directory_fd, "cpu.cfs_period_us", period, sizeof(period)) <= 0)
                return UINT_MAX;
        return quota_cpus(quota, period);
}

/* The own directory in the hierarchy, as a path of the file system, and how much of it is the mount point. */
static bool own_directory(const char *controller, char *path, size_t size, size_t *ret_n_mount)
{
        char own[HIERARCHY_PATH_SIZE], root[HIERARCHY_PATH_SIZE];
        size_t n_root, n_mount;
        const char *below;

        if (proc_cgroup_mount_of(controller, path, size, root, sizeof(root)) < 0 ||
                proc_own_cgroup_of(controller, own, sizeof(own)) < 0)
                return false;
        n_root = strcmp(root, "/") == 0 ? 0 : strlen(root);
        if (strncmp(own, root, n_root) != 0)
                return false;
        below = own + n_root;
        n_mount = strlen(path);
        if ((*below && *below != '/') || strlen(below) >= size - n_mount)
                return false;
        memcpy(path + n_mount, below, strlen(below) + 1);
        *ret_n_mount = n_mount;
        return true;
}

/* The least quota from the own directory up to the mount point. */
static unsigned quota_of(const char *controller, unsigned (*quota)(int directory_fd))
{
        char path[2 * HIERARCHY_PATH_SIZE];
        unsigned least = UINT_MAX, here;
        size_t n_mount, n;

        if (!own_directory(controller, path, sizeof(path), &n_mount))
                return UINT_MAX;
        for (n = strlen(path);;) {
                scoped(fd_closep) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

                here = fd < 0 ? UINT_MAX : quota(fd);
                if (here < least)
                        least = here;
                if (n <= n_mount)
                        break;
                while (n > n_mount && path[n - 1] != '/')
                        n--;
                if (n > n_mount)
                        n--; /* the slash */
                path[n] = '\0';
        }
        return least;
}

unsigned sys_usable_cpus(void)
{
        unsigned n = affinity_count(), quota;

        quota = quota_of(NULL, quota_v2);
        if (quota < n)
                n = quota;
        quota = quota_of("cpu", quota_v1);
        if (quota < n)
                n = quota;
        return n > 0 ? n : 1;
}
