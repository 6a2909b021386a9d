/* SPDX-License-Identifier: MIT */
/*
 * Starting a command below a holder.
 *
 * The holder is made like any child, sharing the memory of the owner, whose thread sleeps. So the plan need
 * not be carried over: the holder makes the command itself, by the very steps that the owner would use, sends
 * its pidfd home over the line that both will keep, and only then becomes the helper program. From the first
 * instruction of the command on its parent is the holder, and there is no moment at which what it forks could
 * belong to anybody else. Should the holder be killed before it is the warden, the command's parent-death
 * signal ends the command.
 *
 * Once the command runs a start cannot be taken back: it may have acted and forked. What can be known to fail
 * after that is found out before, the helper program and a number for the command's pidfd. Should it fail all
 * the same, the warden is let go, and ends all that came of the command as it would when the owner dies.
 *
 * Starting the warden first and telling it what to run was rejected: the whole plan would have to be written
 * down, read and checked again, in a program that is to be small and have no heap.
 *
 * The holder stays in the session of the owner, in a process group of its own: from another session it would
 * make the command's process group an orphaned one, which the terminal's stop key does not stop.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "spawn/child.h"
#include "spawn/confine.h"
#include "sys/child.h"
#include "sys/clone.h"
#include "sys/closefrom.h"
#include "sys/fdpass.h"
#include "sys/misc.h"
#include "sys/pidfd.h"
#include "sys/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* For the holder's own frames, and the command's stack among them. */
#define HOLDER_STACK_SIZE ((size_t)128 * 1024)

struct held {
        const struct spawn_holder *holder;
        struct spawn_child *command; /* NULL: only try whether the holder would come up */
        int cgroup_fd;
        int outcome; /* of the attempt to start the command */
        struct spawned spawned;
        volatile int detail, number; /* the holder's own step that failed, and its errno */
        volatile int ready;          /* exec comes next */
};

/* --- the holder's side: as in child.c, nothing but system calls -------------------------------------------
 */

CHILD_SIDE static int result(long r)
{
        return r < 0 ? -errno : 0;
}

/* An ignored SIGCHLD, which exec would keep, takes the statuses of all children away. */
CHILD_SIDE static int step_settle(const struct spawn_holder *holder)
{
        struct sigaction action = { .sa_handler = SIG_DFL };

        (void)holder;
        if (setpgid(0, 0) < 0 && errno != EPERM)
                return -errno;
        return result(sigaction(SIGCHLD, &action, NULL));
}

CHILD_SIDE static int step_subreaper(const struct spawn_holder *holder)
{
        return holder->subreaper ? result(prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L)) : 0;
}

CHILD_SIDE static int step_map(const struct spawn_holder *holder)
{
        return holder->uid_map ? confine_map(holder->uid_map, holder->gid_map) : 0;
}

/* What is mounted outside still comes in; what is mounted inside stays there. */
CHILD_SIDE static int step_proc(const struct spawn_holder *holder)
{
        if (!holder->own_proc)
                return 0;
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return -errno;
        return result(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

static int (*const steps[])(const struct spawn_holder *holder) = {
        [SPAWN_HOLDER_SETTLE] = step_settle,
        [SPAWN_HOLDER_SUBREAPER] = step_subreaper,
        [SPAWN_HOLDER_MAP] = step_map,
        [SPAWN_HOLDER_PROC] = step_proc,
};

CHILD_SIDE static void keep(int fd)
{
        if (fd >= 0)
                (void)fcntl(fd, F_SETFD, 0);
}

/* Where the owner has 0 to 2 closed it may have come to be one of those. */
CHILD_SIDE static int move_above_stdio(int fd)
{
        return fd < 0 || fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

CHILD_SIDE static int become_warden(struct held *held)
{
        static char *const nothing[] = { NULL };
        const struct spawn_holder *holder = held->holder;
        int pidfd = move_above_stdio(held->spawned.pidfd);

        spawn_put_number(holder->pid_text, held->spawned.pid);
        spawn_put_number(holder->pidfd_text, pidfd);
        for (int i = 0; i < 3; i++)
                (void)dup2(holder->null_fd, i);
        sys_cloexec_from(3);
        keep(holder->line_fd);
        keep(holder->owner_pidfd);
        keep(pidfd);
        held->ready = 1;
        execve(holder->program, (char *const *)holder->argv, nothing);
        held->ready = 0;
        return -errno;
}

CHILD_SIDE static void end_command(const struct spawned *spawned)
{
        (void)kill(spawned->pid, SIGKILL); /* a child of ours that nobody has reaped */
        while (waitpid(spawned->pid, NULL, __WALL) < 0 && errno == EINTR)
                ;
}

CHILD_SIDE static void hand_over(struct held *held)
{
        int r = 0;

        held->detail = SPAWN_HOLDER_PASS;
        if (held->spawned.pidfd >= 0)
                r = sys_fd_send(held->holder->line_fd, held->spawned.pidfd);
        if (r == 0) {
                held->detail = SPAWN_HOLDER_EXEC;
                r = become_warden(held);
        }
        end_command(&held->spawned);
        held->number = -r;
}

CHILD_SIDE static void holder_main(void *argument)
{
        struct held *held = argument;
        int r = 0;

        for (int i = SPAWN_HOLDER_SETTLE; i <= SPAWN_HOLDER_PROC && r == 0; i++) {
                held->detail = i;
                r = steps[i](held->holder);
        }
        held->number = -r;
        if (r == 0 && held->command) {
                held->command->holder_pid = getpid();
                held->outcome = spawn_attempt(held->command, held->cgroup_fd, &held->spawned);
                if (held->outcome == 0)
                        hand_over(held);
        }
        _exit(127);
}

/* --- the owner's side -------------------------------------------------------------------------------------
 */

struct stack {
        void *memory;
};

static void stack_unmap(struct stack *stack)
{
        if (stack->memory != MAP_FAILED)
                munmap(stack->memory, HOLDER_STACK_SIZE);
}

static struct stack stack_map(void)
{
        return (struct stack){ mmap(NULL, HOLDER_STACK_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0) };
}

static pid_t clone_holder(struct held *held, const struct stack *stack, int *ret_pidfd)
{
        struct sys_clone how = {
                .child = holder_main,
                .argument = held,
                .stack = stack->memory,
                .stack_size = HOLDER_STACK_SIZE,
                .cgroup_fd = -1,
                .flags = held->holder->namespaces,
        };
        uint64_t mask;
        pid_t pid;
        int r;

        if (stack->memory == MAP_FAILED)
                return -ENOMEM;
        r = sys_signal_mask(UINT64_MAX, &mask);
        if (r < 0)
                return r;
        pid = sys_clone_shared(&how, ret_pidfd);
        (void)sys_signal_mask(mask, NULL);
        return pid;
}

/* The pid that the holder knows may be one of its namespace. The number that was kept free is the pidfd's. */
static int take_command(struct held *held, int *kept_fd, struct spawned *ret)
{
        scoped(fd_closep) int pidfd = -1;
        pid_t pid = held->spawned.pid;

        if (held->spawned.pidfd >= 0) {
                *kept_fd = fd_close(*kept_fd);
                pidfd = sys_fd_receive(held->holder->owner_line_fd);
                if (pidfd < 0)
                        return pidfd;
                pid = sys_pidfd_pid(pidfd);
        }
        if (pid < 0)
                return pid;
        *ret = (struct spawned){
                .pid = pid,
                .pidfd = TAKE_FD(pidfd),
                .joined_by_write = held->spawned.joined_by_write,
                .holder_pidfd = -1,
        };
        return 0;
}

static int holder_failed(struct spawn_child *child, int detail, int number)
{
        child->report = (struct spawn_report){
                .stage = INBYE_STAGE_MECHANISM,
                .detail = detail,
                .number = number,
        };
        return SPAWN_E_FAILED;
}

/* How long a warden that is let go may take to end what was started, milliseconds. */
#define LEAVE_LIMIT 1000

static void end_holder(const struct held *held, pid_t pid, int pidfd)
{
        if (held->ready) {
                (void)shutdown(held->holder->owner_line_fd, SHUT_RDWR);
                sys_pidfd_wait(pidfd, LEAVE_LIMIT);
        }
        if (pidfd >= 0)
                (void)sys_pidfd_send_signal(pidfd, SIGKILL);
        sys_child_reap(pidfd, pid);
}

/* What has become of it, once it has exec'ed or ended. */
static int judge(struct held *held, int *kept_fd, struct spawned *ret)
{
        int r;

        if (held->number > 0)
                return holder_failed(held->command, held->detail, held->number);
        if (held->outcome != 0)
                return held->outcome;
        if (!held->ready)
                return SPAWN_E_DIED;
        r = take_command(held, kept_fd, ret);
        return r < 0 ? holder_failed(held->command, SPAWN_HOLDER_PASS, -r) : 0;
}

/* The stack is there until the holder is reaped: by then a command that had not exec'ed has been killed too.
 */
static int attempt(struct held *held, int *kept_fd, struct spawned *ret)
{
        scoped(stack_unmap) struct stack stack = stack_map();
        scoped(fd_closep) int pidfd = -1;
        pid_t pid;
        int r;

        pid = clone_holder(held, &stack, &pidfd);
        if (pid < 0)
                return holder_failed(held->command, SPAWN_HOLDER_CLONE, -pid);
        r = judge(held, kept_fd, ret);
        if (r != 0) {
                end_holder(held, pid, pidfd);
                return r;
        }
        ret->holder_pid = pid;
        ret->holder_pidfd = TAKE_FD(pidfd);
        return 0;
}

int spawn_attempt_held(struct spawn_child *child, int cgroup_fd, struct spawned *ret)
{
        struct held held = { .holder = child->plan->holder, .command = child, .cgroup_fd = cgroup_fd };
        scoped(fd_closep) int kept_fd = fd_dup_above(held.holder->owner_line_fd, 0);
        int r = sys_access(AT_FDCWD, held.holder->program, X_OK);

        if (r < 0)
                return holder_failed(child, SPAWN_HOLDER_EXEC, -r);
        if (kept_fd < 0)
                return holder_failed(child, SPAWN_HOLDER_PASS, -kept_fd);
        return attempt(&held, &kept_fd, ret);
}

int spawn_try_holder(const struct spawn_holder *holder, enum spawn_holder_step *ret_step)
{
        scoped(stack_unmap) struct stack stack = stack_map();
        struct held held = { .holder = holder };
        scoped(fd_closep) int pidfd = -1;
        pid_t pid;

        *ret_step = SPAWN_HOLDER_CLONE;
        pid = clone_holder(&held, &stack, &pidfd);
        if (pid < 0)
                return (int)pid;
        sys_child_reap(pidfd, pid);
        *ret_step = (enum spawn_holder_step)held.detail;
        return -held.number;
}
