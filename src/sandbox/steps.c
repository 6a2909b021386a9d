/* SPDX-License-Identifier: MIT */
/*
 * From a policy to the steps of one start: everything that needs memory, names or questions to the host.
 *
 * Where the owner may not make namespaces itself, the child gets a user namespace too, in which it has its
 * own user and group and nobody else's; the rights over its mounts that come with it are given up before
 * exec.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/listen.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void sandbox_steps_deinit(struct sandbox_steps *steps)
{
        for (size_t i = 0; i < steps->n_strings; i++)
                free(steps->strings[i]);
        free(steps->strings);
        free(steps->mounts);
        free(steps->accesses);
        sandbox_skips_deinit(&steps->skips);
        listen_deinit(steps);
        *steps = (struct sandbox_steps){ 0 };
}

const char *steps_string(struct sandbox_steps *steps, const char *format, ...)
{
        char **grown = array_resize(steps->strings, steps->n_strings + 1, sizeof(*grown));
        va_list arguments, again;
        char *string;
        int n;

        if (!grown)
                return NULL;
        steps->strings = grown;
        va_start(arguments, format);
        va_copy(again, arguments);
        n = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        string = n < 0 ? NULL : malloc((size_t)n + 1);
        if (string)
                vsnprintf(string, (size_t)n + 1, format, again);
        va_end(again);
        if (!string)
                return NULL;
        steps->strings[steps->n_strings++] = string;
        return string;
}

/* A string that could not be had is found here, at the one place where it is used. */
int steps_mount(struct sandbox_steps *steps, struct spawn_mount mount)
{
        struct spawn_mount *grown = array_resize(steps->mounts, steps->n_mounts + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        steps->mounts = grown;
        if (!mount.target || (mount.kind == SPAWN_MOUNT_BIND && !mount.source))
                return -ENOMEM;
        grown[steps->n_mounts++] = mount;
        return 0;
}

int steps_cover(struct sandbox_steps *steps, const char *path)
{
        return steps_mount(
                steps, (struct spawn_mount){
                               .kind = SPAWN_MOUNT_TMPFS, .source = "555", .size = "4k", .target = path });
}

int steps_access(struct sandbox_steps *steps, const char *path, uint64_t access, bool optional)
{
        struct spawn_access *grown = array_resize(steps->accesses, steps->n_accesses + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        steps->accesses = grown;
        if (!path)
                return -ENOMEM;
        grown[steps->n_accesses++] = (struct spawn_access){ path, access, optional };
        return 0;
}

/* --- paths ------------------------------------------------------------------------------------------------
 */

/*
 * A symlink on the way to what a rule names is not followed, not here and not by the child: whoever may write
 * there could have put it, and a job of before, in this very sandbox, may.
 */
static int look_at(const char *path, bool *ret_directory)
{
        scoped(fd_closep) int fd = sys_open_straight(path);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret_directory = S_ISDIR(st.st_mode);
        return 0;
}

/* Where the child finds what the host has at the path. */
static const char *outside(struct sandbox_steps *steps, const char *path)
{
        return steps->spawn.root ? steps_string(steps, "/%s%s", SPAWN_HOST_ROOT, path) : path;
}

/* In a root of its own places are made; the last part of the path is the place itself. */
static int make_parents(struct sandbox_steps *steps, const char *target)
{
        int r = 0;

        for (const char *end = strchr(target + 1, '/'); end && r == 0; end = strchr(end + 1, '/'))
                r = steps_mount(
                        steps, (struct spawn_mount){ .kind = SPAWN_MOUNT_DIRECTORY,
                                       .target = steps_string(steps, "%.*s", (int)(end - target), target) });
        return r;
}

static int make_place(struct sandbox_steps *steps, const char *target, bool directory)
{
        int r;

        if (!steps->spawn.root)
                return 0;
        r = make_parents(steps, target);
        if (r < 0)
                return r;
        return steps_mount(steps, (struct spawn_mount){ .target = target,
                                          .kind = directory ? SPAWN_MOUNT_DIRECTORY : SPAWN_MOUNT_FILE });
}

static int bind(struct sandbox_steps *steps, const char *source, const char *target, bool writable)
{
        bool directory = false;
        int r = look_at(source, &directory);

        if (r == 0)
                r = make_place(steps, target, directory);
        if (r < 0)
                return r;
        return steps_mount(
                steps, (struct spawn_mount){ .kind = SPAWN_MOUNT_BIND,
                               .source = outside(steps, source),
                               .target = target,
                               .set = SYS_MOUNT_NOSUID | SYS_MOUNT_NODEV | (writable ? 0 : SYS_MOUNT_RDONLY),
                               .clear = writable ? SYS_MOUNT_RDONLY : 0 });
}

static int hide(struct sandbox_steps *steps, const char *path)
{
        bool directory = false;
        int r = look_at(path, &directory);

        if (r < 0)
                return r;
        if (directory)
                return steps_cover(steps, path);
        return steps_mount(steps, (struct spawn_mount){ .kind = SPAWN_MOUNT_BIND,
                                          .source = outside(steps, "/dev/null"),
                                          .target = path,
                                          .set = SYS_MOUNT_NODEV | SYS_MOUNT_RDONLY });
}

/* A mount upon the root is seen by nobody whose root is beneath it: only attributes can be changed there. */
static int add_root(struct sandbox_steps *steps, const struct sandbox_path *path, struct inbye_error *reterr)
{
        struct spawn_mount mount = { .kind = SPAWN_MOUNT_SET, .target = "/", .set = SYS_MOUNT_RDONLY };

        if (path->access != INBYE_ACCESS_READ_ONLY || path->target || steps->spawn.root) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                        "the root directory '/' can be made read-only by a sandbox that has not its own, and "
                        "nothing else");
                error_hint(reterr, "name the directories below it");
                return -EINVAL;
        }
        return steps_mount(steps, mount) < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox") : 0;
}

/* What is optional and not there is left out, and told. */
static bool is_skipped(struct sandbox_steps *steps, const char *path)
{
        struct stat st;

        return stat(path, &st) < 0 && sandbox_skip(&steps->skips, path, strerror(errno)) == 0;
}

static int cannot_place(struct inbye_error *reterr, const char *path, int r)
{
        if (r == -ENOENT)
                return error_set(
                        reterr, INBYE_STAGE_SANDBOX, ENOENT, "cannot find '%s' for the sandbox", path);
        error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot place '%s' in the sandbox", path);
        if (r == -ELOOP)
                error_hint(reterr, "a symlink is on the way to it: name the path that it leads to");
        return r;
}

/* To bring it from the host would bring its secrets back. */
static int keep_shown(const struct sandbox_path *path, struct inbye_error *reterr)
{
        if (path->access == INBYE_ACCESS_READ_ONLY)
                return 0;
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                "'%s' belongs to the system, which is read-only in a root directory of the sandbox's own",
                path->path);
        error_hint(reterr, "bind a copy of it there: --bind COPY:%s", path->path);
        return -EINVAL;
}

static int add_path(struct sandbox_steps *steps, const struct sandbox_path *path, struct inbye_error *reterr)
{
        const char *target = path->target ? path->target : path->path;
        int r;

        if (strcmp(target, "/") == 0)
                return add_root(steps, path, reterr);
        if (steps->spawn.root && !path->target && path->access != INBYE_ACCESS_HIDE && root_shows(target))
                return keep_shown(path, reterr);
        if (path->access == INBYE_ACCESS_HIDE)
                r = hide(steps, target);
        else
                r = bind(steps, path->path, target, path->access == INBYE_ACCESS_READ_WRITE);
        return r < 0 ? cannot_place(reterr, path->path, r) : 0;
}

/* --- the working directory --------------------------------------------------------------------------------
 */

static int cannot_enter(struct inbye_error *reterr, const char *cwd, int r)
{
        error_set(reterr, INBYE_STAGE_CHDIR, -r, "cannot change to the directory '%s'", cwd);
        if (r == -ELOOP)
                error_hint(reterr,
                        "the sandbox follows no symlink and no '..' to it: name the directory itself");
        return r;
}

/* `x/..` is wherever x was moved to meanwhile. */
static bool goes_back(const char *path)
{
        bool named = false;
        size_t n;

        for (; *path; path += n + (path[n] == '/')) {
                n = strcspn(path, "/");
                if (named && n == 2 && path[0] == '.' && path[1] == '.')
                        return true;
                named |= n > 0 && path[0] != '.';
        }
        return false;
}

static int keep_real_name(struct sandbox_steps *steps, const char *cwd, struct inbye_error *reterr)
{
        scoped(freep) char *real = realpath(cwd, NULL);

        if (!real)
                return cannot_enter(reterr, cwd, -errno);
        if ((size_t)snprintf(steps->cwd, sizeof(steps->cwd), "%s", real) >= sizeof(steps->cwd))
                return cannot_enter(reterr, cwd, -ENAMETOOLONG);
        steps->spawn.cwd = steps->cwd;
        return 0;
}

static int keep_name_of(struct sandbox_steps *steps, int fd, const char *cwd, struct inbye_error *reterr)
{
        char link[32];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, steps->cwd, sizeof(steps->cwd));
        if (n < 0 || n == (ssize_t)sizeof(steps->cwd))
                return cannot_enter(reterr, cwd, n < 0 ? -errno : -ENAMETOOLONG);
        steps->cwd[n] = '\0';
        steps->spawn.cwd = steps->cwd;
        return 0;
}

/* In a root of its own it is what the command may write: no less than a rule is it to be what was named. What
 * was opened is asked for its name, as a second walk could lead elsewhere. */
static int find_cwd(struct sandbox_steps *steps, const char *cwd, struct inbye_error *reterr)
{
        scoped(fd_closep) int fd = -1;

        if (!steps->spawn.root)
                return keep_real_name(steps, cwd, reterr);
        fd = goes_back(cwd) ? -ELOOP : sys_open_straight(cwd);
        if (fd < 0)
                return cannot_enter(reterr, cwd, fd);
        return keep_name_of(steps, fd, cwd, reterr);
}

static int bind_cwd(struct sandbox_steps *steps, struct inbye_error *reterr)
{
        int r = bind(steps, steps->cwd, steps->cwd, true);

        return r < 0 ? cannot_place(reterr, steps->cwd, r) : 0;
}

static int prepare_mounts(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox, const char *cwd,
        struct inbye_error *reterr)
{
        int r = find_cwd(steps, cwd ? cwd : ".", reterr);

        if (r < 0)
                return r;
        if (sandbox->own_root) {
                r = root_check_cwd(steps->cwd, reterr);
                if (r == 0)
                        r = root_prepare(steps, reterr);
                if (r == 0)
                        r = bind_cwd(steps, reterr);
        }
        for (size_t i = 0; i < sandbox->n_paths && r == 0; i++)
                if (!sandbox->paths[i].optional || !is_skipped(steps, sandbox->paths[i].path))
                        r = add_path(steps, &sandbox->paths[i], reterr);
        return r;
}

/* --- the rest ---------------------------------------------------------------------------------------------
 */

#define LANDLOCK_READ (SYS_LANDLOCK_EXECUTE | SYS_LANDLOCK_READ_FILE | SYS_LANDLOCK_READ_DIR)
#define LANDLOCK_DEVICE                                                                                      \
        (SYS_LANDLOCK_READ_FILE | SYS_LANDLOCK_WRITE_FILE | SYS_LANDLOCK_TRUNCATE | SYS_LANDLOCK_IOCTL_DEV)

static int allow_writable(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox)
{
        uint64_t all = steps->spawn.landlock.files & ~SYS_LANDLOCK_IOCTL_DEV;
        int r = 0;

        for (size_t i = 0; sandbox->writable && sandbox->writable[i] && r == 0; i++)
                r = steps_access(steps, sandbox->writable[i], all, false);
        for (char **path = sandbox->writable_if_there; path && *path && r == 0; path++)
                if (!is_skipped(steps, *path))
                        r = steps_access(steps, *path, all, true);
        for (size_t i = 0; i < sandbox->n_paths && r == 0; i++)
                if (sandbox->own_root && sandbox->paths[i].access == INBYE_ACCESS_READ_WRITE)
                        r = steps_access(steps,
                                sandbox->paths[i].target ? sandbox->paths[i].target : sandbox->paths[i].path,
                                all, sandbox->paths[i].optional);
        if (r < 0 || !sandbox->own_root)
                return r;
        r = steps_access(steps, steps->cwd, all, false);
        if (r == 0)
                r = steps_access(steps, "/tmp", all, false);
        return r == 0 ? steps_access(steps, "/dev/shm", all, false) : r;
}

static int prepare_landlock(
        struct sandbox_steps *steps, const struct inbye_sandbox *sandbox, struct inbye_error *reterr)
{
        static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/tty" };
        int r;

        if (!sandbox->landlock)
                return 0;
        steps->spawn.landlock = sys_landlock_all(sys_landlock_abi());
        if (!steps->spawn.landlock.files) /* there was one when the rule was made */
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                        "the sandbox needs Landlock, which does not answer");
        r = steps_access(steps, "/", LANDLOCK_READ, false);
        for (size_t i = 0; i < ARRAY_SIZE(devices) && r == 0; i++)
                r = steps_access(steps, devices[i], LANDLOCK_DEVICE, true);
        if (r == 0)
                r = allow_writable(steps, sandbox);
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox") : 0;
}

static void choose_namespaces(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox)
{
        struct spawn_sandbox *spawn = &steps->spawn;

        if (steps->n_mounts)
                spawn->namespaces |= sys_namespace_flag(SYS_NEW_MOUNTS);
        if (sandbox->no_network)
                spawn->namespaces |= sys_namespace_flag(SYS_NEW_NETWORK);
        if (sandbox->no_ipc)
                spawn->namespaces |= sys_namespace_flag(SYS_NEW_IPC) | sys_namespace_flag(SYS_NEW_UTS);
        spawn->loopback = sandbox->no_network;
        if (!spawn->namespaces || sys_can_make_namespaces())
                return;
        spawn->namespaces |= sys_namespace_flag(SYS_NEW_USER);
        snprintf(steps->uid_map, sizeof(steps->uid_map), "%u %u 1", geteuid(), geteuid());
        snprintf(steps->gid_map, sizeof(steps->gid_map), "%u %u 1", getegid(), getegid());
        spawn->uid_map = steps->uid_map;
        spawn->gid_map = steps->gid_map;
        spawn->no_capabilities = true; /* those that it has in its own namespace */
}

static void choose_filters(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox)
{
        for (size_t i = 0; i < sandbox->n_filters; i++) {
                const struct sandbox_filter *filter = &sandbox->filters[i];
                bool is_bare = steps->spawn.no_capabilities && filter->bare.code;

                steps->filters[i] = is_bare ? filter->bare : filter->whole;
        }
        steps->spawn.filters = steps->filters;
        steps->spawn.n_filters = sandbox->n_filters;
}

int sandbox_prepare(struct sandbox_steps *steps, const struct inbye_sandbox *sandbox, const char *cwd,
        struct inbye_error *reterr)
{
        struct spawn_sandbox *spawn = &steps->spawn;
        int r = 0;

        spawn->no_new_privs = sandbox->no_new_privs;
        spawn->no_capabilities = sandbox->no_capabilities;
        spawn->root = sandbox->own_root ? "/usr" : NULL; /* any directory does: it is uncovered again */
        if (sandbox->own_root || sandbox->n_paths)
                r = prepare_mounts(steps, sandbox, cwd, reterr);
        if (r == 0)
                r = prepare_landlock(steps, sandbox, reterr);
        if (r < 0)
                return r;
        choose_namespaces(steps, sandbox);
        choose_filters(steps, sandbox);
        spawn->mounts = steps->mounts;
        spawn->n_mounts = steps->n_mounts;
        spawn->accesses = steps->accesses;
        spawn->n_accesses = steps->n_accesses;
        return 0;
}
