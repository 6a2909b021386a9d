/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_BYSTANDER_H
#define HOSTILE_BYSTANDER_H

#include <inbye/inbye.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/** Somebody who must survive: a plain child of ours, in our own process group and cgroup. */
struct bystander {
        pid_t pid;
        int ask_fd, answer_fd;
        char path[PATH_MAX];
        long beats;
};
#define BYSTANDER_NULL                                                                                       \
        {                                                                                                    \
                .ask_fd = -1, .answer_fd = -1                                                                \
        }

int bystander_init(struct bystander *bystander, const char *helper, const char *directory);
/** Ask for one heartbeat: the answer comes and the file has grown. */
bool bystander_is_well(struct bystander *bystander);
/** Ends it; it must have been there to be ended. */
void bystander_deinit(struct bystander *bystander);

/** The same, held by inbye as a tree beside the one that is ended. */
struct neighbour {
        struct inbye_process *process;
        struct inbye_loop *loop;
        size_t n_answers;
};
int neighbour_init(struct neighbour *neighbour, struct inbye_loop *loop, struct inbye_group *group,
        const char *helper, struct inbye_error *reterr);
bool neighbour_is_well(struct neighbour *neighbour);
void neighbour_deinit(struct neighbour *neighbour);

#endif
