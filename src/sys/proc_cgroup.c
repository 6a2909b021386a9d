/* SPDX-License-Identifier: MIT */
/*
 * Where a process stands in the cgroup hierarchies, and where these are mounted: /proc/PID/cgroup and
 * /proc/self/mountinfo.
 *
 * Both can be long (a container host has thousands of mounts) and are read whole before they are parsed. A
 * mount that mountinfo lists may be covered by another one, as on hybrid hosts whose set-up changed while
 * they booted: so a mount point counts only if the file system that one finds there is of the right kind.
 * getmntent(3) was rejected: it does not know the field that matters here, the root of the mount within the
 * hierarchy, by which a path of /proc/PID/cgroup becomes a path of the file system.
 */
#include "base/buf.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "sys/proc.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A file of /proc, to its end, whatever its size. */
static int slurp(const char *path, struct buf *ret)
{
        enum { CHUNK = 4096 };
        scoped(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got;
        int r;

        if (fd < 0)
                return -errno;
        for (;;) {
                r = buf_reserve(ret, CHUNK);
                if (r < 0)
                        return r;
                got = read(fd, ret->data + ret->n, CHUNK);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                ret->n += (size_t)got;
        }
        ret->data[ret->n] = '\0';
        return 0;
}

/* The line at *p, NUL-terminated in place; *p moves behind it. NULL: there is none. */
static char *next_line(char **p)
{
        char *line = *p, *end;

        if (!line || !*line)
                return NULL;
        end = strchrnul(line, '\n');
        *p = *end ? end + 1 : end;
        *end = '\0';
        return line;
}

/* Is the word one of the comma-separated ones? */
static bool in_list(const char *list, size_t n_list, const char *word)
{
        const char *end = list + n_list, *comma;
        size_t n = strlen(word);

        for (; list < end; list = comma + 1) {
                comma = memchr(list, ',', (size_t)(end - list));
                if (!comma)
                        comma = end;
                if ((size_t)(comma - list) == n && memcmp(list, word, n) == 0)
                        return true;
        }
        return false;
}

/* The path in "4:cpu,cpuacct:/path" when the line is that of the controller, NULL: of the v2 hierarchy. */
static const char *path_of_line(const char *line, const char *controller)
{
        const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

        if (!path)
                return NULL;
        list++;
        if (!controller)
                return str_starts_with(line, "0::") ? path + 1 : NULL;
        return in_list(list, (size_t)(path - list), controller) ? path + 1 : NULL;
}

/* @return the path, inside the buffer's bytes; NULL: not in such a hierarchy. */
static const char *path_find(struct buf *text, const char *controller)
{
        char *p = text->data, *line;
        const char *path = NULL;

        while (!path && (line = next_line(&p)))
                path = path_of_line(line, controller);
        return path;
}

bool proc_path_contains(const char *path, const char *components)
{
        size_t n = strlen(components);

        for (const char *at = path; (at = strstr(at, components)); at++)
                if ((at == path || at[-1] == '/') && (at[n] == '\0' || at[n] == '/'))
                        return true;
        return false;
}

int proc_read_cgroup(pid_t pid, struct buf *ret)
{
        scoped(buf_deinit) struct buf content = BUF_INIT;
        const char *own;
        char path[64];
        int r;

        assert(pid > 0);
        (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
        r = slurp(path, &content);
        if (r < 0)
                return proc_missing(pid, r);
        own = path_find(&content, NULL);
        return buf_append_str(ret, own ? own : "");
}

int proc_cgroup_contains(pid_t pid, const char *components)
{
        scoped(buf_deinit) struct buf path = BUF_INIT;
        int r;

        r = proc_read_cgroup(pid, &path);
        return r < 0 ? r : proc_path_contains(path.data, components);
}

static int copy_out(const char *text, char *out, size_t size)
{
        size_t n = strlen(text);

        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(out, text, n + 1);
        return 0;
}

int proc_own_cgroup_of(const char *controller, char *path, size_t size)
{
        scoped(buf_deinit) struct buf content = BUF_INIT;
        const char *own;
        int r;

        r = slurp("/proc/self/cgroup", &content);
        if (r < 0)
                return r;
        own = path_find(&content, controller);
        if (!own)
                return -ENOENT;
        if (strcmp(own, "/..") == 0 || str_starts_with(own, "/../"))
                return -EXDEV;
        return copy_out(own, path, size);
}

int proc_own_cgroup(char *path, size_t size)
{
        return proc_own_cgroup_of(NULL, path, size);
}

/* Octal escapes (\040 for a space) in place. */
static void unescape(char *text)
{
        char *out = text;

        for (; *text; out++)
                if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
                        *out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
                        text += 4;
                } else {
                        *out = *text++;
                }
        *out = '\0';
}

struct mount {
        char *root, *point, *kind, *options; /* options: of the super block */
};

/* "36 35 98:0 ROOT POINT rw,noatime [optional...] - KIND source OPTIONS" */
static bool mount_parse(char *line, struct mount *ret)
{
        enum { ROOT = 3, POINT = 4, N_FIXED = 6 };
        char *fields[N_FIXED], *rest = strstr(line, " - ");

        if (!rest)
                return false;
        *rest = '\0';
        rest += 3;
        for (int i = 0; i < N_FIXED; i++)
                if (!(fields[i] = strsep(&line, " ")))
                        return false;
        ret->root = fields[ROOT];
        ret->point = fields[POINT];
        ret->kind = strsep(&rest, " ");
        if (!rest || !strsep(&rest, " ") || !rest)
                return false;
        ret->options = rest;
        unescape(ret->root);
        unescape(ret->point);
        return true;
}

/* Is it the hierarchy of this controller (NULL: v2), and is it what one sees at its mount point? */
static bool mount_is(const struct mount *mount, const char *controller)
{
        struct statfs there;

        if (strcmp(mount->kind, controller ? "cgroup" : "cgroup2") != 0)
                return false;
        if (controller && !in_list(mount->options, strlen(mount->options), controller))
                return false;
        if (statfs(mount->point, &there) < 0)
                return false;
        return there.f_type == (controller ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC);
}

int proc_cgroup_mount_of(const char *controller, char *mount, size_t mount_size, char *root, size_t root_size)
{
        scoped(buf_deinit) struct buf content = BUF_INIT;
        struct mount candidate, best = { 0 };
        char *p, *line;
        int r;

        r = slurp("/proc/self/mountinfo", &content);
        if (r < 0)
                return r;
        p = content.data;
        while ((line = next_line(&p))) {
                if (!mount_parse(line, &candidate) || !mount_is(&candidate, controller))
                        continue;
                /* The whole hierarchy is better than a part of it. */
                if (!best.point || (strcmp(best.root, "/") != 0 && strcmp(candidate.root, "/") == 0))
                        best = candidate;
        }
        if (!best.point)
                return -ENOENT;
        r = copy_out(best.point, mount, mount_size);
        return r < 0 ? r : copy_out(best.root, root, root_size);
}

int proc_cgroup2_mount(char *mount, size_t mount_size, char *root, size_t root_size)
{
        return proc_cgroup_mount_of(NULL, mount, mount_size, root, root_size);
}
