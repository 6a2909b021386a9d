/* SPDX-License-Identifier: MIT */
/*
 * escape ATTEMPT [ARGUMENT]: one try to get out of a sandbox. Exits with 0 if it got out, 1 if it was stopped
 * (the errno goes to stdout), 2 if there is no such attempt.
 */
#include <arpa/inet.h>
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
#include <sys/resource.h>
#include <sys/shm.h>
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

/* --- out by what the kernel is asked for -----------------------------------------------------------------
 */

static int try_socket(const char *number)
{
        return socket(atoi(number), SOCK_RAW, 0) >= 0 ? 0 : socket(atoi(number), SOCK_STREAM, 0);
}

/* An address that belongs to nobody: whether there is a way to it is all that is asked. */
static int try_route(const char *address)
{
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

        inet_pton(AF_INET, address, &to.sin_addr);
        return connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&to, sizeof(to));
}

static int try_setns(const char *unused)
{
        (void)unused;
        return setns((int)syscall(SYS_pidfd_open, getppid(), 0), CLONE_NEWNS);
}

static int try_getfd(const char *unused)
{
        (void)unused;
        return (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, getppid(), 0), 0, 0);
}

static int try_timens(const char *unused)
{
        (void)unused;
        return unshare(0x80 /* of time */);
}

static int try_chroot(const char *unused)
{
        (void)unused;
        return chroot(".");
}

/* EINVAL is what whoever may do it gets for this. */
static int try_pivot(const char *unused)
{
        long r = syscall(SYS_pivot_root, "/", "/");

        (void)unused;
        return r == 0 || errno == EINVAL || errno == EBUSY ? 0 : -1;
}

/* By number, past all directories on the way. */
static int try_handle(const char *path)
{
        union {
                struct file_handle handle;
                char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
        } by = { .handle.handle_bytes = MAX_HANDLE_SZ };
        int mount;

        if (name_to_handle_at(AT_FDCWD, path, &by.handle, &mount, 0) < 0)
                return -1;
        return open_by_handle_at(open(path, O_RDONLY | O_DIRECTORY), &by.handle, O_RDONLY);
}

static int try_hostname(const char *unused)
{
        char name[256] = "";

        (void)unused;
        return gethostname(name, sizeof(name) - 1) < 0 ? -1 : sethostname(name, strlen(name));
}

static int try_rlimit(const char *unused)
{
        struct rlimit limit;

        (void)unused;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -1;
        limit.rlim_max++;
        return setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- out by what others left or share ---------------------------------------------------------------------
 */

static int try_shm(const char *key)
{
        return shmget(atoi(key), 1, 0);
}

static int make_shm(const char *key)
{
        return shmget(atoi(key), 1, IPC_CREAT | IPC_EXCL | 0666);
}

static int remove_shm(const char *key)
{
        return shmctl(shmget(atoi(key), 1, 0), IPC_RMID, NULL);
}

static int try_link(const char *path)
{
        return link(path, "hard-link") < 0 ? -1 : unlink("hard-link");
}

/* A stream that was opened to append to, opened again to change what is in there. */
static int try_reopen(const char *number)
{
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", atoi(number));
        fd = open(path, O_RDWR);
        return fd < 0 ? -1 : ftruncate(fd, 0);
}

/* What the process that holds us has: its program, files, memory. */
static int try_holder(const char *what)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), what);
        return open(path, strcmp(what, "mem") == 0 ? O_RDWR : O_RDONLY);
}

/* --- out of the cgroup: whatever leads to a cgroup.procs that can be written -------------------------------
 */

static int open_procs(const char *above, const char *directory)
{
        char path[4096];

        if (snprintf(path, sizeof(path), "%s%s/cgroup.procs", above, directory) >= (int)sizeof(path))
                return -1;
        return open(path, O_WRONLY);
}

static int walk_mounts(const char *above)
{
        char line[4096], directory[4096];
        FILE *mounts = fopen("/proc/self/mountinfo", "re");
        int fd = -1;

        while (mounts && fd < 0 && fgets(line, sizeof(line), mounts))
                if (strstr(line, " - cgroup") && sscanf(line, "%*s %*s %*s %*s %4095s", directory) == 1)
                        fd = open_procs(above, directory);
        return fd < 0 ? open_procs(above, "/sys/fs/cgroup") : fd;
}

static int walk_descriptors(void)
{
        for (int fd = 3; fd < 1024; fd++) {
                int procs = openat(fd, "../cgroup.procs", O_WRONLY);

                if (procs >= 0)
                        return procs;
        }
        return -1;
}

/* In namespaces of its own, so that nothing of it is seen outside where it works. */
static int walk_own_mount(void)
{
        (void)unshare(CLONE_NEWCGROUP);
        if (unshare(CLONE_NEWNS) == 0 && mount("cgroup2", ".", "cgroup2", 0, NULL) == 0)
                return open_procs("", ".");
        return (int)syscall(SYS_fsopen, "cgroup2", 0);
}

static int try_walk_out(const char *unused)
{
        char above[64];

        (void)unused;
        snprintf(above, sizeof(above), "/proc/%d/root", getppid());
        if (walk_mounts("") >= 0 || walk_mounts("/proc/1/root") >= 0 || walk_mounts(above) >= 0)
                return 0;
        return walk_descriptors() >= 0 ? 0 : walk_own_mount();
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
        { "socket", try_socket },
        { "route", try_route },
        { "setns", try_setns },
        { "getfd", try_getfd },
        { "timens", try_timens },
        { "chroot", try_chroot },
        { "pivot", try_pivot },
        { "handle", try_handle },
        { "hostname", try_hostname },
        { "rlimit", try_rlimit },
        { "shm", try_shm },
        { "make-shm", make_shm },
        { "remove-shm", remove_shm },
        { "link", try_link },
        { "reopen", try_reopen },
        { "holder", try_holder },
        { "walk-out", try_walk_out },
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
