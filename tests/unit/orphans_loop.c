/* SPDX-License-Identifier: MIT */
/*
 * inbye_loop_reap_orphans(), by a plain program of one thread: a Criterion test has a second one, which would
 * swallow SIGCHLD.
 *
 * Children are made by fork, and speak through pipes: a child that makes a grandchild and ends leaves an
 * orphan, which comes to us; one that was registered is its owner's and must still be there to be waited for.
 */
#include "base/fd.h"
#include "loop/loop.h"
#include "sys/pidfd.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static int n_passed, n_failed;

static void check(bool good, const char *what)
{
        if (good)
                n_passed++;
        else
                n_failed++;
        if (!good)
                printf("not ok %s\n", what);
}

struct family {
        int hold[2]; /* the grandchild lives until our end is closed */
        int tell[2]; /* its pid */
        struct loop_child child;
        int n_told;
        pid_t orphan;
        int orphan_fd;
};

static void on_child(struct loop_child *child)
{
        struct family *family = CONTAINER_OF(child, struct family, child);

        family->n_told++; /* an owner that is in no hurry: the status stays where it is */
}

static void be_grandchild(struct family *family)
{
        char byte;

        close(family->hold[1]);
        _exit(read(family->hold[0], &byte, 1) == 0 ? 7 : 1);
}

static void be_child(struct family *family)
{
        pid_t pid = fork();

        if (pid == 0)
                be_grandchild(family);
        if (write(family->tell[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
                _exit(1);
        _exit(5);
}

/* A child that leaves an orphan and ends; it is waited for here with WNOWAIT, so that both are certain. */
static void family_open(struct family *family, struct inbye_loop *loop)
{
        siginfo_t info;
        pid_t pid;

        *family = (struct family){ .orphan_fd = -1 };
        if (pipe(family->hold) < 0 || pipe(family->tell) < 0)
                exit(1);
        pid = fork();
        if (pid == 0)
                be_child(family);
        family->child.pid = pid;
        family->child.fn = on_child;
        loop_child_add(loop, &family->child);
        close(family->hold[0]);
        if (read(family->tell[0], &family->orphan, sizeof(family->orphan)) != (ssize_t)sizeof(pid))
                exit(1);
        family->orphan_fd = sys_pidfd_open(family->orphan);
        check(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0, "the child ends");
}

static void family_close(struct family *family)
{
        loop_child_remove(&family->child);
        close(family->tell[0]);
        close(family->tell[1]);
        fd_close(family->orphan_fd);
}

static bool is_there(pid_t pid)
{
        return kill(pid, 0) == 0 || errno != ESRCH;
}

static void leaves_registered_children_alone(struct inbye_loop *loop)
{
        struct family family;
        siginfo_t info = { 0 };

        family_open(&family, loop);
        check(inbye_loop_dispatch(loop, 20 * INBYE_SECOND) > 0, "SIGCHLD is heard");
        check(family.n_told == 1, "the owner is told once");
        close(family.hold[1]);
        check(sys_pidfd_wait(family.orphan_fd, PATIENCE_MS) == 1, "the orphan ends");
        /* The owner's child stands before the orphan: nothing is stolen, and nothing spins. */
        while (inbye_loop_dispatch(loop, 0) > 0)
                ;
        check(waitid(P_PID, (id_t)family.child.pid, &info, WEXITED) == 0, "the status is not stolen");
        check(info.si_status == 5, "and it is the right one");
        loop_reap_now(loop);
        check(!is_there(family.orphan), "then the orphan is reaped");
        family_close(&family);
}

static void reaps_an_orphan_by_itself(struct inbye_loop *loop)
{
        struct family family;
        siginfo_t info = { 0 };

        family_open(&family, loop);
        check(waitid(P_PID, (id_t)family.child.pid, &info, WEXITED) == 0, "the owner takes its child");
        while (inbye_loop_dispatch(loop, 0) > 0)
                ;
        check(is_there(family.orphan), "the orphan lives");
        close(family.hold[1]);
        while (is_there(family.orphan) && inbye_loop_dispatch(loop, 20 * INBYE_SECOND) > 0)
                ;
        check(!is_there(family.orphan), "an orphan is reaped when it ends");
        family_close(&family);
}

static void reaps_what_is_left_when_it_goes(struct inbye_loop *loop)
{
        struct family family;
        siginfo_t info = { 0 };

        family_open(&family, loop);
        check(waitid(P_PID, (id_t)family.child.pid, &info, WEXITED) == 0, "the owner takes its child");
        close(family.hold[1]);
        check(sys_pidfd_wait(family.orphan_fd, PATIENCE_MS) == 1, "the orphan ends");
        family_close(&family);
        inbye_loop_free(loop);
        check(!is_there(family.orphan), "no zombie is left to PID 1");
        check(waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 && errno == ECHILD, "no child is left");
}

int main(void)
{
        struct inbye_loop *loop = NULL, *other = NULL;

        if (inbye_loop_open(&loop) < 0 || inbye_loop_open(&other) < 0)
                return 1;
        check(inbye_loop_reap_orphans(NULL) == -EINVAL, "a loop is needed");
        check(inbye_loop_reap_orphans(loop) == 0, "a loop reaps orphans");
        check(inbye_loop_reap_orphans(other) == -EALREADY, "one loop of a process, no more");
        check(loop_reaps_orphans(loop) && !loop_reaps_orphans(other), "that one");
        leaves_registered_children_alone(loop);
        reaps_an_orphan_by_itself(loop);
        reaps_what_is_left_when_it_goes(loop);
        check(inbye_loop_reap_orphans(other) == 0, "and then another one");
        inbye_loop_free(other);
        printf("checks: %d passed, %d failed, 0 skipped\n", n_passed, n_failed);
        return n_failed > 0;
}
