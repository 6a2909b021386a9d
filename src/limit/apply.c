/* SPDX-License-Identifier: MIT */
/*
 * Limits written into one v2 directory, as a transaction.
 *
 * The way back is the same call with the two sets exchanged: our directories are changed by nobody else, so
 * what was in force is known, and nothing has to be read and parsed to be restored.
 */
#include "limit/apply.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/scope.h"
#include "limit/disks.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The kernel takes CPUs that it then does not give, and falls back to all of the parent's. */
static int check_cpus(int dir_fd, const char *wanted)
{
        enum { MAX_CPUS = 1024 };
        scoped(freep) unsigned *cpus = calloc((size_t)2 * MAX_CPUS, sizeof(*cpus));
        unsigned n_wanted, n, found = 0, *effective = cpus + MAX_CPUS;
        char text[4096];

        if (!cpus)
                return -ENOMEM;
        if (fd_read_file_at(dir_fd, "cpuset.cpus.effective", text, sizeof(text)) < 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        if (parse_cpu_list(wanted, cpus, MAX_CPUS, &n_wanted) < 0 ||
                parse_cpu_list(text, effective, MAX_CPUS, &n) < 0)
                return -EINVAL;
        for (unsigned i = 0; i < n_wanted; i++)
                for (unsigned j = 0; j < n; j++)
                        found += cpus[i] == effective[j];
        return found == n_wanted && n == n_wanted ? 0 : -ERANGE;
}

static int write_one(int dir_fd, const struct limit_file *file)
{
        int r = fd_write_file_at(dir_fd, file->name, file->value);

        if (r == -ENOENT && file->optional)
                return 0;
        if (r == 0 && file->limit == INBYE_LIMIT_CPUS && file->value[0] != '\n')
                r = check_cpus(dir_fd, file->value);
        return r;
}

static int refuse_cpus(const struct limit_file *file, struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP, "limit 'cpus': not all of %s may be used here",
                file->value);
        error_hint(reterr, "'cat /sys/fs/cgroup/cpuset.cpus.effective' lists the CPUs of this host");
        return -EOPNOTSUPP;
}

static int refuse_weight(struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                "limit 'io-weight': no disk here is divided by weight: none has the scheduler bfq, and "
                "io.cost "
                "is not on where it can be seen");
        error_hint(reterr, "as root, for each DISK: echo bfq >/sys/block/DISK/queue/scheduler");
        return -EOPNOTSUPP;
}

static int refuse_disk(const struct limit_file *file, int r, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_LIMIT, -r, "limit 'io-max': cannot write '%s' to io.max", file->value);
        error_hint(reterr, "name a whole disk, not a partition: 'lsblk -d' lists them with their numbers");
        return r;
}

static int refuse(const struct limit_file *file, int r, struct inbye_error *reterr)
{
        const char *name = inbye_limit_name(file->limit);

        if (r == -ENOENT) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                        "limit '%s': this kernel has no %s in a leaf", name, file->name);
                error_hint(reterr, "%s",
                        file->limit == INBYE_LIMIT_SWAP ? "boot with swapaccount=1"
                                                        : "a newer kernel, or one built with that feature");
                return -EOPNOTSUPP;
        }
        if (r == -ERANGE && file->limit == INBYE_LIMIT_CPUS)
                return refuse_cpus(file, reterr);
        if (r == -ENODEV && file->limit == INBYE_LIMIT_IO_MAX)
                return refuse_disk(file, r, reterr);
        return error_set(reterr, INBYE_STAGE_LIMIT, -r, "limit '%s': cannot write '%s' to %s", name,
                file->value, file->name);
}

/* @return how many were written before the first that failed (*ret_error is then its error). */
static int write_all(int dir_fd, uint32_t controllers, const struct limit_file *files, int n, int *ret_error)
{
        *ret_error = 0;
        for (int i = 0; i < n; i++) {
                if (!(limit_controller(files[i].limit) & controllers))
                        continue;
                *ret_error = write_one(dir_fd, &files[i]);
                if (*ret_error < 0)
                        return i;
        }
        return n;
}

int apply_limits(int dir_fd, uint32_t controllers, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr)
{
        struct limit_file files[LIMIT_FILES_MAX], back[LIMIT_FILES_MAX];
        int n = limits_files(limits, before, files), n_back, at, r, ignored;

        if (n < 0)
                return error_set_plain(reterr, INBYE_STAGE_LIMIT, EINVAL, "a limit is too long");
        if (limits_has(limits, INBYE_LIMIT_IO_WEIGHT) && !disks_have_weights(dir_fd))
                return refuse_weight(reterr);
        at = write_all(dir_fd, controllers, files, n, &r);
        if (r == 0)
                return 0;
        r = refuse(&files[at], r, reterr);
        n_back = limits_files(before ? before : &LIMITS_NONE, limits, back);
        for (int i = 0; i < n_back; i++)
                write_all(dir_fd, controllers, &back[i], 1, &ignored);
        return r;
}
