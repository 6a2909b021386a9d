/* SPDX-License-Identifier: MIT */
/*
 * Leaves with limits in v1 hierarchies, by bare system calls: what limits there are held against.
 *
 * They stand below our own cgroup in each hierarchy, in a directory that goes with the benchmark.
 */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAF "leaf"

static const char *const names[V1_HIERARCHIES] = { "memory", "pids", "cpu" };
static char bases[V1_HIERARCHIES][4096];
static int base_fds[V1_HIERARCHIES] = { -1, -1, -1 };

static bool has_word(const char *list, const char *word)
{
        size_t n = strlen(word);

        for (; *list; list += strcspn(list, ","), list += *list == ',')
                if (strncmp(list, word, n) == 0 && (list[n] == ',' || list[n] == '\0'))
                        return true;
        return false;
}

static bool find_mount(const char *name, char mount[static 1024])
{
        FILE *file = fopen("/proc/self/mounts", "re");
        char line[4096], kind[64], options[1024];
        bool found = false;

        while (file && !found && fgets(line, sizeof(line), file))
                found = sscanf(line, "%*s %1023s %63s %1023s", mount, kind, options) == 3 &&
                        strcmp(kind, "cgroup") == 0 && has_word(options, name);
        if (file)
                fclose(file);
        return found;
}

static bool find_own(const char *name, char own[static 2048])
{
        FILE *file = fopen("/proc/self/cgroup", "re");
        char line[4096], list[1024];
        bool found = false;

        while (file && !found && fgets(line, sizeof(line), file))
                found = sscanf(line, "%*u:%1023[^:]:%2047s", list, own) == 2 && has_word(list, name);
        if (file)
                fclose(file);
        return found;
}

static bool open_base(int i)
{
        char mount[1024], own[2048];

        if (!find_mount(names[i], mount) || !find_own(names[i], own))
                return false;
        snprintf(bases[i], sizeof(bases[i]), "%s%s/bench.%d", mount, strcmp(own, "/") == 0 ? "" : own,
                (int)getpid());
        if (mkdir(bases[i], 0755) < 0)
                return false;
        base_fds[i] = open(bases[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return base_fds[i] >= 0;
}

bool v1_base_open(void)
{
        bool all = true;

        for (int i = 0; i < V1_HIERARCHIES; i++)
                all = all && open_base(i);
        return all;
}

void v1_base_close(void)
{
        for (int i = 0; i < V1_HIERARCHIES; i++) {
                if (base_fds[i] < 0)
                        continue;
                unlinkat(base_fds[i], LEAF, AT_REMOVEDIR); /* is there only when something went wrong */
                close(base_fds[i]);
                base_fds[i] = -1;
                rmdir(bases[i]);
        }
}

static int open_file(int dir_fd, const char *name, int flags)
{
        int fd = openat(dir_fd, name, flags | O_CLOEXEC);

        if (fd < 0)
                die("%s: %s", name, strerror(errno));
        return fd;
}

static void put(int dir_fd, const char *name, const char *value)
{
        int fd = open_file(dir_fd, name, O_WRONLY);

        if (write(fd, value, strlen(value)) < 0)
                die("%s: %s", name, strerror(errno));
        close(fd);
}

static void get(int dir_fd, const char *name)
{
        int fd = open_file(dir_fd, name, O_RDONLY);
        char text[512];

        if (read(fd, text, sizeof(text)) < 0)
                die("%s: %s", name, strerror(errno));
        close(fd);
}

void v1_leaf_open(struct v1_leaf *leaf)
{
        for (int i = 0; i < V1_HIERARCHIES; i++) {
                if (mkdirat(base_fds[i], LEAF, 0755) < 0)
                        die("cannot make a leaf: %s", strerror(errno));
                leaf->dir_fds[i] = open_file(base_fds[i], LEAF, O_RDONLY | O_DIRECTORY);
                leaf->tasks_fds[i] = open_file(leaf->dir_fds[i], "tasks", O_WRONLY);
        }
        put(leaf->dir_fds[0], "memory.limit_in_bytes", "1073741824");
        put(leaf->dir_fds[1], "pids.max", "64");
        put(leaf->dir_fds[2], "cpu.cfs_quota_us", "100000");
}

void v1_leaf_run(const struct v1_leaf *leaf, const char *const *argv)
{
        (void)finish(start(&(struct start){ .argv = argv,
                .in_fd = -1,
                .out_fd = -1,
                .procs_fd = -1,
                .tasks_fds = leaf->tasks_fds,
                .n_tasks_fds = V1_HIERARCHIES }));
}

void v1_leaf_close(struct v1_leaf *leaf)
{
        get(leaf->dir_fds[0], "memory.max_usage_in_bytes");
        get(leaf->dir_fds[0], "memory.oom_control");
        get(leaf->dir_fds[1], "pids.events");
        get(leaf->dir_fds[2], "cpu.stat");
        for (int i = 0; i < V1_HIERARCHIES; i++) {
                close(leaf->tasks_fds[i]);
                close(leaf->dir_fds[i]);
                if (unlinkat(base_fds[i], LEAF, AT_REMOVEDIR) < 0)
                        die("cannot remove a leaf: %s", strerror(errno));
        }
}
