/* SPDX-License-Identifier: MIT */
/*
 * Holding one tree: reap all that comes of the command, tell the owner of the command's end, and end the tree
 * when the owner says so or is gone.
 *
 * Every process of the tree is a descendant of ours, and becomes a child of ours when its parent has died:
 * we are its subreaper, or the first process of its namespace. There one kill(2) reaches everybody, and our
 * own exit would as well: we stay, where somebody wants to know how the command ended. As a subreaper we go
 * down the tree, each process killed before its children are listed. A process with a SIGKILL pending makes
 * no more children, so whoever it had is either in its list, or ours when it has died and we look again,
 * which we do at each SIGCHLD until no child is left. Stopping all of them first was rejected: SIGKILL stops
 * as well, and a tree that was stopped still has to be gone through again.
 *
 * A child of ours that we have not reaped keeps its pid. Of the others a pidfd is opened, then the parent
 * looked at, then whether that one is still there to be waited for, so that it is no other of the same pid:
 * only who is a child of the process that we have just killed is signalled.
 */
#include "warden/hold.h"
#include "base/fd.h"
#include "base/scope.h"
#include "sys/children.h"
#include "sys/pidfd.h"
#include "sys/proc.h"
#include "sys/signals.h"
#include "warden/protocol.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- ending -----------------------------------------------------------------------------------------------
 */

/* The way down the tree: those whose children we are at, and below each of them its children that are still
 * to be looked at. Who finds no room, or no descriptor, is found by the next sweep. */
#define SWEEP_MAX 65536

static struct found {
        pid_t pid;
        int parent; /* its place in the array; -1: it is a child of ours */
        int pidfd;  /* of one that was killed, but for children of ours; else -1 */
        bool visited;
} found[SWEEP_MAX];
static int n_found;

static int note_child(void *userdata, pid_t pid)
{
        const int *parent = userdata;

        if (n_found == SWEEP_MAX)
                return 1;
        found[n_found++] = (struct found){ .pid = pid, .parent = *parent, .pidfd = -1 };
        return 0;
}

/* Still there, if only to be waited for: its pid is nobody else's. We reap nobody during a sweep. */
static bool is_kept(const struct found *one)
{
        return one->parent < 0 || sys_pidfd_send_signal(one->pidfd, 0) != -ESRCH;
}

/* @return false: it is not known to be one of the tree, or no longer. One that may not be signalled is. */
static bool kill_found(struct found *one)
{
        const struct found *parent = &found[one->parent < 0 ? 0 : one->parent];
        struct proc_stat stat;

        one->visited = true;
        if (one->parent < 0)
                return kill(one->pid, SIGKILL) == 0 || errno == EPERM;
        one->pidfd = sys_pidfd_open(one->pid);
        return one->pidfd >= 0 && proc_read_stat(one->pid, &stat) == 0 && stat.ppid == parent->pid &&
               is_kept(parent) && sys_pidfd_send_signal(one->pidfd, SIGKILL) != -ESRCH;
}

static void sweep_descendants(void)
{
        int place = -1;

        n_found = 0;
        sys_each_child(0, note_child, &place);
        while (n_found > 0) {
                place = n_found - 1;
                if (!found[place].visited && kill_found(&found[place])) {
                        sys_each_child(found[place].pid, note_child, &place);
                        continue;
                }
                fd_close(found[place].pidfd);
                n_found--;
        }
}

/* As first process of the namespace all that we may signal are the tree, and the kernel goes round once for
 * all of them: nobody forks past it. */
static void kill_tree(const struct hold *hold)
{
        if (hold->is_pidns)
                kill(-1, SIGKILL);
        else
                sweep_descendants();
}

static void end_tree(struct hold *hold)
{
        hold->ending = true;
        hold->may_reap = true;
        kill_tree(hold);
}

/* Nobody is there to be told: in a namespace that leaves it to the kernel. */
static void end_abandoned(struct hold *hold)
{
        if (hold->is_pidns)
                _exit(0);
        end_tree(hold);
}

/* --- telling ----------------------------------------------------------------------------------------------
 */

/* The owner reads late or never; its death is what else may end the wait. */
static void say(struct hold *hold, const struct warden_word *word)
{
        struct pollfd fds[] = {
                { .fd = hold->line_fd, .events = POLLOUT },
                { .fd = hold->owner_pidfd, .events = POLLIN },
        };

        while (send(hold->line_fd, word, sizeof(*word), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        return;
                if (poll(fds, ARRAY_SIZE(fds), -1) > 0 && fds[1].revents)
                        return;
        }
}

static void say_empty(struct hold *hold)
{
        struct warden_word word = { .kind = WARDEN_EMPTY };

        sys_usage_of_children(&word.wait);
        say(hold, &word);
}

/* --- reaping ----------------------------------------------------------------------------------------------
 */

/* @return false: there is no child left. The command's status is told after all that have ended are reaped:
 * where nobody else is left, the owner learns both at once. */
static bool reap_all(struct hold *hold)
{
        struct warden_word word = { .kind = WARDEN_EXITED };
        struct sys_wait wait;
        int r;

        while ((r = sys_wait(-1, 0, WEXITED, &wait)) == 0 && wait.code)
                if (wait.pid == hold->command && !hold->exited)
                        word.wait = wait;
        word.others = r != -ECHILD;
        if (word.wait.code) {
                hold->exited = true;
                say(hold, &word);
        }
        return r != -ECHILD;
}

static void look_at_command(struct hold *hold)
{
        struct warden_word word = { .kind = WARDEN_STOPPED };
        struct sys_wait *wait = &word.wait;

        if (hold->exited)
                return;
        if (sys_wait(-1, hold->command, WSTOPPED, wait) == 0 && wait->code == CLD_STOPPED)
                say(hold, &word);
        if (hold->traced || hold->command_pidfd < 0 || sys_pidfd_has_ended(hold->command_pidfd) != 1)
                return;
        /* It is dead and was not to be reaped a moment ago: if it still is not, a tracer has it. */
        if (sys_wait(-1, hold->command, WEXITED | WNOWAIT, wait) == 0 && !wait->code) {
                hold->traced = true;
                word.kind = WARDEN_TRACED;
                say(hold, &word);
        }
}

/* @return false: the tree is empty. */
static bool look_at_children(struct hold *hold)
{
        if (!hold->may_reap)
                return true;
        if (!reap_all(hold))
                return false;
        look_at_command(hold);
        if (hold->ending)
                kill_tree(hold);
        return true;
}

/* --- the loop ---------------------------------------------------------------------------------------------
 */

static void take_order(struct hold *hold)
{
        char order = 0;
        ssize_t n = recv(hold->line_fd, &order, 1, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n == 1 && order == WARDEN_GO)
                hold->may_reap = true;
        else if (n == 1)
                end_tree(hold);
        else
                end_abandoned(hold);
}

static int open_signals(void)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void drop_signals(int fd)
{
        struct signalfd_siginfo info[8];

        while (read(fd, info, sizeof(info)) > 0)
                ;
}

/* Events of a line that is closed, or of an owner that is gone, never end: once known they are not asked for.
 */
static void await(struct hold *hold)
{
        struct pollfd fds[] = {
                { .fd = hold->ending ? -1 : hold->line_fd, .events = POLLIN | POLLRDHUP },
                { .fd = hold->ending ? -1 : hold->owner_pidfd, .events = POLLIN },
                { .fd = hold->exited || hold->traced || !hold->may_reap ? -1 : hold->command_pidfd,
                        .events = POLLIN },
                { .fd = hold->signal_fd, .events = POLLIN },
        };

        if (hold->signal_fd < 0) {
                (void)waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
                return;
        }
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
                return;
        if (fds[3].revents)
                drop_signals(hold->signal_fd);
        if (fds[0].revents)
                take_order(hold);
        if (fds[1].revents && !hold->ending)
                end_abandoned(hold);
}

int hold_tree(struct hold *hold)
{
        hold->signal_fd = open_signals();
        if (hold->signal_fd < 0)
                end_abandoned(hold); /* nothing would be noticed; what is left is waited for without it */
        while (look_at_children(hold))
                await(hold);
        say_empty(hold);
        return 0;
}
