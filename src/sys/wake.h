/* SPDX-License-Identifier: MIT */
#ifndef SYS_WAKE_H
#define SYS_WAKE_H

/** A descriptor that somebody makes readable. Both ends may be one and the same. */
struct sys_wake {
        int fd; /* to be watched */
        int write_fd;
};
#define SYS_WAKE_INIT                                                                                        \
        {                                                                                                    \
                .fd = -1, .write_fd = -1                                                                     \
        }

/** 0 or -errno. */
int sys_wake_open(struct sys_wake *ret);
/** Not open is fine. */
void sys_wake_close(struct sys_wake *wake);
/** Readable from now on. Any thread; async-signal-safe, errno untouched. */
void sys_wake_fire(const struct sys_wake *wake);
/** No longer readable. */
void sys_wake_drain(const struct sys_wake *wake);

#endif
