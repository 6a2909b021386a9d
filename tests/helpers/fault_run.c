/* SPDX-License-Identifier: MIT */
/*
 * `fault_run SCENARIO [MECHANISM]`: run one command through the public interface and say what came of it, in
 * one line, while somebody else makes a system call of ours fail (tests/hostile/faults.py).
 *
 *   timeout    a command and a grandchild in a session of its own, ended softly by a timeout
 *   leftover   the command ends by itself, the grandchild is left
 *   cancel     as timeout, by a token
 *
 * The calls that count lie between two access(2) of paths that do not exist, so that they are found in a
 * trace. The second thing that can fail is memory: with FAULT_ALLOC=N the Nth allocation between the two
 * does. A counting allocator is put in place of the C library's for it, which also tells what was not freed;
 * not under a sanitizer, which has one of its own.
 *
 * Last come the checks that only this process can make: descriptors, children and memory as before.
 */
#include <dirent.h>
#include <errno.h>
#include <inbye/inbye.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS INBYE_MILLISECOND

static bool counting;
static long n_allocations, n_blocks, fail_at;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS_MEMORY false
#else
#define COUNTS_MEMORY true

/* How the C library exports its own allocator to those who replace it. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool may_allocate(void)
{
        if (!counting)
                return true;
        if (++n_allocations == fail_at) {
                errno = ENOMEM;
                return false;
        }
        return true;
}

void *malloc(size_t n)
{
        void *p = may_allocate() ? __libc_malloc(n) : NULL;

        n_blocks += p != NULL;
        return p;
}

void *calloc(size_t n, size_t size)
{
        void *p = may_allocate() ? __libc_calloc(n, size) : NULL;

        n_blocks += p != NULL;
        return p;
}

void *realloc(void *old, size_t n)
{
        void *p = may_allocate() ? __libc_realloc(old, n) : NULL;

        n_blocks += p && !old;
        return p;
}

void *reallocarray(void *old, size_t n, size_t size)
{
        size_t total;

        if (__builtin_mul_overflow(n, size, &total)) {
                errno = ENOMEM;
                return NULL;
        }
        return realloc(old, total);
}

void free(void *p)
{
        n_blocks -= p != NULL;
        __libc_free(p);
}
#endif

static int count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        if (!dir)
                return -1;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

/* $0 is a program that starts another one: setsid(1) where the mechanism can hold what that makes, else
 * env(1). */
#define TREE "trap 'exit 0' TERM; $0 sleep 1000 & echo hello; "

static const struct scenario {
        const char *name, *script;
        uint64_t timeout_ns, grace_ns;
        bool cancels;
} scenarios[] = {
        { "timeout", TREE "wait", 60 * MS, 300 * MS, false },
        { "leftover", "$0 sleep 1000 & echo hello", INBYE_FOREVER, 0, false },
        { "cancel", TREE "wait", INBYE_FOREVER, 300 * MS, true },
};

/* With a token that is fired when the first output comes. */
struct run {
        struct inbye_cancel *token;
        struct inbye_result *result;
        struct inbye_error error;
        int r;
};

static void on_event(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct run *run = userdata;

        (void)process;
        if (event->kind == INBYE_EVENT_OUTPUT)
                inbye_cancel_fire(run->token);
}

static int run_live(
        struct run *run, struct inbye_loop *loop, struct inbye_command *command, uint32_t mechanism)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_process *process = NULL;
        struct inbye_group *group = NULL;
        int r;

        options.mechanisms = mechanism;
        options.cancel = run->token;
        r = inbye_group_open(loop, &options, &group, &run->error);
        if (r < 0)
                return r;
        r = inbye_group_spawn(group, command, &process, &run->error);
        if (r == 0) {
                inbye_process_on_event(process, on_event, run);
                r = inbye_process_wait(process, 5 * INBYE_SECOND, &run->result);
        }
        inbye_process_free(process);
        inbye_group_free(group);
        return r;
}

static void run_cancelled(struct run *run, struct inbye_command *command, uint32_t mechanism)
{
        struct inbye_loop *loop = NULL;

        run->r = inbye_loop_open(&loop);
        if (run->r == 0)
                run->r = inbye_cancel_open(&run->token);
        if (run->r == 0)
                run->r = run_live(run, loop, command, mechanism);
        inbye_cancel_free(run->token);
        inbye_loop_free(loop);
}

static void run_blocking(struct run *run, struct inbye_command *command, uint32_t mechanism)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;

        options.mechanisms = mechanism;
        run->r = inbye_run(command, &options, &run->result, &run->error);
}

static int prepare(const struct scenario *scenario, uint32_t mechanism, struct inbye_command **ret)
{
        const char *starter = mechanism == INBYE_MECHANISM_PGROUP ? "env" : "setsid";
        int r = inbye_command_open((const char *const[]){ "sh", "-c", scenario->script, starter, NULL }, ret);

        if (r == 0)
                r = inbye_command_set_timeout(*ret, scenario->timeout_ns);
        if (r == 0)
                r = inbye_command_set_grace(*ret, scenario->grace_ns);
        return r;
}

/* From the first to the last call of the interface; what came of it is kept until the counting is over. */
static struct run run_scenario(const struct scenario *scenario, uint32_t mechanism)
{
        struct inbye_command *command = NULL;
        struct run run = { 0 };

        run.r = prepare(scenario, mechanism, &command);
        if (run.r == 0 && scenario->cancels)
                run_cancelled(&run, command, mechanism);
        else if (run.r == 0)
                run_blocking(&run, command, mechanism);
        inbye_command_unref(command);
        return run;
}

static void print_error(const char *what, const struct inbye_error *error, int r)
{
        printf("%s %s %d %s\n", what, inbye_stage_name(error->stage), error->number ? error->number : -r,
                error->text[0] ? error->text : "-");
}

static void print_run(const struct run *run)
{
        const struct inbye_result *result = run->result;
        enum inbye_status status;

        if (run->r < 0) {
                print_error("error", &run->error, run->r);
                return;
        }
        status = inbye_result_status(result);
        if (status == INBYE_SPAWN_ERROR) {
                print_error("failed", inbye_result_error(result), 0);
                return;
        }
        printf("result %s %s %zu %d %s\n", inbye_status_name(status), inbye_result_mechanism(result),
                inbye_result_n_leftovers(result), inbye_result_truncated(result, INBYE_STDOUT),
                strcmp(inbye_result_output(result, INBYE_STDOUT, NULL), "hello\n") == 0 ? "whole"
                                                                                        : "partial");
}

static const struct scenario *find(const char *name)
{
        for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
                if (strcmp(scenarios[i].name, name) == 0)
                        return &scenarios[i];
        return NULL;
}

int main(int argc, char **argv)
{
        static char out[4096];
        const struct scenario *scenario = argc > 1 ? find(argv[1]) : NULL;
        uint32_t mechanism = argc > 2 ? inbye_mechanism_from_name(argv[2]) : 0;
        const char *at = getenv("FAULT_ALLOC");
        long n_blocks_before;
        siginfo_t info;
        struct run run;
        int n_fds;

        if (!scenario)
                return 2;
        setvbuf(stdout, out, _IOFBF, sizeof(out));
        fail_at = at ? atol(at) : 0;
        n_fds = count_fds();
        n_blocks_before = n_blocks;
        counting = true;
        (void)access("/fault_run/begin", F_OK);
        run = run_scenario(scenario, mechanism);
        (void)access("/fault_run/end", F_OK);
        counting = false;
        print_run(&run);
        inbye_result_unref(run.result);
        n_fds = count_fds() - n_fds;
        if (n_fds)
                printf("left %d descriptors\n", n_fds);
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD)
                printf("left a child\n");
        if (COUNTS_MEMORY)
                printf("allocations %ld, left %ld\n", n_allocations, n_blocks - n_blocks_before);
        return 0;
}
