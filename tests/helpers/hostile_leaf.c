/* SPDX-License-Identifier: MIT */
/*
 * What a command can do to the cgroup it was put into, being of the same uid: make cgroups in it, freeze
 * them or itself, split a process over two, take all permissions away, walk out. Only a cgroup that was made
 * for it is touched: one with "/inbye." in its path.
 */
#include "hostile.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMPTY_CGROUPS 100
#define DEEP_CGROUPS 100

/* Mount point of the cgroup2 hierarchy, its root being ours (no bind mounts of parts). */
static bool find_cgroup2(char *mount, size_t size)
{
        char line[PATH_MAX * 2], where[PATH_MAX];
        FILE *info = fopen("/proc/self/mountinfo", "re");
        bool found = false;

        while (info && !found && fgets(line, sizeof(line), info))
                if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", where) == 1)
                        found = snprintf(mount, size, "%s", where) < (int)size;
        if (info)
                fclose(info);
        return found;
}

static bool find_leaf(void)
{
        char mount[PATH_MAX / 2], line[PATH_MAX / 2];
        FILE *list = fopen("/proc/self/cgroup", "re");
        bool found = false;

        if (!find_cgroup2(mount, sizeof(mount)))
                return false;
        while (list && !found && fgets(line, sizeof(line), list))
                if (strncmp(line, "0::/", 4) == 0) {
                        line[strcspn(line, "\n")] = '\0';
                        snprintf(self.leaf, sizeof(self.leaf), "%s%s", mount, line + 3);
                        found = strstr(self.leaf, "/inbye.");
                }
        if (list)
                fclose(list);
        return found;
}

/* Only a cgroup that was made for this process may be meddled with. */
static void need_leaf(void)
{
        if (find_leaf())
                return;
        write_word(STDOUT_FILENO, "no leaf\n");
        _exit(77);
}

static int open_in_leaf(const char *name, int flags)
{
        char path[PATH_MAX + 64];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", self.leaf, name);
        fd = open(path, flags | O_CLOEXEC);
        if (fd < 0)
                die(path);
        return fd;
}

static void make_in_leaf(const char *name)
{
        char path[PATH_MAX + 64];

        snprintf(path, sizeof(path), "%s/%s", self.leaf, name);
        if (mkdir(path, 0755) < 0)
                die(path);
}

static void write_in_leaf(const char *name, const char *value)
{
        int fd = open_in_leaf(name, O_WRONLY);

        write_word(fd, value);
        close(fd);
}

static void nested_member(void)
{
        write_in_leaf("a/b/c/cgroup.procs", "0");
        up("grandchild");
}

static void frozen_member(void)
{
        write_in_leaf("f/cgroup.procs", "0");
        up("grandchild");
}

static void wait_frozen(const char *name)
{
        struct pollfd events = { .fd = open_in_leaf(name, O_RDONLY), .events = POLLPRI };
        char text[256];
        ssize_t n;

        for (;;) {
                n = pread(events.fd, text, sizeof(text) - 1, 0);
                text[n > 0 ? n : 0] = '\0';
                if (strstr(text, "frozen 1"))
                        break;
                poll(&events, 1, -1);
        }
        close(events.fd);
}

/* Each member of the tree moves itself, so that what is frozen has registered before. */
static void subcgroup_child(void)
{
        int pipe_fds[2];
        char byte;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                die("pipe2");
        child(nested_member);
        if (fork() == 0) {
                alarm(LIFE_SECONDS);
                frozen_member();
                write_word(pipe_fds[1], ".");
                linger();
        }
        if (read(pipe_fds[0], &byte, 1) != 1)
                die("read");
        write_in_leaf("f/cgroup.freeze", "1");
        wait_frozen("f/cgroup.events");
        up("child");
}

static void subcgroups(void)
{
        char name[EMPTY_CGROUPS * 4] = "d";
        unsigned i;

        need_leaf();
        make_in_leaf("a");
        make_in_leaf("a/b");
        make_in_leaf("a/b/c");
        make_in_leaf("f");
        make_in_leaf(name);
        for (i = 1; i < DEEP_CGROUPS; i++)
                make_in_leaf(strcat(name, "/d"));
        for (i = 0; i < EMPTY_CGROUPS; i++) {
                snprintf(name, sizeof(name), "e%u", i);
                make_in_leaf(name);
        }
        child(subcgroup_child);
}

static void frozen(void)
{
        need_leaf();
        plain_tree();
}

/* The whole leaf, this process included. The test waits for the kernel to say so. */
static void frozen_finale(void)
{
        announce();
        write_in_leaf("cgroup.freeze", "1");
        linger();
}

static void *threaded_member(void *fd)
{
        char tid[16];

        snprintf(tid, sizeof(tid), "%ld", syscall(SYS_gettid));
        write_word((int)(intptr_t)fd, tid);
        up("grandchild");
        linger();
        return NULL;
}

static void threaded_grandchild(void)
{
        pthread_t thread;
        intptr_t fd = open_in_leaf("t/cgroup.threads", O_WRONLY);

        if (pthread_create(&thread, NULL, threaded_member, (void *)fd) != 0)
                die("pthread_create");
}

static void threaded_child(void)
{
        child(threaded_grandchild);
        up("child");
}

/* One process in two cgroups: where cgroup.kill answers EOPNOTSUPP. */
static void threaded(void)
{
        need_leaf();
        make_in_leaf("t");
        write_in_leaf("t/cgroup.type", "threaded");
        child(threaded_child);
}

static void lock_directory(const char *path)
{
        char name[PATH_MAX * 2];
        struct dirent *entry;
        DIR *dir = opendir(path);

        if (!dir)
                die(path);
        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
                if (chmod(name, 0) < 0)
                        die(name);
        }
        closedir(dir);
        if (chmod(path, 0) < 0)
                die(path);
}

static void locked_member(void)
{
        write_in_leaf("s/cgroup.procs", "0");
        up("grandchild");
}

/* chmod 000 of all files of the leaf and of a cgroup in it, then of both. */
static void locked_finale(void)
{
        char path[PATH_MAX + 64];

        snprintf(path, sizeof(path), "%s/s", self.leaf);
        lock_directory(path);
        lock_directory(self.leaf);
}

static void locked_child(void)
{
        child(locked_member);
        up("child");
}

static void locked(void)
{
        need_leaf();
        make_in_leaf("s");
        child(locked_child);
}

/* Out of the leaf, into the cgroup that holds all leaves: there the test itself lives. */
static void walker(void)
{
        char path[PATH_MAX];
        char *at;

        memcpy(path, self.leaf, sizeof(path));
        at = strstr(path, "/inbye.");
        snprintf(at, sizeof(path) - (size_t)(at - path), "/cgroup.procs");
        at = strdup(path);
        if (!at)
                die("strdup");
        write_word(open(at, O_WRONLY | O_CLOEXEC), "0");
        free(at);
        new_session();
        up("grandchild");
}

static void walk_child(void)
{
        child(walker);
        up("child");
}

static void walks_out(void)
{
        need_leaf();
        child(walk_child);
}

const struct scenario leaf_scenarios[] = {
        { "subcgroups", 3, subcgroups, NULL },
        { "frozen", 2, frozen, frozen_finale },
        { "threaded", 2, threaded, NULL },
        { "locked", 2, locked, locked_finale },
        { "walkout", 2, walks_out, NULL },
        { NULL },
};
