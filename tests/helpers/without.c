/* SPDX-License-Identifier: MIT */
/*
 * `without THING[,THING]... -- COMMAND [ARG]...`: act as an older kernel or a stricter host.
 *
 * Each thing is taken away in the way in which a real host lacks it, then COMMAND is executed in this very
 * process, so that its pid, its parent and its status are its own:
 *
 *   clone3 close_range openat2   ENOSYS, as from a kernel that never heard of them
 *   into-cgroup   the kernels before 5.7: clone3 is there, and the struct of the size that has a cgroup in it
 *                 is E2BIG. A filter sees the size and not the struct, so this one refuses it with the cgroup
 *                 left 0, too, where a kernel would not
 *   pidfd         no pidfd calls, no clone3, EINVAL for waitid(P_PIDFD) and for clone(CLONE_PIDFD); a kernel
 *                 before 5.2 would ignore that flag instead, which no filter can do
 *   userns        EPERM for every way into a user namespace; ENOSYS for clone3, whose flags no filter sees
 *   subreaper     EINVAL for PR_SET_CHILD_SUBREAPER
 *   signalfd      EMFILE for signalfd4
 *   container     what container runtimes do today: ENOSYS for clone3, EPERM for namespaces, mounts,
 * keyrings... old-container what they did with system calls too new for them: EPERM, clone3 included cgroupfs
 * cgroup2 is mounted read-only (a mount namespace; needs CAP_SYS_ADMIN) cgroup.kill   ENOENT for every path
 * that ends so proc          /proc is an empty directory; it moves to /mnt, which $HOSTILE_PROC says
 * (CAP_SYS_ADMIN)
 *
 * A file that every cgroup has cannot be hidden by a mount, for the cgroups are yet to be made. So a second
 * process is asked about each open (seccomp's user notification). It is a grandchild that nobody waits for:
 * COMMAND must not find a child that it did not make.
 *
 * Exit status: 64 misuse; 77 where this host does not let the thing be taken away; 127 no COMMAND.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP 77
#define SIZE_WITH_CGROUP 88 /* CLONE_ARGS_SIZE_VER2 */
#define FLAG_PIDFD 0x1000
#define TYPE_PIDFD 3 /* P_PIDFD */
#define NAMESPACES                                                                                           \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
                CLONE_NEWNET)

/* One system call that fails: always, when an argument has a value, or when it has any of some bits. */
static const struct rule {
        const char *thing, *call;
        int error;
        enum { ALWAYS, EQUAL, ANY_BIT } when;
        unsigned argument;
        uint64_t value;
} rules[] = {
        { "clone3", "clone3", ENOSYS },
        { "close_range", "close_range", ENOSYS },
        { "openat2", "openat2", ENOSYS },
        { "into-cgroup", "clone3", E2BIG, EQUAL, 1, SIZE_WITH_CGROUP },
        { "pidfd", "clone3", ENOSYS },
        { "pidfd", "pidfd_open", ENOSYS },
        { "pidfd", "pidfd_send_signal", ENOSYS },
        { "pidfd", "pidfd_getfd", ENOSYS },
        { "pidfd", "clone", EINVAL, ANY_BIT, 0, FLAG_PIDFD },
        { "pidfd", "waitid", EINVAL, EQUAL, 0, TYPE_PIDFD },
        { "userns", "clone3", ENOSYS },
        { "userns", "clone", EPERM, ANY_BIT, 0, CLONE_NEWUSER },
        { "userns", "unshare", EPERM, ANY_BIT, 0, CLONE_NEWUSER },
        { "subreaper", "prctl", EINVAL, EQUAL, 0, PR_SET_CHILD_SUBREAPER },
        { "signalfd", "signalfd4", EMFILE },
        { "container", "clone3", ENOSYS },
        { "container", "clone", EPERM, ANY_BIT, 0, NAMESPACES },
        { "container", "unshare", EPERM },
        { "container", "setns", EPERM },
        { "container", "mount", EPERM },
        { "container", "umount2", EPERM },
        { "container", "pivot_root", EPERM },
        { "container", "chroot", EPERM },
        { "container", "keyctl", EPERM },
        { "container", "add_key", EPERM },
        { "container", "request_key", EPERM },
        { "container", "bpf", EPERM },
        { "container", "perf_event_open", EPERM },
        { "container", "userfaultfd", EPERM },
        { "container", "open_by_handle_at", EPERM },
        { "container", "syslog", EPERM },
        { "old-container", "clone3", EPERM },
        { "old-container", "clone", EPERM, ANY_BIT, 0, NAMESPACES },
        { "old-container", "unshare", EPERM },
        { "old-container", "setns", EPERM },
        { "old-container", "mount", EPERM },
        { "old-container", "close_range", EPERM },
        { "old-container", "openat2", EPERM },
        { "old-container", "faccessat2", EPERM },
        { "old-container", "pidfd_open", EPERM },
        { "old-container", "pidfd_getfd", EPERM },
        { "old-container", "process_madvise", EPERM },
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static const char forbidden[] = "cgroup.kill";
/* Calls by which a file is looked for, and which argument of them is its path. */
static const struct {
        const char *call;
        unsigned argument;
} questions[] = { { "open", 0 }, { "openat", 1 }, { "openat2", 1 }, { "access", 0 }, { "faccessat", 1 },
        { "faccessat2", 1 } };
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static _Noreturn void fail(int status, const char *what)
{
        fprintf(stderr, "without: %s: %s\n", what, strerror(errno));
        exit(status);
}

static bool is_named(const char *list, const char *thing)
{
        size_t n = strlen(thing);

        for (const char *at = list; (at = strstr(at, thing)); at += n)
                if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
                        return true;
        return false;
}

/* --- what is mounted ------------------------------------------------------------------------------------ */

static void own_mounts(void)
{
        static bool have;

        if (!have && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
                fail(EXIT_SKIP, "no mount namespace");
        have = true;
}

static void make_cgroupfs_readonly(void)
{
        FILE *info = fopen("/proc/self/mountinfo", "re");
        char line[8192], where[4096];

        own_mounts();
        while (info && fgets(line, sizeof(line), info))
                if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", where) == 1 &&
                        mount(NULL, where, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
                        fail(EXIT_SKIP, where);
        if (info)
                fclose(info);
}

/* Whatever else is mounted on /proc or below it goes as well. */
static void hide_proc(void)
{
        own_mounts();
        if (mount("/proc", "/mnt", NULL, MS_BIND, NULL) < 0 || umount2("/proc", MNT_DETACH) < 0)
                fail(EXIT_SKIP, "/proc");
        while (umount2("/proc", MNT_DETACH) == 0)
                ;
        setenv("HOSTILE_PROC", "/mnt", 1);
}

/* --- who is asked about files --------------------------------------------------------------------------- */

/* Two pieces that end where pages end, so that what lies behind the path need not be readable. */
static bool read_path(pid_t pid, uint64_t address, char path[static 4097])
{
        size_t n_first = 4096 - address % 4096;
        struct iovec to = { path, 4096 };
        struct iovec from[] = { { (void *)(uintptr_t)address, n_first },
                { (void *)(uintptr_t)(address + n_first), 4096 - n_first } };
        ssize_t n = process_vm_readv(pid, &to, 1, from, from[1].iov_len ? 2 : 1, 0);

        path[n > 0 ? n : 0] = '\0';
        return n > 0;
}

static bool is_forbidden(const struct seccomp_notif *question)
{
        size_t i = 0, n;
        char path[4097];

        while (i < N_QUESTIONS && seccomp_syscall_resolve_name(questions[i].call) != question->data.nr)
                i++;
        if (i == N_QUESTIONS ||
                !read_path((pid_t)question->pid, question->data.args[questions[i].argument], path))
                return false;
        n = strlen(path);
        return n >= strlen(forbidden) && strcmp(path + n - strlen(forbidden), forbidden) == 0;
}

/* Until nobody is left who could ask. Who was killed in the middle of a question needs no answer. */
static _Noreturn void answer_all(int fd)
{
        struct pollfd line = { .fd = fd, .events = POLLIN };
        struct seccomp_notif_resp *answer;
        struct seccomp_notif *question;

        if (seccomp_notify_alloc(&question, &answer) < 0)
                _exit(1);
        while (poll(&line, 1, -1) > 0 && !(line.revents & POLLHUP)) {
                memset(question, 0, sizeof(*question));
                if (seccomp_notify_receive(fd, question) < 0)
                        continue;
                *answer = (struct seccomp_notif_resp){ .id = question->id };
                if (is_forbidden(question))
                        answer->error = -ENOENT;
                else
                        answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
                seccomp_notify_respond(fd, answer);
        }
        _exit(0);
}

/*
 * Who answers has its descriptors in common with us until it is told which of them the questions come from:
 * it has to be there before the filter, which it would be under otherwise, and be asked about itself.
 */
static _Noreturn void be_warden_of_files(int number_fd)
{
        int fd;

        signal(SIGHUP, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        setsid();
        if (read(number_fd, &fd, sizeof(fd)) != sizeof(fd) || unshare(CLONE_FILES) < 0 ||
                dup2(fd, STDIN_FILENO) < 0)
                _exit(1);
        closefrom(1);
        answer_all(STDIN_FILENO);
}

static pid_t fork_sharing_files(void)
{
        return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* @return where to write the number of the descriptor. */
static int start_answering(void)
{
        int number[2];
        pid_t pid;

        if (pipe2(number, O_CLOEXEC) < 0)
                fail(1, "pipe");
        pid = fork_sharing_files();
        if (pid == 0) {
                if (fork_sharing_files() == 0)
                        be_warden_of_files(number[0]);
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                fail(1, "fork");
        return number[1];
}

/* --- the filter ----------------------------------------------------------------------------------------- */

static int add(scmp_filter_ctx filter, const struct rule *rule)
{
        int call = seccomp_syscall_resolve_name(rule->call), r = 0;
        uint32_t action = SCMP_ACT_ERRNO((uint32_t)rule->error);

        if (call == __NR_SCMP_ERROR)
                return -ENOSYS;
        if (rule->when == ALWAYS)
                return seccomp_rule_add(filter, action, call, 0);
        if (rule->when == EQUAL)
                return seccomp_rule_add(
                        filter, action, call, 1, SCMP_CMP(rule->argument, SCMP_CMP_EQ, rule->value));
        for (uint64_t bit = 1; r == 0 && bit <= rule->value; bit <<= 1)
                if (rule->value & bit)
                        r = seccomp_rule_add(filter, action, call, 1,
                                SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, bit, bit));
        return r;
}

static void add_questions(scmp_filter_ctx filter)
{
        for (size_t i = 0; i < N_QUESTIONS; i++)
                if (seccomp_rule_add(
                            filter, SCMP_ACT_NOTIFY, seccomp_syscall_resolve_name(questions[i].call), 0) < 0)
                        fail(EXIT_SKIP, "no user notification");
}

/* Set-id programs keep working where that is ours to decide: only what was named is taken away. */
static void load(const char *things)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        int number_fd = -1, fd, r = 0;

        if (!filter)
                fail(1, "filter");
        seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
        for (size_t i = 0; r == 0 && i < N_RULES; i++)
                if (is_named(things, rules[i].thing))
                        r = add(filter, &rules[i]);
        if (r == 0 && is_named(things, forbidden)) {
                add_questions(filter);
                number_fd = start_answering();
        }
        if (r == 0)
                r = seccomp_load(filter);
        errno = -r;
        if (r < 0)
                fail(EXIT_SKIP, "filter");
        if (number_fd >= 0) {
                fd = seccomp_notify_fd(filter);
                if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || write(number_fd, &fd, sizeof(fd)) != sizeof(fd))
                        fail(1, "user notification");
        }
        seccomp_release(filter);
}

static bool is_known(const char *thing)
{
        for (size_t i = 0; i < N_RULES; i++)
                if (strcmp(rules[i].thing, thing) == 0)
                        return true;
        return strcmp(thing, "cgroupfs") == 0 || strcmp(thing, forbidden) == 0 || strcmp(thing, "proc") == 0;
}

static bool are_known(const char *things)
{
        char *copy = strdup(things), *rest = copy, *thing;
        bool known = copy;

        while (known && (thing = strsep(&rest, ",")))
                known = is_known(thing);
        free(copy);
        return known;
}

int main(int argc, char **argv)
{
        if (argc < 4 || strcmp(argv[2], "--") != 0 || !are_known(argv[1])) {
                fprintf(stderr, "usage: without THING[,THING]... -- COMMAND [ARG]...\n");
                return 64;
        }
        if (is_named(argv[1], "cgroupfs"))
                make_cgroupfs_readonly();
        if (is_named(argv[1], "proc"))
                hide_proc();
        load(argv[1]);
        execvp(argv[3], argv + 3);
        fail(127, argv[3]);
}
