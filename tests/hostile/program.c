/* SPDX-License-Identifier: MIT */
/*
 * Programs started by plain posix_spawn(3): the command under test, and what is planted to prove the checks.
 * Its output and its end are waited for at once, by poll on the pipe and a pidfd: the pipe alone would
 * stay open as long as any descendant holds it.
 */
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(
        struct program *program, const char *const *argv, const char *input, int output_fd, bool leads)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, leads ? POSIX_SPAWN_SETPGROUP : 0); /* 0: its own */
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input ? input : "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
        r = posix_spawn(&program->pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

static int start(
        struct program *program, const char *const *argv, const char *log, const char *input, bool leads)
{
        int output[2], r;

        *program = (struct program)PROGRAM_NULL;
        if (pipe2(output, O_CLOEXEC) < 0)
                return -errno;
        if (log)
                setenv("HOSTILE_LOG", log, 1);
        r = spawn(program, argv, input, output[1], leads);
        unsetenv("HOSTILE_LOG");
        close(output[1]);
        program->output_fd = output[0];
        if (r < 0)
                return r;
        program->pidfd = (int)syscall(SYS_pidfd_open, program->pid, 0);
        return program->pidfd < 0 ? -errno : 0;
}

int program_start(struct program *program, const char *const *argv, const char *log, const char *input)
{
        return start(program, argv, log, input, false);
}

int program_start_leader(struct program *program, const char *const *argv, const char *log, const char *input)
{
        return start(program, argv, log, input, true);
}

static bool read_some(struct program *program)
{
        ssize_t n;

        n = read(program->output_fd, program->output + program->n_output,
                sizeof(program->output) - 1 - program->n_output);
        if (n <= 0)
                return false;
        program->n_output += (size_t)n;
        program->output[program->n_output] = '\0';
        return true;
}

bool program_expect(struct program *program, const char *text, int timeout_ms)
{
        struct pollfd fds[] = { { .fd = program->output_fd, .events = POLLIN },
                { .fd = program->pidfd, .events = POLLIN } };

        while (!strstr(program->output, text)) {
                if (poll(fds, 2, timeout_ms) <= 0)
                        return false;
                if (!(fds[0].revents && read_some(program)))
                        return false;
        }
        return true;
}

bool program_has_ended(const struct program *program, int timeout_ms)
{
        struct pollfd end = { .fd = program->pidfd, .events = POLLIN };

        return poll(&end, 1, timeout_ms) > 0;
}

int program_wait(struct program *program, int timeout_ms, int *ret_status)
{
        if (!program_has_ended(program, timeout_ms))
                return -ETIMEDOUT;
        if (waitpid(program->pid, ret_status, 0) < 0)
                return -errno;
        program->pid = 0;
        return 0;
}

static bool is_child(const char *pid, pid_t parent, const char *name)
{
        char path[64], text[512] = "", *first, *last;
        int its_parent = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
        file = fopen(path, "re");
        if (!file)
                return false;
        first = fgets(text, sizeof(text), file) ? strchr(text, '(') : NULL;
        fclose(file);
        last = first ? strrchr(first, ')') : NULL;
        if (!last || sscanf(last + 1, " %*c %d", &its_parent) != 1)
                return false;
        *last = '\0';
        return its_parent == parent && strcmp(first + 1, name) == 0;
}

/* By the list of all processes: that of the children leaves some out while others of them end. */
pid_t program_child(const struct program *program, const char *name)
{
        DIR *dir = opendir("/proc");
        struct dirent *entry;
        pid_t pid = 0;

        while (dir && !pid && (entry = readdir(dir)))
                if (isdigit((unsigned char)entry->d_name[0]) && is_child(entry->d_name, program->pid, name))
                        pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (dir)
                closedir(dir);
        return pid;
}

void program_deinit(struct program *program)
{
        if (program->pid > 0) {
                kill(program->pid, SIGKILL); /* ours and not waited for: the pid cannot be another's */
                waitpid(program->pid, NULL, 0);
        }
        if (program->pidfd >= 0)
                close(program->pidfd);
        if (program->output_fd >= 0)
                close(program->output_fd);
        *program = (struct program)PROGRAM_NULL;
}
