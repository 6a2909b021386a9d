/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "base/scope.h"
#include "spawn/spawn.h"
#include "sys/clone.h"
#include "sys/proc.h"
#include "sys/signals.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const plain_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };

/* Owner's descriptors 0 to 2, nothing special. */
static struct spawn_plan plan_of(const char *const *argv)
{
        struct spawn_plan plan = SPAWN_PLAN_INIT;
        int i;

        plan.argv = argv;
        plan.envp = plain_env;
        for (i = 0; i < 3; i++)
                plan.stdio[i] = i;
        return plan;
}

/* Exit code, or 128 + signal. */
static int wait_for(const struct spawned *spawned)
{
        siginfo_t info = { 0 };

        cr_assert(zero(int, waitid(P_PIDFD, (id_t)spawned->pidfd, &info, WEXITED)));
        cr_assert(eq(int, info.si_pid, spawned->pid));
        close(spawned->pidfd);
        return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int run(const struct spawn_plan *plan)
{
        struct inbye_error error = { 0 };
        struct spawned spawned;
        int r = spawn(plan, &spawned, &error);

        cr_assert(zero(int, r), "%s (stage %d)", error.text, error.stage);
        cr_assert(ge(int, spawned.pidfd, 0));
        cr_assert(eq(int, fcntl(spawned.pidfd, F_GETFD), FD_CLOEXEC));
        return wait_for(&spawned);
}

static size_t read_all(int fd, char *text, size_t size)
{
        size_t n = 0;
        ssize_t r;

        while (n < size - 1 && (r = read(fd, text + n, size - 1 - n)) > 0)
                n += (size_t)r;
        text[n] = '\0';
        return n;
}

/* Standard output of the command, which must end well. */
static void output_of(struct spawn_plan plan, char *text, size_t size)
{
        struct inbye_error error = { 0 };
        struct spawned spawned;
        int fds[2], r;

        cr_assert(zero(int, pipe2(fds, O_CLOEXEC)));
        plan.stdio[1] = fds[1];
        r = spawn(&plan, &spawned, &error);
        close(fds[1]);
        cr_assert(zero(int, r), "%s", error.text);
        read_all(fds[0], text, size);
        close(fds[0]);
        cr_assert(zero(int, wait_for(&spawned)));
}

static unsigned count_fds(void)
{
        DIR *directory = opendir("/proc/self/fd");
        unsigned n = 0;

        while (readdir(directory))
                n++;
        closedir(directory);
        return n;
}

/* The plan fails at this stage with this errno, and neither a child nor a descriptor stays behind. */
static struct inbye_error expect_failure(const struct spawn_plan *plan, enum inbye_stage stage, int number)
{
        struct inbye_error error = { 0 };
        struct spawned spawned = { .pid = -7, .pidfd = -7 };
        unsigned n_fds = count_fds();

        cr_assert(eq(int, spawn(plan, &spawned, &error), -number), "%s", error.text);
        cr_assert(eq(int, (int)error.stage, (int)stage), "%s", error.text);
        cr_assert(eq(int, error.number, number));
        cr_assert(ne(str, error.text, ""));
        cr_assert(eq(int, spawned.pid, -7));
        cr_assert(eq(uint, count_fds(), n_fds));
        /* Not WNOHANG: where SIGCHLD is ignored the kernel reaps a moment later. */
        cr_assert(eq(int, waitpid(-1, NULL, 0), -1));
        cr_assert(eq(int, spawn(plan, &spawned, NULL), -number));
        return error;
}

static const char *scratch(void)
{
        static char directory[] = "/tmp/inbye-spawn-XXXXXX";
        static bool is_made;

        if (!is_made)
                cr_assert(ne(ptr, mkdtemp(directory), NULL));
        is_made = true;
        return directory;
}

static char *path_in_scratch(const char *name)
{
        char *path;

        cr_assert(gt(int, asprintf(&path, "%s/%s", scratch(), name), 0));
        return path;
}

static char *make_file(const char *name, const char *content, mode_t mode)
{
        char *path = path_in_scratch(name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        cr_assert(ge(int, fd, 0));
        cr_assert(zero(int, fd_write_all(fd, content, strlen(content))));
        cr_assert(zero(int, fchmod(fd, mode)));
        close(fd);
        return path;
}

static void remove_scratch(void)
{
        const char *argv[] = { "rm", "-rf", scratch(), NULL };
        struct spawn_plan plan = plan_of(argv);

        cr_assert(zero(int, run(&plan)));
}

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void check_every_basic(void)
{
        struct spawn_plan plan = plan_of(ARGV("sh", "-c", "exit 3"));
        struct spawn_plan wrong = plan_of(ARGV("true"));
        char text[256];

        cr_assert(eq(int, run(&plan), 3));
        plan = plan_of(ARGV("echo", "a b", "c"));
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "a b c\n"));
        wrong.cwd = "/nonexistent";
        expect_failure(&wrong, INBYE_STAGE_CHDIR, ENOENT);
        wrong = plan_of(ARGV("/nonexistent/program"));
        expect_failure(&wrong, INBYE_STAGE_EXEC, ENOENT);
}

Test(spawn, starts_and_fails_on_every_rung)
{
        int rung;

        for (rung = SYS_CLONE_INTO; rung <= SYS_CLONE_NONE; rung++) {
                sys_clone_force((enum sys_clone_rung)rung);
                check_every_basic();
        }
}

static void check_closed_stdio(void)
{
        struct spawn_plan plan = plan_of(ARGV("sh", "-c", "echo out; echo err >&2"));
        struct spawned spawned;
        char text[64];
        int fds[2];

        /* with 0 to 2 closed the pipe's ends, and all that spawn() opens, are 0, 1, 2 */
        cr_assert(zero(int, pipe(fds)));
        plan.stdio[0] = -1;
        plan.stdio[1] = plan.stdio[2] = fds[1];
        cr_assert(zero(int, spawn(&plan, &spawned, NULL)));
        close(fds[1]);
        read_all(fds[0], text, sizeof(text));
        close(fds[0]);
        cr_assert(zero(int, wait_for(&spawned)));
        cr_assert(eq(str, text, "out\nerr\n"));
}

Test(spawn, works_for_an_owner_without_0_to_2)
{
        int rung, i, saved[3];

        for (i = 0; i < 3; i++) {
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
                close(i);
        }
        for (rung = SYS_CLONE_INTO; rung <= SYS_CLONE_NONE; rung++) {
                sys_clone_force((enum sys_clone_rung)rung);
                check_closed_stdio();
        }
        for (i = 0; i < 3; i++)
                if (saved[i] >= 0)
                        dup2(saved[i], i);
}

Test(spawn, places_descriptors_in_any_permutation)
{
        static const int orders[][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 },
                { 0, 0, 0 }, { 2, 2, 1 }, { 1, 1, 0 }, { 0, 2, 2 }, { 0, 0, 1 } };
        scoped(freep) char *path = path_in_scratch("seen");
        struct stat st[3];
        char text[256], expected[256];
        int i, saved[3];
        size_t k;

        for (i = 0; i < 3; i++) {
                int fd = open((const char *[]){ "/dev/null", "/dev/zero", "/dev/full" }[i], O_RDWR);

                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 20);
                cr_assert(zero(int, fstat(fd, &st[i])));
                dup2(fd, i);
                close(fd);
        }
        for (k = 0; k < ARRAY_SIZE(orders); k++) {
                /* in a subshell: the shell's own descriptors are what is looked at */
                struct spawn_plan plan =
                        plan_of(ARGV("sh", "-c", "(stat -L -c %r /proc/$$/fd/[012] >\"$1\"); :", "sh", path));
                int n = 0;

                memcpy(plan.stdio, orders[k], sizeof(plan.stdio));
                cr_assert(zero(int, run(&plan)));
                cr_assert(gt(int, (int)fd_read_file_at(AT_FDCWD, path, text, sizeof(text)), 0));
                for (i = 0; i < 3; i++)
                        n += sprintf(expected + n, "%llu\n", (unsigned long long)st[orders[k][i]].st_rdev);
                cr_assert(eq(str, text, expected), "order %zu", k);
        }
        for (i = 0; i < 3; i++)
                dup2(saved[i], i);
        remove_scratch();
}

Test(spawn, closes_what_was_not_named)
{
        int keep = fcntl(0, F_DUPFD, 40), other = fcntl(0, F_DUPFD, 50);
        struct spawn_plan plan = plan_of(ARGV("ls", "/proc/self/fd"));
        char text[256];

        plan.keep_fds = &keep;
        plan.n_keep_fds = 1;
        output_of(plan, text, sizeof(text));
        /* 3 is the directory itself */
        cr_assert(eq(str, text, "0\n1\n2\n3\n40\n"));
        cr_assert(eq(int, fcntl(other, F_GETFD), 0));
        plan.stdio[0] = plan.stdio[2] = -1;
        plan.n_keep_fds = 0;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "0\n1\n"));
}

Test(spawn, needs_few_descriptors_and_endures_many)
{
        struct spawn_plan plan = plan_of(ARGV("sh", "-c", "ls /proc/self/fd | wc -l"));
        struct rlimit old, limit;
        char text[64];
        int i;

        cr_assert(zero(int, getrlimit(RLIMIT_NOFILE, &old)));
        limit = old;
        limit.rlim_cur = 16;
        cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));
        output_of(plan, text, sizeof(text));
        limit.rlim_cur = old.rlim_max < 10100 ? old.rlim_max : 10100;
        cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));
        for (i = 0; i < (int)limit.rlim_cur - 100; i++)
                cr_assert(ge(int, dup(0), 0));
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "4\n"));
}

static uint64_t status_field(const char *status, const char *name)
{
        const char *at = strstr(status, name);

        cr_assert(ne(ptr, (void *)at, NULL));
        return strtoull(at + strlen(name), NULL, 16);
}

static void check_signals(void)
{
        struct spawn_plan plan = plan_of(ARGV("cat", "/proc/self/status"));
        char text[8192];

        output_of(plan, text, sizeof(text));
        cr_assert(eq(u64, status_field(text, "SigBlk:"), 0));
        cr_assert(eq(u64, status_field(text, "SigIgn:"), 0));
        plan.signal_mask = SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(34);
        plan.signals_ignored = SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGPIPE) | SIGNAL_BIT(33);
        output_of(plan, text, sizeof(text));
        cr_assert(eq(u64, status_field(text, "SigBlk:"), plan.signal_mask));
        cr_assert(eq(u64, status_field(text, "SigIgn:"), plan.signals_ignored));
        plan.inherit_ignored = true;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(u64, status_field(text, "SigIgn:"), plan.signals_ignored | sys_signals_ignored()));
}

Test(spawn, resets_mask_and_actions_and_leaves_the_owner_alone)
{
        uint64_t mask, own = SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(40);
        int rung;

        signal(SIGHUP, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        cr_assert(zero(int, sys_signal_mask(own, NULL)));
        for (rung = SYS_CLONE_INTO; rung <= SYS_CLONE_NONE; rung++) {
                sys_clone_force((enum sys_clone_rung)rung);
                check_signals();
        }
        cr_assert(zero(int, sys_signal_mask(own, &mask)));
        cr_assert(eq(u64, mask, own));
        cr_assert(eq(int, signal(SIGHUP, SIG_IGN) == SIG_IGN, 1));
}

Test(spawn, works_while_the_owner_ignores_sigchld)
{
        struct spawn_plan plan = plan_of(ARGV("echo", "hello"));
        struct spawn_plan wrong = plan_of(ARGV("nonexistent-program"));
        struct spawned spawned;
        char text[64];
        int fds[2], rung;

        signal(SIGCHLD, SIG_IGN);
        for (rung = SYS_CLONE_INTO; rung <= SYS_CLONE_NONE; rung++) {
                sys_clone_force((enum sys_clone_rung)rung);
                cr_assert(zero(int, pipe2(fds, O_CLOEXEC)));
                plan.stdio[1] = fds[1];
                cr_assert(zero(int, spawn(&plan, &spawned, NULL)));
                close(fds[1]);
                read_all(fds[0], text, sizeof(text));
                close(fds[0]);
                close(spawned.pidfd);
                cr_assert(eq(str, text, "hello\n"));
                expect_failure(&wrong, INBYE_STAGE_EXEC, ENOENT);
        }
}

Test(spawn, reports_each_stage_as_itself)
{
        const struct spawn_rlimit bad_limit = { RLIMIT_NOFILE, { 20, 10 } };
        const gid_t bad_group = (gid_t)-1;
        struct spawn_plan plan = plan_of(ARGV("true"));
        struct inbye_error error;
        const struct sys_cpus no_cpus = { 0 };
        int not_open = 999;

        plan.stdio[1] = not_open;
        error = expect_failure(&plan, INBYE_STAGE_STDIO, EBADF);
        cr_assert(ne(ptr, strstr(error.text, "999"), NULL));
        plan = plan_of(ARGV("true"));
        plan.keep_fds = &not_open;
        plan.n_keep_fds = 1;
        expect_failure(&plan, INBYE_STAGE_STDIO, EBADF);
        plan = plan_of(ARGV("true"));
        plan.cwd = "/dev/null";
        error = expect_failure(&plan, INBYE_STAGE_CHDIR, ENOTDIR);
        cr_assert(ne(ptr, strstr(error.text, "'/dev/null'"), NULL));
        plan = plan_of(ARGV("true"));
        plan.rlimits = &bad_limit;
        plan.n_rlimits = 1;
        error = expect_failure(&plan, INBYE_STAGE_RLIMIT, EINVAL);
        cr_assert(ne(ptr, strstr(error.text, "'nofile' to 20:10"), NULL));
        plan = plan_of(ARGV("true"));
        plan.set_ioprio = true;
        plan.io_class = 7;
        expect_failure(&plan, INBYE_STAGE_IOPRIO, EINVAL);
        plan = plan_of(ARGV("true"));
        plan.affinity = &no_cpus;
        expect_failure(&plan, INBYE_STAGE_AFFINITY, EINVAL);
        plan = plan_of(ARGV("true"));
        plan.foreground_fd = 0;
        expect_failure(&plan, INBYE_STAGE_SESSION, ENOTTY);
        plan = plan_of(ARGV("true"));
        plan.set_groups = true;
        plan.groups = &bad_group;
        plan.n_groups = 1;
        expect_failure(&plan, INBYE_STAGE_GROUPS, geteuid() == 0 ? EINVAL : EPERM);
        plan = plan_of(ARGV("true"));
        plan.join_by_write = true;
        plan.cgroup_procs_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        expect_failure(&plan, INBYE_STAGE_JOIN, ENOSPC);
}

Test(spawn, reports_the_ids_that_only_root_may_set)
{
        struct spawn_plan plan = plan_of(ARGV("true"));

        if (geteuid() == 0) {
                cr_assert(zero(int, setgid(65534)));
                cr_assert(zero(int, setuid(65534)));
                cr_assert(zero(int, prctl(PR_SET_DUMPABLE, 1)));
        }
        plan.set_gid = true;
        expect_failure(&plan, INBYE_STAGE_GID, EPERM);
        plan.set_gid = false;
        plan.set_uid = true;
        expect_failure(&plan, INBYE_STAGE_UID, EPERM);
        plan.set_uid = false;
        plan.set_nice = true;
        plan.nice = -20;
        expect_failure(&plan, INBYE_STAGE_NICE, EACCES);
}

Test(spawn, applies_the_settings)
{
        const struct spawn_rlimit limits[] = { { RLIMIT_NOFILE, { 50, 60 } }, { RLIMIT_CORE, { 0, 0 } } };
        struct spawn_plan plan = plan_of(ARGV("sh", "-c",
                "pwd; umask; nice; ulimit -n; ulimit -Hn; ps -o pgid= -p $$ | grep -cw $$; taskset -p $$"));
        const struct sys_cpus cpus = { .words = { 1 } };
        char text[512];

        plan.cwd = "/usr";
        plan.set_umask = true;
        plan.umask = 027;
        plan.set_nice = true;
        plan.nice = 5;
        plan.set_ioprio = true;
        plan.io_class = 2;
        plan.io_level = 7;
        plan.rlimits = limits;
        plan.n_rlimits = 2;
        plan.pgroup = SPAWN_PGROUP_OWN;
        plan.affinity = &cpus;
        output_of(plan, text, sizeof(text));
        *strstr(text, "pid") = '\0';
        cr_assert(eq(str, text, "/usr\n0027\n5\n50\n60\n1\n"));
}

Test(spawn, drops_ids_for_the_child_alone)
{
        struct spawn_plan plan = plan_of(ARGV("sh", "-c", "id -u; id -g; id -G"));
        char text[64];

        if (geteuid() != 0)
                cr_skip("only root can change ids");
        plan.set_uid = plan.set_gid = plan.set_groups = true;
        plan.uid = plan.gid = 65534;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "65534\n65534\n65534\n"));
        cr_assert(eq(int, (int)geteuid(), 0));
        cr_assert(eq(int, prctl(PR_GET_DUMPABLE), 1));
}

Test(spawn, makes_a_session)
{
        struct spawn_plan plan = plan_of(ARGV("sh", "-c", "ps -o sid= -p $$ | grep -cw $$"));
        char text[64];

        plan.pgroup = SPAWN_PGROUP_SESSION;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "1\n"));
}

Test(spawn, looks_in_the_path_of_the_child_in_order)
{
        scoped(freep) char *one = path_in_scratch("one"), *two = path_in_scratch("two"), *path = NULL;
        scoped(freep) char *plain = NULL, *first = NULL, *second = NULL;
        const char *envp[2] = { NULL, NULL };
        struct spawn_plan plan = plan_of(ARGV("tool"));
        char text[128];

        cr_assert(zero(int, mkdir(one, 0700)));
        cr_assert(zero(int, mkdir(two, 0700)));
        plain = make_file("plain", "", 0600);
        first = make_file("one/tool", "#!/bin/sh\necho one\n", 0600);
        second = make_file("two/tool", "#!/bin/sh\necho two\n", 0700);
        /* past a file as directory, a missing one, and one that is not executable */
        cr_assert(gt(int, asprintf(&path, "PATH=%s:/nonexistent:%s:%s", plain, one, two), 0));
        envp[0] = path;
        plan.envp = envp;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "two\n"));
        cr_assert(zero(int, access(second, X_OK)));
        cr_assert(zero(int, chmod(first, 0700)));
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "one\n"));
        /* an empty element is the working directory, the child's */
        envp[0] = "PATH=/nonexistent:";
        plan.cwd = two;
        output_of(plan, text, sizeof(text));
        cr_assert(eq(str, text, "two\n"));
        plan = plan_of(ARGV("true"));
        plan.envp = NULL;
        cr_assert(zero(int, run(&plan)));
        remove_scratch();
}

Test(spawn, says_where_it_looked)
{
        const char *envp[] = { "PATH=/usr/bin::/opt/x", NULL };
        struct spawn_plan plan = plan_of(ARGV("no-such-tool"));
        struct inbye_error error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);

        cr_assert(
                eq(str, error.text, "cannot find 'no-such-tool': looked in /usr/local/bin, /usr/bin, /bin"));
        plan.envp = envp;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(eq(str, error.text, "cannot find 'no-such-tool': looked in /usr/bin, ., /opt/x"));
        plan.program = "";
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(eq(str, error.text, "cannot find a program: its name is empty"));
        plan.program = "./no-such-tool";
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(eq(str, error.text, "cannot execute './no-such-tool': No such file or directory"));
}

Test(spawn, says_why_a_file_does_not_execute)
{
        scoped(freep) char *closed = make_file("closed", "#!/bin/sh\n", 0600);
        scoped(freep) char *orphan = make_file("orphan", "#! /no/such/interpreter -x\n", 0700);
        scoped(freep) char *dos = make_file("dos", "#!/bin/sh\r\necho\r\n", 0700);
        scoped(freep) char *text = make_file("text", "echo $0 $1\n", 0700);
        struct spawn_plan plan = plan_of(ARGV("x", "argument"));
        struct inbye_error error;
        char output[256];

        plan.program = closed;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, EACCES);
        cr_assert(ne(ptr, strstr(error.hint, "chmod +x"), NULL));
        plan.program = "/usr/bin/";
        error = expect_failure(&plan, INBYE_STAGE_EXEC, EACCES);
        cr_assert(ne(ptr, strstr(error.text, "it is a directory"), NULL));
        plan.program = orphan;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(ne(ptr, strstr(error.text, "interpreter '/no/such/interpreter' is missing"), NULL));
        plan.program = dos;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(ne(ptr, strstr(error.hint, "carriage return"), NULL));
        plan.program = text;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOEXEC);
        cr_assert(ne(ptr, strstr(error.hint, "#!"), NULL));
        plan.shell_fallback = true;
        output_of(plan, output, sizeof(output));
        cr_assert(ne(ptr, strstr(output, "/text argument\n"), NULL));
        remove_scratch();
}

/* A copy of a program whose loader's name was changed: as if it came from another C library. */
Test(spawn, names_a_missing_loader)
{
        scoped(freep) char *path = path_in_scratch("foreign"), *data = malloc(1 << 20);
        struct spawn_plan plan = plan_of(ARGV("foreign"));
        struct inbye_error error;
        ssize_t n = fd_read_file_at(AT_FDCWD, "/bin/true", data, 1 << 20);
        char *loader;
        int fd;

        loader = n > 0 ? memmem(data, (size_t)n, "/ld-linux", 9) : NULL;
        if (!loader)
                cr_skip("this program has no loader of the usual name");
        loader[1] = 'X';
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
        cr_assert(zero(int, fd_write_all(fd, data, (size_t)n)));
        close(fd);
        plan.program = path;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, ENOENT);
        cr_assert(ne(ptr, strstr(error.text, "/Xd-linux"), NULL), "%s", error.text);
        remove_scratch();
}

Test(spawn, says_how_long_an_argument_list_may_be)
{
        scoped(freep) char *word = malloc(200001);
        const char *argv[64] = { "true", word, NULL };
        struct spawn_plan plan = plan_of(argv);
        struct inbye_error error;
        int i;

        memset(word, 'x', 200000);
        word[200000] = '\0';
        error = expect_failure(&plan, INBYE_STAGE_EXEC, E2BIG);
        cr_assert(ne(ptr, strstr(error.text, "one argument has 200000 bytes, it may have 131071"), NULL));
        word[130000] = '\0';
        for (i = 1; i < 63; i++)
                argv[i] = word;
        error = expect_failure(&plan, INBYE_STAGE_EXEC, E2BIG);
        cr_assert(ne(ptr, strstr(error.text, "63 arguments"), NULL), "%s", error.text);
}

struct leaf {
        char path[512];
        int fd;
        unsigned n_opened;
};

static int open_procs(void *userdata)
{
        struct leaf *leaf = userdata;

        leaf->n_opened++;
        return openat(leaf->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
}

static struct leaf make_leaf(const char *name)
{
        struct leaf leaf = { .fd = -1 };
        char mount[128], root[128], own[256];

        if (proc_cgroup2_mount(mount, sizeof(mount), root, sizeof(root)) < 0 ||
                proc_own_cgroup(own, sizeof(own)) < 0)
                cr_skip("no cgroup v2 here");
        snprintf(leaf.path, sizeof(leaf.path), "%s/%s/inbye-test-spawn-%d-%s", mount, own, getpid(), name);
        if (mkdir(leaf.path, 0755) < 0)
                cr_skip("no cgroup may be made here");
        leaf.fd = open(leaf.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return leaf;
}

/* Once its last process was reaped. */
static void remove_leaf(struct leaf *leaf)
{
        close(leaf->fd);
        cr_assert(zero(int, rmdir(leaf->path)));
}

static struct spawn_plan plan_in(struct leaf *leaf)
{
        static const char *const argv[] = { "grep", "^0:", "/proc/self/cgroup", NULL };
        struct spawn_plan plan = plan_of(argv);

        plan.cgroup_fd = leaf->fd;
        plan.open_cgroup_procs = open_procs;
        plan.userdata = leaf;
        return plan;
}

/* Where the child finds itself; with how it came there. */
static bool child_is_inside(struct leaf *leaf, struct spawn_plan plan)
{
        struct spawned spawned;
        char text[1024];
        int fds[2];

        cr_assert(zero(int, pipe2(fds, O_CLOEXEC)));
        plan.stdio[1] = fds[1];
        cr_assert(zero(int, spawn(&plan, &spawned, NULL)));
        close(fds[1]);
        read_all(fds[0], text, sizeof(text));
        close(fds[0]);
        cr_assert(zero(int, wait_for(&spawned)));
        cr_assert(ne(ptr, strstr(text, strrchr(leaf->path, '/')), NULL), "%s", text);
        return spawned.joined_by_write;
}

Test(spawn, starts_inside_the_leaf_on_every_rung)
{
        struct leaf leaf = make_leaf("rungs");
        struct spawn_plan plan = plan_in(&leaf);
        int rung;

        if (child_is_inside(&leaf, plan))
                cr_log_warn("no CLONE_INTO_CGROUP here");
        plan.join_by_write = true;
        cr_assert(child_is_inside(&leaf, plan));
        plan.join_by_write = false;
        for (rung = SYS_CLONE_PIDFD; rung <= SYS_CLONE_NONE; rung++) {
                sys_clone_force((enum sys_clone_rung)rung);
                cr_assert(child_is_inside(&leaf, plan));
        }
        cr_assert(ge(uint, leaf.n_opened, 4));
        remove_leaf(&leaf);
}

Test(spawn, leaves_a_cgroup_that_was_killed_once_by_writing)
{
        struct leaf home = make_leaf("killed"), leaf = make_leaf("fresh");
        struct spawn_plan plan = plan_in(&leaf);
        int parent = openat(home.fd, "../cgroup.procs", O_WRONLY | O_CLOEXEC);
        bool by_write;

        if (fd_write_file_at(home.fd, "cgroup.kill", "1") < 0)
                cr_skip("no cgroup.kill here");
        cr_assert(zero(int, fd_write_file_at(home.fd, "cgroup.procs", "0")));
        by_write = child_is_inside(&leaf, plan);
        cr_assert(eq(int, (int)write(parent, "0", 1), 1));
        close(parent);
        cr_log_info("killed at birth: %s", by_write ? "yes, mended" : "not on this kernel");
        remove_leaf(&leaf);
        remove_leaf(&home);
}

Test(spawn, says_that_the_leaf_is_the_trouble)
{
        struct leaf leaf = make_leaf("gone");
        struct spawn_plan plan = plan_in(&leaf);
        struct inbye_error error = { 0 };
        struct spawned spawned;
        int r;

        cr_assert(zero(int, rmdir(leaf.path)));
        r = spawn(&plan, &spawned, &error);
        cr_assert(r == -ENOENT || r == -ENODEV, "%d %s", r, error.text);
        cr_assert(eq(int, (int)error.stage, (int)INBYE_STAGE_JOIN));
        close(leaf.fd);
}

Test(spawn, reports_a_limit_on_processes_as_clone)
{
        struct rlimit old, none;
        struct spawn_plan plan = plan_of(ARGV("true"));

        /* root is not held by the limit */
        if (geteuid() == 0) {
                cr_assert(zero(int, setgid(65534)));
                cr_assert(zero(int, setuid(65534)));
                cr_assert(zero(int, prctl(PR_SET_DUMPABLE, 1)));
        }
        cr_assert(zero(int, getrlimit(RLIMIT_NPROC, &old)));
        none = old;
        none.rlim_cur = 0;
        cr_assert(zero(int, setrlimit(RLIMIT_NPROC, &none)));
        expect_failure(&plan, INBYE_STAGE_CLONE, EAGAIN);
        cr_assert(zero(int, setrlimit(RLIMIT_NPROC, &old)));
}
