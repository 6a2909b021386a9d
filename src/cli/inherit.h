/* SPDX-License-Identifier: MIT */
#ifndef CLI_INHERIT_H
#define CLI_INHERIT_H

#include <inbye/command.h>

/**
 * Keep the descriptors that the environment promises to the command: make's jobserver and sockets of
 * sd_listen_fds(3). 0 or -errno.
 */
int inherit_promised_fds(struct inbye_command *command);
/** Keep the descriptors that the words of the command name, as /dev/fd/N or /proc/self/fd/N. 0 or -errno. */
int inherit_named_fds(struct inbye_command *command);
/** Did we get the jobserver that MAKEFLAGS names? 1; 0: it names none; -EBADF, or -EINVAL: make no sense of
 * it.
 */
int inherit_has_jobserver(void);
/** The jobserver alone. */
int inherit_jobserver(struct inbye_command *command);
/** Keep every descriptor that is not close-on-exec, as a plain exec would. 0 or -errno. */
int inherit_all_fds(struct inbye_command *command);

#endif
