/* SPDX-License-Identifier: MIT */
/*
 * Limits in v1 hierarchies, beside whatever holds the tree: the directories of groups.
 *
 *   <own v1 cgroup of the controller>/inbye.<128 random bits>/<leaf>
 *
 * A group has a directory in the hierarchy of each controller that it needs, which bears its own limits; a
 * tree has a leaf in each (v1_tree.c). Nothing is held by them: holding is the mechanism's, and killing one
 * member of a v1 leaf at a time loses against a tree that forks. A child is not born in a v1 leaf but enters
 * by itself before it executes, which is early enough for a limit.
 *
 * libcgroup makes and removes the directories of groups (controllers.c). Leaves are plain directories in
 * them: libcgroup would read the table of mounts, and try to make every directory from the root down, for
 * each. Values are written and read by descriptors of ours, so that an error says which file it is about. For
 * each directory a warden removes what an owner that was killed leaves behind, as in v2; they are told apart
 * by the name, which is a session's. Where the wardens were killed too the registry finds them.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "limit/controllers.h"
#include "limit/v1_place.h"
#include "sys/proc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint32_t controllers[V1_N] = {
        [V1_MEMORY] = CONTROLLER_MEMORY,
        [V1_PIDS] = CONTROLLER_PIDS,
        [V1_CPU] = CONTROLLER_CPU,
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
        if (strcmp(own + n_root, "/") == 0)
                own[n_root] = '\0';
        snprintf(ret->below, sizeof(ret->below), "%s", own + n_root);
        snprintf(ret->directory, sizeof(ret->directory), "%s%s", mount, own + n_root);
        return 0;
}

bool v1_has(uint32_t controller)
{
        char mount[1024], root[1024];

        for (int i = 0; i < V1_N; i++)
                if (controllers[i] == controller)
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
        if (place->dir.fd >= 0)
                remove_dir(group, place);
        /* With members left it is the warden's. */
        if (place->dir.fd >= 0 && faccessat(place->base_fd, group->name, F_OK, 0) == 0)
                warden_leave(&place->warden);
        else
                warden_dismiss(&place->warden);
        v1_dir_close(&place->dir);
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

/* The warden is there before the directory is. */
static int place_fill(
        struct v1_group *group, struct place *place, const struct own *own, struct inbye_error *reterr)
{
        int r;

        place->base_fd = open(own->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (place->base_fd < 0)
                return refuse(place->controller, own->directory, -errno, reterr);
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
                r = v1_dir_open(&place->dir, place->base_fd, group->name);
        if (r < 0)
                return refuse(place->controller, own->directory, r, reterr);
        place->dir.keep = true;
        (void)registry_tag_v1(place->dir.fd); /* where it cannot be, a dead owner will not be known */
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
        list_init(&group->pool);
        for (int i = 0; i < V1_N; i++)
                group->places[i] = (struct place){
                        .controller = controllers[i], .base_fd = -1, .dir = V1_DIR_INIT, .warden = WARDEN_INIT
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
        for (int i = 0; i < V1_N; i++)
                if (controllers[i] == controller)
                        return place_open(*group, &(*group)->places[i], reterr);
        return -EOPNOTSUPP;
}

uint32_t v1_group_controllers(const struct v1_group *group)
{
        uint32_t had = 0;

        for (int i = 0; group && i < V1_N; i++)
                if (group->places[i].below)
                        had |= controllers[i];
        return had;
}

void v1_group_free(struct v1_group *group)
{
        if (!group)
                return;
        v1_pool_free(group);
        for (int i = 0; i < V1_N; i++)
                place_close(group, &group->places[i]);
        free(group);
}

/* --- their limits
 * -------------------------------------------------------------------------------------------
 */

int v1_group_apply(struct v1_group *group, const struct inbye_limits *limits,
        const struct inbye_limits *before, struct inbye_error *reterr)
{
        int r = 0, i;

        for (i = 0; i < V1_N && r == 0; i++)
                if (group->places[i].below)
                        r = v1_apply(i, &group->places[i].dir, limits, reterr);
        while (r < 0 && i-- > 0)
                if (group->places[i].below)
                        (void)v1_apply(i, &group->places[i].dir, before, NULL);
        group->limits_cpu = limits_has(r < 0 ? before : limits, INBYE_LIMIT_CPU);
        group->had_memory |= limits_has(r < 0 ? before : limits, INBYE_LIMIT_MEMORY);
        return r;
}
