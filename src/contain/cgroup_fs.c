/* SPDX-License-Identifier: MIT */
/*
 * The file system side of cgroups: finding the directory of our own cgroup, listing and removing below a
 * leaf.
 *
 * A member may have made sub-cgroups in its leaf, moved into them, taken away their permissions or made them
 * threaded, so every walk goes all the way down by directory descriptors, gives itself permission back, and
 * takes what cannot be read as unknown, not as empty. It may also have nested them deeper than there are
 * descriptors or than a stack holds: a walk has one descriptor, comes back by "..", and keeps on the heap
 * what it has yet to see.
 */
#include "contain/cgroup_fs.h"
#include "base/buf.h"
#include "base/fd.h"
#include "sys/misc.h"
#include "sys/proc.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A member that makes a cgroup in a cgroup faster than we go down would keep us for ever. */
#define MAX_DEPTH 10000

static int open_dir_at(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0755, 0) == 0)
                fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

/* --- our own place ---------------------------------------------------------------------------------- */

static int why_not(struct contain_probe *why, const char *reason, const char *hint)
{
        if (why) {
                snprintf(why->reason, sizeof(why->reason), "%s", reason);
                snprintf(why->hint, sizeof(why->hint), "%s", hint);
        }
        return -EOPNOTSUPP;
}

#define HINT_DELEGATE                                                                                        \
        "start it in a subtree of its own: systemd-run --user --scope -p Delegate=yes -- "                   \
        "COMMAND (as root: without --user)"
#define HINT_WRITABLE                                                                                        \
        "start the container with a writable one: docker run --privileged --cgroupns=private, podman run "   \
        "--security-opt unmask=/sys/fs/cgroup; or, as root: mount -o remount,rw /sys/fs/cgroup"

/* Not a fact about this host: to hold less for it would be to hold less in silence. */
static bool is_shortage(int r)
{
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/* Who has made room for its leaves stands beside them, and they below its parent. */
static void leave_owner_dir(char *own)
{
        size_t n = strlen(own), n_name = strlen("/" CGROUP_OWNER_DIR);

        if (n >= n_name && strcmp(own + n - n_name, "/" CGROUP_OWNER_DIR) == 0)
                own[n - n_name + (n == n_name)] = '\0';
}

/* The path of the own cgroup as the mount shows it: a mount may show only a part of the hierarchy. */
int cgroup_base_find(const char *controller, bool whole, char *path, size_t size, struct contain_probe *why)
{
        char own[2048], mount[1024], root[1024];
        const char *below = own;
        size_t n_root;
        int r;

        r = proc_cgroup_mount_of(controller, mount, sizeof(mount), root, sizeof(root));
        if (is_shortage(r))
                return r;
        if (r < 0)
                return why_not(why, "no cgroup2 file system is mounted here",
                        "mount -t cgroup2 none /sys/fs/cgroup (as root)");
        if (whole)
                return (size_t)snprintf(path, size, "%s", mount) >= size ? -ENAMETOOLONG : 0;
        r = proc_own_cgroup_of(controller, own, sizeof(own));
        if (is_shortage(r))
                return r;
        if (r < 0)
                return why_not(why, "the own cgroup lies outside the visible tree", HINT_DELEGATE);
        leave_owner_dir(own);
        n_root = strcmp(root, "/") == 0 ? 0 : strlen(root);
        if (strncmp(own, root, n_root) != 0 || (own[n_root] && own[n_root] != '/'))
                return why_not(why, "the own cgroup lies outside what is mounted", HINT_DELEGATE);
        below += n_root;
        r = snprintf(path, size, "%s%s", mount, strcmp(below, "/") == 0 ? "" : below);
        return r < 0 || (size_t)r >= size ? -ENAMETOOLONG : 0;
}

/*
 * A child is born in a leaf only if we may write cgroup.procs of the common ancestor of us and it: of our own
 * cgroup. That a user owns the directory is not enough.
 */
static int check_access(int dir_fd, const char *path, struct contain_probe *why)
{
        char reason[sizeof(why->reason)];
        int r = sys_access(dir_fd, "cgroup.procs", W_OK);

        if (r == 0)
                r = sys_access(dir_fd, ".", W_OK);
        if (r == 0 || is_shortage(r))
                return r;
        snprintf(reason, sizeof(reason), "%.200s is %s", path,
                r == -EROFS ? "mounted read-only" : "not writable for this user");
        return why_not(why, reason, r == -EROFS ? HINT_WRITABLE : HINT_DELEGATE);
}

int cgroup_base_open(struct cgroup_base *ret, struct contain_probe *why)
{
        scoped(fd_closep) int fd = -1;
        char reason[sizeof(why->reason)];
        int r;

        r = cgroup_base_find(NULL, false, ret->path, sizeof(ret->path), why);
        if (r < 0)
                return r;
        fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                r = -errno;
                if (is_shortage(r))
                        return r;
                snprintf(reason, sizeof(reason), "cannot open %.150s: %s", ret->path, strerror(-r));
                return why_not(why, reason, HINT_DELEGATE);
        }
        r = check_access(fd, ret->path, why);
        if (r < 0)
                return r;
        ret->dir_fd = TAKE_FD(fd);
        return 0;
}

/* --- below a leaf ------------------------------------------------------------------------------------- */

static int add_numbers(FILE *file, struct contain_pids *pids, bool threads)
{
        long number;
        int r = 0;

        while (r == 0 && fscanf(file, "%ld", &number) == 1) {
                /* Of threads only the leader has a pidfd; each process has its leader in the list. */
                struct proc_stat stat;

                if (threads && proc_read_stat((pid_t)number, &stat) < 0)
                        continue;
                r = contain_pids_add(pids, (pid_t)number);
        }
        return r;
}

static int list_file(int dir_fd, const char *name, bool threads, struct contain_pids *pids)
{
        scoped(file_closep) FILE *file = NULL;
        int fd, r;

        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0644, 0) == 0)
                fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        file = fdopen(fd, "r");
        if (!file) {
                fd_close(fd);
                return -ENOMEM;
        }
        errno = 0;
        r = add_numbers(file, pids, threads);
        if (r < 0)
                return r;
        if (ferror(file))
                return errno == ENODEV ? 0 : -errno;
        return 0;
}

int cgroup_list_own(int dir_fd, struct contain_pids *pids)
{
        int r = list_file(dir_fd, "cgroup.procs", false, pids);

        /* A threaded cgroup has no list of processes. */
        return r == -EOPNOTSUPP ? list_file(dir_fd, "cgroup.threads", true, pids) : r;
}

static bool has_subdirs(int dir_fd)
{
        struct stat st;

        return fstat(dir_fd, &st) < 0 || st.st_nlink != 2;
}

/* The directory once more, with a place of its own in it. A member may have taken the permission to search
 * it. */
static int open_again(int dir_fd)
{
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 && errno == EACCES && fchmod(dir_fd, 0755) == 0)
                fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* The names of the subdirectories, each with its NUL. */
static int read_names(int dir_fd, struct buf *names)
{
        scoped(dir_closep) DIR *dir = NULL;
        struct dirent *entry;
        int fd;

        if (!has_subdirs(dir_fd))
                return 0;
        fd = open_again(dir_fd);
        if (fd < 0)
                return fd;
        dir = fdopendir(fd);
        if (!dir) {
                fd_close(fd);
                return -ENOMEM;
        }
        errno = 0;
        while ((entry = readdir(dir)))
                if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
                        strcmp(entry->d_name, "..") != 0)
                        buf_append(names, entry->d_name, strlen(entry->d_name) + 1);
        return names->failed ? names->failed : -errno;
}

/* One directory on the way down: what is below it, where we are in that, and where we shall be next. */
struct level {
        struct buf names;
        size_t at, next;
};

struct walk {
        /* Before a directory is entered: 0; > 0: leave it out; -errno ends the walk. */
        int (*enter)(int parent_fd, const char *name, struct contain_pids *pids);
        int (*visit)(int dir_fd, struct contain_pids *pids);
        void (*leave)(int parent_fd, const char *name);
        struct contain_pids *pids;
        int fd; /* where we are */
        struct level *levels;
        size_t n_levels, n_allocated;
};

static void walk_deinit(struct walk *walk)
{
        while (walk->n_levels > 0)
                buf_deinit(&walk->levels[--walk->n_levels].names);
        free(walk->levels);
        fd_close(walk->fd);
}

static int walk_here(struct walk *walk)
{
        struct level level = { .names = BUF_INIT };
        int r;

        if (walk->n_levels == MAX_DEPTH)
                return -ELOOP;
        if (walk->n_levels == walk->n_allocated) {
                size_t n = walk->n_allocated ? 2 * walk->n_allocated : 8;
                struct level *grown = reallocarray(walk->levels, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                walk->levels = grown;
                walk->n_allocated = n;
        }
        r = walk->visit ? walk->visit(walk->fd, walk->pids) : 0;
        if (r == 0)
                r = read_names(walk->fd, &level.names);
        walk->levels[walk->n_levels++] = level;
        return r;
}

static int walk_down(struct walk *walk, const char *name)
{
        int fd, r;

        r = walk->enter ? walk->enter(walk->fd, name, walk->pids) : 0;
        if (r != 0)
                return r < 0 ? r : 0;
        fd = open_dir_at(walk->fd, name);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        fd_close(walk->fd);
        walk->fd = fd;
        return walk_here(walk);
}

static int walk_up(struct walk *walk)
{
        struct level *level = &walk->levels[--walk->n_levels];
        int fd;

        buf_deinit(&level->names);
        if (walk->n_levels == 0)
                return 0;
        fd = open_dir_at(walk->fd, "..");
        if (fd < 0)
                return fd;
        fd_close(walk->fd);
        walk->fd = fd;
        level--;
        if (walk->leave)
                walk->leave(walk->fd, level->names.data + level->at);
        return 0;
}

static int walk_below(int dir_fd, struct walk *walk)
{
        int r;

        walk->fd = open_again(dir_fd);
        if (walk->fd < 0)
                return walk->fd;
        r = walk_here(walk);
        while (r == 0 && walk->n_levels > 0) {
                struct level *level = &walk->levels[walk->n_levels - 1];

                level->at = level->next;
                if (level->at < level->names.n) {
                        const char *name = level->names.data + level->at;

                        level->next += strlen(name) + 1;
                        r = walk_down(walk, name);
                } else {
                        r = walk_up(walk);
                }
        }
        return r;
}

int cgroup_list(int dir_fd, struct contain_pids *pids)
{
        scoped(walk_deinit) struct walk walk = { .visit = cgroup_list_own, .pids = pids, .fd = -1 };

        return walk_below(dir_fd, &walk);
}

static int remove_or_enter(int parent_fd, const char *name, struct contain_pids *pids)
{
        (void)pids;
        return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
}

static void remove_left(int parent_fd, const char *name)
{
        unlinkat(parent_fd, name, AT_REMOVEDIR);
}

void cgroup_prune(int dir_fd)
{
        scoped(walk_deinit) struct walk walk = { .enter = remove_or_enter, .leave = remove_left, .fd = -1 };

        (void)walk_below(dir_fd, &walk);
}

/* The kernel gives such a file whole to whoever has the room, so there is no second read for the end of it:
 * these are read several times for each command. */
ssize_t cgroup_read_file(int fd, char *text, size_t size)
{
        ssize_t n;

        do
                n = pread(fd, text, size - 1, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        return n;
}

int cgroup_read_events(int events_fd, struct cgroup_events *ret)
{
        char text[128];
        ssize_t n;

        n = cgroup_read_file(events_fd, text, sizeof(text));
        if (n == -ENODEV || n == -ENOENT) {
                *ret = (struct cgroup_events){ 0 };
                return 0;
        }
        if (n < 0)
                return (int)n;
        ret->populated = strstr(text, "populated 1") != NULL;
        ret->frozen = strstr(text, "frozen 1") != NULL;
        return 0;
}
