/* SPDX-License-Identifier: MIT */
/*
 * A root directory of its own: the system of the host without what is nobody's business.
 *
 * Read-only: /usr and what belongs to it, /etc without its secrets, and the /proc of the pid namespace. Empty
 * and private: /tmp, /var/tmp and /dev/shm. In /dev a handful of devices. Nothing else is there: no /home,
 * no /root, no /run with its sockets, no /var, no /sys and with it no cgroup.
 */
#include "base/error.h"
#include "base/scope.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "/" SPAWN_HOST_ROOT

/* Directories, or symlinks into /usr, which are made again as they are. */
static const char *const shown[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt",
        "/etc" };

/* Whoever starts the command as root gives it root's rights to read. */
static const char *const secrets[] = { "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-",
        "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/ssl/private", "/etc/security/opasswd",
        "/etc/krb5.keytab", "/etc/NetworkManager", "/etc/wireguard", "/etc/kubernetes", "/etc/docker" };

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
        const char *name, *to;
} links[] = {
        { "/dev/fd", "/proc/self/fd" },
        { "/dev/stdin", "/proc/self/fd/0" },
        { "/dev/stdout", "/proc/self/fd/1" },
        { "/dev/stderr", "/proc/self/fd/2" },
};

static int make(
        struct sandbox_steps *steps, enum spawn_mount_kind kind, const char *source, const char *target)
{
        return steps_mount(steps, (struct spawn_mount){ .kind = kind, .source = source, .target = target });
}

static int show(
        struct sandbox_steps *steps, const char *path, const char *source, bool directory, uint64_t set)
{
        int r = make(steps, directory ? SPAWN_MOUNT_DIRECTORY : SPAWN_MOUNT_FILE, NULL, path);

        if (r < 0)
                return r;
        return steps_mount(
                steps, (struct spawn_mount){
                               .kind = SPAWN_MOUNT_BIND, .source = source, .target = path, .set = set });
}

static int show_system(struct sandbox_steps *steps, const char *path)
{
        char to[256];
        struct stat st;
        ssize_t n;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISLNK(st.st_mode))
                return show(steps, path, steps_string(steps, HOST "%s", path), true,
                        SYS_MOUNT_RDONLY | SYS_MOUNT_NOSUID | SYS_MOUNT_NODEV);
        n = readlink(path, to, sizeof(to));
        if (n < 0 || n == (ssize_t)sizeof(to))
                return n < 0 ? -errno : -ENAMETOOLONG;
        return make(steps, SPAWN_MOUNT_LINK, steps_string(steps, "%.*s", (int)n, to), path);
}

static int hide_secret(struct sandbox_steps *steps, const char *path)
{
        struct stat st;

        if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode))
                return 0;
        if (S_ISDIR(st.st_mode))
                return steps_cover(steps, path);
        return steps_mount(steps, (struct spawn_mount){ .kind = SPAWN_MOUNT_BIND,
                                          .source = HOST "/dev/null",
                                          .target = path,
                                          .set = SYS_MOUNT_NODEV | SYS_MOUNT_RDONLY });
}

static int show_devices(struct sandbox_steps *steps)
{
        int r = make(steps, SPAWN_MOUNT_DIRECTORY, NULL, "/dev");

        for (size_t i = 0; i < ARRAY_SIZE(devices) && r == 0; i++)
                r = show(steps, steps_string(steps, "/dev/%s", devices[i]),
                        steps_string(steps, HOST "/dev/%s", devices[i]), false,
                        /* Devices are written to all the same; their mode and owner are the host's. */
                        SYS_MOUNT_RDONLY | SYS_MOUNT_NOSUID | SYS_MOUNT_NOEXEC);
        for (size_t i = 0; i < ARRAY_SIZE(links) && r == 0; i++)
                r = make(steps, SPAWN_MOUNT_LINK, links[i].to, links[i].name);
        return r;
}

static int make_private(struct sandbox_steps *steps)
{
        static const char *const paths[] = { "/tmp", "/dev/shm" };
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(paths) && r == 0; i++) {
                r = make(steps, SPAWN_MOUNT_DIRECTORY, NULL, paths[i]);
                if (r == 0)
                        r = make(steps, SPAWN_MOUNT_TMPFS, "1777", paths[i]);
        }
        if (r == 0)
                r = make(steps, SPAWN_MOUNT_DIRECTORY, NULL, "/var");
        return r == 0 ? make(steps, SPAWN_MOUNT_LINK, "../tmp", "/var/tmp") : r;
}

static int put_together(struct sandbox_steps *steps)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(shown) && r == 0; i++)
                r = show_system(steps, shown[i]);
        for (size_t i = 0; i < ARRAY_SIZE(secrets) && r == 0; i++)
                r = hide_secret(steps, secrets[i]);
        if (r == 0)
                r = show(steps, "/proc", HOST "/proc", true,
                        SYS_MOUNT_RDONLY | SYS_MOUNT_NOSUID | SYS_MOUNT_NODEV | SYS_MOUNT_NOEXEC);
        if (r == 0)
                r = show_devices(steps);
        return r == 0 ? make_private(steps) : r;
}

int root_prepare(struct sandbox_steps *steps, struct inbye_error *reterr)
{
        int r = put_together(steps);

        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot put a root directory together") : 0;
}

static bool is_beneath(const char *path, const char *above)
{
        size_t n = strlen(above);

        return strncmp(path, above, n) == 0 && (path[n] == '/' || !path[n]);
}

bool root_shows(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
                if (is_beneath(path, shown[i]))
                        return true;
        return is_beneath(path, "/proc") || is_beneath(path, "/dev");
}

bool root_is_system(const char *path)
{
        static const char *const more[] = { "/sys", "/run", "/boot" };

        if (strcmp(path, "/") == 0 || strcmp(path, "/var") == 0 || strcmp(path, "/tmp") == 0 ||
                root_shows(path))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(more); i++)
                if (is_beneath(path, more[i]))
                        return true;
        return false;
}

int root_check_cwd(const char *cwd, struct inbye_error *reterr)
{
        if (!root_is_system(cwd))
                return 0;
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                "the working directory '%s' belongs to the system: the sandbox would make it writable", cwd);
        error_hint(reterr, "run in a directory of the job's own (--cwd DIR)");
        return -EINVAL;
}
