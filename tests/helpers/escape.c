/* SPDX-License-Identifier: MIT */
/*
 * escape ATTEMPT [ARGUMENT]: one try to get out of a sandbox. Exits with 0 if it got out, 1 if it was stopped
 * (the errno goes to stdout), 2 if there is no such attempt.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int try_write(const char *path)
{
        return open(path, O_WRONLY | O_CREAT, 0600);
}

static int try_read(const char *path)
{
        char c;
        int fd = open(path, O_RDONLY);

        return fd < 0 ? -1 : (int)read(fd, &c, 1) - 1;
}

static int try_tcp(const char *port)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET,
                .sin_port = htons((uint16_t)atoi(port)),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };

        return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}

static int try_abstract(const char *name)
{
        struct sockaddr_un to = { .sun_family = AF_UNIX };

        strncpy(to.sun_path + 1, name, sizeof(to.sun_path) - 2);
        return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&to,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static int try_ptrace(const char *pid)
{
        return (int)ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL);
}

static int try_signal(const char *pid)
{
        return kill(atoi(pid), SIGURG); /* ignored where it arrives, but it arrives */
}

static int try_memory(const char *pid)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/mem", atoi(pid));
        return open(path, O_RDWR);
}

static int try_mount(const char *at)
{
        return mount("tmpfs", at, "tmpfs", 0, NULL);
}

static int try_keyring(const char *unused)
{
        (void)unused;
        return (int)syscall(SYS_keyctl, 0 /* id of a ring */, -3 /* of the session */, 1L);
}

static int try_io_uring(const char *unused)
{
        uint32_t parameters[30] = { 0 };

        (void)unused;
        return (int)syscall(SYS_io_uring_setup, 1L, parameters);
}

static int try_userfaultfd(const char *unused)
{
        (void)unused;
        return (int)syscall(SYS_userfaultfd, 1L /* of user mode only */);
}

static int try_bpf(const char *unused)
{
        uint32_t attributes[32] = { 2 /* an array */, 4, 4, 1 };

        (void)unused;
        return (int)syscall(SYS_bpf, 0L /* make a map */, attributes, 20L);
}

static int try_perf(const char *unused)
{
        uint32_t attributes[32] = { 1 /* software */, sizeof(attributes) };

        (void)unused;
        return (int)syscall(SYS_perf_event_open, attributes, 0L, -1L, -1L, 0L);
}

static int try_unshare(const char *unused)
{
        (void)unused;
        return unshare(CLONE_NEWUSER);
}

static int end_child(long pid)
{
        if (pid == 0)
                _exit(0);
        return pid < 0 ? -1 : waitpid((pid_t)pid, NULL, __WALL) < 0 ? -1 : 0;
}

static int try_clone(const char *unused)
{
        (void)unused;
        return end_child(syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0L, 0L, 0L, 0L));
}

static int try_clone3(const char *unused)
{
        struct clone_args how = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

        (void)unused;
        return end_child(syscall(SYS_clone3, &how, sizeof(how)));
}

/* One descriptor that somebody forgot to close. */
static int try_descriptor(const char *number)
{
        return fcntl(atoi(number), F_GETFD);
}

/* A set-user-id program made by who is root in here, for who is not out there. */
static int try_device(const char *path)
{
        if (mknod(path, S_IFCHR | 0600, makedev(1, 1)) < 0)
                return -1;
        return unlink(path);
}

/* The errno of a push of a character into a terminal that is none tells a filter from the kernel. */
static int try_tiocsti(const char *unused)
{
        int fd = open("/dev/null", O_RDWR), r;

        (void)unused;
        r = ioctl(fd, TIOCSTI, "x");
        return r < 0 && errno == ENOTTY ? 0 : r;
}

/* No way out by itself: two paths change places, every millisecond or faster, until standard input ends. */
static int do_swap(const char *paths)
{
        struct pollfd input = { .fd = 0, .events = POLLIN };
        char first[4096];
        const char *colon = strchr(paths, ':');
        int r = 0;

        snprintf(first, sizeof(first), "%.*s", (int)(colon - paths), paths);
        for (int i = 0; r == 0 && poll(&input, 1, i % 5 == 0) == 0; i++)
                r = renameat2(AT_FDCWD, first, AT_FDCWD, colon + 1, RENAME_EXCHANGE);
        return r;
}

static int try_identity(const char *unused)
{
        (void)unused;
        return setgroups(0, NULL) == 0 ? setuid(12345) : -1;
}

static const struct {
        const char *name;
        int (*run)(const char *argument);
} attempts[] = {
        { "write", try_write },
        { "read", try_read },
        { "tcp", try_tcp },
        { "abstract", try_abstract },
        { "ptrace", try_ptrace },
        { "signal", try_signal },
        { "memory", try_memory },
        { "mount", try_mount },
        { "keyring", try_keyring },
        { "io_uring", try_io_uring },
        { "userfaultfd", try_userfaultfd },
        { "bpf", try_bpf },
        { "perf", try_perf },
        { "unshare", try_unshare },
        { "clone", try_clone },
        { "clone3", try_clone3 },
        { "descriptor", try_descriptor },
        { "device", try_device },
        { "tiocsti", try_tiocsti },
        { "identity", try_identity },
        { "swap", do_swap },
};

int main(int argc, char **argv)
{
        for (size_t i = 0; argc > 1 && i < sizeof(attempts) / sizeof(attempts[0]); i++) {
                if (strcmp(attempts[i].name, argv[1]) != 0)
                        continue;
                if (attempts[i].run(argc > 2 ? argv[2] : "") >= 0)
                        return 0;
                printf("%s\n", strerror(errno));
                return 1;
        }
        return 2;
}
