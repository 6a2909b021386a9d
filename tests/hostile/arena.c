/* SPDX-License-Identifier: MIT */
/*
 * A place of one's own to kill owners in: what is left in it can be told from what others do on the same
 * host. What changes there is told by inotify, which knows of removed cgroups and of lists that grow.
 */
#include "arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_MS 20000

static int enter(const char *directory)
{
        char path[PATH_MAX + 16];
        int fd, r = 0;

        snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (write(fd, "0", 1) != 1)
                r = -errno;
        close(fd);
        return r;
}

static int make_place(struct arena *arena)
{
        int r = own_cgroup(arena->outside, sizeof(arena->outside));

        if (r < 0)
                return r;
        snprintf(arena->path, sizeof(arena->path), "%.*s/owner-death.%d", PATH_MAX - 32, arena->outside,
                (int)getpid());
        if (mkdir(arena->path, 0755) < 0)
                return -errno;
        return enter(arena->path);
}

static int invite_neighbour(struct arena *arena)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_error error = { 0 };
        int r;

        options.mechanisms = INBYE_MECHANISM_CGROUP;
        r = inbye_loop_open(&arena->loop);
        if (r >= 0)
                r = inbye_group_open(arena->loop, &options, &arena->group, &error);
        if (r >= 0)
                r = neighbour_init(
                        &arena->suite.neighbour, arena->loop, arena->group, arena->suite.helper, &error);
        if (r < 0)
                fprintf(stderr, "hostile: %s\n", error.text);
        return r;
}

int arena_init(struct arena *arena)
{
        int r;

        arena->changes_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (arena->changes_fd < 0)
                return -errno;
        r = make_place(arena);
        if (r >= 0)
                r = bystander_init(&arena->suite.bystander, arena->suite.helper, arena->suite.directory);
        if (r >= 0)
                r = invite_neighbour(arena);
        if (r < 0)
                return r;
        if (inotify_add_watch(arena->changes_fd, arena->path, IN_DELETE | IN_CREATE) < 0 ||
                inotify_add_watch(arena->changes_fd, arena->suite.directory, IN_MODIFY) < 0)
                return -errno;
        arena->n_sessions = arena_count(arena);
        return 0;
}

void arena_deinit(struct arena *arena)
{
        neighbour_deinit(&arena->suite.neighbour);
        inbye_group_free(arena->group);
        inbye_loop_free(arena->loop);
        bystander_deinit(&arena->suite.bystander);
        if (arena->changes_fd >= 0)
                close(arena->changes_fd);
        if (arena->path[0]) {
                enter(arena->outside);
                if (rmdir(arena->path) < 0)
                        perror(arena->path);
        }
}

bool arena_check(struct arena *arena, bool good, const char *format, ...)
{
        va_list arguments;

        arena->n_checks++;
        if (good)
                return true;
        arena->n_failures++;
        printf("not ok ");
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        printf("\n");
        return false;
}

/* --- looking ----------------------------------------------------------------------------------------------
 */

static size_t list_sessions(const struct arena *arena, char name[static 64])
{
        struct dirent *entry;
        DIR *dir = opendir(arena->path);
        size_t n = 0;

        while (dir && (entry = readdir(dir)))
                if (strncmp(entry->d_name, "inbye.", 6) == 0) {
                        snprintf(name, 64, "%.63s", entry->d_name);
                        n++;
                }
        if (dir)
                closedir(dir);
        return n;
}

bool arena_has_sessions(const struct arena *arena)
{
        return arena->mechanism & (INBYE_MECHANISM_CGROUP | INBYE_MECHANISM_CGROUP_PIDNS);
}

size_t arena_count(const struct arena *arena)
{
        char name[64];

        return list_sessions(arena, name) - arena->n_sessions;
}

const char *arena_name_one(const struct arena *arena)
{
        static char name[64];

        name[0] = '\0';
        list_sessions(arena, name);
        return name;
}

/* Wait for a change. @return false: the time is up. */
static bool await_change(const struct arena *arena, uint64_t deadline_ns)
{
        struct pollfd changes = { .fd = arena->changes_fd, .events = POLLIN };
        uint64_t now = now_ns();
        char events[4096];

        if (now >= deadline_ns || poll(&changes, 1, (int)((deadline_ns - now) / INBYE_MILLISECOND) + 1) <= 0)
                return false;
        while (read(arena->changes_fd, events, sizeof(events)) > 0)
                ;
        return true;
}

bool arena_await_none(const struct arena *arena, int timeout_ms)
{
        uint64_t deadline_ns = now_ns() + (uint64_t)timeout_ms * INBYE_MILLISECOND;

        while (arena_count(arena) > 0)
                if (!await_change(arena, deadline_ns))
                        return arena_count(arena) == 0;
        return true;
}

bool arena_await_ready(const struct arena *arena, struct witness *witness)
{
        uint64_t deadline_ns = now_ns() + READY_MS * INBYE_MILLISECOND;

        while (witness_read(witness) < 0 || !witness->ready)
                if (!await_change(arena, deadline_ns))
                        return witness_read(witness) >= 0 && witness->ready;
        return true;
}

/* A fifo that nobody has opened yet does not hang up: so we do. */
bool arena_line_is_cut(const struct witness *witness, int timeout_ms)
{
        struct pollfd line = { .fd = witness->line_fd };
        int fd = open(witness->line_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0)
                return false;
        close(fd);
        return poll(&line, 1, timeout_ms) > 0 && (line.revents & POLLHUP);
}

/* --- judging ----------------------------------------------------------------------------------------------
 */

void arena_check_others(struct arena *arena, const char *what)
{
        arena_check(arena, bystander_is_well(&arena->suite.bystander), "%s: the bystander was hit", what);
        arena_check(
                arena, neighbour_is_well(&arena->suite.neighbour), "%s: the neighbour's tree was hit", what);
}

void arena_check_nothing(struct arena *arena, struct witness *witness, const char *what)
{
        const struct sighting *survivor;
        bool gone = arena_await_none(arena, PROMISE_MS);

        arena_check(arena, gone, "%s: %s is left", what, gone ? "" : arena_name_one(arena));
        arena_check(arena, arena_line_is_cut(witness, gone && arena_has_sessions(arena) ? 100 : PROMISE_MS),
                "%s: somebody has the line", what);
        witness_read(witness);
        survivor = witness_first_alive(witness);
        arena_check(arena, !survivor, "%s: %d (%s) is alive", what, survivor ? (int)survivor->pid : 0,
                survivor ? survivor->role : "");
        if (survivor)
                witness_end_all(witness);
}
