/* SPDX-License-Identifier: MIT */
/*
 * The registry entry of a session: one extended attribute of its directory.
 *
 *   user.inbye.owner = "version=1\nboot=...\npidns=...\ntimens=...\npid=...\nstart=...\nwall=...\n"
 *                      "inbye=0.1.0\nlock=...\ncommand=...\n"
 *
 * cgroupfs takes user.* attributes (128 of them) from whoever may write the directory, since Linux 5.7. So
 * the entry comes with the directory and goes with it, and costs one system call (1 us); a state file would
 * have to be found, locked and mended after a crash. All in one attribute, so that there is no moment with
 * half of it.
 *
 * An owner is dead only if that is proven: no process has its pid and start time, seen from the pid namespace
 * that it was put down in. A boot id that differs proves nothing, though it looks as if it did: no cgroup
 * outlives a boot, but container managers mount a boot id of their own over the file. So it means: from
 * elsewhere.
 *
 * Where pids say nothing the lock does: flock(2) on the directory, which the owner holds from before the
 * entry is there for as long as it has the directory open. It belongs to the open file and not to a process,
 * and so tells in any namespace, but also of children that the owner has forked and that have executed
 * nothing: they count as the owner. Hence pids are asked first, as the warden, which does not hold the lock,
 * does. `lock` is the device number of the file system that it was taken on: through another one (of FUSE,
 * say, or none at all) it would look free.
 *
 * v1 hierarchies take no such attributes. Of a directory there the lock alone tells, and a permission bit
 * that means nothing in cgroupfs says that it was taken: without it one that was just made would look
 * abandoned.
 */
#include "contain/registry.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "sys/misc.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ATTRIBUTE "user.inbye.owner"
#define FORMAT_VERSION "1"
#define VALUE_SIZE 768
#define LOCKED_BIT S_ISVTX

bool registry_is_session(const char *name)
{
        const char *random = name + sizeof(SESSION_PREFIX) - 1;

        return str_starts_with(name, SESSION_PREFIX) &&
               strspn(random, "0123456789abcdef") == (size_t)2 * SESSION_RANDOM &&
               random[2 * SESSION_RANDOM] == '\0';
}

int registry_name(char name[static SESSION_NAME_SIZE])
{
        unsigned char random[SESSION_RANDOM];
        int r;

        r = sys_random(random, sizeof(random));
        if (r < 0)
                return r;
        memcpy(name, SESSION_PREFIX, sizeof(SESSION_PREFIX));
        for (size_t i = 0; i < sizeof(random); i++)
                snprintf(name + sizeof(SESSION_PREFIX) - 1 + 2 * i, 3, "%02x", random[i]);
        return 0;
}

static uint64_t namespace_inode(const char *path)
{
        struct stat st;

        return stat(path, &st) < 0 ? 0 : st.st_ino;
}

int registry_here(struct registry_place *ret)
{
        struct registry_place place = { 0 };
        ssize_t n;

        n = fd_read_file_at(
                AT_FDCWD, "/proc/sys/kernel/random/boot_id", place.boot_id, sizeof(place.boot_id));
        if (n < 0)
                return (int)n;
        place.boot_id[strcspn(place.boot_id, "\n")] = '\0';
        place.pid_ns = namespace_inode("/proc/self/ns/pid");
        place.time_ns = namespace_inode("/proc/self/ns/time");
        *ret = place;
        return 0;
}

/* The kernel's own: what poses as it (lxcfs) need not have its locks. */
static bool is_v1(int dir_fd)
{
        struct statfs fs;

        return fstatfs(dir_fd, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC;
}

/* --- putting down -----------------------------------------------------------------------------------------
 */

/* Our own command line, as far as it fits. Control characters are replaced: it is one line among others, and
 * will be shown on a terminal. */
static void own_command(char *text, size_t size)
{
        char words[REGISTRY_COMMAND_SIZE];
        scoped(fd_closep) int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);

        while (n > 0 && words[n - 1] == '\0')
                n--;
        for (ssize_t i = 0; i < n; i++)
                if (words[i] == '\0')
                        words[i] = ' ';
        words[n > 0 ? n : 0] = '\0';
        str_clean(words, text, size);
}

/* On what file system the lock was taken; 0: it was not. */
static uint64_t take_lock(int dir_fd)
{
        struct stat st;

        return fstat(dir_fd, &st) < 0 || flock(dir_fd, LOCK_EX | LOCK_NB) < 0 ? 0 : st.st_dev;
}

int registry_tag(int dir_fd)
{
        char value[VALUE_SIZE], command[REGISTRY_COMMAND_SIZE];
        struct registry_place here;
        struct proc_stat stat;
        int n, r;

        r = registry_here(&here);
        if (r == 0)
                r = proc_read_stat(getpid(), &stat);
        if (r < 0)
                return r;
        own_command(command, sizeof(command));
        n = snprintf(value, sizeof(value),
                "version=" FORMAT_VERSION
                "\nboot=%s\npidns=%llu\ntimens=%llu\npid=%d\nstart=%llu\nwall=%llu\n"
                "inbye=" INBYE_VERSION "\nlock=%llu\ncommand=%s\n",
                here.boot_id, (unsigned long long)here.pid_ns, (unsigned long long)here.time_ns,
                (int)stat.pid, (unsigned long long)stat.start_ticks, (unsigned long long)clock_wall_ns(),
                (unsigned long long)take_lock(dir_fd), command);
        if (n < 0 || (size_t)n >= sizeof(value))
                return -EMSGSIZE;
        return fsetxattr(dir_fd, ATTRIBUTE, value, (size_t)n, 0) < 0 ? -errno : 0;
}

int registry_tag_v1(int dir_fd)
{
        struct stat st;

        if (!is_v1(dir_fd))
                return -EOPNOTSUPP;
        if (fstat(dir_fd, &st) < 0 || flock(dir_fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return fchmod(dir_fd, (st.st_mode & 07777) | LOCKED_BIT) < 0 ? -errno : 0;
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

/* The value of a key, cut out of the lines. */
static int find_value(const char *lines, const char *key, char *value, size_t size)
{
        size_t n_key = strlen(key), n;

        for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (strncmp(line, key, n_key) != 0 || line[n_key] != '=')
                        continue;
                n = strcspn(line, "\n") - n_key - 1;
                if (n >= size)
                        return -EBADMSG;
                memcpy(value, line + n_key + 1, n);
                value[n] = '\0';
                return 0;
        }
        return -EBADMSG;
}

static int find_number(const char *lines, const char *key, uint64_t max, uint64_t *ret)
{
        char value[24];
        int r = find_value(lines, key, value, sizeof(value));

        return r < 0 || parse_unsigned(value, max, ret) < 0 ? -EBADMSG : 0;
}

static int parse_entry(const char *lines, struct registry_entry *ret)
{
        struct registry_entry entry = { 0 };
        char version[8];
        uint64_t pid;
        int r;

        r = find_value(lines, "version", version, sizeof(version));
        if (r < 0 || strcmp(version, FORMAT_VERSION) != 0)
                return -EBADMSG;
        if (find_value(lines, "boot", entry.place.boot_id, sizeof(entry.place.boot_id)) < 0 ||
                find_number(lines, "pidns", UINT64_MAX, &entry.place.pid_ns) < 0 ||
                find_number(lines, "timens", UINT64_MAX, &entry.place.time_ns) < 0 ||
                find_number(lines, "pid", INT_MAX, &pid) < 0 || pid == 0 ||
                find_number(lines, "start", UINT64_MAX, &entry.owner_start_ticks) < 0 ||
                find_number(lines, "wall", UINT64_MAX, &entry.started_ns) < 0 ||
                find_value(lines, "command", entry.command, sizeof(entry.command)) < 0)
                return -EBADMSG;
        entry.owner_pid = (pid_t)pid;
        (void)find_number(lines, "lock", UINT64_MAX, &entry.lock_device); /* those of old have none */
        *ret = entry;
        return 0;
}

int registry_read(int dir_fd, struct registry_entry *ret)
{
        char value[VALUE_SIZE];
        ssize_t n;

        n = fgetxattr(dir_fd, ATTRIBUTE, value, sizeof(value) - 1);
        if (n < 0)
                return -errno;
        value[n] = '\0';
        return parse_entry(value, ret);
}

/* --- judging ----------------------------------------------------------------------------------------------
 */

/* pidfd: of whoever has the pid now, or an error. The process of a dead owner may be a zombie. */
static enum inbye_owner judge_process(
        const struct registry_place *here, const struct registry_entry *entry, int pidfd)
{
        struct proc_stat stat;
        int r = proc_read_stat(entry->owner_pid, &stat);

        if (r < 0)
                return r == -ESRCH ? INBYE_OWNER_DEAD : INBYE_OWNER_UNKNOWN;
        if (stat.start_ticks != entry->owner_start_ticks)
                return entry->place.time_ns == here->time_ns ? INBYE_OWNER_DEAD : INBYE_OWNER_UNKNOWN;
        return pidfd >= 0 && sys_pidfd_has_ended(pidfd) == 1 ? INBYE_OWNER_DEAD : INBYE_OWNER_ALIVE;
}

static enum inbye_owner judge_by_pid(const struct registry_place *here, const struct registry_entry *entry)
{
        scoped(fd_closep) int pidfd = -1;

        if (strcmp(here->boot_id, entry->place.boot_id) != 0 || here->pid_ns == 0 ||
                here->pid_ns != entry->place.pid_ns)
                return INBYE_OWNER_UNKNOWN;
        pidfd = sys_pidfd_open(entry->owner_pid);
        if (pidfd == -ESRCH)
                return INBYE_OWNER_DEAD;
        return judge_process(here, entry, pidfd);
}

/* Shared: two that look at the same time are not in each other's way, and none takes the other for the owner.
 */
static enum inbye_owner try_lock(int dir_fd)
{
        if (flock(dir_fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? INBYE_OWNER_ALIVE : INBYE_OWNER_UNKNOWN;
        flock(dir_fd, LOCK_UN);
        return INBYE_OWNER_DEAD;
}

static enum inbye_owner judge_by_lock(const struct registry_entry *entry, int dir_fd)
{
        struct stat st;

        if (entry->lock_device == 0 || fstat(dir_fd, &st) < 0 || st.st_dev != entry->lock_device)
                return INBYE_OWNER_UNKNOWN;
        return try_lock(dir_fd);
}

enum inbye_owner registry_judge_v1(int dir_fd)
{
        struct stat st;

        if (!is_v1(dir_fd) || fstat(dir_fd, &st) < 0 || !(st.st_mode & LOCKED_BIT))
                return INBYE_OWNER_UNKNOWN;
        return try_lock(dir_fd);
}

enum inbye_owner registry_judge(
        const struct registry_place *here, const struct registry_entry *entry, int dir_fd)
{
        enum inbye_owner owner = judge_by_pid(here, entry);

        return owner == INBYE_OWNER_UNKNOWN ? judge_by_lock(entry, dir_fd) : owner;
}
