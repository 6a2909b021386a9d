/* SPDX-License-Identifier: MIT */
/*
 * Starting things, with the library and without.
 */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <inbye/inbye.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void die(const char *format, ...)
{
        va_list arguments;

        fflush(stdout);
        fprintf(stderr, "bench: ");
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, "\n");
        leaf_base_close();
        v1_base_close();
        exit(2);
}

static void place(int fd, int number, int flags)
{
        if (fd < 0)
                fd = open("/dev/null", flags | O_CLOEXEC);
        if (fd < 0 || dup2(fd, number) < 0)
                _exit(127);
}

pid_t start(const struct start *start)
{
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid > 0)
                return pid;
        if (start->procs_fd >= 0 && write(start->procs_fd, "0", 1) != 1)
                _exit(127);
        for (size_t i = 0; i < start->n_tasks_fds; i++)
                if (write(start->tasks_fds[i], "0", 1) != 1)
                        _exit(127);
        place(start->in_fd, 0, O_RDONLY);
        place(start->out_fd, 1, O_WRONLY);
        place(-1, 2, O_WRONLY);
        execvp(start->argv[0], (char *const *)start->argv);
        _exit(127);
}

double finish(pid_t pid)
{
        struct rusage usage;
        int status;

        if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
                die("a program that was measured failed");
        return (double)usage.ru_maxrss * 1024;
}

void reap_ended(void)
{
        while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
}

void reap_all(void)
{
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                ;
}

void host_open(struct host *host)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_error error;
        int r;

        r = inbye_loop_open(&host->loop);
        if (r < 0)
                die("cannot make a loop: %s", strerror(-r));
        options.mechanisms = INBYE_MECHANISM_CGROUP;
        if (inbye_group_open(host->loop, &options, &host->group, &error) < 0)
                die("%s", error.text);
}

void host_close(struct host *host)
{
        inbye_group_free(host->group);
        inbye_loop_free(host->loop);
}

struct inbye_command *command_of(const char *const *argv)
{
        struct inbye_command *command;

        if (inbye_command_open(argv, &command) < 0)
                die("cannot describe %s", argv[0]);
        return command;
}

void host_run(struct host *host, struct inbye_command *command)
{
        struct inbye_process *process;
        struct inbye_error error;

        if (inbye_group_spawn(host->group, command, &process, &error) < 0)
                die("%s", error.text);
        if (inbye_process_wait(process, INBYE_FOREVER, NULL) < 0 ||
                inbye_result_status(inbye_process_result(process)) != INBYE_OK)
                die("%s failed", inbye_command_argv(command)[0]);
        inbye_process_free(process);
}
