/* SPDX-License-Identifier: MIT */
/*
 * Reads filters of system calls in JSON: the `seccomp` object of the OCI runtime specification, and what
 * Docker and Podman put on top of it (archMap, includes, excludes, errors by name).
 *
 * What such a file says is decided as the programs do that it was written for. Parts are taken or passed
 * over by capabilities, machine and kernel. Of two tests of the same argument in one rule either suffices.
 * A rule that says what holds anyway is passed over. Names of calls, and machines, that libseccomp does not
 * know are left out, as published files name more than any one version of it. Everything else that is not
 * understood is refused with its place: a key that is passed over would be a hole in somebody's fence.
 */
#include "sandbox/oci.h"
#include "base/error.h"
#include "base/json_read.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/errnos.h"
#include "sandbox/numbers.h"
#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#define ARGUMENTS 6
#define ERRNO_MAX 4095

struct oci {
        const char *path;
        const struct oci_host *host;
        struct rules *rules;
        struct inbye_error *reterr;
};

/* --- what every part needs --------------------------------------------------------------------------------
 */

__attribute__((format(printf, 4, 5))) static int refuse(
        const struct oci *oci, struct json_place place, int number, const char *format, ...)
{
        char text[256];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        return error_set_plain(oci->reterr, INBYE_STAGE_SANDBOX, number, "%s:%zu:%zu: %s", oci->path,
                place.line, place.column, text);
}

static int refuse_word(const struct oci *oci, struct json_place place, const char *kind, const char *word,
        const char *const *words)
{
        const char *nearest = str_nearest(word, words);

        refuse(oci, place, EINVAL, "there is no %s '%s'", kind, word);
        if (nearest)
                error_hint(oci->reterr, "did you mean '%s'?", nearest);
        return -EINVAL;
}

static int expect(const struct oci *oci, const struct json_node *node, enum json_kind kind)
{
        assert(node);
        if (node->kind == kind)
                return 0;
        return refuse(oci, node->place, EINVAL, "%s is expected here, not %s", json_kind_name(kind),
                json_kind_name(node->kind));
}

/* The member, where it is there and not null, which these files have for nothing. */
static const struct json_node *get(const struct json_node *node, const char *key)
{
        const struct json_node *member = json_node_get(node, key);

        return member && member->kind != JSON_KIND_NULL ? member : NULL;
}

static int check_object(const struct oci *oci, const struct json_node *node, const char *const *keys)
{
        int r = expect(oci, node, JSON_KIND_OBJECT);

        for (const struct json_node *member = node->first; member && r == 0; member = member->next) {
                size_t i = 0;

                while (keys[i] && strcmp(keys[i], member->key) != 0)
                        i++;
                if (!keys[i])
                        r = refuse_word(oci, member->key_place, "key", member->key, keys);
        }
        return r;
}

static int check_strings(const struct oci *oci, const struct json_node *array)
{
        int r = array ? expect(oci, array, JSON_KIND_ARRAY) : 0;

        for (const struct json_node *node = array ? array->first : NULL; node && r == 0; node = node->next)
                r = expect(oci, node, JSON_KIND_STRING);
        return r;
}

/* *ret is left alone where there is none. */
static int get_unsigned(
        const struct oci *oci, const struct json_node *object, const char *key, uint64_t max, uint64_t *ret)
{
        const struct json_node *node = get(object, key);
        int r = node ? expect(oci, node, JSON_KIND_NUMBER) : 0;

        if (r < 0 || !node)
                return r;
        if (parse_unsigned(node->text, max, ret) < 0)
                return refuse(oci, node->place, EINVAL, "\"%s\" is a whole number from 0 to %llu", key,
                        (unsigned long long)max);
        return 0;
}

static int index_of(const char *word, const char *const *words)
{
        for (int i = 0; words[i]; i++)
                if (strcmp(words[i], word) == 0)
                        return i;
        return -1;
}

/* --- actions ----------------------------------------------------------------------------------------------
 */

static int read_errno(const struct oci *oci, const struct json_node *object, const char *number_key,
        const char *name_key, uint32_t *ret)
{
        const struct json_node *name = get(object, name_key);
        uint64_t number = EPERM;
        int r = get_unsigned(oci, object, number_key, ERRNO_MAX, &number);

        if (r == 0 && name)
                r = expect(oci, name, JSON_KIND_STRING);
        if (r < 0)
                return r;
        *ret = (uint32_t)number;
        if (!name || !name->text[0])
                return 0;
        *ret = (uint32_t)errnos_number(name->text);
        if (!*ret) {
                const char *const nearest[] = { errnos_nearest(name->text), NULL };

                return refuse_word(oci, name->place, "error", name->text, nearest);
        }
        return 0;
}

static int read_action(const struct oci *oci, const struct json_node *node, uint32_t number, uint32_t *ret)
{
        static const char *const names[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
                "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE",
                "SCMP_ACT_TRAP", "SCMP_ACT_NOTIFY", NULL };
        static const uint32_t actions[] = { SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_THREAD,
                SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_LOG, SECCOMP_RET_TRACE,
                SECCOMP_RET_TRAP };
        int r = expect(oci, node, JSON_KIND_STRING), i;

        if (r < 0)
                return r;
        i = index_of(node->text, names);
        if (i < 0)
                return refuse_word(oci, node->place, "action", node->text, names);
        if ((size_t)i == ARRAY_SIZE(actions)) {
                refuse(oci, node->place, EOPNOTSUPP,
                        "SCMP_ACT_NOTIFY asks another program, and nobody here would answer");
                error_hint(oci->reterr, "say SCMP_ACT_ERRNO or SCMP_ACT_ALLOW for these calls");
                return -EOPNOTSUPP;
        }
        *ret = actions[i];
        if (*ret == SECCOMP_RET_ERRNO || *ret == SECCOMP_RET_TRACE)
                *ret |= number;
        return 0;
}

/* --- what a part of the file depends on -------------------------------------------------------------------
 */

/* As the kernel numbers them. */
static const char *const capabilities[] = { "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
        "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
        "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
        "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE", NULL };

/* What these files call machines is what the language calls them that Docker is written in. */
static bool is_machine(uint32_t machine, const char *name)
{
        static const struct {
                uint32_t machine;
                const char *name;
        } table[] = {
                { MACHINE_X86_64, "amd64" },
                { MACHINE_X86, "x86" },
                { MACHINE_X32, "x32" },
                { MACHINE_AARCH64, "arm64" },
                { MACHINE_ARM, "arm" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i].machine == machine)
                        return strcmp(table[i].name, name) == 0;
        return numbers_machine(name) == machine;
}

/* How many of them are had. */
static int count_capabilities(
        const struct oci *oci, const struct json_node *list, size_t *ret_n, size_t *ret_had)
{
        int r = check_strings(oci, list), i;

        if (r < 0)
                return r;
        for (const struct json_node *node = list ? list->first : NULL; node; node = node->next) {
                i = index_of(node->text, capabilities);
                if (i < 0)
                        return refuse_word(oci, node->place, "capability", node->text, capabilities);
                *ret_n += 1;
                *ret_had += oci->host->capabilities >> i & 1;
        }
        return 0;
}

static int has_machine(const struct oci *oci, const struct json_node *list, bool *ret)
{
        int r = check_strings(oci, list);

        for (const struct json_node *node = list ? list->first : NULL; node && r == 0; node = node->next)
                *ret |= is_machine(oci->host->machine, node->text);
        return r;
}

/* Is the kernel at least that one? */
static int has_kernel(const struct oci *oci, const struct json_node *node, bool *ret)
{
        unsigned major, minor;
        int r = expect(oci, node, JSON_KIND_STRING), n = 0;

        if (r < 0)
                return r;
        if (sscanf(node->text, "%4u.%4u%n", &major, &minor, &n) != 2 || node->text[n])
                return refuse(oci, node->place, EINVAL, "'%s' is no version, as in 4.8", node->text);
        *ret = oci->host->kernel[0] > major ||
               (oci->host->kernel[0] == major && oci->host->kernel[1] >= minor);
        return 0;
}

struct condition {
        bool any_part, all; /* of what it names: some of it holds, all of it does */
};

static int read_condition(const struct oci *oci, const struct json_node *node, struct condition *ret)
{
        static const char *const keys[] = { "caps", "arches", "minKernel", NULL };
        const struct json_node *machines = get(node, "arches"), *kernel = get(node, "minKernel");
        bool on_machine = false, on_kernel = false;
        size_t n = 0, n_had = 0;
        int r;

        *ret = (struct condition){ .all = true };
        if (!node)
                return 0;
        r = check_object(oci, node, keys);
        if (r == 0)
                r = count_capabilities(oci, get(node, "caps"), &n, &n_had);
        if (r == 0)
                r = has_machine(oci, machines, &on_machine);
        if (r == 0 && kernel)
                r = has_kernel(oci, kernel, &on_kernel);
        ret->any_part = n_had > 0 || on_machine || on_kernel;
        ret->all = n_had == n && (!machines || !machines->first || on_machine) && (!kernel || on_kernel);
        return r;
}

/* --- rules ------------------------------------------------------------------------------------------------
 */

static int read_operator(const struct oci *oci, const struct json_node *node, struct call_test *test)
{
        static const char *const names[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
                "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
        static const enum call_op ops[] = { CALL_NOT_EQUAL, CALL_LESS, CALL_LESS_EQUAL, CALL_EQUAL,
                CALL_GREATER_EQUAL, CALL_GREATER, CALL_EQUAL };
        int r = expect(oci, node, JSON_KIND_STRING), i;

        if (r < 0)
                return r;
        i = index_of(node->text, names);
        if (i < 0)
                return refuse_word(oci, node->place, "comparison", node->text, names);
        test->op = ops[i];
        if ((size_t)i + 1 < ARRAY_SIZE(ops))
                return 0;
        test->mask = test->value; /* then `value` is the mask, and `valueTwo` what is left */
        return 1;
}

static int read_test(const struct oci *oci, const struct json_node *node, struct call_test *ret)
{
        static const char *const keys[] = { "index", "value", "valueTwo", "op", "comment", NULL };
        uint64_t argument = UINT64_MAX, second = 0;
        int r = check_object(oci, node, keys);

        *ret = (struct call_test){ .mask = UINT64_MAX };
        if (r == 0)
                r = get_unsigned(oci, node, "index", ARGUMENTS - 1, &argument);
        if (r == 0)
                r = get_unsigned(oci, node, "value", UINT64_MAX, &ret->value);
        if (r == 0)
                r = get_unsigned(oci, node, "valueTwo", UINT64_MAX, &second);
        if (r < 0)
                return r;
        if (argument == UINT64_MAX || !get(node, "op"))
                return refuse(oci, node->place, EINVAL, "a test of an argument needs \"index\" and \"op\"");
        ret->argument = (unsigned)argument;
        r = read_operator(oci, get(node, "op"), ret);
        if (r > 0)
                ret->value = second;
        return r < 0 ? r : 0;
}

struct tests {
        struct call_test tests[2 * ARGUMENTS];
        size_t n;
        bool either; /* and not all of them */
};

static int read_tests(const struct oci *oci, const struct json_node *list, struct tests *ret)
{
        int r = list ? expect(oci, list, JSON_KIND_ARRAY) : 0;

        for (const struct json_node *node = list ? list->first : NULL; node && r == 0; node = node->next) {
                if (ret->n == ARRAY_SIZE(ret->tests))
                        return refuse(oci, node->place, EINVAL, "more than %d tests", 2 * ARGUMENTS);
                r = read_test(oci, node, &ret->tests[ret->n]);
                for (size_t i = 0; i < ret->n; i++)
                        ret->either |= ret->tests[i].argument == ret->tests[ret->n].argument;
                ret->n++;
        }
        return r;
}

static int add_call(const struct oci *oci, const char *name, uint32_t action, const struct tests *tests)
{
        int r = 0;

        if (!tests->either)
                return rules_add(oci->rules, name, action, tests->tests, tests->n);
        for (size_t i = 0; i < tests->n && r == 0; i++)
                r = rules_add(oci->rules, name, action, &tests->tests[i], 1);
        return r;
}

static int add_calls(
        const struct oci *oci, const struct json_node *rule, uint32_t action, const struct tests *tests)
{
        const struct json_node *names = get(rule, "names"), *name = get(rule, "name");
        int r = check_strings(oci, names);

        if (r == 0 && name)
                r = expect(oci, name, JSON_KIND_STRING);
        if (r < 0)
                return r;
        if (!names == !name)
                return refuse(oci, rule->place, EINVAL, "a rule needs \"names\", a list of system calls");
        if (action == oci->rules->otherwise)
                return 0;
        if (name)
                return add_call(oci, name->text, action, tests);
        for (name = names->first; name && r == 0; name = name->next)
                r = add_call(oci, name->text, action, tests);
        return r;
}

static int read_rule(const struct oci *oci, const struct json_node *rule)
{
        static const char *const keys[] = { "names", "name", "action", "errnoRet", "errno", "args", "comment",
                "includes", "excludes", NULL };
        struct condition includes = { 0 }, excludes = { 0 };
        struct tests tests = { 0 };
        uint32_t number, action = 0;
        int r = check_object(oci, rule, keys);

        if (r == 0)
                r = read_errno(oci, rule, "errnoRet", "errno", &number);
        if (r == 0 && !get(rule, "action"))
                r = refuse(oci, rule->place, EINVAL, "a rule needs an \"action\"");
        if (r == 0)
                r = read_action(oci, get(rule, "action"), number, &action);
        if (r == 0)
                r = read_tests(oci, get(rule, "args"), &tests);
        if (r == 0)
                r = read_condition(oci, get(rule, "includes"), &includes);
        if (r == 0)
                r = read_condition(oci, get(rule, "excludes"), &excludes);
        if (r < 0 || !includes.all || excludes.any_part)
                return r;
        return add_calls(oci, rule, action, &tests);
}

/* --- machines ---------------------------------------------------------------------------------------------
 */

/* *ret: 0 where this libseccomp does not know it. */
static int read_machine(const struct oci *oci, const struct json_node *node, uint32_t *ret)
{
        static const char *const names[] = { "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
                "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
                "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
                "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",
                "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64",
                "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", NULL };
        char name[32];
        size_t n = 0;
        int r = expect(oci, node, JSON_KIND_STRING);

        if (r < 0)
                return r;
        if (index_of(node->text, names) < 0)
                return refuse_word(oci, node->place, "architecture", node->text, names);
        for (const char *p = node->text + strlen("SCMP_ARCH_"); *p; p++)
                name[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        name[n] = '\0';
        *ret = numbers_machine(name);
        return 0;
}

/* Of a list those whose programs this kernel may run: the others make no difference. */
static int add_machines(const struct oci *oci, const struct json_node *list)
{
        int r = list ? expect(oci, list, JSON_KIND_ARRAY) : 0;

        for (const struct json_node *node = list ? list->first : NULL; node && r == 0; node = node->next) {
                uint32_t machine = 0;

                r = read_machine(oci, node, &machine);
                for (unsigned i = 0; r == 0 && numbers_other(oci->host->machine, i); i++)
                        if (machine == numbers_other(oci->host->machine, i))
                                r = rules_add_machine(oci->rules, machine);
        }
        return r;
}

static int add_machine_map(const struct oci *oci, const struct json_node *map)
{
        static const char *const keys[] = { "architecture", "subArchitectures", NULL };
        int r = map ? expect(oci, map, JSON_KIND_ARRAY) : 0;

        for (const struct json_node *node = map ? map->first : NULL; node && r == 0; node = node->next) {
                const struct json_node *main_one = get(node, "architecture");
                uint32_t machine = 0;

                r = check_object(oci, node, keys);
                if (r == 0 && !main_one)
                        r = refuse(oci, node->place, EINVAL, "\"architecture\" is missing");
                if (r == 0)
                        r = read_machine(oci, main_one, &machine);
                if (r == 0 && machine == oci->host->machine)
                        r = add_machines(oci, get(node, "subArchitectures"));
        }
        return r;
}

static int read_machines(const struct oci *oci, const struct json_node *root)
{
        const struct json_node *list = get(root, "architectures"), *map = get(root, "archMap");
        int r;

        if (list && list->first && map && map->first)
                return refuse(oci, list->key_place, EINVAL,
                        "\"architectures\" and \"archMap\" say the same: one of them is enough");
        r = rules_add_machine(oci->rules, oci->host->machine);
        if (r == -EOPNOTSUPP)
                return refuse(
                        oci, root->place, EOPNOTSUPP, "system calls of this machine are not understood");
        if (r == 0)
                r = add_machines(oci, list);
        return r == 0 ? add_machine_map(oci, map) : r;
}

/* --- the whole --------------------------------------------------------------------------------------------
 */

/* TSYNC is about further threads, of which a child has none, WAIT_KILLABLE_RECV about who is asked. */
static int read_flags(const struct oci *oci, const struct json_node *list, unsigned *ret)
{
        static const char *const names[] = { "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL };
        static const unsigned flags[] = { 0, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 };
        int r = check_strings(oci, list), i;

        for (const struct json_node *node = list ? list->first : NULL; node && r == 0; node = node->next) {
                i = index_of(node->text, names);
                if (i < 0)
                        return refuse_word(oci, node->place, "flag", node->text, names);
                *ret |= flags[i];
        }
        return r;
}

static int read_root(const struct oci *oci, const struct json_node *root, unsigned *ret_flags)
{
        static const char *const keys[] = { "defaultAction", "defaultErrnoRet", "defaultErrno",
                "architectures", "archMap", "syscalls", "flags", "comment", "listenerPath",
                "listenerMetadata", NULL };
        const struct json_node *rules = get(root, "syscalls");
        uint32_t number = 0;
        int r = check_object(oci, root, keys);

        if (r == 0)
                r = read_errno(oci, root, "defaultErrnoRet", "defaultErrno", &number);
        if (r == 0 && !get(root, "defaultAction"))
                r = refuse(oci, root->place, EINVAL, "a filter needs a \"defaultAction\"");
        if (r == 0)
                r = read_action(oci, get(root, "defaultAction"), number, &oci->rules->otherwise);
        if (r == 0)
                r = read_flags(oci, get(root, "flags"), ret_flags);
        if (r == 0)
                r = read_machines(oci, root);
        if (r == 0 && rules)
                r = expect(oci, rules, JSON_KIND_ARRAY);
        for (const struct json_node *rule = rules ? rules->first : NULL; rule && r == 0; rule = rule->next)
                r = read_rule(oci, rule);
        return r;
}

void oci_host_init(struct oci_host *host, uint64_t bits)
{
        struct utsname name;

        *host = (struct oci_host){ .machine = numbers_native(), .capabilities = bits };
        if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &host->kernel[0], &host->kernel[1]) != 2)
                host->kernel[0] = host->kernel[1] = 0;
}

int oci_read(struct rules *rules, const struct oci_host *host, const char *path, const char *text, size_t n,
        unsigned *ret_flags, struct inbye_error *reterr)
{
        scoped(json_node_freep) struct json_node *root = NULL;
        struct oci oci = { .path = path, .host = host, .rules = rules, .reterr = reterr };
        struct json_fault fault;
        unsigned flags = 0;
        int r = json_read(text, n, &root, &fault);

        if (r == -EINVAL)
                return refuse(&oci, fault.place, EINVAL, "%s", fault.text);
        rules->bad_machine = SECCOMP_RET_KILL_THREAD;
        if (r == 0)
                r = read_root(&oci, root, &flags);
        if (r == 0)
                *ret_flags = flags;
        return r;
}
