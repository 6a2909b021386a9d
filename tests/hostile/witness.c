/* SPDX-License-Identifier: MIT */
/*
 * What is really there, seen from outside and through nothing of inbye: lives, zombies, descriptors, cgroups.
 *
 * A process is alive when any of its threads is, so a dead main thread with living others counts as alive
 * (its state reads Z all the same), and a zombie does not. kill(pid, 0) would call both alive and would
 * believe a recycled pid. The last word of the kernel on a process comes a moment after its
 * cgroup is reported empty: who has PF_EXITING set by then cannot turn back, is waited for by its pidfd and
 * not counted.
 */
#include "witness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_PF_EXITING 0x4ul
#define MOST_SIGHTINGS 8192

enum life { LIFE_DEAD, LIFE_DYING, LIFE_ALIVE };

struct stat_line {
        char state;
        unsigned long flags;
        unsigned long long start_ticks;
};

static int read_stat(const char *path, struct stat_line *ret_line)
{
        char text[1024], *end;
        FILE *file = fopen(path, "re");
        size_t n;

        if (!file)
                return -errno;
        n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        end = strrchr(text, ')'); /* the name in front of it may hold anything */
        if (!end)
                return -ESRCH;
        if (sscanf(end + 1,
                    " %c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                    &ret_line->state, &ret_line->flags, &ret_line->start_ticks) != 3)
                return -ESRCH;
        return 0;
}

static enum life life_of_thread(const char *path)
{
        struct stat_line line;

        if (read_stat(path, &line) < 0 || line.state == 'Z' || line.state == 'X')
                return LIFE_DEAD;
        return line.flags & KERNEL_PF_EXITING ? LIFE_DYING : LIFE_ALIVE;
}

static enum life life_of(const struct sighting *sighting)
{
        char path[PATH_MAX];
        struct stat_line line;
        enum life life = LIFE_DEAD, one;
        struct dirent *entry;
        DIR *dir;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)sighting->pid);
        if (read_stat(path, &line) < 0 || line.start_ticks != sighting->start_ticks)
                return LIFE_DEAD;
        snprintf(path, sizeof(path), "/proc/%d/task", (int)sighting->pid);
        dir = opendir(path);
        while (dir && (entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int)sighting->pid, entry->d_name);
                one = life_of_thread(path);
                if (one > life)
                        life = one;
        }
        if (dir)
                closedir(dir);
        return life;
}

/* @return a pidfd of just this process, or -errno. */
static int open_pidfd(const struct sighting *sighting)
{
        int fd = (int)syscall(SYS_pidfd_open, sighting->pid, 0);

        if (fd < 0)
                return -errno;
        if (life_of(sighting) == LIFE_DEAD) { /* it was somebody else's pid already */
                close(fd);
                return -ESRCH;
        }
        return fd;
}

static bool wait_for_end(const struct sighting *sighting, int timeout_ms)
{
        struct pollfd end = { .fd = open_pidfd(sighting), .events = POLLIN };
        bool ended;

        if (end.fd < 0)
                return true;
        ended = poll(&end, 1, timeout_ms) > 0;
        close(end.fd);
        return ended;
}

static bool is_alive(const struct sighting *sighting)
{
        enum life life = life_of(sighting);

        if (life == LIFE_DYING)
                return !wait_for_end(sighting, 2000);
        return life == LIFE_ALIVE;
}

/* Does it have that pid in one of its pid namespaces? */
static bool is_called(const char *outside, pid_t inside)
{
        char path[PATH_MAX], line[256], *number = NULL;
        bool is = false;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%.20s/status", outside);
        file = fopen(path, "re");
        while (file && !number && fgets(line, sizeof(line), file))
                if (strncmp(line, "NSpid:", 6) == 0)
                        number = line;
        if (file)
                fclose(file);
        while (number && !is && (number = strchr(number, '\t')))
                is = atoi(++number) == (int)inside;
        return is;
}

static bool thread_holds(int task_fd, const char *thread, const struct stat *line)
{
        struct stat file;
        char path[64];
        struct dirent *entry;
        bool holds = false;
        int fd;
        DIR *dir;

        snprintf(path, sizeof(path), "%.20s/fd", thread);
        fd = openat(task_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        while (dir && !holds && (entry = readdir(dir)))
                holds = fstatat(dirfd(dir), entry->d_name, &file, 0) == 0 && file.st_ino == line->st_ino &&
                        file.st_dev == line->st_dev;
        if (dir)
                closedir(dir);
        return holds;
}

/* Of two that are first in their namespaces and were born at the same tick only one belongs to this run. A
 * main thread that has ended holds nothing, the others do. */
static bool holds_line(const char *outside, const char *line_path)
{
        struct stat line;
        char path[64];
        struct dirent *entry;
        bool holds = false;
        DIR *dir;

        snprintf(path, sizeof(path), "/proc/%.20s/task", outside);
        dir = stat(line_path, &line) == 0 ? opendir(path) : NULL;
        while (dir && !holds && (entry = readdir(dir)))
                holds = thread_holds(dirfd(dir), entry->d_name, &line);
        if (dir)
                closedir(dir);
        return holds;
}

/* A process that saw a procfs of its pid namespace registered the pid which it has there. */
static pid_t find_outside(const struct witness *witness, const struct sighting *sighting)
{
        char path[PATH_MAX];
        struct stat_line line;
        struct dirent *entry;
        pid_t pid = sighting->pid;
        DIR *dir;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        if (read_stat(path, &line) == 0 && line.start_ticks == sighting->start_ticks)
                return pid;
        dir = opendir("/proc");
        while (dir && (entry = readdir(dir))) {
                snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
                if (atoi(entry->d_name) > 0 && read_stat(path, &line) == 0 &&
                        line.start_ticks == sighting->start_ticks &&
                        is_called(entry->d_name, sighting->pid) &&
                        holds_line(entry->d_name, witness->line_path))
                        pid = atoi(entry->d_name);
        }
        if (dir)
                closedir(dir);
        return pid;
}

int witness_init(struct witness *witness, const char *directory)
{
        static unsigned serial;

        *witness = (struct witness)WITNESS_NULL;
        snprintf(witness->log_path, sizeof(witness->log_path), "%s/%u", directory, serial++);
        snprintf(witness->line_path, sizeof(witness->line_path), "%s.line", witness->log_path);
        snprintf(witness->stop_path, sizeof(witness->stop_path), "%s.stop", witness->log_path);
        snprintf(witness->cgroup_path, sizeof(witness->cgroup_path), "%s.cgroup", witness->log_path);
        if (mkfifo(witness->line_path, 0600) < 0)
                return -errno;
        witness->line_fd = open(witness->line_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return witness->line_fd < 0 ? -errno : 0;
}

void witness_deinit(struct witness *witness)
{
        if (witness->line_fd >= 0)
                close(witness->line_fd);
        if (witness->log_path[0]) {
                unlink(witness->log_path);
                unlink(witness->line_path);
                unlink(witness->stop_path);
                unlink(witness->cgroup_path);
        }
        free(witness->sightings);
        *witness = (struct witness)WITNESS_NULL;
}

int witness_read(struct witness *witness)
{
        FILE *file = fopen(witness->log_path, "re");
        struct sighting *s;
        int pid;

        if (!file)
                return -errno;
        free(witness->sightings);
        witness->n_sightings = 0;
        witness->sightings = calloc(MOST_SIGHTINGS, sizeof(*witness->sightings));
        while (witness->sightings && witness->n_sightings < MOST_SIGHTINGS) {
                s = &witness->sightings[witness->n_sightings];
                if (fscanf(file, "%d %llu %15s", &pid, &s->start_ticks, s->role) != 3)
                        break;
                s->pid = pid;
                if (pid == 0) {
                        witness->ready = true;
                        continue;
                }
                s->pid = find_outside(witness, s);
                witness->n_sightings++;
        }
        fclose(file);
        return (int)witness->n_sightings;
}

bool witness_line_is_cut(const struct witness *witness)
{
        struct pollfd line = { .fd = witness->line_fd };

        return poll(&line, 1, 0) > 0 && (line.revents & POLLHUP);
}

size_t witness_count_alive(const struct witness *witness)
{
        size_t i, n = 0;

        for (i = 0; i < witness->n_sightings; i++)
                n += is_alive(&witness->sightings[i]);
        return n;
}

const struct sighting *witness_first_alive(const struct witness *witness)
{
        size_t i;

        for (i = 0; i < witness->n_sightings; i++)
                if (is_alive(&witness->sightings[i]))
                        return &witness->sightings[i];
        return NULL;
}

int witness_end_all(const struct witness *witness)
{
        struct pollfd line = { .fd = witness->line_fd };
        int fd, stop_fd;
        size_t i;

        stop_fd = open(witness->stop_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* for hop chains */
        if (stop_fd >= 0)
                close(stop_fd);
        for (i = 0; i < witness->n_sightings; i++) {
                fd = open_pidfd(&witness->sightings[i]);
                if (fd < 0)
                        continue;
                syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
                close(fd);
        }
        for (i = 0; i < witness->n_sightings; i++)
                if (!wait_for_end(&witness->sightings[i], 5000))
                        return -ETIMEDOUT;
        return poll(&line, 1, 5000) > 0 ? 0 : -ETIMEDOUT;
}

/* The mount of cgroup2 is looked up each time: the caller may stand in any mount namespace. */
static int find_cgroup2(char *mount, size_t size)
{
        char line[PATH_MAX * 2], where[PATH_MAX];
        FILE *info = fopen("/proc/self/mountinfo", "re");
        int r = -ENOENT;

        while (info && r < 0 && fgets(line, sizeof(line), info))
                if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", where) == 1)
                        r = snprintf(mount, size, "%s", where) < (int)size ? 0 : -ENAMETOOLONG;
        if (info)
                fclose(info);
        return r;
}

static int parse_cgroup(const char *list_path, char *path, size_t size)
{
        char line[PATH_MAX], mount[PATH_MAX];
        FILE *list;
        int r;

        r = find_cgroup2(mount, sizeof(mount));
        if (r < 0)
                return r;
        list = fopen(list_path, "re");
        r = -ENOENT;
        while (list && r < 0 && fgets(line, sizeof(line), list)) {
                line[strcspn(line, "\n")] = '\0';
                if (strncmp(line, "0::/", 4) == 0)
                        r = snprintf(path, size, "%s%s", mount, line + 3) < (int)size ? 0 : -ENAMETOOLONG;
        }
        if (list)
                fclose(list);
        return r;
}

int witness_cgroup(const struct witness *witness, char *path, size_t size)
{
        return parse_cgroup(witness->cgroup_path, path, size);
}

int own_cgroup(char *path, size_t size)
{
        return parse_cgroup("/proc/self/cgroup", path, size);
}

int count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        if (!dir)
                return -errno;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 3; /* ".", ".." and the directory itself */
}

bool have_zombie(void)
{
        siginfo_t info = { .si_pid = 0 };

        return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}
