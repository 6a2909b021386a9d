/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that stay open in the command although no option named them, because its environment or its
 * words say that they are.
 *
 * make names its jobserver in MAKEFLAGS (base/makeflags.c); a fifo is opened by name and needs nothing.
 * LISTEN_FDS counts sockets from 3 on; LISTEN_PID names the process that they are meant for: where that was
 * us, it is set to the pid of the command. Words of the command line name descriptors too: bash hands over
 * cat <(ls) as cat /dev/fd/63.
 */
#include "cli/inherit.h"
#include "base/makeflags.h"
#include "base/parse.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LISTEN_FD 3

/* What we opened ourselves is close-on-exec. A number in the environment may be of a descriptor that was
 * closed before we came, and that is now something of ours. */
static bool is_inherited(int fd)
{
        int flags = fd >= 3 ? fcntl(fd, F_GETFD) : -1;

        return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int keep_inherited(struct inbye_command *command, int fd)
{
        return is_inherited(fd) ? inbye_command_keep_fd(command, fd) : 0;
}

static int find_jobserver(struct makeflags_jobserver *ret)
{
        const char *flags = getenv("MAKEFLAGS");

        return flags ? makeflags_find(flags, ret) : 0;
}

int inherit_has_jobserver(void)
{
        struct makeflags_jobserver jobserver;
        int r = find_jobserver(&jobserver);

        if (r <= 0 || jobserver.path)
                return r;
        return is_inherited(jobserver.read_fd) && is_inherited(jobserver.write_fd) ? 1 : -EBADF;
}

int inherit_jobserver(struct inbye_command *command)
{
        struct makeflags_jobserver jobserver;
        int r = find_jobserver(&jobserver);

        if (r <= 0 || jobserver.path)
                return 0;
        r = keep_inherited(command, jobserver.read_fd);
        return r < 0 ? r : keep_inherited(command, jobserver.write_fd);
}

/* Sockets that were meant for us are meant for the command, which has another pid. */
static int pass_listen_pid(struct inbye_command *command)
{
        const char *text = getenv("LISTEN_PID");
        int pid;

        if (!text || parse_int(text, 1, INT_MAX, &pid) < 0 || pid != getpid())
                return 0;
        return inbye_command_env_set_pid(command, "LISTEN_PID");
}

static int keep_listen_fds(struct inbye_command *command)
{
        const char *text = getenv("LISTEN_FDS");
        int n, r = 0;

        if (!text || parse_int(text, 1, 1024, &n) < 0)
                return 0;
        for (int fd = FIRST_LISTEN_FD; fd < FIRST_LISTEN_FD + n && r >= 0; fd++)
                r = keep_inherited(command, fd);
        return r < 0 ? r : pass_listen_pid(command);
}

int inherit_promised_fds(struct inbye_command *command)
{
        int r = inherit_jobserver(command);

        return r < 0 ? r : keep_listen_fds(command);
}

/* Anywhere in a word: --config=/dev/fd/63. */
static int keep_named_in(struct inbye_command *command, const char *word, const char *folder)
{
        const char *at = word;
        int fd, r = 0;

        while (r >= 0 && (at = strstr(at, folder))) {
                char digits[12] = { 0 };

                at += strlen(folder);
                memcpy(digits, at, strnlen(at, sizeof(digits) - 1));
                digits[strspn(digits, "0123456789")] = '\0';
                if (parse_int(digits, 3, INT_MAX, &fd) == 0)
                        r = keep_inherited(command, fd);
        }
        return r;
}

int inherit_named_fds(struct inbye_command *command)
{
        int r = 0;

        for (const char *const *word = inbye_command_argv(command); *word && r >= 0; word++) {
                r = keep_named_in(command, *word, "/dev/fd/");
                if (r >= 0)
                        r = keep_named_in(command, *word, "/proc/self/fd/");
        }
        return r;
}

/* Without /proc: all numbers there can be, as far as it is sensible. */
static int keep_by_number(struct inbye_command *command)
{
        long limit = sysconf(_SC_OPEN_MAX);
        int r = 0;

        if (limit < 0 || limit > 65536)
                limit = 65536;
        for (int fd = 3; fd < limit && r >= 0; fd++)
                r = keep_inherited(command, fd);
        return r;
}

int inherit_all_fds(struct inbye_command *command)
{
        const struct dirent *entry;
        DIR *dir = opendir("/proc/self/fd");
        int fd, r = 0;

        if (!dir)
                return keep_by_number(command);
        while (r >= 0 && (entry = readdir(dir)))
                if (parse_int(entry->d_name, 3, INT_MAX, &fd) == 0)
                        r = keep_inherited(command, fd); /* the folder's own is close-on-exec */
        closedir(dir);
        return r;
}
