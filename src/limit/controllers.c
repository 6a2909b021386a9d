/* SPDX-License-Identifier: MIT */
/*
 * Where controllers live, and cgroups of v1, by libcgroup, which knows the zoo of v1, hybrid and v2 mounts.
 *
 * The one file that calls it. Removing is always for empty ones only: left to itself libcgroup moves the
 * members of what it removes to the parent, and with them out of what held them. Nothing of v2 is made by it:
 * 2.0.2 says it did and did not. Its start is neither thread-safe nor quiet (it prints to stdout by default),
 * so there is one mutex, and a logger that drops everything, set first. Of the hierarchy's version its API
 * says nothing: statfs(2) of the mount does.
 */
#include "limit/controllers.h"
#include "base/scope.h"
#include <errno.h>
#include <libcgroup.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void drop_message(void *userdata, int level, const char *format, va_list arguments)
{
        (void)userdata;
        (void)level;
        (void)format;
        (void)arguments;
}

static int start(void)
{
        static int started; /* 0: not yet; 1: yes; negative: it cannot be had */

        if (!started) {
                cgroup_set_logger(drop_message, CGROUP_LOG_ERROR, NULL);
                started = cgroup_init() == 0 ? 1 : -ENODEV;
        }
        return started < 0 ? started : 0;
}

static int version_of(const char *mount)
{
        struct statfs fs;

        if (statfs(mount, &fs) < 0)
                return 0;
        return fs.f_type == CGROUP2_MAGIC ? 2 : 1;
}

/* What somebody has set up there, but for what is ours. */
static void list_groups(const char *controller, char *groups, size_t size)
{
        struct cgroup_file_info info;
        void *handle = NULL;
        int base, r;
        size_t n = 0;

        for (r = cgroup_walk_tree_begin(controller, "/", 1, &handle, &info, &base); r == 0;
                r = cgroup_walk_tree_next(1, &handle, &info, base))
                if (info.type == CGROUP_FILE_TYPE_DIR && info.depth == 1 &&
                        strncmp(info.path, "inbye.", 6) != 0 && n + strlen(info.path) + 2 < size)
                        n += (size_t)snprintf(groups + n, size - n, "%s%s", n ? " " : "", info.path);
        cgroup_walk_tree_end(&handle);
}

static int add(struct controller **controllers, size_t *n, const struct cgroup_mount_point *found)
{
        struct controller *grown = reallocarray(*controllers, *n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        *controllers = grown;
        snprintf(grown[*n].name, sizeof(grown[*n].name), "%.31s", found->name);
        snprintf(grown[*n].mount, sizeof(grown[*n].mount), "%.255s", found->path);
        grown[*n].version = version_of(found->path);
        grown[*n].groups[0] = '\0';
        if (grown[*n].version == 1)
                list_groups(found->name, grown[*n].groups, sizeof(grown[*n].groups));
        (*n)++;
        return 0;
}

static int walk(struct controller **ret_controllers, size_t *ret_n)
{
        scoped(freep) struct controller *controllers = NULL;
        struct cgroup_mount_point found;
        void *handle = NULL;
        size_t n = 0;
        int r, failed = 0;

        for (r = cgroup_get_controller_begin(&handle, &found); r == 0 && failed == 0;
                r = cgroup_get_controller_next(&handle, &found))
                failed = add(&controllers, &n, &found);
        cgroup_get_controller_end(&handle);
        if (failed < 0)
                return failed;
        if (r != 0 && r != ECGEOF)
                return -EIO;
        *ret_controllers = TAKE(controllers);
        *ret_n = n;
        return 0;
}

int controllers_list(struct controller **ret_controllers, size_t *ret_n)
{
        int r;

        pthread_mutex_lock(&mutex);
        r = start();
        if (r == 0)
                r = walk(ret_controllers, ret_n);
        pthread_mutex_unlock(&mutex);
        return r;
}

/* --- cgroups of v1 ----------------------------------------------------------------------------------------
 */

static struct cgroup *describe(const char *controller, const char *path)
{
        struct cgroup *group = cgroup_new_cgroup(path);

        if (group && !cgroup_add_controller(group, controller))
                cgroup_free(&group);
        return group;
}

static int errno_of(int r)
{
        if (r == 0)
                return 0;
        if (r == ECGOTHER)
                return cgroup_get_last_errno() ? -cgroup_get_last_errno() : -EIO;
        return r == ECGROUPNOTALLOWED || r == ECGROUPNOTOWNER ? -EACCES : -EIO;
}

int controllers_make(const char *controller, const char *path)
{
        struct cgroup *group = NULL;
        int r;

        pthread_mutex_lock(&mutex);
        r = start();
        if (r == 0) {
                group = describe(controller, path);
                r = group ? errno_of(cgroup_create_cgroup(group, 1)) : -ENOMEM;
        }
        cgroup_free(&group);
        pthread_mutex_unlock(&mutex);
        return r;
}

void controllers_remove(const char *controller, const char *path)
{
        struct cgroup *group = NULL;

        pthread_mutex_lock(&mutex);
        if (start() == 0)
                group = describe(controller, path);
        if (group)
                (void)cgroup_delete_cgroup_ext(group, CGFLAG_DELETE_EMPTY_ONLY);
        cgroup_free(&group);
        pthread_mutex_unlock(&mutex);
}

void controllers_keep_rules_away(void)
{
        pthread_mutex_lock(&mutex);
        if (start() == 0)
                (void)cgroup_register_unchanged_process(getpid(), CGROUP_DAEMON_UNCHANGE_CHILDREN);
        pthread_mutex_unlock(&mutex);
}
