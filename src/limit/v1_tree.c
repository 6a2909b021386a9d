/* SPDX-License-Identifier: MIT */
/*
 * The leaves of one tree in v1 hierarchies: entered, read, and kept for the next tree.
 *
 * v1 knows no "as one": the OOM killer ends one process. It tells by an eventfd, and the tree is ended then.
 *
 * Making, describing and removing a leaf in each of three hierarchies takes 250 us, entering them 30. So a
 * leaf that is as good as new is kept for the next tree of the group. As good as new is one that has met no
 * limit, has nobody in it (a zombie counts as a task), has no cgroups below it, and whose counts can be set
 * back: of the peak of tasks that is so only while it is 1, which any tree has. What memory is still charged
 * to it is seen when it is taken again: a page cache that the last tree has filled is no business of the
 * next. Each leaf is judged by itself, and made anew where it is not: a shell script costs a leaf for its
 * tasks and no more.
 *
 * That they have different limits does not matter: all are written again. Writing the quota of CPU fills it
 * up, so that nobody is throttled for what the last tree took.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "limit/v1_place.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* One tree follows another; trees side by side are kept only as far as descriptors are cheap. */
#define POOL_MAX 16
#define KEEPING_MAX 8

#define LEAF_MODE 0755

struct leaf {
        struct v1_dir dir;
        int tasks_fd;   /* -1 */
        bool unspoiled; /* met no limit, and its counts can be set back */
};

struct v1_tree {
        struct v1_group *group;
        struct list link; /* of the pool */
        char name[16];    /* of each leaf */
        bool keeps;       /* the files of its leaves open */
        struct leaf leaves[V1_N];
        int join_fds[V1_N];   /* tasks files of those that there are, borrowed */
        int oom_fd;           /* eventfd */
        uint64_t n_failed[2]; /* charges of the leaf and of the group that had failed when we looked last */
        enum limit_oom oom;
        uint64_t n_throttled; /* of the group, at the start */
};

/* --- reading ----------------------------------------------------------------------------------------------
 */

static uint64_t count_failed(struct v1_dir *dir)
{
        uint64_t memory = 0, both = 0;

        v1_dir_read_number(dir, "memory.failcnt", &memory);
        v1_dir_read_number(dir, "memory.memsw.failcnt", &both);
        return memory + both;
}

/* Of the group: the leaf begins with none. */
static uint64_t count_throttled(struct v1_group *group)
{
        return v1_dir_read_key(&group->places[V1_CPU].dir, "cpu.stat", "nr_throttled ");
}

/* --- leaves -----------------------------------------------------------------------------------------------
 */

/* The kernel writes to the eventfd when the OOM killer comes. */
static int watch_oom(struct v1_tree *tree)
{
        int dir_fd = tree->leaves[V1_MEMORY].dir.fd;
        scoped(fd_closep) int control_fd = openat(dir_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
        scoped(fd_closep) int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        char text[32];
        int r;

        if (control_fd < 0 || event_fd < 0)
                return -errno;
        snprintf(text, sizeof(text), "%d %d", event_fd, control_fd);
        r = fd_write_file_at(dir_fd, "cgroup.event_control", text);
        if (r < 0)
                return r;
        tree->oom_fd = TAKE_FD(event_fd);
        return 0;
}

/* 0; -EBUSY: somebody is in it. */
static int leaf_remove(struct v1_tree *tree, enum v1_place at)
{
        struct leaf *leaf = &tree->leaves[at];
        int r = 0;

        if (at == V1_MEMORY)
                tree->oom_fd = fd_close(tree->oom_fd);
        if (leaf->dir.fd >= 0 && unlinkat(tree->group->places[at].dir.fd, tree->name, AT_REMOVEDIR) < 0)
                r = -errno;
        leaf->tasks_fd = fd_close(leaf->tasks_fd);
        v1_dir_close(&leaf->dir);
        return r;
}

static int leaf_make(struct v1_tree *tree, enum v1_place at, struct inbye_error *reterr)
{
        const struct place *place = &tree->group->places[at];
        struct leaf *leaf = &tree->leaves[at];
        int r;

        r = mkdirat(place->dir.fd, tree->name, LEAF_MODE) < 0 ? -errno : 0;
        if (r == 0)
                r = v1_dir_open(&leaf->dir, place->dir.fd, tree->name);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot make a leaf of controller '%s'",
                        controller_name(place->controller));
        /* Not cgroup.procs: the child has one thread, and for a thread that moves itself the kernel does
         * without a lock that waits for a grace period (0.3 to 12 ms). */
        leaf->tasks_fd = openat(leaf->dir.fd, "tasks", O_RDWR | O_CLOEXEC);
        if (leaf->tasks_fd < 0)
                return error_set(reterr, INBYE_STAGE_LIMIT, errno, "cannot open tasks of a leaf");
        r = at == V1_MEMORY ? watch_oom(tree) : 0;
        return r < 0 ? error_set(reterr, INBYE_STAGE_LIMIT, -r, "cannot watch the memory of a leaf") : 0;
}

/* --- leaves that are used again ---------------------------------------------------------------------------
 */

/* What may still be charged to it: the kernel charges up to 64 pages ahead for each CPU that a member ran on,
 * and frees late. The next peak can be too high by that, and its limit too low. */
#define RESIDUE_MAX ((uint64_t)512 << 10)
#define RESIDUE_PART 64 /* of the limit */

static bool memory_is_reset(struct v1_tree *tree, const struct inbye_limits *limits)
{
        uint64_t part = limits->memory_bytes / RESIDUE_PART, residue;
        struct v1_dir *dir = &tree->leaves[V1_MEMORY].dir;

        return v1_dir_write(dir, "memory.max_usage_in_bytes", "0") == 0 &&
               v1_dir_read_number(dir, "memory.max_usage_in_bytes", &residue) &&
               residue <= (part < RESIDUE_MAX ? part : RESIDUE_MAX);
}

static bool is_empty(struct leaf *leaf, enum v1_place at)
{
        uint64_t n_tasks = 0;
        char c;

        if (at == V1_PIDS && (!v1_dir_read_number(&leaf->dir, "pids.current", &n_tasks) || n_tasks > 0))
                return false;
        return pread(leaf->tasks_fd, &c, 1, 0) == 0;
}

/* What a member may have changed is looked at where no limit is written over it. */
static bool is_as_made(struct leaf *leaf, enum v1_place at)
{
        struct stat st;

        if (at == V1_MEMORY && v1_dir_read_key(&leaf->dir, "memory.oom_control", "oom_kill_disable ") != 0)
                return false;
        return fstat(leaf->dir.fd, &st) == 0 && st.st_nlink == 2 && (st.st_mode & 07777) == LEAF_MODE;
}

/* @return whether there is none left that the name could be in the way of. */
static bool leaves_sift(struct v1_tree *tree)
{
        bool free = true;

        for (int i = 0; i < V1_N; i++) {
                struct leaf *leaf = &tree->leaves[i];

                if (leaf->dir.fd >= 0 && leaf->unspoiled && is_as_made(leaf, i) && is_empty(leaf, i))
                        continue;
                if (leaf_remove(tree, i) < 0)
                        free = false;
        }
        return free;
}

/* --- trees ------------------------------------------------------------------------------------------------
 */

static void tree_remove(struct v1_tree *tree)
{
        if (!tree)
                return;
        for (int i = 0; i < V1_N; i++)
                (void)leaf_remove(tree, i);
        tree->group->n_keeping -= tree->keeps;
        free(tree);
}
DEFINE_SCOPED(tree_removep, struct v1_tree, tree_remove)

void v1_tree_free(struct v1_tree *tree)
{
        struct v1_group *group;

        if (!tree)
                return;
        group = tree->group;
        if (!leaves_sift(tree) || group->n_pool >= POOL_MAX) {
                tree_remove(tree);
                return;
        }
        list_append(&group->pool, &tree->link);
        group->n_pool++;
}

void v1_pool_free(struct v1_group *group)
{
        struct v1_tree *tree;

        LIST_FOREACH (tree, &group->pool, struct v1_tree, link) {
                list_unlink(&tree->link);
                tree_remove(tree);
        }
        group->n_pool = 0;
}

static struct v1_tree *take_kept(struct v1_group *group)
{
        struct v1_tree *tree;

        if (list_is_empty(&group->pool))
                return NULL;
        tree = LIST_ENTRY(group->pool.previous, struct v1_tree, link);
        list_unlink(&tree->link);
        group->n_pool--;
        if (!tree->keeps && group->n_keeping < KEEPING_MAX) {
                tree->keeps = true;
                group->n_keeping++;
        }
        return tree;
}

static struct v1_tree *tree_new(struct v1_group *group)
{
        struct v1_tree *tree = calloc(1, sizeof(*tree));

        if (!tree)
                return NULL;
        tree->group = group;
        list_init(&tree->link);
        snprintf(tree->name, sizeof(tree->name), "%u", group->next_leaf++);
        tree->oom_fd = -1;
        for (int i = 0; i < V1_N; i++)
                tree->leaves[i] = (struct leaf){ .dir = V1_DIR_INIT, .tasks_fd = -1 };
        return tree;
}

/* A leaf there, fit for these limits and with them in force. */
static int leaf_prepare(
        struct v1_tree *tree, enum v1_place at, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        struct leaf *leaf = &tree->leaves[at];
        bool is_new;
        int r = 0;

        if (leaf->dir.fd >= 0 && at == V1_MEMORY && !memory_is_reset(tree, limits))
                r = leaf_remove(tree, at);
        is_new = leaf->dir.fd < 0;
        leaf->dir.keep = !is_new && tree->keeps;
        if (r == 0 && is_new)
                r = leaf_make(tree, at, reterr);
        if (r == 0 && (!is_new || (limits_controllers(limits) & tree->group->places[at].controller)))
                r = v1_apply(at, &leaf->dir, limits, reterr);
        leaf->unspoiled = false; /* until its counts were read */
        return r;
}

static int tree_prepare(struct v1_tree *tree, const struct inbye_limits *limits, struct inbye_error *reterr)
{
        struct v1_group *group = tree->group;
        int r = 0;

        for (int i = 0; i < V1_N && r == 0; i++)
                if (group->places[i].below)
                        r = leaf_prepare(tree, i, limits, reterr);
        if (r < 0)
                return r;
        tree->oom = LIMIT_OOM_NONE;
        tree->n_failed[0] = 0;
        tree->n_failed[1] = group->had_memory ? count_failed(&group->places[V1_MEMORY].dir) : 0;
        tree->n_throttled = group->limits_cpu ? count_throttled(group) : 0;
        return 0;
}

/* Where one that was kept will not do, whyever, a new one says what is wrong. */
static int tree_take(struct v1_group *group, const struct inbye_limits *limits, struct v1_tree **ret,
        struct inbye_error *reterr)
{
        scoped(tree_removep) struct v1_tree *kept = take_kept(group);
        scoped(tree_removep) struct v1_tree *tree = NULL;
        int r;

        if (kept && tree_prepare(kept, limits, NULL) == 0) {
                *ret = TAKE(kept);
                return 0;
        }
        tree = tree_new(group);
        if (!tree)
                return error_set(reterr, INBYE_STAGE_LIMIT, ENOMEM, "limits");
        r = tree_prepare(tree, limits, reterr);
        if (r < 0)
                return r;
        *ret = TAKE(tree);
        return 0;
}

int v1_tree_open(struct v1_group *group, const struct inbye_limits *limits, struct v1_tree **ret,
        struct spawn_plan *plan, struct inbye_error *reterr)
{
        struct v1_tree *tree = NULL;
        int r;

        r = tree_take(group, limits, &tree, reterr);
        if (r < 0)
                return r;
        plan->join_fds = tree->join_fds;
        plan->n_join_fds = 0;
        for (int i = 0; i < V1_N; i++)
                if (tree->leaves[i].tasks_fd >= 0)
                        tree->join_fds[plan->n_join_fds++] = tree->leaves[i].tasks_fd;
        *ret = tree;
        return 0;
}

/* --- OOM --------------------------------------------------------------------------------------------------
 */

int v1_tree_oom_fd(const struct v1_tree *tree)
{
        return tree ? tree->oom_fd : -1;
}

/*
 * The event comes for a limit of the leaf and for one of any cgroup above it, and the count of kills says
 * nothing of whose limit it was either. A limit that was met is one for which charges have failed since.
 */
bool v1_tree_take_oom(struct v1_tree *tree)
{
        struct v1_dir *const dirs[2] = { &tree->leaves[V1_MEMORY].dir, &tree->group->places[V1_MEMORY].dir };
        uint64_t n_events, n_failed;

        if (tree->oom_fd < 0 || read(tree->oom_fd, &n_events, sizeof(n_events)) < 0)
                return false;
        for (int i = 1; i >= 0; i--) {
                n_failed = count_failed(dirs[i]);
                if (n_failed > tree->n_failed[i])
                        tree->oom = i == 0 ? LIMIT_OOM_COMMAND : LIMIT_OOM_GROUP;
                tree->n_failed[i] = n_failed;
        }
        return tree->oom != LIMIT_OOM_NONE;
}

bool v1_tree_met_memory(struct v1_tree *tree)
{
        if (!tree || tree->leaves[V1_MEMORY].dir.fd < 0)
                return false;
        return count_failed(&tree->leaves[V1_MEMORY].dir) > tree->n_failed[0] ||
               count_failed(&tree->group->places[V1_MEMORY].dir) > tree->n_failed[1];
}

/* --- accounts ---------------------------------------------------------------------------------------------
 */

static enum inbye_verdict verdict_of(uint64_t count)
{
        if (count == INBYE_UNKNOWN)
                return INBYE_VERDICT_UNKNOWN;
        return count > 0 ? INBYE_VERDICT_TRIPPED : INBYE_VERDICT_NOT_TRIPPED;
}

static void read_memory(struct v1_tree *tree, const struct inbye_limits *limits, struct inbye_usage *usage,
        struct limit_verdicts *ret)
{
        struct leaf *leaf = &tree->leaves[V1_MEMORY];
        uint64_t kills = v1_dir_read_key(&leaf->dir, "memory.oom_control", "oom_kill ");

        if (v1_dir_read_number(&leaf->dir, "memory.max_usage_in_bytes", &usage->peak_memory_bytes))
                usage->memory_source = "cgroup";
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
        leaf->unspoiled = kills == 0 && ret->oom == LIMIT_OOM_NONE && count_failed(&leaf->dir) == 0;
}

/* Counted where the fork failed, whosever limit it was. */
static void read_tasks(
        struct v1_tree *tree, bool limited, struct inbye_usage *usage, struct limit_verdicts *ret)
{
        struct leaf *leaf = &tree->leaves[V1_PIDS];
        uint64_t n_refused = v1_dir_read_key(&leaf->dir, "pids.events", "max "), peak = 0;

        if (v1_dir_read_number(&leaf->dir, "pids.peak", &peak))
                usage->peak_processes = peak;
        if (limited)
                ret->of[INBYE_LIMIT_TASKS] = verdict_of(n_refused);
        leaf->unspoiled = n_refused == 0 && peak <= 1;
}

static void read_cpu(struct v1_tree *tree, bool limited, struct limit_verdicts *ret)
{
        struct v1_group *group = tree->group;
        struct leaf *leaf = &tree->leaves[V1_CPU];
        uint64_t own = v1_dir_read_key(&leaf->dir, "cpu.stat", "nr_throttled "), of_group;

        leaf->unspoiled = own == 0;
        if (!limited)
                return;
        ret->of[INBYE_LIMIT_CPU] = verdict_of(own);
        if (own != 0 || !group->limits_cpu)
                return;
        of_group = count_throttled(group);
        ret->of[INBYE_LIMIT_CPU] = of_group == INBYE_UNKNOWN || tree->n_throttled == INBYE_UNKNOWN
                                           ? INBYE_VERDICT_UNKNOWN
                                           : verdict_of(of_group - tree->n_throttled);
}

static bool either_has(
        const struct inbye_limits *limits, const struct inbye_limits *of_group, enum inbye_limit limit)
{
        return limits_has(limits, limit) || limits_has(of_group, limit);
}

void v1_tree_read(struct v1_tree *tree, const struct inbye_limits *limits,
        const struct inbye_limits *of_group, struct inbye_usage *usage, struct limit_verdicts *ret)
{
        if (tree->leaves[V1_MEMORY].dir.fd >= 0)
                read_memory(tree, limits, usage, ret);
        if (tree->leaves[V1_PIDS].dir.fd >= 0)
                read_tasks(tree, either_has(limits, of_group, INBYE_LIMIT_TASKS), usage, ret);
        if (tree->leaves[V1_CPU].dir.fd >= 0)
                read_cpu(tree, either_has(limits, of_group, INBYE_LIMIT_CPU), ret);
}
