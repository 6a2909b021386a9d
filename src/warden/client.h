/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_CLIENT_H
#define WARDEN_CLIENT_H

#include <inbye/base.h>

/** The owner's side of one warden. Start from WARDEN_INIT. */
struct warden {
        pid_t pid;
        int pidfd;   /* readable: the warden has ended */
        int line_fd; /* our end: closed when we are gone */
};
#define WARDEN_INIT                                                                                          \
        {                                                                                                    \
                .pidfd = -1, .line_fd = -1                                                                   \
        }

/** Let a warden watch over the session of that name below base_fd, which it removes with all that is in it
 * when this process is gone. The session is made afterwards. */
int warden_watch(int base_fd, const char *name, struct warden *ret, struct inbye_error *reterr);
/** The session is over: end the warden and reap it. Not started, and twice, are fine. */
void warden_dismiss(struct warden *warden);
/** Let go of it: it takes that for our death, and ends what is left of the session. */
void warden_leave(struct warden *warden);

#endif
