/* SPDX-License-Identifier: MIT */
/*
 * Those who must not be hit. One stands outside of everything, in the process group and the cgroup of the
 * test itself, where a careless killpg or cgroup.kill would strike; others are commands of inbye in leaves
 * beside the one that is ended. Both are asked for a heartbeat after each cell and must answer: nothing is
 * waited for that could come late, and a zombie cannot answer.
 */
#include "bystander.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define PATIENCE_MS 10000

int bystander_init(struct bystander *bystander, const char *helper, const char *directory)
{
        int ask[2], answer[2], r;
        posix_spawn_file_actions_t actions;
        char *argv[] = { (char *)helper, (char *)"bystander", bystander->path, NULL };

        *bystander = (struct bystander)BYSTANDER_NULL;
        snprintf(bystander->path, sizeof(bystander->path), "%s/bystander", directory);
        if (pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0)
                return -errno;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ask[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, answer[1], STDOUT_FILENO);
        r = posix_spawn(&bystander->pid, helper, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ask[0]);
        close(answer[1]);
        bystander->ask_fd = ask[1];
        bystander->answer_fd = answer[0];
        return -r;
}

static long size_of(const char *path)
{
        struct stat status;

        return stat(path, &status) < 0 ? -1 : (long)status.st_size;
}

bool bystander_is_well(struct bystander *bystander)
{
        struct pollfd answer = { .fd = bystander->answer_fd, .events = POLLIN };
        long before = bystander->beats;
        char byte;

        if (write(bystander->ask_fd, "?", 1) != 1 || poll(&answer, 1, PATIENCE_MS) <= 0 ||
                read(bystander->answer_fd, &byte, 1) != 1)
                return false;
        bystander->beats = size_of(bystander->path);
        return bystander->beats > before;
}

void bystander_deinit(struct bystander *bystander)
{
        if (bystander->ask_fd >= 0)
                close(bystander->ask_fd); /* end of file is its end */
        if (bystander->answer_fd >= 0)
                close(bystander->answer_fd);
        if (bystander->pid > 0)
                waitpid(bystander->pid, NULL, 0);
        if (bystander->path[0])
                unlink(bystander->path);
        *bystander = (struct bystander)BYSTANDER_NULL;
}

static void on_answer(void *userdata, struct inbye_process *process, const struct inbye_event *event)
{
        struct neighbour *neighbour = userdata;

        (void)process;
        if (event->kind == INBYE_EVENT_OUTPUT)
                neighbour->n_answers += event->n_bytes;
}

int neighbour_init(struct neighbour *neighbour, struct inbye_loop *loop, struct inbye_group *group,
        const char *helper, struct inbye_error *reterr)
{
        const char *argv[] = { helper, "bystander", "/dev/null", NULL };
        struct inbye_command *command;
        int r;

        *neighbour = (struct neighbour){ .loop = loop };
        r = inbye_command_open(argv, &command);
        if (r < 0)
                return r;
        inbye_command_set_input(command, INBYE_INPUT_PIPE);
        r = inbye_group_spawn(group, command, &neighbour->process, reterr);
        inbye_command_unref(command);
        if (r < 0)
                return r;
        inbye_process_on_event(neighbour->process, on_answer, neighbour);
        return 0;
}

bool neighbour_is_well(struct neighbour *neighbour)
{
        size_t before = neighbour->n_answers;

        if (!neighbour->process || inbye_process_result(neighbour->process) ||
                inbye_process_write(neighbour->process, "?", 1) < 0)
                return false;
        while (neighbour->n_answers == before)
                if (inbye_loop_dispatch(neighbour->loop, PATIENCE_MS * INBYE_MILLISECOND) <= 0 ||
                        inbye_process_result(neighbour->process))
                        return false;
        return true;
}

void neighbour_deinit(struct neighbour *neighbour)
{
        inbye_process_free(neighbour->process);
        *neighbour = (struct neighbour){ 0 };
}
