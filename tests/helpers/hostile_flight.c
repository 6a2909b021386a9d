/* SPDX-License-Identifier: MIT */
/*
 * What is too many, too late or too far inside to be seen at a glance: a crowd, members that fork when they
 * are told to end, an inbye with a tree of its own, user and PID namespaces in one another.
 */
#include "hostile.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CROWD_MEMBERS 200
#define NAMESPACES_DEEP 2

/* --- crowd ---------------------------------------------------------------------------------------------- */

static unsigned n_members(void)
{
        const char *text = getenv("HOSTILE_MEMBERS");

        return text ? (unsigned)strtoul(text, NULL, 10) : CROWD_MEMBERS;
}

static void crowd_child(void)
{
        for (unsigned i = 0; i < n_members(); i++)
                child(plain_grandchild);
        up("child");
}

static void crowd(void)
{
        self.n_more = n_members();
        child(crowd_child);
}

/* --- forks at the signal -------------------------------------------------------------------------------- */

/* Whoever is born in here keeps the signal blocked. */
static void fork_on_signal(int signo)
{
        int saved = errno;

        (void)signo;
        if (fork() == 0) {
                alarm(LIFE_SECONDS);
                linger();
        }
        errno = saved;
}

static void late_forks(void)
{
        struct sigaction action = { .sa_handler = fork_on_signal };

        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        plain_tree();
}

/* --- inbye inside --------------------------------------------------------------------------------------- */

static void run_inbye(int output_fd)
{
        const char *inbye = getenv("INBYE");

        if (!inbye || dup2(output_fd, STDOUT_FILENO) < 0 || setenv("HOSTILE_INNER", "1", 1) < 0)
                die("$INBYE");
        execl(inbye, "inbye", "run", "--", self.program, "daemon", "stay", (char *)NULL);
        die(inbye);
}

/* Its own tree registers with the test, not with us: it is ready when it says so. */
static void nested(void)
{
        char text[64];
        size_t n = 0;
        int fds[2];
        ssize_t r;

        if (pipe(fds) < 0)
                die("pipe");
        if (fork() == 0)
                run_inbye(fds[1]);
        close(fds[1]);
        do {
                r = read(fds[0], text + n, sizeof(text) - 1 - n);
                n += r > 0 ? (size_t)r : 0;
                text[n] = '\0';
        } while (r > 0 && n < sizeof(text) - 1 && !strstr(text, "ready\n"));
        if (r <= 0)
                die("the inner one is not ready");
}

/* --- namespaces ----------------------------------------------------------------------------------------- */

static unsigned depth;

/* As its PID 1 it hears no signal but those that cannot be caught. */
static void namespace_init(void)
{
        depth++;
        if (depth < NAMESPACES_DEEP) {
                if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
                        (void)unshare(CLONE_NEWPID); /* where neither may be, two more processes */
                child(namespace_init);
        } else {
                child(plain_grandchild);
        }
        up("init");
}

static void namespaces(void)
{
        if (unshare(CLONE_NEWPID | CLONE_NEWUSER) < 0)
                (void)unshare(CLONE_NEWPID);
        child(namespace_init);
        up("child");
}

static void nest_namespaces(void)
{
        child(namespaces);
}

const struct scenario flight_scenarios[] = {
        { "crowd", 1, crowd, NULL },
        { "late-forks", 2, late_forks, NULL },
        { "nested", 0, nested, NULL },
        { "namespaces", 2 + NAMESPACES_DEEP, nest_namespaces, NULL },
        { NULL },
};
