/* SPDX-License-Identifier: MIT */
/* The registry: what runs is found with its owner, what a dead owner left is ended, and nothing else is. */
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define ATTRIBUTE "user.inbye.owner"

static struct inbye_registry *open_registry(void)
{
        struct inbye_registry *registry = NULL;
        struct inbye_error error = { 0 };
        int r = inbye_registry_open(0, &registry, &error);

        if (r == -EOPNOTSUPP)
                cr_skip("no cgroup v2 tree here: %s", error.text);
        cr_assert(zero(int, r), "%s", error.text);
        return registry;
}

/* A live session of our own. */
struct live {
        struct inbye_loop *loop;
        struct inbye_group *group;
        struct inbye_process *process;
};

static struct live begin(void)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_command *command = COMMAND("sleep", "1000");
        struct inbye_error error = { 0 };
        struct live live = { 0 };
        int r;

        options.mechanisms = INBYE_MECHANISM_CGROUP;
        cr_assert(zero(int, inbye_loop_open(&live.loop)));
        r = inbye_group_open(live.loop, &options, &live.group, &error);
        if (r == -EOPNOTSUPP)
                cr_skip("%s", error.text);
        cr_assert(zero(int, r), "%s", error.text);
        r = inbye_group_spawn(live.group, command, &live.process, &error);
        cr_assert(zero(int, r), "%s", error.text);
        inbye_command_unref(command);
        return live;
}

static void end(struct live *live)
{
        inbye_group_free(live->group);
        inbye_loop_free(live->loop);
}

static const struct inbye_session *find_own(struct inbye_registry *registry)
{
        const struct inbye_session *session;

        while ((session = inbye_registry_next(registry)))
                if (session->owner_pid == getpid())
                        return session;
        return NULL;
}

static const struct inbye_session *find_path(struct inbye_registry *registry, const char *path)
{
        const struct inbye_session *session;

        while ((session = inbye_registry_next(registry)))
                if (strcmp(session->path, path) == 0)
                        return session;
        return NULL;
}

/* The directory of a live session, and its entry. */
static void read_own(char path[PATH_MAX], char entry[1024])
{
        struct inbye_registry *registry = open_registry();
        const struct inbye_session *session = find_own(registry);
        ssize_t n;

        cr_assert(not(zero(ptr, (void *)session)));
        snprintf(path, PATH_MAX, "%s", session->path);
        n = getxattr(path, ATTRIBUTE, entry, 1023);
        cr_assert(gt(long, n, 0));
        entry[n] = '\0';
        inbye_registry_free(registry);
}

/* A directory beside that of a live session, as of another owner. */
static void plant(char path[PATH_MAX], const char *entry)
{
        char *slash = strrchr(path, '/');

        snprintf(slash + 1, (size_t)(path + PATH_MAX - slash - 1), "inbye.%032x", (unsigned)getpid());
        cr_assert(zero(int, mkdir(path, 0755)));
        if (entry)
                cr_assert(zero(int, setxattr(path, ATTRIBUTE, entry, strlen(entry), 0)));
}

/* The entry with another value for one key. */
static void change(char entry[1024], const char *key, const char *value)
{
        char copy[1024], *at, *line_end;

        memcpy(copy, entry, sizeof(copy));
        at = strstr(copy, key);
        cr_assert(not(zero(ptr, at)));
        line_end = strchr(at, '\n');
        cr_assert(not(zero(ptr, line_end)));
        snprintf(entry, 1024, "%.*s%s%s%s", (int)(at - copy), copy, key, value, line_end);
}

/* What is thought of the directory that was planted there, and whether it can be ended. An `inbye gc` beside
 * this test may come first: it has thought the same. */
static enum inbye_owner judge_planted(const char *path, int *ret_ended)
{
        struct inbye_registry *registry = open_registry();
        const struct inbye_session *session = find_path(registry, path);
        enum inbye_owner owner = INBYE_OWNER_DEAD;

        *ret_ended = 0;
        if (session) {
                owner = session->owner;
                *ret_ended = inbye_registry_end(registry, 5 * SEC, NULL);
        } else {
                cr_expect(ne(int, access(path, F_OK), 0));
        }
        inbye_registry_free(registry);
        rmdir(path);
        return owner;
}

static enum inbye_owner judge(char path[PATH_MAX], const char *entry, int *ret_ended)
{
        plant(path, entry);
        return judge_planted(path, ret_ended);
}

Test(registry, finds_what_runs)
{
        struct live live = begin();
        struct inbye_registry *registry = open_registry();
        const struct inbye_session *session = find_own(registry);
        struct inbye_error error = { 0 };

        cr_assert(not(zero(ptr, (void *)session)));
        cr_expect(eq(int, session->owner, INBYE_OWNER_ALIVE));
        cr_expect(eq(u64, session->n_processes, 1));
        cr_expect(ne(u64, session->cpu_us, UINT64_MAX));
        cr_expect(gt(u64, session->started_ns, UINT64_C(1500000000) * SEC));
        cr_expect(gt(u64, session->owner_start_ticks, 0));
        cr_expect(not(zero(ptr, (void *)session->command)));
        cr_expect(zero(int, strncmp(session->name, "inbye.", 6)));
        cr_expect(eq(int, inbye_registry_end(registry, SEC, &error), -EBUSY));
        cr_expect(not(zero(ptr, strstr(error.text, "is alive"))), "%s", error.text);
        inbye_registry_free(registry);
        cr_expect(is_alive(inbye_process_pid(live.process)));
        end(&live);
        registry = open_registry();
        cr_expect(zero(ptr, (void *)find_own(registry)));
        inbye_registry_free(registry);
}

Test(registry, ends_only_what_a_dead_owner_left)
{
        struct live live = begin();
        char path[PATH_MAX], entry[1024], changed[1024];
        int ended, n_fds = count_fds();

        read_own(path, entry);
        cr_expect(eq(int, judge(path, entry, &ended), INBYE_OWNER_ALIVE));
        cr_expect(eq(int, ended, -EBUSY));

        /* Our pid at another time: that process is gone. */
        memcpy(changed, entry, sizeof(changed));
        change(changed, "\nstart=", "1");
        cr_expect(eq(int, judge(path, changed, &ended), INBYE_OWNER_DEAD));
        cr_expect(zero(int, ended));
        cr_expect(ne(int, access(path, F_OK), 0));

        /* Another pid namespace, another boot id, another time, and no lock: nothing can be said. */
        change(entry, "\nlock=", "0");
        memcpy(changed, entry, sizeof(changed));
        change(changed, "\npidns=", "1");
        cr_expect(eq(int, judge(path, changed, &ended), INBYE_OWNER_UNKNOWN));
        cr_expect(eq(int, ended, -EBUSY));
        memcpy(changed, entry, sizeof(changed));
        change(changed, "\nboot=", "00000000-0000-0000-0000-000000000000");
        cr_expect(eq(int, judge(path, changed, &ended), INBYE_OWNER_UNKNOWN));
        memcpy(changed, entry, sizeof(changed));
        change(changed, "\nstart=", "1");
        change(changed, "\ntimens=", "1");
        cr_expect(eq(int, judge(path, changed, &ended), INBYE_OWNER_UNKNOWN));
        cr_expect(eq(int, count_fds(), n_fds));
        end(&live);
}

/* What is thought of an owner whom no pid tells of, by the lock that its entry tells of. */
static enum inbye_owner judge_lock(
        char path[PATH_MAX], const char *entry, const char *lock, bool held, int *ret_ended)
{
        char changed[1024];
        enum inbye_owner owner;
        int fd;

        memcpy(changed, entry, sizeof(changed));
        change(changed, "\npidns=", "1");
        if (lock)
                change(changed, "\nlock=", lock);
        plant(path, NULL);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(ge(int, fd, 0));
        if (held)
                cr_assert(zero(int, flock(fd, LOCK_EX | LOCK_NB)));
        cr_assert(zero(int, fsetxattr(fd, ATTRIBUTE, changed, strlen(changed), 0)));
        owner = judge_planted(path, ret_ended);
        close(fd);
        return owner;
}

Test(registry, knows_an_owner_of_another_pid_namespace_by_its_lock)
{
        struct live live = begin();
        char path[PATH_MAX], entry[1024];
        int ended, n_fds = count_fds();

        read_own(path, entry);
        cr_expect(eq(int, judge_lock(path, entry, NULL, true, &ended), INBYE_OWNER_ALIVE));
        cr_expect(eq(int, ended, -EBUSY));
        cr_expect(eq(int, judge_lock(path, entry, NULL, false, &ended), INBYE_OWNER_DEAD));
        cr_expect(zero(int, ended));
        cr_expect(ne(int, access(path, F_OK), 0));

        /* Never taken, or on another file system: that it is free proves nothing. */
        cr_expect(eq(int, judge_lock(path, entry, "0", false, &ended), INBYE_OWNER_UNKNOWN));
        cr_expect(eq(int, ended, -EBUSY));
        cr_expect(
                eq(int, judge_lock(path, entry, "18446744073709551615", false, &ended), INBYE_OWNER_UNKNOWN));
        cr_expect(eq(int, ended, -EBUSY));
        cr_expect(eq(int, judge_lock(path, entry, "yes", false, &ended), INBYE_OWNER_UNKNOWN));
        cr_expect(eq(int, count_fds(), n_fds));
        end(&live);
}

/* The lock is its owner's from before the directory says whose it is. */
Test(registry, sees_that_a_live_owner_holds_its_lock)
{
        struct live live = begin();
        char path[PATH_MAX], entry[1024], wanted[64];
        struct stat st;
        int fd;

        read_own(path, entry);
        cr_assert(zero(int, stat(path, &st)));
        snprintf(wanted, sizeof(wanted), "\nlock=%llu\n", (unsigned long long)st.st_dev);
        cr_expect(not(zero(ptr, strstr(entry, wanted))), "%s", entry);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        cr_assert(ge(int, fd, 0));
        cr_expect(eq(int, flock(fd, LOCK_SH | LOCK_NB), -1));
        cr_expect(eq(int, errno, EWOULDBLOCK));
        close(fd);
        end(&live);
}

Test(registry, takes_what_it_cannot_read_as_unknown)
{
        static const char *const entries[] = { NULL, "", "version=2\npid=1\n", "version=1\n",
                "version=1\nboot=",
                "version=1\nboot=x\npidns=1\ntimens=1\npid=0\nstart=1\nwall=1\ncommand=x\n",
                "version=1\nboot=x\npidns=-1\ntimens=1\npid=5\nstart=1\nwall=1\ncommand=x\n",
                "version=1\nboot=x\npidns=1\ntimens=1\npid=99999999999\nstart=1\nwall=1\ncommand=x\n" };
        struct live live = begin();
        char path[PATH_MAX], entry[1024];
        int ended;

        read_own(path, entry);
        for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
                cr_expect(eq(int, judge(path, entries[i], &ended), INBYE_OWNER_UNKNOWN), "entry %zu", i);
                cr_expect(eq(int, ended, -EBUSY), "entry %zu", i);
        }
        end(&live);
}

/* Nobody has waited for it: its pid and start time are there, but it has ended. */
Test(registry, takes_a_zombie_for_dead)
{
        struct live live = begin();
        char path[PATH_MAX], entry[1024], number[32], stat_path[64], text[512], *at;
        siginfo_t info;
        FILE *file;
        pid_t pid;
        int ended;

        read_own(path, entry);
        pid = fork();
        if (pid == 0)
                _exit(0);
        cr_assert(zero(int, waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT)));
        snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", (int)pid);
        file = fopen(stat_path, "re");
        cr_assert(not(zero(ptr, file)));
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        at = strrchr(text, ')');
        for (int field = 2; field < 22; field++)
                at = strchr(at + 1, ' ');
        snprintf(number, sizeof(number), "%llu", strtoull(at, NULL, 10));
        change(entry, "\nstart=", number);
        snprintf(number, sizeof(number), "%d", (int)pid);
        change(entry, "\npid=", number);
        cr_expect(eq(int, judge(path, entry, &ended), INBYE_OWNER_DEAD));
        cr_expect(zero(int, ended));
        waitpid(pid, NULL, 0);
        end(&live);
}

Test(registry, refuses_wrong_arguments)
{
        struct inbye_registry *registry;

        cr_expect(eq(int, inbye_registry_open(0, NULL, NULL), -EINVAL));
        cr_expect(eq(int, inbye_registry_open(8, &registry, NULL), -EINVAL));
        cr_expect(eq(int, inbye_registry_end(NULL, 0, NULL), -EINVAL));
        cr_expect(zero(ptr, (void *)inbye_registry_next(NULL)));
        inbye_registry_free(NULL);
        registry = open_registry();
        cr_expect(eq(int, inbye_registry_end(registry, 0, NULL), -EINVAL));
        inbye_registry_free(registry);
        cr_expect(eq(str, (char *)inbye_owner_name(INBYE_OWNER_DEAD), "dead"));
        cr_expect(zero(ptr, (void *)inbye_owner_name(INBYE_OWNER_N)));
}
