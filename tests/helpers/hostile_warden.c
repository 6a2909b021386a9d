/* SPDX-License-Identifier: MIT */
/*
 * A command that kills its warden: the helper process that watches over the inbye around it, or that holds
 * the tree itself. Other trees on the same host have wardens too, so a name proves nothing. Hit is only who
 * stands in our own line of parents below the owner, or is a child of that owner, which must be an inbye
 * command: such a one has a single session. The owner is the first of our parents that is no warden.
 */
#include "hostile.h"

#include <ctype.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_WARDENS 4

static bool is_warden(const struct stat_line *stat)
{
        return strcmp(stat->name, "inbye-warden") == 0;
}

static bool read_pid(pid_t pid, struct stat_line *ret)
{
        char text[16];

        snprintf(text, sizeof(text), "%d", (int)pid);
        return read_stat(text, ret);
}

/* @return how many hold us; the owner's pid, or 0. */
static size_t find_holders(pid_t wardens[static MOST_WARDENS], pid_t *ret_owner)
{
        struct stat_line stat;
        size_t n = 0;

        *ret_owner = 0;
        if (!read_pid(self.main_pid, &stat))
                return 0;
        while (read_pid(stat.parent, &stat) && is_warden(&stat) && n < MOST_WARDENS)
                wardens[n++] = stat.pid;
        if (strcmp(stat.name, "inbye") == 0)
                *ret_owner = stat.pid;
        return *ret_owner ? n : 0;
}

static size_t find_watchers(pid_t wardens[static MOST_WARDENS], size_t n, pid_t owner)
{
        const char *root = getenv("HOSTILE_PROC");
        DIR *dir = opendir(root ? root : "/proc");
        struct dirent *entry;
        struct stat_line stat;
        bool known;

        while (dir && n < MOST_WARDENS && (entry = readdir(dir))) {
                if (!isdigit((unsigned char)entry->d_name[0]) || !read_stat(entry->d_name, &stat) ||
                        !is_warden(&stat) || stat.parent != owner)
                        continue;
                known = false;
                for (size_t i = 0; i < n; i++)
                        known |= wardens[i] == stat.pid;
                if (!known)
                        wardens[n++] = stat.pid;
        }
        if (dir)
                closedir(dir);
        return n;
}

/* In a PID namespace the numbers that /proc shows are not ours to signal, or there is nobody above us. */
void kill_wardens(void)
{
        pid_t wardens[MOST_WARDENS], owner;
        struct stat_line own;
        char text[32];
        size_t n = 0;

        if (read_stat("self", &own) && own.pid == getpid()) {
                /* Who holds us has the name only once it has exec'ed, which may be after us. */
                for (int i = 0; i < 1000 && n == 0; i++, sched_yield())
                        n = find_holders(wardens, &owner);
                if (owner)
                        n = find_watchers(wardens, n, owner);
        }
        snprintf(text, sizeof(text), "killing %zu\n", n);
        write_word(STDOUT_FILENO, text);
        /* Their parents are alive and wait for nothing but their end: the pids are their own. */
        for (size_t i = 0; i < n; i++)
                kill(wardens[i], SIGKILL);
}
