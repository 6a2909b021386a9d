/* SPDX-License-Identifier: MIT */
/*
 * Going over the sessions that are there, and ending those of dead owners.
 *
 * The directories are looked for by name when the registry is opened, level by level and by path, from the
 * own cgroup or from the root of the mount down: an inbye inside an inbye has its sessions in a leaf of the
 * outer one. Each is opened and read only when it is its turn, so that one that has gone meanwhile is passed
 * over, and nothing but names is kept of thousands. A directory that is not ours to read is passed over too.
 *
 * Limits in v1 hierarchies have directories of such names there, which hold nothing. They are gone over last,
 * when what holds their members has been killed, and are mentioned only when dead owners left them.
 *
 * Sessions do not clean up after others when they begin: reading the directory and looking for the owner of
 * each (14 and 18 us) would make a hundred inbyes side by side look at each other, for a case that needs two
 * processes killed at once. That is left to who asks for it.
 *
 * Who is told to end a session looks again whether its owner is dead, by a descriptor of the very directory
 * whose entry is read. Its name has 128 random bits and is not used twice.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "contain/cgroup_fs.h"
#include "contain/registry.h"
#include "sys/misc.h"
#include "sys/proc.h"
#include "warden/remove.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories looked into: a tree can make more of them than anybody wants to wait for. */
#define MAX_DIRS 100000

/* Where sessions are looked for: in v2, and in the v1 hierarchies that limits are in. */
static const char *const controllers[] = { NULL, "memory", "pids", "cpu" };

struct base {
        const char *controller; /* NULL: v2 */
        int fd;
        char path[4096];
        struct buf sessions; /* their paths, below the base, each with its NUL */
};

struct inbye_registry {
        struct base bases[ARRAY_SIZE(controllers)];
        struct base *base; /* where we are */
        size_t n_bases, next;
        struct registry_place here;
        const char *below;            /* path of the one that was given last, below the base; NULL: none */
        struct inbye_session session; /* it, and its strings: */
        struct registry_entry entry;
        char path[4096 + PATH_MAX];
};

/* --- looking for them -------------------------------------------------------------------------------------
 */

/* "" is the base itself. */
static int open_path(int base_fd, const char *path)
{
        int fd = openat(base_fd, path[0] ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? -errno : fd;
}

static int add_path(struct buf *dirs, struct buf *sessions, const char *parent, const char *name)
{
        char path[PATH_MAX];
        int r;

        r = snprintf(path, sizeof(path), "%s%s%s", parent, parent[0] ? "/" : "", name);
        if (r < 0 || (size_t)r >= sizeof(path))
                return 0; /* deeper than a path can say: sessions are not made there */
        if (registry_is_session(name))
                buf_append(sessions, path, (size_t)r + 1);
        return buf_append(dirs, path, (size_t)r + 1) < 0 ? dirs->failed : sessions->failed;
}

static int look_into(int base_fd, const char *path, struct buf *dirs, struct buf *sessions)
{
        scoped(dir_closep) DIR *dir = NULL;
        const struct dirent *entry;
        int fd = open_path(base_fd, path), r = 0;

        if (fd < 0)
                return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
        dir = fdopendir(fd);
        if (!dir) {
                fd_close(fd);
                return -ENOMEM;
        }
        while (r == 0 && (entry = readdir(dir)))
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                        r = add_path(dirs, sessions, path, entry->d_name);
        return r;
}

static int find_sessions(int base_fd, struct buf *sessions)
{
        scoped(buf_deinit) struct buf dirs = BUF_INIT;
        char path[PATH_MAX];
        int r;

        r = buf_append(&dirs, "", 1);
        for (size_t at = 0, n = 0; r == 0 && n < MAX_DIRS && at < dirs.n; n++) {
                snprintf(path, sizeof(path), "%s", dirs.data + at); /* the list is moved as it grows */
                at += strlen(path) + 1;
                r = look_into(base_fd, path, &dirs, sessions);
        }
        return r;
}

void inbye_registry_free(struct inbye_registry *registry)
{
        if (!registry)
                return;
        for (size_t i = 0; i < registry->n_bases; i++) {
                buf_deinit(&registry->bases[i].sessions);
                fd_close(registry->bases[i].fd);
        }
        free(registry);
}
DEFINE_SCOPED(registry_freep, struct inbye_registry, inbye_registry_free)

static bool has_base(const struct inbye_registry *registry, const char *path)
{
        for (size_t i = 0; i < registry->n_bases; i++)
                if (strcmp(registry->bases[i].path, path) == 0)
                        return true;
        return false;
}

/* v1 hierarchies are there or not, and several controllers may share one. */
static int open_base(
        struct inbye_registry *registry, const char *controller, bool all, struct inbye_error *reterr)
{
        struct base *base = &registry->bases[registry->n_bases];
        struct contain_probe why = { 0 };
        int r;

        *base = (struct base){ .controller = controller, .fd = -1, .sessions = BUF_INIT };
        r = cgroup_base_find(controller, all, base->path, sizeof(base->path), &why);
        if (r == 0)
                r = base->fd = open_path(AT_FDCWD, base->path);
        if (controller && (r < 0 || has_base(registry, base->path))) {
                fd_close(base->fd);
                return 0;
        }
        if (r == -EOPNOTSUPP)
                return error_set_plain(reterr, INBYE_STAGE_MECHANISM, EOPNOTSUPP, "%s", why.reason);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_MECHANISM, -r, "cannot look below the own cgroup");
        registry->n_bases++;
        r = find_sessions(base->fd, &base->sessions);
        return r < 0 ? error_set(reterr, INBYE_STAGE_MECHANISM, -r, "cannot look for sessions") : 0;
}

static bool has_v2(void)
{
        char mount[1024], root[1024];

        return proc_cgroup2_mount(mount, sizeof(mount), root, sizeof(root)) != -ENOENT;
}

/* A host of v1 alone has limits there, held by other means. With neither it is v2 that is missing. */
static int open_bases(struct inbye_registry *registry, bool all, struct inbye_error *reterr)
{
        int r = 0;

        for (size_t i = has_v2() ? 0 : 1; i < ARRAY_SIZE(controllers) && r == 0; i++)
                r = open_base(registry, controllers[i], all, reterr);
        return r == 0 && registry->n_bases == 0 ? open_base(registry, NULL, all, reterr) : r;
}

int inbye_registry_open(uint32_t flags, struct inbye_registry **ret_registry, struct inbye_error *reterr)
{
        scoped(registry_freep) struct inbye_registry *registry = NULL;
        int r;

        if (!ret_registry || (flags & ~INBYE_REGISTRY_ALL))
                return -EINVAL;
        registry = calloc(1, sizeof(*registry));
        if (!registry)
                return error_set(reterr, INBYE_STAGE_MECHANISM, ENOMEM, "cannot look for sessions");
        (void)registry_here(&registry->here); /* unknown: then their locks have to tell */
        registry->base = registry->bases;
        r = open_bases(registry, flags & INBYE_REGISTRY_ALL, reterr);
        if (r < 0)
                return r;
        *ret_registry = TAKE(registry);
        return 0;
}

/* --- describing one ---------------------------------------------------------------------------------------
 */

static uint64_t count_processes(int dir_fd)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };

        return cgroup_list(dir_fd, &pids) < 0 ? UINT64_MAX : pids.n;
}

static uint64_t read_cpu(int dir_fd)
{
        static const char key[] = "usage_usec ";
        char text[2048];

        if (fd_read_file_at(dir_fd, "cpu.stat", text, sizeof(text)) < 0 || !str_starts_with(text, key))
                return UINT64_MAX;
        return strtoull(text + sizeof(key) - 1, NULL, 10);
}

/* ret: zero where nothing is known of the owner. */
static enum inbye_owner judge(const struct inbye_registry *registry, int dir_fd, struct registry_entry *ret)
{
        *ret = (struct registry_entry){ 0 };
        if (registry->base->controller)
                return registry_judge_v1(dir_fd);
        return registry_read(dir_fd, ret) < 0 ? INBYE_OWNER_UNKNOWN
                                              : registry_judge(&registry->here, ret, dir_fd);
}

static void describe(struct inbye_registry *registry, int dir_fd)
{
        struct registry_entry *entry = &registry->entry;
        enum inbye_owner owner = judge(registry, dir_fd, entry);

        snprintf(registry->path, sizeof(registry->path), "%s/%s", registry->base->path, registry->below);
        registry->session = (struct inbye_session){
                .name = strrchr(registry->path, '/') + 1,
                .path = registry->path,
                .owner = owner,
                .owner_pid = entry->owner_pid,
                .owner_start_ticks = entry->owner_start_ticks,
                .started_ns = entry->started_ns,
                .n_processes = count_processes(dir_fd),
                .cpu_us = read_cpu(dir_fd),
                .command = entry->owner_pid ? entry->command : NULL,
        };
}

/* The next path, of whichever base; NULL: that was all. */
static const char *next_path(struct inbye_registry *registry)
{
        const char *path;

        while (registry->next >= registry->base->sessions.n) {
                if (registry->base + 1 >= registry->bases + registry->n_bases)
                        return NULL;
                registry->base++;
                registry->next = 0;
        }
        path = registry->base->sessions.data + registry->next;
        registry->next += strlen(path) + 1;
        return path;
}

/* In v1 there are limits, beside a session that is listed already, or none: only what is left counts. */
static bool is_listed(const struct inbye_registry *registry)
{
        return !registry->base->controller || registry->session.owner == INBYE_OWNER_DEAD;
}

const struct inbye_session *inbye_registry_next(struct inbye_registry *registry)
{
        while (registry && (registry->below = next_path(registry))) {
                scoped(fd_closep) int dir_fd = open_path(registry->base->fd, registry->below);

                if (dir_fd == -ENOENT)
                        continue;
                describe(registry, dir_fd);
                if (is_listed(registry))
                        return &registry->session;
        }
        return NULL;
}

/* --- ending one -------------------------------------------------------------------------------------------
 */

static int open_parent(const struct inbye_registry *registry)
{
        char path[PATH_MAX];
        char *slash;

        snprintf(path, sizeof(path), "%s", registry->below);
        slash = strrchr(path, '/');
        *(slash ? slash : path) = '\0';
        return open_path(registry->base->fd, path);
}

/* Unknown: yes. */
static bool holds_us(const struct inbye_registry *registry)
{
        const char *name = registry->session.name;
        char own[2048];

        if (!registry->base->controller)
                return proc_cgroup_contains(getpid(), name) != 0;
        return proc_own_cgroup_of(registry->base->controller, own, sizeof(own)) < 0 ||
               proc_path_contains(own, name);
}

/* Proven now, and of this very directory. */
static int check_owner(const struct inbye_registry *registry, int dir_fd, struct inbye_error *reterr)
{
        const char *name = registry->session.name;
        struct registry_entry entry;
        enum inbye_owner owner = judge(registry, dir_fd, &entry);

        if (owner == INBYE_OWNER_ALIVE)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBUSY, "the owner of %s is alive", name);
        if (owner != INBYE_OWNER_DEAD)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBUSY,
                        "it is not known whether the owner of %s is alive", name);
        if (holds_us(registry))
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EBUSY, "this process is in %s", name);
        return 0;
}

static int check_access(int parent_fd, int dir_fd)
{
        int r = sys_access(parent_fd, ".", W_OK);

        return r < 0 ? r : sys_access(dir_fd, "cgroup.procs", W_OK);
}

int inbye_registry_end(struct inbye_registry *registry, uint64_t timeout_ns, struct inbye_error *reterr)
{
        scoped(fd_closep) int parent_fd = -1, dir_fd = -1;
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        int r;

        if (!registry || !registry->below)
                return -EINVAL;
        parent_fd = open_parent(registry);
        dir_fd = open_path(registry->base->fd, registry->below);
        if (parent_fd == -ENOENT || dir_fd == -ENOENT)
                return 0;
        if (parent_fd < 0 || dir_fd < 0)
                return error_set(reterr, INBYE_STAGE_LEAF, parent_fd < 0 ? -parent_fd : -dir_fd,
                        "cannot open %s", registry->path);
        r = check_owner(registry, dir_fd, reterr);
        if (r < 0)
                return r;
        r = check_access(parent_fd, dir_fd);
        if (r == 0)
                r = remove_session(parent_fd, registry->session.name, deadline_ns);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot remove %s", registry->path);
        return 0;
}
