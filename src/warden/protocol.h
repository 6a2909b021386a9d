/* SPDX-License-Identifier: MIT */
#ifndef WARDEN_PROTOCOL_H
#define WARDEN_PROTOCOL_H

/*
 * What the owner and the warden have agreed on. The warden gets its descriptors by number:
 *
 *   inbye-warden watch LINE DIRECTORY OWNER NAME
 *
 * LINE is one end of a socket pair whose other end only the owner has: its end of file means that the owner
 * is gone. DIRECTORY is the cgroup directory below which the session NAME is, or will be: it is made when its
 * warden is there. OWNER is a pidfd of the owner: a process that the owner forked may hold LINE open, and
 * nothing can hold that one. Nothing is said over LINE; the owner that is done kills its warden.
 */
#define WARDEN_NAME "inbye-warden"
#define WARDEN_WATCH "watch"

#endif
