/* SPDX-License-Identifier: MIT */
/*
 * What the keys of a profile mean: each is a row, that says what may stand behind it and which call of the
 * sandbox it stands for.
 *
 * Names are those of systemd.exec(5) where it has one for the same thing, and those of inbye-jobs(5) in JSON.
 * As everything said of a sandbox takes something away, "no" is nothing that could be said: it is refused, so
 * that nobody believes it gave something back.
 */
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "contain/contain.h"
#include "sandbox/filter.h"
#include "sandbox/profile.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

DEFINE_SCOPED(sandbox_unrefp, struct inbye_sandbox, inbye_sandbox_unref)

static const char *const yes[] = { "yes", "true", "on", "1", NULL };
static const char *const filters[] = { "build", "untrusted", "measure", NULL };

static bool is_path(const char *word)
{
        return word[0] == '/';
}

/* SOURCE or SOURCE:TARGET */
static bool is_bind(const char *word)
{
        const char *colon = strchr(word, ':');

        return is_path(word) && (!colon || (is_path(colon + 1) && !strchr(colon + 1, ':')));
}

static int take_away(int r, struct inbye_error *reterr)
{
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile") : 0;
}

static int apply_no_new_privs(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        return take_away(inbye_sandbox_set_no_new_privs(sandbox), reterr);
}

static int apply_no_capabilities(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        return take_away(inbye_sandbox_set_no_capabilities(sandbox), reterr);
}

static int apply_no_network(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        return take_away(inbye_sandbox_set_no_network(sandbox), reterr);
}

static int apply_no_ipc(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        (void)reterr;
        sandbox->no_ipc = true;
        return 0;
}

static int apply_own_pids(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        (void)reterr;
        sandbox->own_pids = true;
        return 0;
}

static int apply_own_root(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        (void)word;
        (void)reterr;
        sandbox->own_root = true;
        return 0;
}

/* --- paths ------------------------------------------------------------------------------------------------
 */

/* One that is optional need not be there. */
static int add_path(struct inbye_sandbox *sandbox, struct profile_word word, const char *path,
        enum inbye_access access, const char *target, struct inbye_error *reterr)
{
        int r = inbye_sandbox_add_path(sandbox, path, access, target);

        if (r == 0)
                sandbox->paths[sandbox->n_paths - 1].optional = word.optional;
        return take_away(r, reterr);
}

static int apply_read_only(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return add_path(sandbox, word, word.text, INBYE_ACCESS_READ_ONLY, NULL, reterr);
}

static int apply_read_write(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return add_path(sandbox, word, word.text, INBYE_ACCESS_READ_WRITE, NULL, reterr);
}

static int apply_hide(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return add_path(sandbox, word, word.text, INBYE_ACCESS_HIDE, NULL, reterr);
}

static int apply_bind(struct inbye_sandbox *sandbox, struct profile_word word, enum inbye_access access,
        struct inbye_error *reterr)
{
        scoped(freep) char *source = strndup(word.text, strcspn(word.text, ":"));
        const char *colon = strchr(word.text, ':');

        if (!source)
                return take_away(-ENOMEM, reterr);
        return add_path(sandbox, word, source, access, colon ? colon + 1 : NULL, reterr);
}

static int apply_bind_writable(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return apply_bind(sandbox, word, INBYE_ACCESS_READ_WRITE, reterr);
}

static int apply_bind_read_only(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return apply_bind(sandbox, word, INBYE_ACCESS_READ_ONLY, reterr);
}

static int need_landlock(struct inbye_error *reterr)
{
        if (sys_landlock_abi() > 0)
                return 0;
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP, "this kernel has no Landlock");
        error_hint(reterr, "Linux 5.13 or later with landlock in the lsm= list");
        return -EOPNOTSUPP;
}

static int apply_landlock(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        int r = need_landlock(reterr);

        (void)word;
        if (r == 0)
                sandbox->landlock = sandbox->no_new_privs = true;
        return r;
}

static int apply_writable(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        int r = need_landlock(reterr);

        if (r < 0)
                return r;
        r = word.optional ? strv_append(&sandbox->writable_if_there, word.text)
                          : inbye_sandbox_add_landlock(sandbox, word.text);
        if (r == 0)
                sandbox->landlock = sandbox->no_new_privs = true;
        return take_away(r, reterr);
}

/* --- limits -----------------------------------------------------------------------------------------------
 */

static bool is_endless(const char *word)
{
        return strcmp(word, "infinity") == 0;
}

static bool is_size(const char *word)
{
        uint64_t n;

        return parse_size(word, &n) == 0 && n > 0;
}

static bool is_number(const char *word)
{
        uint64_t n;

        return is_endless(word) || (parse_unsigned(word, INT32_MAX, &n) == 0 && n > 0);
}

static bool is_duration(const char *word)
{
        uint64_t ns;

        return parse_duration(word, &ns) == 0 && ns > 0;
}

/* "50%" of a CPU, or "0.5" of them, as time per second. */
static int read_cpu(const char *word, uint64_t *ret_us_per_s)
{
        uint64_t part;

        if (parse_decimal(word, "%", &part) == 0)
                *ret_us_per_s = part;
        else if (parse_decimal(word, "", &part) == 0)
                *ret_us_per_s = part * 100;
        else
                return -EINVAL;
        return 0;
}

static bool is_cpu(const char *word)
{
        uint64_t us_per_s;

        return is_endless(word) || (read_cpu(word, &us_per_s) == 0 && us_per_s >= 1000);
}

static struct inbye_limits *limits_of(struct inbye_sandbox *sandbox, struct profile_word word)
{
        return word.optional ? &sandbox->optional_limits : &sandbox->limits;
}

static int apply_memory(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        uint64_t n = INBYE_UNLIMITED, *place = &limits_of(sandbox, word)->memory_bytes;
        int r = parse_size(word.text, &n);

        sandbox->waived |= is_endless(word.text) ? INBYE_REQUIRE_MEMORY : 0;
        *place = n < *place ? n : *place;
        return take_away(r, reterr);
}

static int apply_tasks(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        uint64_t n = INBYE_UNLIMITED, *place = &limits_of(sandbox, word)->tasks;
        int r = is_endless(word.text) ? 0 : parse_unsigned(word.text, INT32_MAX, &n);

        sandbox->waived |= is_endless(word.text) ? INBYE_REQUIRE_TASKS : 0;
        *place = n < *place ? n : *place;
        return take_away(r, reterr);
}

static int apply_cpu(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        uint64_t n = INBYE_UNLIMITED, *place = &limits_of(sandbox, word)->cpu_us_per_s;
        int r = is_endless(word.text) ? 0 : read_cpu(word.text, &n);

        *place = n < *place ? n : *place;
        return take_away(r, reterr);
}

static int apply_timeout(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        uint64_t ns = INBYE_FOREVER;
        int r = parse_duration(word.text, &ns);

        sandbox->waived |= is_endless(word.text) ? INBYE_REQUIRE_TIMEOUT : 0;
        sandbox->timeout_ns = sandbox_timeout(sandbox, ns);
        return take_away(r, reterr);
}

/* What is wrong is for whoever wrote it; what this host lacks is found when it is applied. */
static int verify_calls(const char *words, struct inbye_error *reterr)
{
        scoped(sandbox_unrefp) struct inbye_sandbox *trial = NULL;
        int r = inbye_sandbox_open(&trial);

        return r < 0 ? take_away(r, reterr) : inbye_sandbox_filter_calls(trial, words, reterr);
}

static int apply_calls(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return inbye_sandbox_filter_calls(sandbox, word.text, reterr);
}

static int apply_filter_file(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        return inbye_sandbox_add_filter_file(sandbox, word.text, reterr);
}

static const char *const limits[] = { "memory", "tasks", "timeout", NULL };

static int apply_required(struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        static const uint32_t bits[] = { INBYE_REQUIRE_MEMORY, INBYE_REQUIRE_TASKS, INBYE_REQUIRE_TIMEOUT };

        (void)reterr;
        for (size_t i = 0; limits[i]; i++)
                if (strcmp(limits[i], word.text) == 0)
                        sandbox->required |= bits[i];
        return 0;
}

/* --- optional parts: what this host can do ----------------------------------------------------------------
 */

/* The part alone, in a sandbox of its own. */
static int try_alone(bool network, bool ipc, bool mounts, struct inbye_error *reterr)
{
        scoped(sandbox_unrefp) struct inbye_sandbox *trial = NULL;
        int r = inbye_sandbox_open(&trial);

        if (r == 0 && mounts)
                r = inbye_sandbox_add_path(trial, "/", INBYE_ACCESS_READ_ONLY, NULL);
        if (r < 0)
                return take_away(r, reterr);
        trial->no_network = network;
        trial->no_ipc = ipc;
        return sandbox_try(trial, reterr);
}

static int try_network(struct inbye_error *reterr)
{
        return try_alone(true, false, false, reterr);
}

static int try_ipc(struct inbye_error *reterr)
{
        return try_alone(false, true, false, reterr);
}

static int try_mounts(struct inbye_error *reterr)
{
        return try_alone(false, false, true, reterr);
}

static int try_pids(struct inbye_error *reterr)
{
        struct contain_probe why = { 0 };
        const uint32_t bits = INBYE_MECHANISM_CGROUP_PIDNS | INBYE_MECHANISM_PIDNS;

        for (const struct contain_ops *const *ops = contain_mechanisms; *ops; ops++)
                if (((*ops)->bit & bits) && (*ops)->probe(&why) == 0)
                        return 0;
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP, "%s", why.reason);
        error_hint(reterr, "%s", why.hint);
        return -EOPNOTSUPP;
}

/* --- system calls -----------------------------------------------------------------------------------------
 */

static int add_filter(struct inbye_sandbox *sandbox, enum filter which, struct inbye_error *reterr)
{
        static const char *const names[FILTER_N] = {
                [FILTER_DENY] = "build", [FILTER_KNOWN] = "untrusted", [FILTER_MEASURE] = "measure"
        };
        struct sandbox_filter filter = { .of = names[which] };
        int r = filter_get(which, &filter.whole, reterr);

        return r < 0 ? r : sandbox_add_filter(sandbox, &filter, reterr);
}

static int apply_filter_of(
        struct inbye_sandbox *sandbox, struct profile_word word, struct inbye_error *reterr)
{
        int r = 0;

        if (strcmp(word.text, "measure") == 0)
                return add_filter(sandbox, FILTER_MEASURE, reterr);
        /* Of two that deny a call the later one's errno counts. */
        if (strcmp(word.text, "untrusted") == 0)
                r = add_filter(sandbox, FILTER_KNOWN, reterr);
        return r < 0 ? r : add_filter(sandbox, FILTER_DENY, reterr);
}

#define YES                                                                                                  \
        .shape = PROFILE_WORD,                                                                               \
        .expected = "yes (in JSON true; a profile only takes away: for 'no' leave it out)", .values = yes
#define PATHS .shape = PROFILE_LIST, .expected = "absolute paths", .check = is_path
#define BINDS .shape = PROFILE_LIST, .expected = "SOURCE or SOURCE:TARGET, absolute paths", .check = is_bind

/* What a host may lack. */
#define OPTIONAL(function) .may_be_optional = true, .try = function

const struct profile_key profile_keys[] = {
        { "Description", "description", .shape = PROFILE_TEXT },
        { "Profile", "profile", .shape = PROFILE_BASE, .expected = "names of profiles" },
        { "NoNewPrivileges", "no_new_privs", YES, .apply = apply_no_new_privs },
        { "CapabilityBoundingSet", "no_capabilities", .shape = PROFILE_NOTHING,
                .expected = "nothing: all capabilities are dropped, or none",
                .apply = apply_no_capabilities },
        { "PrivateNetwork", "no_network", YES, OPTIONAL(try_network), .apply = apply_no_network },
        { "PrivateIPC", "private_ipc", YES, OPTIONAL(try_ipc), .apply = apply_no_ipc },
        { "PrivatePIDs", "private_pids", YES, OPTIONAL(try_pids), .apply = apply_own_pids },
        { "PrivateRoot", "private_root", YES, OPTIONAL(try_mounts), .apply = apply_own_root },
        { "ReadOnlyPaths", "read_only", PATHS, OPTIONAL(try_mounts), .apply = apply_read_only },
        { "ReadWritePaths", "read_write", PATHS, OPTIONAL(try_mounts), .apply = apply_read_write },
        { "InaccessiblePaths", "hide", PATHS, OPTIONAL(try_mounts), .apply = apply_hide },
        { "BindPaths", "bind", BINDS, OPTIONAL(try_mounts), .apply = apply_bind_writable },
        { "BindReadOnlyPaths", "bind_read_only", BINDS, OPTIONAL(try_mounts), .apply = apply_bind_read_only },
        { "Landlock", "landlock", YES, OPTIONAL(NULL), .apply = apply_landlock },
        { "LandlockReadWrite", "landlock_rw", PATHS, OPTIONAL(NULL), .apply = apply_writable },
        { "SystemCallFilterOf", "filter_of", .shape = PROFILE_WORD, .expected = "build, untrusted or measure",
                .values = filters, OPTIONAL(NULL), .apply = apply_filter_of },
        { "SystemCallFilter", "system_calls", .shape = PROFILE_CALLS,
                .expected = "system calls and groups of them, as in @system-service or ~@mount",
                .verify = verify_calls, OPTIONAL(NULL), .apply = apply_calls },
        { "SeccompProfile", "seccomp", PATHS, OPTIONAL(NULL), .apply = apply_filter_file },
        { "MemoryMax", "limits.memory", .shape = PROFILE_WORD, .expected = "a size, as in 512M, or infinity",
                .check = is_size, OPTIONAL(NULL), .apply = apply_memory },
        { "TasksMax", "limits.tasks", .shape = PROFILE_WORD, .expected = "a number of tasks, or infinity",
                .check = is_number, OPTIONAL(NULL), .apply = apply_tasks },
        { "CPUQuota", "limits.cpu", .shape = PROFILE_WORD, .expected = "CPUs, as in 50% or 0.5, or infinity",
                .check = is_cpu, OPTIONAL(NULL), .apply = apply_cpu },
        { "RuntimeMaxSec", "timeout", .shape = PROFILE_WORD, .expected = "a time, as in 1m, or infinity",
                .check = is_duration, .apply = apply_timeout },
        { "RequireLimits", "require_limits", .shape = PROFILE_LIST, .expected = "memory, tasks or timeout",
                .values = limits, .apply = apply_required },
        { NULL },
};
