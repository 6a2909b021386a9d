/* SPDX-License-Identifier: MIT */
/*
 * Limits in v1 hierarchies, beside whatever holds the tree.
 *
 *   <own v1 cgroup of the controller>/inbye.<128 random bits>/<leaf>
 *
 * A group has a directory in the hierarchy of each controller that it needs, which bears its own limits; a
 * tree has a leaf in each. Nothing is held by them: holding is the mechanism's, and killing one member of a
 * v1 leaf at a time loses against a tree that forks. A child is not born in a v1 leaf but enters by itself
 * before it executes, which is early enough for a limit.
 *
 * libcgroup makes and removes the directories of groups (controllers.c). Leaves are plain directories in
 * them: libcgroup would read the table of mounts, and try to make every directory from the root down, for
 * each. Values are written and read by descriptors of ours, so that an error says which file it is about. For
 * each directory a warden removes what an owner that was killed leaves behind, as in v2; they are told apart
 * by the name, which is a session's. Where the wardens were killed too the registry finds them.
 *
 * v1 knows no "as one": the OOM killer ends one process. It tells by an eventfd, and the tree is ended then.
 */
#include "limit/v1.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "contain/registry.h"
#include "limit/controllers.h"
#include "sys/proc.h"
#include "warden/client.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_PLACES 3
static const uint32_t place_controllers[N_PLACES] = { CONTROLLER_MEMORY, CONTROLLER_PIDS, CONTROLLER_CPU };
enum { MEMORY, PIDS, CPU };

/* The directory of a group in one hierarchy. */
struct place {
        uint32_t controller;
        char *below; /* of the base, as libcgroup takes it: below the root of the mount. NULL: not had */
        int base_fd, dir_fd;
        struct warden warden;
        struct loop_child warden_child; /* no stray, though a child of ours */
};

struct v1_group {
        struct inbye_loop *loop;
        char name[SESSION_NAME_SIZE];
        struct place places[N_PLACES];
        unsigned next_leaf;
        bool limits_cpu; /* of the group as a whole */
};

struct v1_tree {
        struct v1_group *group;
        unsigned number;
        int dir_fds[N_PLACES];
        int join_fds[N_PLACES]; /* those that there are come first */
        size_t n_join_fds;
        int oom_fd;           /* eventfd */
        uint64_t n_failed[2]; /* charges of the leaf and of the group that had failed when we looked last */
        enum limit_oom oom;
        uint64_t n_throttled; /* of the group, at the start */
};

/* --- places -----------------------------------------------------------------------------------------------
 */

struct own {
        char directory[3072], below[2048];
};

/* Our own cgroup of a v1 controller: its path in the file system, and below the root of the mount. */
static int find_own(uint32_t controller, struct own *ret)
{
        char own[2048] = "", mount[1024], root[1024] = "";
        const char *name = controller_name(controller);
        size_t n_root;
        int r;

        r = proc_cgroup_mount_of(name, mount, sizeof(mount), root, sizeof(root));
        if (r == 0)
                r = proc_own_cgroup_of(name, own, sizeof(own));
        if (r < 0)
                return r;
        n_root = strcmp(root, "/") == 0 ? 0 : strlen(root);
        if (strncmp(own, root, n_root) != 0 || (own[n_root] && own[n_root] != '/'))
                return -EXDEV;
        snprintf(ret->below, sizeof(ret->below), "%s", own + n_root);
        snprintf(ret->directory, sizeof(ret->directory), "%s%s", mount, own + n_root);
        return 0;
}

bool v1_has(uint32_t controller)
{
        char mount[1024], root[1024];

        for (int i = 0; i < N_PLACES; i++)
                if (place_controllers[i] == controller)
                        return proc_cgroup_mount_of(controller_name(controller), mount, sizeof(mount), root,
                                       sizeof(root)) == 0;
        return false;
}

/* "inbye.<random>", below the base, for libcgroup. */
static char *path_of(const struct v1_group *group, const struct place *place)
{
        char *path = NULL;

        if (asprintf(&path, "%s%s%s", place->below, place->below[0] ? "/" : "", group->name) < 0)
                return NULL;
        return path;
}

static int make(const struct v1_group *group, const struct place *place)
{
        scoped(freep) char *path = path_of(group, place);

        return path ? controllers_make(controller_name(place->controller), path) : -ENOMEM;
}

static void remove_dir(const struct v1_group *group, const struct place *place)
{
        scoped(freep) char *path = path_of(group, place);

        if (path)
                controllers_remove(controller_name(place->controller), path);
}

static void place_close(const struct v1_group *group, struct place *place)
{
        if (!place->below)
                return;
        loop_child_remove(&place->warden_child);
        if (place->dir_fd >= 0)
                remove_dir(group, place);
        /* With members left it is the warden's. */
        if (place->dir_fd >= 0 && faccessat(place->base_fd, group->name, F_OK, 0) == 0)
                warden_leave(&place->warden);
        else
                warden_dismiss(&place->warden);
        place->dir_fd = fd_close(place->dir_fd);
        place->base_fd = fd_close(place->base_fd);
        free(place->below);
        place->below = NULL;
}

static int refuse(uint32_t controller, const char *directory, int r, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot use controller '%s' (cgroup v1) in %s",
                controller_name(controller), directory);
        if (r != -EACCES && r != -EPERM && r != -EROFS)
                return r;
        error_hint(reterr, "as root: mkdir %.90s/inbye; chown -R %lu %.90s/inbye; and start it there",
                directory, (unsigned long)geteuid(), directory);
        return -EOPNOTSUPP;
}

static int open_dir(int dir_fd, const char *path)
{
        int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* The warden is there before the directory is. */
static int place_fill(
        struct v1_group *group, struct place *place, const struct own *own, struct inbye_error *reterr)
{
        int r;

        place->base_fd = open_dir(AT_FDCWD, own->directory);
        if (place->base_fd < 0)
                return refuse(place->controller, own->directory, place->base_fd, reterr);
        if (faccessat(place->base_fd, ".", W_OK, AT_EACCESS) < 0)
                return refuse(place->controller, own->directory, -errno, reterr);
        r = warden_watch(place->base_fd, group->name, &place->warden, reterr);
        if (r < 0)
                return r;
        place->warden_child.pid = place->warden.pid;
        place->warden_child.fn = loop_child_remove;
        loop_child_add(group->loop, &place->warden_child);
        r = make(group, place);
        if (r == 0)
                r = place->dir_fd = open_dir(place->base_fd, group->name);
        if (r < 0)
                return refuse(place->controller, own->directory, r, reterr);
        (void)registry_tag_v1(place->dir_fd); /* where it cannot be, a dead owner will not be known */
        return 0;
}

static int place_open(struct v1_group *group, struct place *place, struct inbye_error *reterr)
{
        struct own own;
        int r;

        r = find_own(place->controller, &own);
        if (r < 0)
                return refuse(place->controller, "the hierarchy that is mounted", r, reterr);
        place->below = strdup(own.below[0] == '/' ? own.below + 1 : own.below);
        if (!place->below)
                return error_set(reterr, INBYE_STAGE_LIMIT, ENOMEM, "limits");
        r = place_fill(group, place, &own, reterr);
        if (r < 0)
                place_close(group, place);
        return r;
}

/* --- groups -----------------------------------------------------------------------------------------------
 */

static int group_new(struct inbye_loop *loop, struct v1_group **ret)
{
        struct v1_group *group = calloc(1, sizeof(*group));
        int r;

        if (!group)
                return -ENOMEM;
        r = registry_name(group->name);
        if (r < 0) {
                free(group);
                return r;
        }
        group->loop = loop;
        for (int i = 0; i < N_PLACES; i++)
                group->places[i] = (struct place){
                        .controller = place_controllers[i], .base_fd = -1, .dir_fd = -1, .warden = WARDEN_INIT
                };
        controllers_keep_rules_away();
        *ret = group;
        return 0;
}

int v1_group_have(
        struct v1_group **group, struct inbye_loop *loop, uint32_t controller, struct inbye_error *reterr)
{
        int r;

        if (!*group) {
                r = group_new(loop, group);
                if (r < 0)
                        return error_set(reterr, INBYE_STAGE_LIMIT, -r, "limits");
        }
        for (int i = 0; i < N_PLACES; i++)
                if (place_controllers[i] == controller)
                        return place_open(*group, &(*group)->places[i], reterr);
        return -EOPNOTSUPP;
}

uint32_t v1_group_controllers(const struct v1_group *group)
{
        uint32_t had = 0;

        for (int i = 0; group && i < N_PLACES; i++)
                if (group->places[i].below)
                        had |= place_controllers[i];
        return had;
}

void v1_group_free(struct v1_group *group)
{
        if (!group)
                return;
        for (int i = 0; i < N_PLACES; i++)
                place_close(group, &group->places[i]);
        free(group);
}

/* --- values -----------------------------------------------------------------------------------------------
 */

static int write_number(
        int dir_fd, enum inbye_limit limit, const char *name, uint64_t number, struct inbye_error *reterr)
{
        char value[32];
        int r;

        if (number == INBYE_UNLIMITED)
                snprintf(value, sizeof(value), "%s", limit == INBYE_LIMIT_TASKS ? "max" : "-1");
        else
                snprintf(value, sizeof(value), "%" PRIu64, number);
        r = fd_write_file_at(dir_fd, name, value);
        if (r == 0)
                return 0;
        error_set(reterr, INBYE_STAGE_LIMIT, -r, "limit '%s': cannot write '%s' to %s",
                inbye_limit_name(limit), value, name);
        if (r != -ENOENT)
                return r;
        error_hint(reterr, "%s",
                limit == INBYE_LIMIT_SWAP ? "boot with swapaccount=1" : "a kernel built with that feature");
        return -EOPNOTSUPP;
}

/* Memory and swap are limited as one, which may never be less than the memory alone: up first, then down. */
static int apply_memory(int dir_fd, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        static const char both[] = "memory.memsw.limit_in_bytes";
        bool limited = limits_has(limits, INBYE_LIMIT_MEMORY),
             implied = limits->swap_bytes == INBYE_SWAP_DEFAULT;
        uint64_t swap = implied ? limited ? 0 : INBYE_UNLIMITED : limits->swap_bytes;
        int r;

        if (faccessat(dir_fd, both, F_OK, 0) < 0 && (implied || swap == INBYE_UNLIMITED))
                return write_number(
                        dir_fd, INBYE_LIMIT_MEMORY, "memory.limit_in_bytes", limits->memory_bytes, reterr);
        r = write_number(dir_fd, INBYE_LIMIT_SWAP, both, INBYE_UNLIMITED, reterr);
        if (r == 0)
                r = write_number(
                        dir_fd, INBYE_LIMIT_MEMORY, "memory.limit_in_bytes", limits->memory_bytes, reterr);
        if (r < 0 || swap == INBYE_UNLIMITED)
                return r;
        if (!limited) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, EOPNOTSUPP,
                        "limit 'swap': cgroup v1 limits swap only together with memory");
                error_hint(reterr, "limit the memory too");
                return -EOPNOTSUPP;
        }
        /* A page more than both: so it is the memory that is found full first, whose failures are counted. */
        return write_number(dir_fd, INBYE_LIMIT_SWAP, both,
                limits->memory_bytes + swap + (uint64_t)sysconf(_SC_PAGESIZE), reterr);
}

static int apply_tasks(int dir_fd, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        return write_number(dir_fd, INBYE_LIMIT_TASKS, "pids.max", limits->tasks, reterr);
}

static int apply_cpu(int dir_fd, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        uint64_t quota_us = INBYE_UNLIMITED, period_us = 100000;
        int r;

        if (limits->cpu_us_per_s != INBYE_UNLIMITED)
                limit_cpu_quota(limits->cpu_us_per_s, &quota_us, &period_us);
        r = write_number(dir_fd, INBYE_LIMIT_CPU, "cpu.cfs_period_us", period_us, reterr);
        if (r == 0)
                r = write_number(dir_fd, INBYE_LIMIT_CPU, "cpu.cfs_quota_us", quota_us, reterr);
        if (r == 0)
                r = write_number(dir_fd, INBYE_LIMIT_CPU_WEIGHT, "cpu.shares",
                        limits->cpu_weight ? ((uint64_t)limits->cpu_weight * 1024 + 50) / 100 : 1024, reterr);
        return r;
}

static int (*const apply[N_PLACES])(
        int dir_fd, const struct inbye_limits *limits, struct inbye_error *reterr) = {
        [MEMORY] = apply_memory,
        [PIDS] = apply_tasks,
        [CPU] = apply_cpu,
};

int v1_group_apply(struct v1_group *group, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr)
{
        int r = 0, i;

        for (i = 0; i < N_PLACES && r == 0; i++)
                if (group->places[i].below)
                        r = apply[i](group->places[i].dir_fd, limits, reterr);
        while (r < 0 && i-- > 0)
                if (group->places[i].below)
                        (void)apply[i](group->places[i].dir_fd, before, NULL);
        group->limits_cpu = limits_has(r < 0 ? before : limits, INBYE_LIMIT_CPU);
        return r;
}

/* --- trees ------------------------------------------------------------------------------------------------
 */

static void leaf_name(const struct v1_tree *tree, char name[static 16])
{
        snprintf(name, 16, "%u", tree->number);
}

void v1_tree_free(struct v1_tree *tree)
{
        char name[16];

        if (!tree)
                return;
        leaf_name(tree, name);
        fd_close(tree->oom_fd);
        for (size_t i = 0; i < tree->n_join_fds; i++)
                fd_close(tree->join_fds[i]);
        for (int i = 0; i < N_PLACES; i++)
                if (tree->dir_fds[i] >= 0) {
                        fd_close(tree->dir_fds[i]);
                        unlinkat(tree->group->places[i].dir_fd, name, AT_REMOVEDIR);
                }
        free(tree);
}
DEFINE_SCOPED(v1_tree_freep, struct v1_tree, v1_tree_free)

static int leaf_open(
        struct v1_tree *tree, int i, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        const struct place *place = &tree->group->places[i];
        char name[16];
        int r, fd;

        leaf_name(tree, name);
        r = mkdirat(place->dir_fd, name, 0755) < 0 ? -errno : 0;
        if (r == 0)
                r = tree->dir_fds[i] = open_dir(place->dir_fd, name);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot make a leaf of controller '%s'",
                        controller_name(place->controller));
        if (limits_controllers(limits) & place->controller) {
                r = apply[i](tree->dir_fds[i], limits, reterr);
                if (r < 0)
                        return r;
        }
        /* Not cgroup.procs: the child has one thread, and for a thread that moves itself the kernel does
         * without a lock that waits for a grace period (0.3 to 12 ms). */
        fd = openat(tree->dir_fds[i], "tasks", O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return error_set(reterr, INBYE_STAGE_LIMIT, errno, "cannot open tasks of a leaf");
        tree->join_fds[tree->n_join_fds++] = fd;
        return 0;
}

static uint64_t read_key(int dir_fd, const char *name, const char *key)
{
        char text[512];
        const char *found;

        if (dir_fd < 0 || fd_read_file_at(dir_fd, name, text, sizeof(text)) < 0)
                return INBYE_UNKNOWN;
        found = strstr(text, key);
        return found ? strtoull(found + strlen(key), NULL, 10) : INBYE_UNKNOWN;
}

/* Of the group: the leaf begins with none. */
static uint64_t count_throttled(const struct v1_tree *tree)
{
        return read_key(tree->group->places[CPU].dir_fd, "cpu.stat", "nr_throttled ");
}

/* The kernel writes to the eventfd when the OOM killer comes. */
static int watch_oom(struct v1_tree *tree)
{
        scoped(fd_closep) int control_fd =
                openat(tree->dir_fds[MEMORY], "memory.oom_control", O_RDONLY | O_CLOEXEC);
        scoped(fd_closep) int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        char text[32];
        int r;

        if (control_fd < 0 || event_fd < 0)
                return -errno;
        snprintf(text, sizeof(text), "%d %d", event_fd, control_fd);
        r = fd_write_file_at(tree->dir_fds[MEMORY], "cgroup.event_control", text);
        if (r < 0)
                return r;
        tree->oom_fd = TAKE_FD(event_fd);
        return 0;
}

int v1_tree_open(struct v1_group *group, const struct inbye_limits *limits, struct v1_tree **ret,
        struct spawn_plan *plan, struct inbye_error *reterr)
{
        scoped(v1_tree_freep) struct v1_tree *tree = calloc(1, sizeof(*tree));
        int r = 0;

        if (!tree)
                return error_set(reterr, INBYE_STAGE_LIMIT, ENOMEM, "limits");
        tree->group = group;
        tree->number = group->next_leaf++;
        tree->oom_fd = -1;
        for (int i = 0; i < N_PLACES; i++)
                tree->dir_fds[i] = -1;
        for (int i = 0; i < N_PLACES && r == 0; i++)
                if (group->places[i].below)
                        r = leaf_open(tree, i, limits, reterr);
        if (r < 0)
                return r;
        if (tree->dir_fds[MEMORY] >= 0) {
                r = watch_oom(tree);
                if (r < 0)
                        return error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot watch the memory of a leaf");
        }
        tree->n_throttled = group->limits_cpu ? count_throttled(tree) : 0;
        plan->join_fds = tree->join_fds;
        plan->n_join_fds = tree->n_join_fds;
        *ret = TAKE(tree);
        return 0;
}

int v1_tree_oom_fd(const struct v1_tree *tree)
{
        return tree ? tree->oom_fd : -1;
}

static bool read_number(int dir_fd, const char *name, uint64_t *ret)
{
        char text[32];

        if (dir_fd < 0 || fd_read_file_at(dir_fd, name, text, sizeof(text)) <= 0)
                return false;
        *ret = strtoull(text, NULL, 10);
        return true;
}

static uint64_t count_failed(int dir_fd)
{
        uint64_t memory = 0, both = 0;

        read_number(dir_fd, "memory.failcnt", &memory);
        read_number(dir_fd, "memory.memsw.failcnt", &both);
        return memory + both;
}

/*
 * The event comes for a limit of the leaf and for one of any cgroup above it, and the count of kills says
 * nothing of whose limit it was either. A limit that was met is one for which charges have failed since.
 */
bool v1_tree_take_oom(struct v1_tree *tree)
{
        const int fds[2] = { tree->dir_fds[MEMORY], tree->group->places[MEMORY].dir_fd };
        uint64_t n_events, n_failed;

        if (tree->oom_fd < 0 || read(tree->oom_fd, &n_events, sizeof(n_events)) < 0)
                return false;
        for (int i = 1; i >= 0; i--) {
                n_failed = count_failed(fds[i]);
                if (n_failed > tree->n_failed[i])
                        tree->oom = i == 0 ? LIMIT_OOM_COMMAND : LIMIT_OOM_GROUP;
                tree->n_failed[i] = n_failed;
        }
        return tree->oom != LIMIT_OOM_NONE;
}

/* --- accounts ---------------------------------------------------------------------------------------------
 */

static enum inbye_verdict verdict_of(uint64_t count)
{
        if (count == INBYE_UNKNOWN)
                return INBYE_VERDICT_UNKNOWN;
        return count > 0 ? INBYE_VERDICT_TRIPPED : INBYE_VERDICT_NOT_TRIPPED;
}

static void judge_memory(struct v1_tree *tree, const struct inbye_limits *limits, struct limit_verdicts *ret)
{
        uint64_t kills = read_key(tree->dir_fds[MEMORY], "memory.oom_control", "oom_kill ");

        (void)v1_tree_take_oom(tree);
        /* It may not have come to a kill of the kernel's: ours was first. */
        ret->oom = tree->oom;
        if (ret->oom == LIMIT_OOM_NONE && kills != INBYE_UNKNOWN && kills > 0)
                ret->oom = LIMIT_OOM_OUTSIDE;
        if (ret->oom == LIMIT_OOM_COMMAND || ret->oom == LIMIT_OOM_GROUP)
                ret->of[INBYE_LIMIT_MEMORY] = INBYE_VERDICT_TRIPPED;
        else if (limits_has(limits, INBYE_LIMIT_MEMORY))
                ret->of[INBYE_LIMIT_MEMORY] =
                        kills == INBYE_UNKNOWN ? INBYE_VERDICT_UNKNOWN : INBYE_VERDICT_NOT_TRIPPED;
        if (limits_has(limits, INBYE_LIMIT_SWAP))
                ret->of[INBYE_LIMIT_SWAP] = INBYE_VERDICT_UNKNOWN; /* counted with the memory */
}

static uint64_t throttled_since(const struct v1_tree *tree)
{
        uint64_t own = read_key(tree->dir_fds[CPU], "cpu.stat", "nr_throttled "), group;

        if (own != 0 || !tree->group->limits_cpu)
                return own;
        group = count_throttled(tree);
        return group == INBYE_UNKNOWN || tree->n_throttled == INBYE_UNKNOWN ? INBYE_UNKNOWN
                                                                            : group - tree->n_throttled;
}

void v1_tree_read(struct v1_tree *tree, const struct inbye_limits *limits,
        const struct inbye_limits *of_group, struct inbye_usage *usage, struct limit_verdicts *ret)
{
        if (tree->dir_fds[MEMORY] >= 0) {
                if (read_number(
                            tree->dir_fds[MEMORY], "memory.max_usage_in_bytes", &usage->peak_memory_bytes))
                        usage->memory_source = "cgroup";
                judge_memory(tree, limits, ret);
        }
        read_number(tree->dir_fds[PIDS], "pids.peak", &usage->peak_processes);
        /* Counted where the fork failed, whosever limit it was. */
        if (limits_has(limits, INBYE_LIMIT_TASKS) || limits_has(of_group, INBYE_LIMIT_TASKS))
                ret->of[INBYE_LIMIT_TASKS] = verdict_of(read_key(tree->dir_fds[PIDS], "pids.events", "max "));
        if (limits_has(limits, INBYE_LIMIT_CPU) || limits_has(of_group, INBYE_LIMIT_CPU))
                ret->of[INBYE_LIMIT_CPU] = verdict_of(throttled_since(tree));
}
