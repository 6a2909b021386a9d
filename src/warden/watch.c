/* SPDX-License-Identifier: MIT */
/*
 * Watching one session: wait for the end of the owner, then end and remove what it left.
 *
 * The session is known by its name in the directory that it is made in, and looked for when the owner is
 * gone: the warden is there before the session is, so that there is no moment at which the owner's death
 * would leave the directory behind.
 */
#include "warden/watch.h"
#include "base/clock.h"
#include "base/scope.h"
#include "warden/remove.h"
#include <errno.h>
#include <poll.h>

/* A member that does not die (a hung file server) is left to whoever cleans up later. */
#define REMOVE_LIMIT (60 * UINT64_C(1000000000))

static void await_owner(int line_fd, int owner_pidfd)
{
        struct pollfd fds[] = {
                { .fd = line_fd, .events = POLLIN | POLLRDHUP },
                { .fd = owner_pidfd, .events = POLLIN },
        };

        while (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno == EINTR)
                ;
}

int watch(int line_fd, int base_fd, int owner_pidfd, const char *name)
{
        await_owner(line_fd, owner_pidfd);
        if (remove_session(base_fd, name, clock_deadline(clock_now_ns(), REMOVE_LIMIT)) < 0)
                return 1;
        remove_room(base_fd);
        return 0;
}
