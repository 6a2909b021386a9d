/* SPDX-License-Identifier: MIT */
/*
 * Pids that come again. In a PID namespace of the test's own a process is made that has the very pid which a
 * command, an owner or a warden of inbye had a moment before; it leads a process group of that number, too.
 * Everything that could be mistaken is then asked to signal, kill and clean up: the newcomer must not notice.
 *
 * A pid is not waited for to come round: clone3(2) takes the one that is wanted (set_tid, Linux 5.5), which
 * needs CAP_CHECKPOINT_RESTORE over the namespace. Left to chance it would take 32768 processes each time,
 * and would prove nothing on the days when it did not happen.
 */
#include "cells.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP 77

static size_t n_checks, n_failures;

static void check(bool good, const char *mechanism, const char *what)
{
        n_checks++;
        if (good)
                return;
        n_failures++;
        printf("not ok %s: %s\n", mechanism, what);
}

/* --- the newcomer --------------------------------------------------------------------------------------- */

struct clone3_arguments {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
                set_tid_size;
};

struct newcomer {
        pid_t pid;
        int line[2]; /* it answers each byte; the other end is its own */
};

static _Noreturn void answer(int fd)
{
        char byte;

        for (int signo = 1; signo < NSIG; signo++)
                signal(signo, SIG_DFL);
        while (read(fd, &byte, 1) == 1)
                if (write(fd, &byte, 1) != 1)
                        break;
        _exit(0);
}

static int newcomer_open(struct newcomer *newcomer, pid_t pid)
{
        struct clone3_arguments arguments = {
                .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1
        };

        *newcomer = (struct newcomer){ .line = { -1, -1 } };
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, newcomer->line) < 0)
                return -errno;
        newcomer->pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
        if (newcomer->pid < 0)
                return -errno;
        if (newcomer->pid == 0) {
                close(newcomer->line[0]);
                (void)setpgid(0, 0);
                answer(newcomer->line[1]);
        }
        (void)setpgid(newcomer->pid, newcomer->pid);
        close(newcomer->line[1]);
        return 0;
}

/* A stopped one does not answer, a dead one hangs up. */
static bool newcomer_is_well(const struct newcomer *newcomer)
{
        struct pollfd line = { .fd = newcomer->line[0], .events = POLLIN };
        char byte = '?';

        return write(line.fd, &byte, 1) == 1 && poll(&line, 1, 10000) > 0 && read(line.fd, &byte, 1) == 1;
}

static void newcomer_close(struct newcomer *newcomer)
{
        if (newcomer->pid > 0) {
                kill(newcomer->pid, SIGKILL);
                waitpid(newcomer->pid, NULL, 0);
        }
        close(newcomer->line[0]);
}

/* One that was hit by the number of its group is seen to have been. */
static void prove(void)
{
        struct newcomer newcomer;
        bool good = newcomer_open(&newcomer, 30000) >= 0;

        check(good && newcomer_is_well(&newcomer), "proof", "no newcomer");
        if (!good)
                return;
        kill(-newcomer.pid, SIGKILL);
        check(!newcomer_is_well(&newcomer), "proof", "a newcomer that was hit looks well");
        newcomer_close(&newcomer);
}

/* --- a command whose pid comes again -------------------------------------------------------------------- */

struct trial {
        const char *mechanism;
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_process *process;
        struct inbye_result *result;
};

static int trial_open(struct trial *trial, uint32_t mechanism)
{
        const char *argv[] = { "/bin/true", NULL };
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_command *command;
        int r;

        options.mechanisms = mechanism;
        r = inbye_loop_open(&trial->loop);
        if (r >= 0)
                r = inbye_group_open(trial->loop, &options, &trial->group, NULL);
        if (r >= 0)
                r = inbye_command_open(argv, &command);
        if (r < 0)
                return r;
        r = inbye_group_spawn(trial->group, command, &trial->process, NULL);
        inbye_command_unref(command);
        return r;
}

static void trial_close(struct trial *trial)
{
        inbye_result_unref(trial->result);
        inbye_process_free(trial->process);
        inbye_group_free(trial->group);
        inbye_loop_free(trial->loop);
}

/* All that could signal by number, and the end of all that is still held. */
static void signal_everything(struct trial *trial)
{
        (void)inbye_process_signal(trial->process, SIGKILL);
        (void)inbye_group_signal(trial->group, SIGTERM);
        (void)inbye_group_signal(trial->group, SIGSTOP);
        (void)inbye_group_kill(trial->group);
}

static void try_command(const char *mechanism, uint32_t bit)
{
        struct trial trial = { .mechanism = mechanism };
        struct newcomer newcomer;
        pid_t pid;
        int r;

        r = trial_open(&trial, bit);
        pid = trial.process ? inbye_process_pid(trial.process) : 0;
        if (r >= 0)
                r = inbye_process_wait(trial.process, 10 * INBYE_SECOND, &trial.result);
        check(r >= 0, mechanism, "the command does not end");
        r = newcomer_open(&newcomer, pid);
        check(r >= 0, mechanism, "its pid cannot be had again");
        if (r >= 0) {
                check(newcomer.pid == pid, mechanism, "another pid came");
                signal_everything(&trial);
                check(newcomer_is_well(&newcomer), mechanism, "whoever has the command's pid now was hit");
        }
        trial_close(&trial);
        check(newcomer_is_well(&newcomer), mechanism, "whoever has its pid was hit when all was freed");
        newcomer_close(&newcomer);
}

/* --- an owner whose pid comes again --------------------------------------------------------------------- */

static unsigned long long start_of(pid_t pid)
{
        char path[64], text[1024], *end;
        unsigned long long ticks = 0;
        FILE *file;
        size_t n;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return 0;
        n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        end = strrchr(text, ')');
        if (!end ||
                sscanf(end + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                        &ticks) != 1)
                return 0;
        return ticks;
}

/* Not in the same tick of the clock, by which alone a pid is told from another of the same number. */
static int newcomer_open_later(struct newcomer *newcomer, pid_t pid, unsigned long long start)
{
        int r = newcomer_open(newcomer, pid);

        while (r >= 0 && start_of(pid) == start) {
                newcomer_close(newcomer);
                r = newcomer_open(newcomer, pid);
        }
        return r;
}

/* Stopped first, so that neither sees the other die. */
static bool kill_with_warden(struct program *owner)
{
        pid_t warden = program_child(owner, "inbye-warden");
        siginfo_t info;
        int status;

        kill(owner->pid, SIGSTOP);
        if (warden <= 0 || waitid(P_PID, (id_t)owner->pid, &info, WSTOPPED) < 0)
                return false;
        kill(warden, SIGKILL);
        kill(owner->pid, SIGKILL);
        /* It becomes our child when its parent has gone: then its pid is free, too. */
        return program_wait(owner, 10000, &status) >= 0 && waitpid(warden, &status, 0) == warden;
}

static void check_gc(struct suite *suite, struct witness *witness, const struct newcomer *newcomer)
{
        const char *argv[] = { suite->inbye, "gc", NULL };
        struct program gc = PROGRAM_NULL;
        int status = -1;

        check(witness_read(witness) > 0 && witness_count_alive(witness) > 0, "gc",
                "nobody is left to be found");
        check(program_start(&gc, argv, NULL, NULL) >= 0 && program_wait(&gc, 20000, &status) >= 0 &&
                        status == 0,
                "gc", "it fails");
        check(witness_count_alive(witness) == 0, "gc",
                "the owner's pid came again, and its tree was left alone");
        check(newcomer_is_well(newcomer), "gc", "whoever has the owner's pid now was hit");
        program_deinit(&gc);
}

static void try_owner(struct suite *suite)
{
        const char *argv[] = { suite->inbye, "run", "--mechanism=cgroup", "--", suite->helper, "daemon",
                "stay", NULL };
        struct witness witness = WITNESS_NULL;
        struct program owner = PROGRAM_NULL;
        struct newcomer newcomer;
        unsigned long long start;
        pid_t pid;

        check(witness_init(&witness, suite->directory) >= 0 &&
                        program_start(&owner, argv, witness.log_path, NULL) >= 0 &&
                        program_expect(&owner, "ready\n", 20000),
                "gc", "no tree");
        pid = owner.pid;
        start = start_of(pid);
        check(kill_with_warden(&owner), "gc", "owner and warden do not die");
        if (newcomer_open_later(&newcomer, pid, start) >= 0) {
                check_gc(suite, &witness, &newcomer);
                newcomer_close(&newcomer);
        } else {
                check(false, "gc", "the owner's pid cannot be had again");
        }
        witness_end_all(&witness);
        program_deinit(&owner);
        witness_deinit(&witness);
}

/* --- the whole ------------------------------------------------------------------------------------------ */

/* @return whether the namespace is there, /proc showing it. */
static bool enter_namespace(void)
{
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static int try_all(struct suite *suite)
{
        const struct inbye_host_mechanism *m;
        struct inbye_host *host;

        if (!enter_namespace() || inbye_host_open(&host) < 0)
                return 1;
        prove();
        for (size_t i = 0; (m = inbye_host_mechanism(host, i)); i++) {
                if (m->number != 0)
                        continue;
                try_command(m->name, m->mechanism);
                if (m->mechanism == INBYE_MECHANISM_CGROUP)
                        try_owner(suite);
        }
        inbye_host_free(host);
        printf("checks: %zu passed, %zu failed, 0 skipped\n", n_checks - n_failures, n_failures);
        return n_failures > 0 || n_checks == 0;
}

/* All that may be left in the namespace dies with its first process. */
int main(int argc, char **argv)
{
        char directory[] = "/tmp/recycled.XXXXXX";
        struct suite suite = { .directory = directory };
        int status;
        pid_t pid;

        if (argc != 3) {
                fprintf(stderr, "usage: recycled HOSTILE INBYE\n");
                return 64;
        }
        signal(SIGPIPE, SIG_IGN);
        suite.helper = argv[1];
        suite.inbye = argv[2];
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0) {
                printf("hostile: skipped: no PID namespace may be made here\n");
                return EXIT_SKIP;
        }
        if (!mkdtemp(directory))
                return 1;
        fflush(NULL);
        pid = fork();
        if (pid == 0)
                exit(try_all(&suite));
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                status = 1;
        if (rmdir(directory) < 0)
                perror(directory);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
