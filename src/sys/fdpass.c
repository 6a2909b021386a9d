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

/* One byte, and room for one descriptor beside it. */
struct parcel {
        char byte;
        struct iovec iov;
        alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        struct msghdr message;
};

CHILD_SIDE static void parcel_init(struct parcel *parcel)
{
        *parcel = (struct parcel){ .byte = 'f' };
        parcel->iov = (struct iovec){ .iov_base = &parcel->byte, .iov_len = 1 };
        parcel->message = (struct msghdr){
                .msg_iov = &parcel->iov,
                .msg_iovlen = 1,
                .msg_control = parcel->control,
                .msg_controllen = sizeof(parcel->control),
        };
}

CHILD_SIDE int sys_fd_send(int socket_fd, int fd)
{
        struct parcel parcel;
        struct cmsghdr *header;

        parcel_init(&parcel);
        header = CMSG_FIRSTHDR(&parcel.message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)(void *)CMSG_DATA(header) = fd;
        return sendmsg(socket_fd, &parcel.message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int sys_fd_receive(int socket_fd)
{
        const struct cmsghdr *header;
        struct parcel parcel;
        int fd;

        parcel_init(&parcel);
        if (recvmsg(socket_fd, &parcel.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
                return -errno;
        if (parcel.message.msg_flags & MSG_CTRUNC) /* it came, and there was no number for it */
                return -EMFILE;
        header = CMSG_FIRSTHDR(&parcel.message);
        if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
                return -EBADMSG;
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        return fd;
}
