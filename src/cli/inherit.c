/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that stay open in the command although nobody named them, because its environment says they
 * are.
 *
 * make names its jobserver in MAKEFLAGS: the last --jobserver-auth=R,W counts (--jobserver-fds before make
 * 4.2); a fifo: is opened by name and needs nothing. LISTEN_FDS counts sockets from 3 on; LISTEN_PID names
 * the process that they are meant for: where that was us, it is set to the pid of the command.
 */
#include "cli/inherit.h"
#include "base/parse.h"
#include "base/str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LISTEN_FD 3

static int keep_if_open(struct inbye_command *command, int fd)
{
        return fd >= 3 && fcntl(fd, F_GETFD) >= 0 ? inbye_command_keep_fd(command, fd) : 0;
}

/* Behind the last "--jobserver-auth=" or "--jobserver-fds=", or NULL. */
static const char *jobserver(const char *flags)
{
        static const char *const names[] = { "--jobserver-auth=", "--jobserver-fds=" };
        const char *found = NULL;

        for (const char *at = strstr(flags, "--jobserver-"); at; at = strstr(at + 1, "--jobserver-"))
                for (size_t i = 0; i < 2; i++)
                        if (str_starts_with(at, names[i]))
                                found = at + strlen(names[i]);
        return found;
}

static int keep_jobserver(struct inbye_command *command)
{
        const char *flags = getenv("MAKEFLAGS"), *pair = flags ? jobserver(flags) : NULL;
        int read_fd, write_fd, r;

        if (!pair || sscanf(pair, "%d,%d", &read_fd, &write_fd) != 2)
                return 0;
        r = keep_if_open(command, read_fd);
        return r < 0 ? r : keep_if_open(command, write_fd);
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
                r = keep_if_open(command, fd);
        return r < 0 ? r : pass_listen_pid(command);
}

int inherit_promised_fds(struct inbye_command *command)
{
        int r = keep_jobserver(command);

        return r < 0 ? r : keep_listen_fds(command);
}

static int keep_inheritable(struct inbye_command *command, int fd)
{
        int flags = fd >= 3 ? fcntl(fd, F_GETFD) : -1;

        return flags < 0 || (flags & FD_CLOEXEC) ? 0 : inbye_command_keep_fd(command, fd);
}

/* Without /proc: all numbers there can be, as far as it is sensible. */
static int keep_by_number(struct inbye_command *command)
{
        long limit = sysconf(_SC_OPEN_MAX);
        int r = 0;

        if (limit < 0 || limit > 65536)
                limit = 65536;
        for (int fd = 3; fd < limit && r >= 0; fd++)
                r = keep_inheritable(command, fd);
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
                        r = keep_inheritable(command, fd); /* the folder's own is close-on-exec */
        closedir(dir);
        return r;
}
