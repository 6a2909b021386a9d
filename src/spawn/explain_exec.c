/* SPDX-License-Identifier: MIT */
/*
 * Words for a program that could not be executed.
 *
 * The errno of exec is about one of several files, or about none, or about a file that the caller never named
 * (the interpreter of a script). Here it is told apart, by the candidates that were tried and a look at the
 * file, so that the message names the file to mend.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/scope.h"
#include "spawn/explain.h"
#include "spawn/interpreter.h"
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* One string may have 32 pages, its NUL included; all of them with their pointers a quarter of the stack's
 * limit, and 6 MiB at most. execve(2). */
#define LONGEST_STRING ((size_t)32 * (size_t)sysconf(_SC_PAGESIZE))
#define MOST_BYTES ((rlim_t)6 << 20)

static const char *tried_path(const struct spawn_child *child)
{
        const struct spawn_lookup *lookup = child->lookup;

        return lookup->n_paths > 0 ? lookup->paths[child->report.detail] : lookup->program;
}

static void cannot_execute(const char *path, int number, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_EXEC, number, "cannot execute '%s'", path);
}

static void missing_interpreter(const char *path, const struct file_facts *facts, struct inbye_error *reterr)
{
        bool is_script = facts->kind == FILE_SCRIPT;

        if (!facts->interpreter[0]) {
                cannot_execute(path, ENOENT, reterr);
                error_hint(reterr, "the file exists: its interpreter or loader is missing");
                return;
        }
        error_set_plain(reterr, INBYE_STAGE_EXEC, ENOENT, "cannot execute '%s': its %s '%s' is missing", path,
                is_script ? "interpreter" : "loader", facts->interpreter);
        if (is_script && strchr(facts->interpreter, '\r'))
                error_hint(reterr, "its first line ends in a carriage return: sed -i 's/\\r$//' %s", path);
        else if (is_script)
                error_hint(reterr, "mend its first line, or install the interpreter");
        else
                error_hint(reterr, "it was built for another C library or machine: install that loader");
}

/* "/usr/bin, /bin" */
static void list_directories(const char *search, struct buf *out)
{
        for (;;) {
                size_t n = strcspn(search, ":");

                (void)buf_append(out, n ? search : ".", n ? n : 1);
                search += n;
                if (!*search++)
                        return;
                (void)buf_append_str(out, ", ");
        }
}

static void not_found(const struct spawn_child *child, struct inbye_error *reterr)
{
        scoped(buf_deinit) struct buf directories = BUF_INIT;
        const char *program = child->lookup->program;
        struct file_facts facts;

        if (!*program) {
                error_set_plain(reterr, INBYE_STAGE_EXEC, ENOENT, "cannot find a program: its name is empty");
                return;
        }
        list_directories(child->lookup->search, &directories);
        error_set_plain(reterr, INBYE_STAGE_EXEC, ENOENT, "cannot find '%s': looked in %s", program,
                directories.data ? directories.data : "PATH");
        file_look(child->plan->cwd, program, &facts);
        if (facts.kind > FILE_SPECIAL && (facts.mode & 0111))
                error_hint(reterr, "there is one in the working directory: ./%s", program);
}

/* The first candidate that is there after all, or NULL. */
static const char *present_candidate(const struct spawn_child *child, struct file_facts *facts)
{
        size_t i;

        for (i = 0; i < child->lookup->n_paths; i++) {
                file_look(child->plan->cwd, child->lookup->paths[i], facts);
                if (facts->kind != FILE_ABSENT)
                        return child->lookup->paths[i];
        }
        return NULL;
}

/* We look at the host, the child looked at what the sandbox shows of it. */
static void not_in_sandbox(const char *path, const struct file_facts *facts, struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_EXEC, ENOENT,
                "cannot execute '%s': it is not in the sandbox%s%s%s", path,
                facts->interpreter[0] ? ", or its interpreter '" : "", facts->interpreter,
                facts->interpreter[0] ? "' is not" : "");
        error_hint(reterr,
                "bring its directory in by a rule for the path (--read-only DIR), or install it below /usr");
}

static void explain_absent(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        struct file_facts facts;
        const char *path = present_candidate(child, &facts);

        if (path && child->plan->sandbox && child->plan->sandbox->n_mounts)
                not_in_sandbox(path, &facts, reterr);
        else if (path)
                missing_interpreter(path, &facts, reterr);
        else if (child->lookup->search)
                not_found(child, reterr);
        else
                cannot_execute(tried_path(child), number, reterr);
}

static void explain_denied(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        const char *path = tried_path(child);
        struct file_facts facts;

        file_look(child->plan->cwd, path, &facts);
        if (facts.kind == FILE_DIRECTORY) {
                error_set_plain(
                        reterr, INBYE_STAGE_EXEC, number, "cannot execute '%s': it is a directory", path);
                return;
        }
        cannot_execute(path, number, reterr);
        if (facts.kind > FILE_SPECIAL && !(facts.mode & 0111))
                error_hint(reterr, "chmod +x %s", path);
        else if (facts.mounted_noexec)
                error_hint(reterr, "its file system is mounted noexec");
        else if (facts.kind == FILE_SCRIPT)
                error_hint(reterr, "may its interpreter '%s' be executed?", facts.interpreter);
}

static void explain_format(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        const char *path = tried_path(child);
        struct file_facts facts;

        cannot_execute(path, number, reterr);
        file_look(child->plan->cwd, path, &facts);
        if (facts.kind == FILE_EMPTY)
                error_hint(reterr, "the file is empty");
        else if (facts.kind == FILE_ELF)
                error_hint(reterr, "it was built for another machine");
        else
                error_hint(reterr, "a script needs a first line such as #!/bin/sh");
}

struct vector_size {
        size_t n, n_bytes, longest;
};

static struct vector_size measure(const char *const *vector)
{
        struct vector_size size = { 0 };

        for (; vector && *vector; vector++) {
                size_t n = strlen(*vector) + 1;

                size.n++;
                size.n_bytes += n + sizeof(char *);
                if (n > size.longest)
                        size.longest = n;
        }
        return size;
}

/* With the stack's limit that the plan sets, which is the one that counts. */
static size_t most_bytes(const struct spawn_plan *plan)
{
        struct rlimit stack = { .rlim_cur = RLIM_INFINITY };
        size_t i;

        (void)getrlimit(RLIMIT_STACK, &stack);
        for (i = 0; i < plan->n_rlimits; i++)
                if (plan->rlimits[i].resource == RLIMIT_STACK)
                        stack = plan->rlimits[i].limit;
        return (size_t)(stack.rlim_cur / 4 < MOST_BYTES ? stack.rlim_cur / 4 : MOST_BYTES);
}

static void explain_too_long(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        struct vector_size argv = measure(child->plan->argv), envp = measure(child->plan->envp);
        size_t longest = argv.longest > envp.longest ? argv.longest : envp.longest;

        if (longest > LONGEST_STRING)
                error_set_plain(reterr, INBYE_STAGE_EXEC, number,
                        "cannot execute '%s': argument list too long: one %s has %zu bytes, it may have %zu",
                        tried_path(child), argv.longest > LONGEST_STRING ? "argument" : "variable",
                        longest - 1, LONGEST_STRING - 1);
        else
                error_set_plain(reterr, INBYE_STAGE_EXEC, number,
                        "cannot execute '%s': argument list too long: %zu arguments (%zu bytes) and %zu "
                        "variables (%zu bytes) may have about %zu bytes together",
                        tried_path(child), argv.n, argv.n_bytes, envp.n, envp.n_bytes,
                        most_bytes(child->plan));
        error_hint(reterr, "pass the list in a file or on standard input");
}

static void explain_other(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        if (number == EPERM && child->plan->sandbox && child->plan->sandbox->n_filters) {
                error_set_plain(reterr, INBYE_STAGE_EXEC, number,
                        "cannot execute '%s': a filter of system calls denies execve",
                        child->lookup->program);
                error_hint(reterr, "a sandbox has to allow execve, by which the command itself comes up");
                return;
        }
        cannot_execute(tried_path(child), number, reterr);
        if (number == ETXTBSY)
                error_hint(reterr, "it is open for writing");
        if (number == EAGAIN && child->plan->set_uid)
                error_hint(reterr, "user %u has reached its limit of processes (RLIMIT_NPROC)",
                        (unsigned)child->plan->uid);
}

void explain_exec(const struct spawn_child *child, struct inbye_error *reterr, int number)
{
        static const struct {
                int number;
                void (*explain)(const struct spawn_child *, struct inbye_error *, int);
        } table[] = {
                { ENOENT, explain_absent },
                { ENOTDIR, explain_absent },
                { EACCES, explain_denied },
                { ENOEXEC, explain_format },
                { E2BIG, explain_too_long },
        };
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i].number == number) {
                        table[i].explain(child, reterr, number);
                        return;
                }
        explain_other(child, reterr, number);
}
