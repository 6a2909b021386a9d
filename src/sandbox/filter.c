/* SPDX-License-Identifier: MIT */
/*
 * Filters of the profiles, compiled by libseccomp in the parent; what it makes is taken out of it as plain
 * BPF, which the child loads itself.
 *
 * libseccomp is loaded when the first filter is wanted, as linking it costs every start of a program that
 * wants none. A filter is compiled once per process. What is denied is denied on all machines that this
 * kernel can run programs of; what is known is known of its own only, because libseccomp takes a copy of
 * everything for each rule: three machines cost 70 ms where one costs 5. A program of another machine then
 * has no call that works.
 *
 * A profile may load two, one that denies by name and one that knows what is allowed. Both in one was
 * rejected: a call can be either allowed or denied by its arguments there, and libseccomp drops the narrower
 * rule of two for the same call. The kernel takes the stricter verdict and remembers, call by call, which are
 * allowed whatever their arguments.
 */
#include "sandbox/filter.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sandbox/calls.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libseccomp.so.2"
#define INSTRUCTION_SIZE 8

static struct {
        pthread_mutex_t lock;
        bool loaded;
        struct spawn_filter filters[FILTER_N];
        scmp_filter_ctx (*init)(uint32_t def_action);
        void (*release)(scmp_filter_ctx ctx);
        int (*arch_add)(scmp_filter_ctx ctx, uint32_t arch);
        uint32_t (*arch_native)(void);
        int (*attr_set)(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value);
        int (*resolve)(const char *name);
        int (*rule_add)(scmp_filter_ctx ctx, uint32_t action, int call, unsigned n,
                const struct scmp_arg_cmp *arguments);
        int (*export)(scmp_filter_ctx ctx, int fd);
} seccomp = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void release_ctx(scmp_filter_ctx *ctx)
{
        if (*ctx)
                seccomp.release(*ctx);
}

/* --- the library ------------------------------------------------------------------------------------------
 */

/* POSIX has dlsym() give functions as data, ISO C does not: hence the copy. */
static bool find(void *library, const char *name, void *ret_function)
{
        void *found = dlsym(library, name);

        memcpy(ret_function, &found, sizeof(found));
        return found;
}

static int load(struct inbye_error *reterr)
{
        void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

        if (library && find(library, "seccomp_init", &seccomp.init) &&
                find(library, "seccomp_release", &seccomp.release) &&
                find(library, "seccomp_arch_add", &seccomp.arch_add) &&
                find(library, "seccomp_arch_native", &seccomp.arch_native) &&
                find(library, "seccomp_attr_set", &seccomp.attr_set) &&
                find(library, "seccomp_syscall_resolve_name", &seccomp.resolve) &&
                find(library, "seccomp_rule_add_array", &seccomp.rule_add) &&
                find(library, "seccomp_export_bpf", &seccomp.export)) {
                seccomp.loaded = true;
                return 0;
        }
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                "system calls cannot be filtered without " LIBRARY ", which is not here");
        error_hint(reterr, "install it (Debian: libseccomp2)");
        return -EOPNOTSUPP;
}

/* --- compiling --------------------------------------------------------------------------------------------
 */

/* The other machines whose programs a kernel of this one may run. */
static int add_machines(scmp_filter_ctx ctx)
{
        static const struct {
                uint32_t native, others[2];
        } table[] = {
                { SCMP_ARCH_X86_64, { SCMP_ARCH_X86, SCMP_ARCH_X32 } },
                { SCMP_ARCH_AARCH64, { SCMP_ARCH_ARM, 0 } },
        };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                for (int j = 0; j < 2 && r == 0; j++)
                        if (table[i].native == seccomp.arch_native() && table[i].others[j])
                                r = seccomp.arch_add(ctx, table[i].others[j]);
        return r;
}

static int add_rules(scmp_filter_ctx ctx, uint32_t action, const struct call_rule *rules)
{
        for (; rules->name; rules++) {
                struct scmp_arg_cmp argument = {
                        .arg = rules->argument,
                        .op = SCMP_CMP_MASKED_EQ,
                        .datum_a = rules->mask,
                        .datum_b = rules->value,
                };
                int call = seccomp.resolve(rules->name), r;

                if (call == __NR_SCMP_ERROR)
                        continue;
                r = seccomp.rule_add(ctx, action, call, rules->mask != 0, &argument);
                /* A call that the machine lacks but for an argument of another. */
                if (r < 0 && r != -EDOM && r != -EINVAL)
                        return r;
        }
        return 0;
}

/* The kernel's own structure, unread: the child hands it back. */
static int take_out(scmp_filter_ctx ctx, struct spawn_filter *ret)
{
        scoped(fd_closep) int fd = memfd_create("inbye-filter", MFD_CLOEXEC);
        scoped(freep) void *code = NULL;
        struct stat st;
        int r;

        if (fd < 0)
                return -errno;
        r = seccomp.export(ctx, fd);
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size % INSTRUCTION_SIZE || st.st_size / INSTRUCTION_SIZE > UINT16_MAX)
                return -EMSGSIZE;
        code = malloc((size_t)st.st_size);
        if (!code)
                return -ENOMEM;
        if (pread(fd, code, (size_t)st.st_size, 0) != st.st_size)
                return -EIO;
        ret->code = TAKE(code);
        ret->n = (unsigned short)(st.st_size / INSTRUCTION_SIZE);
        return 0;
}

struct recipe {
        bool all_machines;
        uint32_t otherwise;
        const struct call_rule *rules;
        uint32_t action;
};

static int compile(const struct recipe *recipe, struct spawn_filter *ret)
{
        scoped(release_ctx) scmp_filter_ctx ctx = seccomp.init(recipe->otherwise);
        int r;

        if (!ctx)
                return -ENOMEM;
        r = recipe->all_machines ? add_machines(ctx)
                                 : seccomp.attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, recipe->otherwise);
        /* A balanced tree of comparisons in place of a list. */
        if (r == 0)
                r = seccomp.attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        if (r == 0)
                r = add_rules(ctx, recipe->action, recipe->rules);
        return r < 0 ? r : take_out(ctx, ret);
}

static int get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)
{
        static const struct recipe recipes[FILTER_N] = {
                [FILTER_DENY] = { true, SCMP_ACT_ALLOW, calls_denied, SCMP_ACT_ERRNO(EPERM) },
                [FILTER_KNOWN] = { false, SCMP_ACT_ERRNO(ENOSYS), calls_known, SCMP_ACT_ALLOW },
                [FILTER_MEASURE] = { false, SCMP_ACT_LOG, calls_known, SCMP_ACT_ALLOW },
        };
        int r = seccomp.loaded ? 0 : load(reterr);

        if (r < 0)
                return r;
        if (!seccomp.filters[which].n)
                r = compile(&recipes[which], &seccomp.filters[which]);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot compile a filter of system calls");
        *ret = seccomp.filters[which];
        return 0;
}

int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)
{
        int r;

        pthread_mutex_lock(&seccomp.lock);
        r = get(which, ret, reterr);
        pthread_mutex_unlock(&seccomp.lock);
        return r;
}
