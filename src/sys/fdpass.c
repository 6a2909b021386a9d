/* SPDX-License-Identifier: MIT */
/*
 * One descriptor over a Unix socket: how a pidfd made by another process comes to us.
 */
#include "sys/fdpass.h"
#include "sys/clone.h"
#include <errno.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Room for one descriptor beside the message. */
struct control {
        alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
};

CHILD_SIDE int sys_fd_send(int socket_fd, int fd)
{
        char byte = 'f';
        struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
        struct control control = { { 0 } };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof(control.bytes),
        };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)(void *)CMSG_DATA(header) = fd;
        return sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int sys_fd_receive(int socket_fd)
{
        char byte;
        struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
        struct control control = { { 0 } };
        struct msghdr message = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof(control.bytes),
        };
        const struct cmsghdr *header;
        int fd;

        if (recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
                return -errno;
        header = CMSG_FIRSTHDR(&message);
        if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
                return -EBADMSG;
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        return fd;
}
