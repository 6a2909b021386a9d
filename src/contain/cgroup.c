/* SPDX-License-Identifier: MIT */
/*
 * Mechanism `cgroup`: a cgroup v2 leaf for every tree.
 *
 *   <own cgroup>/inbye.<128 random bits>/<group>/<leaf>
 *
 * The session directory belongs to the loop and lives as long as it has groups; a group has a directory, a
 * tree a leaf in it. Children are born in their leaf (CLONE_INTO_CGROUP), so there is no moment outside it.
 *
 * A leaf that emptied by itself is kept for the next tree of its group, with its files open: making and
 * removing one costs 25 to 35 us, a twentieth of a short command. One that was killed is never used again:
 * since 6.14 kernels compare kill counters at birth, and a child born into a once-killed leaf dies of SIGKILL
 * at once. Nor is one that its members have changed (sub-cgroups, permissions, freezer).
 *
 * poll on cgroup.events wakes at most once in 10 ms, so it is the last resort: tree_look() reads the file at
 * the moments that matter, and the members' pidfds give the moments.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "contain/cgroup_fs.h"
#include "contain/contain.h"
#include "contain/registry.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include "sys/signals.h"
#include "warden/client.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POOL_MAX 64

struct session {
        struct cgroup_base base;
        int dir_fd;
        char name[SESSION_NAME_SIZE];
        unsigned n_groups, next_group;
        bool join_by_write; /* CLONE_INTO_CGROUP does not do here */
        bool unwatched;     /* the warden has died */
        bool untagged;      /* the directory does not say whose it is */
        struct inbye_loop *loop;
        struct list groups;
        struct warden warden;
        struct loop_io warden_io;
        struct loop_child warden_child;
};

struct cgroup_group {
        struct contain_group group;
        struct list link; /* of the session */
        struct session *session;
        int dir_fd;
        char name[16];
        unsigned next_leaf, n_pool;
        struct list pool;  /* empty leaves, ready */
        struct list trees; /* leaves in use */
};

struct leaf {
        struct contain_tree tree;
        struct cgroup_group *group;
        struct list link;
        char name[16];
        char key[80]; /* "inbye.<random>/<group>/<leaf>": no other path contains it */
        int dir_fd, events_fd, stat_fd, procs_fd;
        int kill_fd;                 /* open from the start: there may be no descriptor when it is needed */
        uint64_t id;                 /* inode of the directory: the kernel's cgroup id */
        uint64_t user_us, system_us; /* cpu.stat when its last tree was freed */
        bool spoiled;                /* not to be used again */
};

/* --- session -------------------------------------------------------------------------------------------- */

static void session_free(struct session *session)
{
        if (!session)
                return;
        loop_io_remove(&session->warden_io);
        loop_child_remove(&session->warden_child);
        /* What could not be ended is left to the warden, which goes on trying. */
        if (session->dir_fd >= 0 && unlinkat(session->base.dir_fd, session->name, AT_REMOVEDIR) < 0 &&
                errno == EBUSY) {
                loop_note_stranger();
                warden_leave(&session->warden);
        } else {
                warden_dismiss(&session->warden);
        }
        fd_close(session->dir_fd);
        fd_close(session->base.dir_fd);
        free(session);
}
DEFINE_SCOPED(session_freep, struct session, session_free)

/* Make a directory and open it. */
static int make_dir(int parent_fd, const char *name, mode_t mode, int *ret_fd)
{
        int fd;

        if (mkdirat(parent_fd, name, mode) < 0)
                return -errno;
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) {
                int r = -errno;

                unlinkat(parent_fd, name, AT_REMOVEDIR);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

/* Below a threaded or invalid cgroup no leaf can hold a process. */
static int check_type(int dir_fd, struct contain_probe *why)
{
        char type[64];
        ssize_t n = fd_read_file_at(dir_fd, "cgroup.type", type, sizeof(type));

        if (n < 0)
                return (int)n;
        if (strncmp(type, "domain\n", 7) == 0)
                return 0;
        type[strcspn(type, "\n")] = '\0';
        snprintf(why->reason, sizeof(why->reason), "a new cgroup here is of type '%.40s'", type);
        snprintf(why->hint, sizeof(why->hint), "run it in a cgroup that is not threaded");
        return -EOPNOTSUPP;
}

static int mkdir_failed(const struct session *session, int r, struct contain_probe *why)
{
        snprintf(why->reason, sizeof(why->reason), "cannot make a cgroup in %.150s: %s", session->base.path,
                strerror(-r));
        if (r == -EAGAIN)
                snprintf(why->hint, sizeof(why->hint),
                        "raise cgroup.max.descendants or cgroup.max.depth above it");
        if (r == -EACCES || r == -EPERM || r == -EROFS || r == -EAGAIN || r == -EOPNOTSUPP)
                return -EOPNOTSUPP;
        return r;
}

/* Members are signalled and waited for by pidfd alone: their numbers are not ours. */
static int check_pidfds(struct contain_probe *why)
{
        scoped(fd_closep) int pidfd = sys_pidfd_open(getpid());

        if (pidfd >= 0 || (pidfd != -ENOSYS && pidfd != -EPERM))
                return 0;
        snprintf(why->reason, sizeof(why->reason), "there are no pidfds here: %s", strerror(-pidfd));
        snprintf(
                why->hint, sizeof(why->hint), "Linux 5.3 or later, and no seccomp filter against pidfd_open");
        return -EOPNOTSUPP;
}

/* Where it will be and what it will be called; nothing is there yet. */
static int session_new(struct session **ret, struct contain_probe *why)
{
        scoped(session_freep) struct session *session = NULL;
        int r;

        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;
        session->dir_fd = session->base.dir_fd = -1;
        session->warden = (struct warden)WARDEN_INIT;
        list_init(&session->groups);
        r = check_pidfds(why);
        if (r == 0)
                r = cgroup_base_open(&session->base, why);
        if (r < 0)
                return r;
        r = registry_name(session->name);
        if (r < 0)
                return r;
        *ret = TAKE(session);
        return 0;
}

/* Others may pass through to their leaves, but neither list it nor read whose it is. */
static int session_make(struct session *session, struct contain_probe *why)
{
        int r;

        r = make_dir(session->base.dir_fd, session->name, 0711, &session->dir_fd);
        if (r < 0)
                return mkdir_failed(session, r, why);
        r = check_type(session->dir_fd, why);
        if (r < 0)
                return r;
        session->untagged = registry_tag(session->dir_fd) < 0;
        return 0;
}

static int probe_session(struct contain_probe *ret)
{
        scoped(session_freep) struct session *session = NULL;
        int r;

        r = session_new(&session, ret);
        if (r == 0)
                r = session_make(session, ret);
        if (r < 0)
                return r;
        snprintf(ret->detail, sizeof(ret->detail), "leaves below %.120s%s%s", session->base.path,
                faccessat(session->dir_fd, "cgroup.kill", F_OK, 0) == 0
                        ? ""
                        : ", without cgroup.kill (Linux 5.14)",
                session->untagged ? ", without xattrs (Linux 5.7): ps and gc cannot tell whose they are"
                                  : "");
        return 0;
}

/* No warden watches over a session that holds nothing: a signal that ends us has to wait until it is removed.
 */
static int probe(struct contain_probe *ret)
{
        uint64_t mask;
        int r;

        r = sys_signal_mask(UINT64_MAX, &mask);
        if (r < 0)
                return r;
        r = probe_session(ret);
        sys_signal_mask(mask, NULL);
        return r;
}

static void session_free_data(void *data)
{
        session_free(data);
}

/* The warden died before us. Without it nothing would end the trees if we died next. */
static void on_warden(struct loop_io *io, uint32_t events)
{
        struct session *session = CONTAINER_OF(io, struct session, warden_io);
        struct cgroup_group *group;

        (void)events;
        loop_io_remove(io);
        session->unwatched = true;
        LIST_FOREACH (group, &session->groups, struct cgroup_group, link)
                if (group->group.on_unwatched)
                        group->group.on_unwatched(&group->group);
}

/* Its end is the loop's business like that of any orphan; its life is not. */
static void on_warden_child(struct loop_child *child)
{
        loop_child_remove(child);
}

/* Before anything is made, so that there is no moment at which our death would leave something behind. */
static int set_watch(struct session *session, struct inbye_error *reterr)
{
        int r;

        r = warden_watch(session->base.dir_fd, session->name, &session->warden, reterr);
        if (r < 0)
                return r;
        session->warden_child.pid = session->warden.pid;
        session->warden_child.fn = on_warden_child;
        loop_child_add(session->loop, &session->warden_child);
        r = loop_io_add(session->loop, &session->warden_io, session->warden.pidfd, LOOP_IN, on_warden);
        return r < 0 ? error_set(reterr, INBYE_STAGE_LOOP, -r, "cannot watch the warden") : 0;
}

static int refuse(const struct contain_probe *why, int r, struct inbye_error *reterr)
{
        if (r != -EOPNOTSUPP)
                return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot make a cgroup for this session");
        return contain_refuse(&contain_cgroup, why, reterr);
}

/* The session of the loop, made by its first group; a new one where the old has lost its warden. */
static int session_of(struct inbye_loop *loop, struct session **ret, struct inbye_error *reterr)
{
        scoped(session_freep) struct session *session = NULL;
        struct contain_probe why = { 0 };
        struct session *open = loop_get_data(loop);
        int r;

        if (open && open->unwatched)
                return error_set_plain(reterr, INBYE_STAGE_LEAF, EOWNERDEAD,
                        "the warden of this loop's session was killed; free its groups before opening "
                        "another");
        if (open) {
                *ret = open;
                return 0;
        }
        r = session_new(&session, &why);
        if (r < 0)
                return refuse(&why, r, reterr);
        session->loop = loop;
        r = set_watch(session, reterr);
        if (r < 0)
                return r;
        r = session_make(session, &why);
        if (r < 0)
                return refuse(&why, r, reterr);
        loop_set_data(loop, session, session_free_data);
        *ret = TAKE(session);
        return 0;
}

static void session_release(struct session *session)
{
        if (session->n_groups > 0)
                return;
        loop_set_data(session->loop, NULL, NULL);
        session_free(session);
}

/* --- group ---------------------------------------------------------------------------------------------- */

static void leaf_remove(struct leaf *leaf);

static void group_free(struct contain_group *contain_group)
{
        struct cgroup_group *group = CONTAINER_OF(contain_group, struct cgroup_group, group);
        struct session *session = group->session;
        struct leaf *leaf;

        LIST_FOREACH (leaf, &group->pool, struct leaf, link)
                leaf_remove(leaf);
        unlinkat(session->dir_fd, group->name, AT_REMOVEDIR);
        fd_close(group->dir_fd);
        list_unlink(&group->link);
        free(group);
        session->n_groups--;
        session_release(session);
}

static int group_new(struct session *session, struct cgroup_group **ret)
{
        struct cgroup_group *group;
        int r;

        group = calloc(1, sizeof(*group));
        if (!group)
                return -ENOMEM;
        group->group.ops = &contain_cgroup;
        group->session = session;
        list_init(&group->pool);
        list_init(&group->trees);
        snprintf(group->name, sizeof(group->name), "%u", session->next_group++);
        r = make_dir(session->dir_fd, group->name, 0755, &group->dir_fd);
        if (r < 0) {
                free(group);
                return r;
        }
        list_append(&session->groups, &group->link);
        session->n_groups++;
        *ret = group;
        return 0;
}

static int group_open(struct inbye_loop *loop, struct contain_group **ret, struct inbye_error *reterr)
{
        struct cgroup_group *group;
        struct session *session;
        int r;

        r = session_of(loop, &session, reterr);
        if (r < 0)
                return r;
        r = group_new(session, &group);
        if (r < 0) {
                session_release(session);
                return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot make a cgroup for this group");
        }
        *ret = &group->group;
        return 0;
}

static int group_dirs(struct contain_group *contain_group, struct contain_dirs *ret)
{
        const struct cgroup_group *group = CONTAINER_OF(contain_group, struct cgroup_group, group);

        *ret = (struct contain_dirs){
                .base_fd = group->session->base.dir_fd,
                .session_fd = group->session->dir_fd,
                .group_fd = group->dir_fd,
                .path = group->session->base.path,
        };
        return 0;
}

/* --- leaf ----------------------------------------------------------------------------------------------- */

static struct leaf *leaf_of(struct contain_tree *tree)
{
        return CONTAINER_OF(tree, struct leaf, tree);
}

/* Give up the leaf and its directory; with members left, rmdir says EBUSY and the directory stays. */
static void leaf_remove(struct leaf *leaf)
{
        struct cgroup_group *group;

        if (!leaf)
                return;
        group = leaf->group;
        if (leaf->dir_fd >= 0 && unlinkat(group->dir_fd, leaf->name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
                cgroup_prune(leaf->dir_fd);
                unlinkat(group->dir_fd, leaf->name, AT_REMOVEDIR);
        }
        fd_close(leaf->procs_fd);
        fd_close(leaf->kill_fd);
        fd_close(leaf->stat_fd);
        fd_close(leaf->events_fd);
        fd_close(leaf->dir_fd);
        free(leaf);
}
DEFINE_SCOPED(leaf_removep, struct leaf, leaf_remove)

static int leaf_open_files(struct leaf *leaf)
{
        struct stat st;

        if (fstat(leaf->dir_fd, &st) < 0)
                return -errno;
        leaf->id = st.st_ino;
        leaf->events_fd = openat(leaf->dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (leaf->events_fd < 0)
                return -errno;
        leaf->stat_fd = openat(leaf->dir_fd, "cpu.stat", O_RDONLY | O_CLOEXEC);
        if (leaf->stat_fd < 0 && errno != ENOENT)
                return -errno;
        leaf->kill_fd = openat(leaf->dir_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
        if (leaf->kill_fd < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

static int leaf_new(struct cgroup_group *group, struct leaf **ret)
{
        scoped(leaf_removep) struct leaf *leaf = NULL;
        int r;

        leaf = calloc(1, sizeof(*leaf));
        if (!leaf)
                return -ENOMEM;
        leaf->tree.ops = &contain_cgroup;
        leaf->group = group;
        leaf->dir_fd = leaf->events_fd = leaf->stat_fd = leaf->procs_fd = leaf->kill_fd = -1;
        list_init(&leaf->link);
        snprintf(leaf->name, sizeof(leaf->name), "%u", group->next_leaf++);
        snprintf(leaf->key, sizeof(leaf->key), "%s/%s/%s", group->session->name, group->name, leaf->name);
        r = make_dir(group->dir_fd, leaf->name, 0755, &leaf->dir_fd);
        if (r < 0)
                return r;
        r = leaf_open_files(leaf);
        if (r < 0)
                return r;
        *ret = TAKE(leaf);
        return 0;
}

static int tree_open(
        struct contain_group *contain_group, struct contain_tree **ret, struct inbye_error *reterr)
{
        struct cgroup_group *group = CONTAINER_OF(contain_group, struct cgroup_group, group);
        struct leaf *leaf;
        int r;

        if (!list_is_empty(&group->pool)) {
                leaf = LIST_ENTRY(group->pool.next, struct leaf, link);
                list_unlink(&leaf->link);
                group->n_pool--;
        } else {
                r = leaf_new(group, &leaf);
                if (r < 0)
                        return error_set(reterr, INBYE_STAGE_LEAF, -r, "cannot make a cgroup leaf");
        }
        list_append(&group->trees, &leaf->link);
        *ret = &leaf->tree;
        return 0;
}

static int group_claims(struct contain_group *contain_group, const struct contain_tree *except, pid_t pid)
{
        struct cgroup_group *group = CONTAINER_OF(contain_group, struct cgroup_group, group);
        scoped(buf_deinit) struct buf path = BUF_INIT;
        struct leaf *leaf;
        int r;

        r = proc_read_cgroup(pid, &path);
        if (r < 0)
                return r;
        /* What stands elsewhere in the session has left its leaf too. */
        LIST_FOREACH (leaf, &group->trees, struct leaf, link)
                if (&leaf->tree != except && proc_path_contains(path.data, leaf->key))
                        return CONTAIN_E_CLAIMED;
        return 0;
}

static int open_procs(void *userdata)
{
        struct leaf *leaf = userdata;

        if (leaf->procs_fd < 0)
                leaf->procs_fd = openat(leaf->dir_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        return leaf->procs_fd < 0 ? -errno : leaf->procs_fd;
}

static void tree_plan(struct contain_tree *tree, struct spawn_plan *plan)
{
        struct leaf *leaf = leaf_of(tree);

        plan->cgroup_fd = leaf->dir_fd;
        plan->open_cgroup_procs = open_procs;
        plan->userdata = leaf;
        plan->join_by_write = leaf->group->session->join_by_write;
}

static void tree_started(struct contain_tree *tree, const struct spawned *spawned)
{
        tree->pid = spawned->pid;
        if (spawned->joined_by_write)
                leaf_of(tree)->group->session->join_by_write = true;
}

static void tree_command_ended(struct contain_tree *tree, bool pinned)
{
        (void)pinned;
        (void)tree; /* membership is the kernel's business here */
}

static int tree_pids(struct contain_tree *tree, struct contain_pids *pids)
{
        return cgroup_list(leaf_of(tree)->dir_fd, pids);
}

/*
 * The pid may be another process's by now. What the pidfd refers to is a member if the kernel says so of the
 * pidfd itself (6.13), or if /proc says so of the pid while the pidfd's process has not ended.
 */
static int tree_pin(struct contain_tree *tree, pid_t pid, int *ret_pidfd)
{
        scoped(fd_closep) int pidfd = -1;
        struct leaf *leaf = leaf_of(tree);
        uint64_t id;
        int r;

        pidfd = sys_pidfd_open(pid);
        if (pidfd < 0)
                return pidfd == -ESRCH ? CONTAIN_E_GONE : pidfd;
        if (sys_pidfd_cgroup_id(pidfd, &id) < 0 || id != leaf->id) {
                r = proc_cgroup_contains(pid, leaf->key);
                if (r < 0 && r != -ESRCH)
                        return r;
                if (r <= 0 || sys_pidfd_has_ended(pidfd) != 0)
                        return CONTAIN_E_GONE;
        }
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}

static int tree_freeze(struct contain_tree *tree, bool frozen)
{
        struct leaf *leaf = leaf_of(tree);
        struct cgroup_events events;
        int r;

        r = fd_write_file_at(leaf->dir_fd, "cgroup.freeze", frozen ? "1" : "0");
        if (r == -ENOENT)
                return -EOPNOTSUPP;
        if (r < 0)
                return r;
        if (cgroup_read_events(leaf->events_fd, &events) < 0)
                return CONTAIN_E_PENDING; /* it was asked for, and may be so or not */
        return events.frozen == frozen ? 0 : CONTAIN_E_PENDING;
}

/* Before 5.14: hold everybody still, so that nobody forks past us, and kill each one. */
static int kill_each(struct contain_tree *tree)
{
        int r;

        tree_freeze(tree, true);
        r = contain_signal(tree, SIGKILL, false);
        tree_freeze(tree, false);
        return r;
}

static int tree_kill(struct contain_tree *tree)
{
        struct leaf *leaf = leaf_of(tree);

        leaf->spoiled = true;
        if (leaf->kill_fd < 0)
                return kill_each(tree);
        if (pwrite(leaf->kill_fd, "1", 1, 0) == 1 || errno == ENODEV)
                return 0;
        /* A member made the leaf threaded, or whatever else: then one by one. */
        return kill_each(tree);
}

static int tree_look(struct contain_tree *tree)
{
        struct leaf *leaf = leaf_of(tree);
        struct cgroup_events events;
        int r;

        r = cgroup_read_events(leaf->events_fd, &events);
        if (r < 0)
                return r;
        leaf->spoiled |= events.frozen;
        return events.populated ? CONTAIN_E_POPULATED : 0;
}

static int tree_take_dir(struct contain_tree *tree)
{
        struct leaf *leaf = leaf_of(tree);

        leaf->spoiled = true;
        return leaf->dir_fd;
}

static int tree_event_fd(struct contain_tree *tree)
{
        return leaf_of(tree)->events_fd;
}

static bool read_stat(const char *text, const char *key, uint64_t *ret)
{
        const char *line = strstr(text, key);
        char *end;

        if (!line)
                return false;
        line += strlen(key);
        *ret = strtoull(line, &end, 10);
        return end != line;
}

static void tree_usage(struct contain_tree *tree, struct inbye_usage *usage)
{
        struct leaf *leaf = leaf_of(tree);
        uint64_t user_us, system_us;
        char text[1024];

        if (leaf->stat_fd < 0 || cgroup_read_file(leaf->stat_fd, text, sizeof(text)) < 0)
                return;
        if (!read_stat(text, "user_usec", &user_us) || !read_stat(text, "system_usec", &system_us))
                return;
        usage->cpu_user_us = user_us - leaf->user_us;
        usage->cpu_system_us = system_us - leaf->system_us;
        usage->cpu_source = "cgroup";
        leaf->user_us = user_us;
        leaf->system_us = system_us;
}

static bool leaf_is_as_made(struct leaf *leaf)
{
        struct stat st;

        return fstat(leaf->dir_fd, &st) == 0 && st.st_nlink == 2 && (st.st_mode & 0777) == 0755;
}

static void tree_free(struct contain_tree *tree)
{
        struct leaf *leaf = leaf_of(tree);
        struct cgroup_group *group = leaf->group;

        list_unlink(&leaf->link);
        if (leaf->spoiled || group->n_pool >= POOL_MAX || tree_look(tree) != 0 || leaf->spoiled ||
                !leaf_is_as_made(leaf)) {
                leaf_remove(leaf);
                return;
        }
        tree->pid = 0;
        list_append(&group->pool, &leaf->link);
        group->n_pool++;
}

const struct contain_ops contain_cgroup = {
        .name = "cgroup",
        .bit = INBYE_MECHANISM_CGROUP,
        .cannot = "hold a process that may write another cgroup.procs and moves itself there",
        .on_owner_death = "whole_tree",
        .can_freeze = true,
        .tree_events = LOOP_PRIORITY,
        .probe = probe,
        .group_open = group_open,
        .group_free = group_free,
        .group_dirs = group_dirs,
        .group_claims = group_claims,
        .tree_open = tree_open,
        .tree_plan = tree_plan,
        .tree_started = tree_started,
        .tree_wait_fd = contain_child_wait_fd,
        .tree_wait = contain_child_wait,
        .tree_command_ended = tree_command_ended,
        .tree_kill = tree_kill,
        .tree_freeze = tree_freeze,
        .tree_pids = tree_pids,
        .tree_pin = tree_pin,
        .tree_look = tree_look,
        .tree_event_fd = tree_event_fd,
        .tree_take_dir = tree_take_dir,
        .tree_usage = tree_usage,
        .tree_free = tree_free,
};
