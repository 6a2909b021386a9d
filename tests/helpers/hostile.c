/* SPDX-License-Identifier: MIT */
/*
 * Every way a command has of leaving something behind, in one program: `hostile SCENARIO [stay|exit|warden]`.
 *
 * A scenario builds its tree first. Each process of it, once it is what it wants to be (in a session of its
 * own, stopped, traced, orphaned...), writes one line "pid starttime role" to the file $HOSTILE_LOG and one
 * byte to a pipe of the main process. When all bytes are there the main process says "ready" on stdout; then
 * it stays, or with `exit` ends with 0 and leaves the others to whoever is watching, or with `warden` kills
 * the warden of its own tree (hostile_warden.c). So a test that has seen "ready" knows every process by pid
 * and start time and waits for nothing.
 *
 * $HOSTILE_LOG.line is a fifo whose reader is the test. Every process inherits its write end, so the hang-up
 * of the reader says that nobody is left, processes that no list could hold (a hop chain) included. It works
 * the other way round as well: who lingers here waits for the *reader* to go, so that nothing outlives a
 * test that died. Last belt: an alarm in each process. A plain pause() would need the alarm alone, and a
 * list of pids alone cannot see what was forked after it was written.
 */
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct self self = { .log_fd = -1, .line_fd = -1, .ready_fds = { -1, -1 } };

void die(const char *what)
{
        dprintf(STDERR_FILENO, "hostile: %s: %s\n", what, strerror(errno));
        _exit(70);
}

void write_word(int fd, const char *text)
{
        size_t n = strlen(text);

        if (fd >= 0 && write(fd, text, n) != (ssize_t)n)
                die("write");
}

int open_proc(const char *name)
{
        const char *root = getenv("HOSTILE_PROC");
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", root ? root : "/proc", name);
        return open(path, O_RDONLY | O_CLOEXEC);
}

/* Works in a vfork child: no heap, no streams. */
bool read_stat(const char *pid, struct stat_line *ret)
{
        char text[1024], name[64], *first, *last;
        ssize_t n;
        int fd;

        snprintf(name, sizeof(name), "%s/stat", pid);
        fd = open_proc(name);
        if (fd < 0)
                return false;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        text[n > 0 ? n : 0] = '\0';
        first = strchr(text, '(');
        last = strrchr(text, ')'); /* the name may hold anything */
        if (!first || !last)
                return false;
        *last = '\0';
        snprintf(ret->name, sizeof(ret->name), "%s", first + 1);
        return sscanf(text, "%d", &ret->pid) == 1 &&
               sscanf(last + 1,
                       " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                       &ret->parent, &ret->start_ticks) == 2;
}

void up(const char *role)
{
        struct stat_line stat;
        char line[96];

        if (!read_stat("self", &stat))
                die("/proc/self/stat");
        /* The pid that the mount of /proc has for us is the test's, in a PID namespace too. */
        snprintf(line, sizeof(line), "%d %llu %s\n", stat.pid, stat.start_ticks, role);
        write_word(self.log_fd, line);
        write_word(self.ready_fds[1], ".");
}

/* Without a test that reads the line there is nobody whose end could be waited for. */
bool line_is_cut(int timeout_ms)
{
        struct pollfd line = { .fd = self.line_fd };

        if (self.line_fd < 0)
                return false;
        return poll(&line, 1, timeout_ms) > 0 && (line.revents & POLLERR);
}

void linger(void)
{
        if (self.line_fd < 0)
                for (;;)
                        pause();
        alarm(LINGER_SECONDS);
        while (!line_is_cut(-1))
                ;
        _exit(0);
}

pid_t child(void (*body)(void))
{
        pid_t pid = fork();

        if (pid < 0)
                die("fork");
        if (pid > 0)
                return pid;
        alarm(LIFE_SECONDS); /* fork(2) clears it */
        body();
        linger();
        return 0;
}

void new_session(void)
{
        if (setsid() < 0)
                die("setsid");
}

void reap(pid_t pid, int how)
{
        siginfo_t info;

        while (waitid(P_PID, (id_t)pid, &info, how) < 0)
                if (errno != EINTR)
                        die("waitid");
}

void announce(void)
{
        if (!getenv("HOSTILE_INNER"))                   /* the outer one is the last to be ready */
                write_word(self.log_fd, "0 0 ready\n"); /* for a test that does not see our stdout */
        write_word(STDOUT_FILENO, "ready\n");
        if (self.kills_warden)
                kill_wardens();
}

void say_ready(void)
{
        announce();
        if (self.exits)
                _exit(0);
}

void finish(void)
{
        say_ready();
        linger();
}

void plain_grandchild(void)
{
        up("grandchild");
}

static void plain_child(void)
{
        child(plain_grandchild);
        up("child");
}

void plain_tree(void)
{
        child(plain_child);
}

/* --- bystander ---------------------------------------------------------------------------------------- */

/*
 * Outside of every tree: answers each byte on stdin with one on stdout and lets a file grow. Asked after a
 * tree was ended it proves that nobody else was hit; a zombie cannot answer.
 */
static int bystander(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        char byte;

        if (fd < 0)
                die(path);
        while (read(STDIN_FILENO, &byte, 1) == 1) {
                write_word(fd, ".");
                write_word(STDOUT_FILENO, ".");
        }
        return 0;
}

/* Where the main process was put, for whoever wants to see that it was taken away. */
static void note_cgroup(const char *log)
{
        char path[PATH_MAX + 8], text[PATH_MAX];
        int from, to;
        ssize_t n;

        snprintf(path, sizeof(path), "%s.cgroup", log);
        from = open_proc("self/cgroup");
        to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (from < 0 || to < 0)
                die(path);
        while ((n = read(from, text, sizeof(text))) > 0)
                if (write(to, text, (size_t)n) != n)
                        die(path);
        close(from);
        close(to);
}

static void open_registry(void)
{
        const char *log = getenv("HOSTILE_LOG");
        char path[PATH_MAX];

        if (pipe2(self.ready_fds, O_CLOEXEC) < 0)
                die("pipe2");
        if (!log)
                return;
        self.log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (self.log_fd < 0)
                die(log);
        snprintf(path, sizeof(path), "%s.line", log);
        self.line_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (self.line_fd < 0 && errno != ENOENT)
                die(path);
        snprintf(self.stop_path, sizeof(self.stop_path), "%s.stop", log);
        note_cgroup(log);
}

/* The main process is registered first, so that its line stands at the head of the list. */
static void await_all(unsigned n)
{
        char byte;

        while (n > 0) {
                if (read(self.ready_fds[0], &byte, 1) == 1)
                        n--;
                else if (errno != EINTR)
                        die("read");
        }
}

static void play(const struct scenario *scenario)
{
        alarm(LIFE_SECONDS);
        self.main_pid = getpid();
        open_registry();
        up("main");
        scenario->build();
        await_all(1 + scenario->n_others + self.n_more);
        if (scenario->finale)
                scenario->finale();
        finish();
}

static const struct scenario *const tables[] = { tree_scenarios, leaf_scenarios, flight_scenarios };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

static const struct scenario *find_scenario(const char *name)
{
        const struct scenario *s;

        for (size_t i = 0; i < N_TABLES; i++)
                for (s = tables[i]; s->name; s++)
                        if (strcmp(s->name, name) == 0)
                                return s;
        return NULL;
}

static int usage(void)
{
        const struct scenario *s;

        fprintf(stderr, "usage: hostile SCENARIO [stay|exit|warden] | hostile bystander FILE\nscenarios:");
        for (size_t i = 0; i < N_TABLES; i++)
                for (s = tables[i]; s->name; s++)
                        fprintf(stderr, " %s", s->name);
        fprintf(stderr, "\n");
        return 64;
}

int main(int argc, char **argv)
{
        const struct scenario *scenario;

        if (argc == 3 && strcmp(argv[1], "bystander") == 0)
                return bystander(argv[2]);
        scenario = argc > 1 ? find_scenario(argv[1]) : NULL;
        if (!scenario)
                return usage();
        self.program = argv[0];
        self.exits = argc > 2 && strcmp(argv[2], "exit") == 0;
        self.kills_warden = argc > 2 && strcmp(argv[2], "warden") == 0;
        play(scenario);
        return 0;
}
