/* SPDX-License-Identifier: MIT */
/*
 * Close-on-exec for all descriptors from a number on, in the child between fork and exec, and closing them in
 * one that will never exec.
 *
 * Which are open nobody tells who may not allocate (opendir(3) of /dev/fd does). poll(2) looks at hundreds of
 * numbers in one call and marks those that are not open: up to a million of them then take a hundredth of a
 * second, where a call for each takes a tenth.
 */
#include "sys/clone.h"
#include "sys/closefrom.h"
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

enum { AT_ONCE = 256 };

CHILD_SIDE static int first_beyond(void)
{
        enum { GUESS = 1 << 20 };
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > GUESS)
                return GUESS;
        return (int)limit.rlim_cur;
}

/* The open ones of n numbers: marked, or closed. */
CHILD_SIDE static void treat(struct pollfd *fds, int n, int except, bool close_them)
{
        bool known = poll(fds, (nfds_t)n, 0) >= 0;
        int i;

        for (i = 0; i < n; i++) {
                if ((known && (fds[i].revents & POLLNVAL)) || fds[i].fd == except)
                        continue;
                if (close_them)
                        (void)close(fds[i].fd);
                else
                        (void)fcntl(fds[i].fd, F_SETFD, FD_CLOEXEC);
        }
}

CHILD_SIDE static void treat_from(int from, int except, bool close_them)
{
        int end = first_beyond(), n;
        struct pollfd fds[AT_ONCE];

        while (from < end) {
                for (n = 0; n < AT_ONCE && from < end; n++, from++) {
                        fds[n].fd = from;
                        fds[n].events = 0;
                }
                treat(fds, n, except, close_them);
        }
}

CHILD_SIDE void sys_cloexec_from(int from)
{
        treat_from(from, -1, false);
}

CHILD_SIDE void sys_close_but(int fd)
{
        treat_from(0, fd, true);
}
