/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_HOLD_H
#define WARDEN_HOLD_H

#include <stdbool.h>
#include <sys/types.h>

struct hold {
        int line_fd, owner_pidfd, command_pidfd; /* the pidfds: -1 where there are none */
        pid_t command;
        bool is_pidns; /* we are the first process of a pid namespace */

        int signal_fd;
        bool may_reap; /* the owner knows the command */
        bool ending;   /* the owner is gone, or wants the tree ended */
        bool exited;   /* the command, and that was said */
        bool traced;   /* that was said */
};

/** Hold the tree until nothing of it is left. @return exit status of the warden. */
int hold_tree(struct hold *hold);

#endif
