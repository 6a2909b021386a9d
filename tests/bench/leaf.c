/* SPDX-License-Identifier: MIT */
/*
 * A cgroup leaf by bare system calls: what the library is held against.
 *
 * All leaves stand in one directory below our own cgroup, and go with it.
 */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAF "leaf"

static char base[4096];
static int base_fd = -1;

/* Mount points without blanks are all that is needed here. */
static void find_mount(char mount[static 1024])
{
        FILE *file = fopen("/proc/self/mounts", "re");
        char line[4096], kind[64];
        bool found = false;

        while (file && !found && fgets(line, sizeof(line), file))
                found = sscanf(line, "%*s %1023s %63s", mount, kind) == 2 && strcmp(kind, "cgroup2") == 0;
        if (file)
                fclose(file);
        if (!found)
                die("no cgroup2 file system is mounted here");
}

static void find_own(char own[static 2048])
{
        FILE *file = fopen("/proc/self/cgroup", "re");
        char line[4096];
        bool found = false;

        while (file && !found && fgets(line, sizeof(line), file))
                found = sscanf(line, "0::%2047s", own) == 1;
        if (file)
                fclose(file);
        if (!found)
                die("no cgroup of our own");
}

void leaf_base_open(void)
{
        char mount[1024], own[2048];

        find_mount(mount);
        find_own(own);
        snprintf(base, sizeof(base), "%s%s/bench.%d", mount, strcmp(own, "/") == 0 ? "" : own, (int)getpid());
        if (mkdir(base, 0755) < 0)
                die("%s: %s", base, strerror(errno));
        base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (base_fd < 0)
                die("%s: %s", base, strerror(errno));
}

void leaf_base_close(void)
{
        if (base_fd < 0)
                return;
        unlinkat(base_fd, LEAF, AT_REMOVEDIR); /* is there only when something went wrong */
        close(base_fd);
        base_fd = -1;
        rmdir(base);
}

static int open_file(int dir_fd, const char *name, int flags)
{
        int fd = openat(dir_fd, name, flags | O_CLOEXEC);

        if (fd < 0)
                die("%s: %s", name, strerror(errno));
        return fd;
}

void leaf_open(struct leaf *leaf)
{
        if (mkdirat(base_fd, LEAF, 0755) < 0)
                die("cannot make a leaf: %s", strerror(errno));
        leaf->dir_fd = open_file(base_fd, LEAF, O_RDONLY | O_DIRECTORY);
        leaf->events_fd = open_file(leaf->dir_fd, "cgroup.events", O_RDONLY);
        leaf->kill_fd = open_file(leaf->dir_fd, "cgroup.kill", O_WRONLY);
}

pid_t leaf_start(struct leaf *leaf, const char *const *argv, int out_fd)
{
        int procs_fd = open_file(leaf->dir_fd, "cgroup.procs", O_WRONLY);
        pid_t pid;

        pid = start(&(struct start){ .argv = argv, .in_fd = -1, .out_fd = out_fd, .procs_fd = procs_fd });
        close(procs_fd);
        return pid;
}

static bool is_populated(const struct leaf *leaf)
{
        char text[128] = "";

        if (pread(leaf->events_fd, text, sizeof(text) - 1, 0) < 0)
                die("cgroup.events: %s", strerror(errno));
        return strstr(text, "populated 1") != NULL;
}

void leaf_kill(struct leaf *leaf)
{
        struct pollfd event = { .fd = leaf->events_fd, .events = POLLPRI };

        if (write(leaf->kill_fd, "1", 1) != 1)
                die("cgroup.kill: %s", strerror(errno));
        while (is_populated(leaf))
                (void)poll(&event, 1, -1);
}

void leaf_close(struct leaf *leaf)
{
        close(leaf->kill_fd);
        close(leaf->events_fd);
        close(leaf->dir_fd);
        if (unlinkat(base_fd, LEAF, AT_REMOVEDIR) < 0)
                die("cannot remove the leaf: %s", strerror(errno));
}
