/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of a warden that holds a tree.
 *
 * It is the owner's child, and the command is its child. What a parent learns of the command by waiting for
 * it the warden learns, and tells over the line; the command's pidfd came to the owner when it was started.
 * That the tree is empty shows by the warden's own end, after it has said so. One that ends without a word
 * was killed. As first process of its namespace it has taken its tree along. A subreaper has not: its command
 * dies of the parent-death signal, and what that leaves behind nobody knows.
 */
#include "warden/holder.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "warden/locate.h"
#include "warden/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long one that was let go may take to go before we leave it to the system, milliseconds. */
#define LEAVE_LIMIT 1000

/* --- a group of them
 * ---------------------------------------------------------------------------------------- */

static int open_common(struct holding *holding)
{
        scoped(fd_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        scoped(fd_closep) int own_pidfd = sys_pidfd_open(getpid());

        if (null_fd < 0)
                return -errno;
        holding->null_fd = fd_dup_above(null_fd, 3);
        /* Where there are no pidfds the end of the line has to do. */
        if (own_pidfd >= 0)
                holding->own_pidfd = fd_dup_above(own_pidfd, 3);
        return holding->null_fd < 0 ? holding->null_fd : 0;
}

int holding_init(struct holding *holding, const struct holder_kind *kind, struct inbye_error *reterr)
{
        int r;

        *holding = (struct holding)HOLDING_INIT;
        holding->kind = *kind;
        r = warden_locate(holding->program, sizeof(holding->program), reterr);
        if (r < 0)
                return r;
        r = open_common(holding);
        return r < 0 ? error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot make the warden's descriptors") : 0;
}

void holding_deinit(struct holding *holding)
{
        holding->null_fd = fd_close(holding->null_fd);
        holding->own_pidfd = fd_close(holding->own_pidfd);
}

static void fill_spawn(struct spawn_holder *spawn, const struct holder_kind *kind)
{
        *spawn = (struct spawn_holder){
                .line_fd = -1,
                .owner_line_fd = -1,
                .owner_pidfd = -1,
                .null_fd = -1,
                .subreaper = !kind->is_pidns,
                .namespaces = kind->namespaces,
                .uid_map = kind->uid_map,
                .gid_map = kind->gid_map,
                .own_proc = kind->own_proc,
        };
}

int holding_try(const struct holder_kind *kind, enum spawn_holder_step *ret_step)
{
        struct spawn_holder spawn;

        fill_spawn(&spawn, kind);
        return spawn_try_holder(&spawn, ret_step);
}

/* --- one --------------------------------------------------------------------------------------------------
 */

static int open_line(struct holder *holder)
{
        scoped(fd_closep) int theirs = -1;
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        holder->line_fd = ends[0];
        theirs = ends[1];
        holder->their_line_fd = fd_dup_above(theirs, 3);
        return holder->their_line_fd < 0 ? holder->their_line_fd : 0;
}

int holder_init(struct holder *holder, const struct holding *holding, struct inbye_error *reterr)
{
        int r;

        *holder = (struct holder){ .line_fd = -1, .their_line_fd = -1, .pidfd = -1 };
        r = open_line(holder);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot make the warden's socket");
        holder->is_pidns = holding->kind.is_pidns;
        snprintf(holder->line_text, sizeof(holder->line_text), "%d", holder->their_line_fd);
        snprintf(holder->owner_text, sizeof(holder->owner_text), "%d", holding->own_pidfd);
        memcpy(holder->argv,
                (const char *const[]){ WARDEN_NAME, holder->is_pidns ? WARDEN_HOLD_PIDNS : WARDEN_HOLD,
                        holder->line_text, holder->owner_text, holder->pidfd_text, holder->pid_text, NULL },
                sizeof(holder->argv));
        fill_spawn(&holder->spawn, &holding->kind);
        holder->spawn.program = holding->program;
        holder->spawn.argv = holder->argv;
        holder->spawn.pid_text = holder->pid_text;
        holder->spawn.pidfd_text = holder->pidfd_text;
        holder->spawn.line_fd = holder->their_line_fd;
        holder->spawn.owner_line_fd = holder->line_fd;
        holder->spawn.owner_pidfd = holding->own_pidfd;
        holder->spawn.null_fd = holding->null_fd;
        return 0;
}

static void send_order(struct holder *holder, char order)
{
        /* to one that has died: its end is what will be seen */
        if (holder->line_fd >= 0)
                (void)send(holder->line_fd, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One that the kernel reaps itself (SYS_CLONE_AUTOKILL) is nobody's to wait for. */
static bool reap(struct holder *holder)
{
        struct sys_wait wait;
        int r;

        if (holder->ended || holder->pid == 0)
                return true;
        r = sys_wait(holder->pidfd, holder->pid, WEXITED, &wait);
        if (r == 0 ? wait.code == 0 : holder->pidfd >= 0 && sys_pidfd_has_ended(holder->pidfd) != 1)
                return false;
        holder->ended = true;
        loop_child_remove(&holder->child);
        return true;
}

static void on_child(struct loop_child *child)
{
        reap(CONTAINER_OF(child, struct holder, child));
}

void holder_started(struct holder *holder, struct inbye_loop *loop, const struct spawned *spawned)
{
        holder->pid = spawned->holder_pid;
        holder->pidfd = spawned->holder_pidfd;
        holder->their_line_fd = fd_close(holder->their_line_fd);
        holder->child.pid = holder->pid;
        holder->child.fn = on_child;
        loop_child_add(loop, &holder->child);
        send_order(holder, WARDEN_GO);
}

static void take_word(struct holder *holder, const struct warden_word *word)
{
        switch (word->kind) {
        case WARDEN_EXITED:
                holder->command = word->wait;
                holder->said_others = word->others;
                break;
        case WARDEN_STOPPED:
                holder->stop_signo = word->wait.status;
                break;
        case WARDEN_TRACED:
                holder->said_traced = true;
                break;
        case WARDEN_EMPTY:
                holder->said_empty = true;
                holder->all = word->wait;
                break;
        }
}

/* A warden that ends before it has read an order of ours resets the line: that is told once, before what it
 * had said. */
static ssize_t hear(struct holder *holder, struct warden_word *word)
{
        ssize_t n;

        do
                n = recv(holder->line_fd, word, sizeof(*word), MSG_DONTWAIT);
        while (n < 0 && (errno == ECONNRESET || errno == EINTR));
        return n;
}

static void listen_to(struct holder *holder)
{
        struct warden_word word;

        while (holder->line_fd >= 0 && hear(holder, &word) == (ssize_t)sizeof(word))
                take_word(holder, &word);
}

static int take_stop(struct holder *holder, struct sys_wait *ret)
{
        *ret = (struct sys_wait){ 0 };
        if (holder->stop_signo)
                *ret = (struct sys_wait){ .code = CLD_STOPPED, .status = holder->stop_signo };
        holder->stop_signo = 0;
        return 0;
}

int holder_wait(struct holder *holder, int options, struct sys_wait *ret)
{
        bool ended = reap(holder); /* before listening: the last word was said before */

        listen_to(holder);
        if (options & WSTOPPED)
                return take_stop(holder, ret);
        *ret = holder->command;
        if (ret->code)
                return 0;
        if (holder->said_traced && !ended)
                return HOLDER_E_TRACED;
        if (!ended)
                return 0;
        /* The kernel has killed the command together with the first process of its namespace. */
        if (holder->is_pidns && holder->told_end) {
                *ret = (struct sys_wait){ .code = CLD_KILLED, .status = SIGKILL };
                return 0;
        }
        return -EOWNERDEAD;
}

int holder_look(struct holder *holder)
{
        if (!reap(holder))
                return HOLDER_E_ALIVE;
        listen_to(holder);
        return holder->is_pidns || holder->said_empty ? 0 : HOLDER_E_LOST;
}

void holder_end(struct holder *holder)
{
        if (holder->pid == 0 || holder->ended)
                return;
        /* Told, it learns how the command ended; told twice, the kernel ends the namespace without it. */
        if (holder->is_pidns && holder->told_end)
                (void)sys_pidfd_send_signal(holder->pidfd, SIGKILL);
        holder->told_end = true;
        send_order(holder, WARDEN_END);
        /* A member may have stopped it. */
        (void)sys_pidfd_send_signal(holder->pidfd, SIGCONT);
}

void holder_deinit(struct holder *holder)
{
        holder->line_fd = fd_close(holder->line_fd);
        holder->their_line_fd = fd_close(holder->their_line_fd);
        if (!reap(holder) && holder->pidfd >= 0) {
                sys_pidfd_wait(holder->pidfd, LEAVE_LIMIT);
                reap(holder);
        }
        loop_child_remove(&holder->child);
        holder->pidfd = fd_close(holder->pidfd);
}
