/* SPDX-License-Identifier: MIT */
/*
 * One descriptor over a Unix socket: how what another process has opened comes to us.
 */
#include "sys/fdpass.h"
#include "sys/clone.h"
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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

/* In the way of a child's 0 to 2 it could be, where the owner has those closed. */
static int move_above_stdio(int *fd)
{
        int moved;

        if (*fd > 2)
                return 0;
        moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
        if (moved < 0)
                return -errno;
        close(*fd);
        *fd = moved;
        return 0;
}

int sys_fd_line(int ret_ends[2])
{
        int ends[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        r = move_above_stdio(&ends[0]);
        if (r == 0)
                r = move_above_stdio(&ends[1]);
        if (r < 0) {
                close(ends[0]);
                close(ends[1]);
                return r;
        }
        ret_ends[0] = ends[0];
        ret_ends[1] = ends[1];
        return 0;
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
