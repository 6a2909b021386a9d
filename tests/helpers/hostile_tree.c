/* SPDX-License-Identifier: MIT */
/*
 * What processes can do to each other, and to whoever wants to end them: leave the group, turn deaf, stop,
 * fork away, outlive their own main thread, wait in the kernel, trace, adopt.
 */
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOP_SECONDS 40
#define HOPS_LOGGED 8
#define SWARM_CHAINS 8
#define BOMB_PROCESSES 300

/* --- setsid, daemon, holder, deaf ------------------------------------------------------------- */

static void setsid_grandchild(void)
{
        new_session();
        up("grandchild");
}

static void setsid_child(void)
{
        child(setsid_grandchild);
        up("child");
}

static void sessions(void)
{
        child(setsid_child);
}

static void become_silent(void)
{
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
                die("/dev/null");
}

static void daemon_itself(void)
{
        become_silent();
        child(plain_grandchild);
        up("daemon");
}

static void daemon_middle(void)
{
        new_session();
        child(daemon_itself);
        _exit(0);
}

static void daemons(void)
{
        reap(child(daemon_middle), WEXITED);
}

static void holder_middle(void)
{
        new_session();
        child(plain_grandchild);
        _exit(0);
}

/* As a daemon, but stdout and stderr stay open in it. */
static void holder(void)
{
        reap(child(holder_middle), WEXITED);
}

static void deaf(void)
{
        int signo;

        for (signo = 1; signo < NSIG; signo++)
                if (signo != SIGALRM && signo != SIGCHLD)
                        signal(signo, SIG_IGN); /* KILL and STOP refuse, as do the C library's own */
        plain_tree();
}

/* --- stopped ----------------------------------------------------------------------------------------- */

/* A SIGHUP and a SIGCONT come to a stopped group that is orphaned by the end of its parent: stop again. */
static void stop_for_good(void)
{
        while (!line_is_cut(0))
                raise(SIGSTOP);
        _exit(0);
}

static void stopped_grandchild(void)
{
        up("grandchild");
        stop_for_good();
}

static void stopped_child(void)
{
        reap(child(stopped_grandchild), WSTOPPED);
        up("child");
        stop_for_good();
}

static void stopped(void)
{
        signal(SIGHUP, SIG_IGN);
        reap(child(stopped_child), WSTOPPED);
}

static void stopped_finale(void)
{
        say_ready();
        stop_for_good();
}

/* --- hop chains -------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t hops_end_ns;

static bool hops_must_end(void)
{
        if (now_ns() > hops_end_ns || line_is_cut(0))
                return true;
        return self.stop_path[0] && access(self.stop_path, F_OK) == 0;
}

/* Each process forks the next and exits: a list of members is old before it is read. */
static void hop(bool leaves_group)
{
        unsigned n = 0;
        pid_t pid;

        for (;;) {
                if (n < HOPS_LOGGED)
                        up("grandchild");
                n++;
                pid = hops_must_end() ? 1 : fork();
                if (pid > 0)
                        _exit(0);
                if (pid < 0)
                        continue; /* no process to be had: the time limit ends it */
                alarm(LIFE_SECONDS);
                if (leaves_group)
                        new_session();
        }
}

static void hop_in_group(void)
{
        hop(false);
}

static void hop_away(void)
{
        hop(true);
}

static void hops(void)
{
        hops_end_ns = now_ns() + HOP_SECONDS * UINT64_C(1000000000);
        child(hop_in_group);
}

static void hops_away(void)
{
        hops_end_ns = now_ns() + HOP_SECONDS * UINT64_C(1000000000);
        child(hop_away);
}

/* More of them than there are processors: while one is looked at all others move. */
static void swarm(void)
{
        hops_end_ns = now_ns() + HOP_SECONDS * UINT64_C(1000000000);
        for (int i = 0; i < SWARM_CHAINS; i++)
                child(hop_away);
}

/* --- loose ------------------------------------------------------------------------------------------------
 */

/* Nobody's death is theirs any more, should somebody have arranged for that. */
static void forget_parent(void)
{
        if (prctl(PR_SET_PDEATHSIG, 0) < 0)
                die("PR_SET_PDEATHSIG");
}

static void loose_grandchild(void)
{
        forget_parent();
        up("grandchild");
}

static void loose_child(void)
{
        forget_parent();
        child(loose_grandchild);
        up("child");
}

static void loose(void)
{
        forget_parent();
        child(loose_child);
}

/* --- bomb -------------------------------------------------------------------------------------------- */

static unsigned bomb_number;

/* Process k has the children 2k + 1 and 2k + 2. */
static void bomb_node(void)
{
        unsigned k = bomb_number, side;

        for (side = 1; side <= 2; side++) {
                bomb_number = 2 * k + side;
                if (bomb_number < BOMB_PROCESSES)
                        child(bomb_node);
        }
        if (k > 0)
                up(k < 3 ? "child" : "grandchild");
}

/* --- threads behind a dead main thread ---------------------------------------------------------------- */

static pthread_t first_thread;

static void *outlive_main_thread(void *unused)
{
        (void)unused;
        if (pthread_join(first_thread, NULL) != 0)
                die("pthread_join");
        up("grandchild");
        linger();
        return NULL;
}

static void thread_grandchild(void)
{
        pthread_t thread;

        first_thread = pthread_self();
        if (pthread_create(&thread, NULL, outlive_main_thread, NULL) != 0)
                die("pthread_create");
        pthread_exit(NULL);
}

static void thread_child(void)
{
        child(thread_grandchild);
        up("child");
}

static void threads(void)
{
        child(thread_child);
}

static void *be_main(void *unused)
{
        (void)unused;
        if (pthread_join(first_thread, NULL) != 0)
                die("pthread_join");
        finish();
        return NULL;
}

/* The same for the main process itself: its pidfd stays silent as long as the thread lives. */
static void thread_main_finale(void)
{
        pthread_t thread;

        first_thread = pthread_self();
        if (pthread_create(&thread, NULL, be_main, NULL) != 0)
                die("pthread_create");
        pthread_exit(NULL);
}

/* --- vfork, ptrace ------------------------------------------------------------------------------------ */

static void vfork_child(void)
{
        pid_t pid;

        up("child");
        pid = vfork(); /* from here on the parent waits in the kernel, state D */
        if (pid == 0) {
                alarm(LIFE_SECONDS);
                up("grandchild");
                linger();
        }
}

static void vforks(void)
{
        child(vfork_child);
}

static void tracee(void)
{
        up("grandchild");
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                die("PTRACE_TRACEME");
        raise(SIGSTOP);
}

static void tracer(void)
{
        pid_t pid = child(tracee);
        int status;

        if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
                die("tracee");
        up("tracer");
}

static void traces(void)
{
        child(tracer);
}

/* The tracer of the main process: its end is reported to the tracer first, which never listens. */
static int stop_fds[2];

static void tracer_of_main(void)
{
        int status;
        char byte;

        child(plain_grandchild);
        if (ptrace(PTRACE_SEIZE, self.main_pid, NULL, NULL) < 0)
                die("PTRACE_SEIZE");
        up("tracer");
        if (self.exits)
                return;
        if (read(stop_fds[0], &byte, 1) != 1) /* from here on the main process does nothing any more */
                die("read");
        if (ptrace(PTRACE_INTERRUPT, self.main_pid, NULL, NULL) < 0 ||
                waitpid(self.main_pid, &status, __WALL) != self.main_pid)
                die("PTRACE_INTERRUPT");
        say_ready();
}

static void traced(void)
{
        if (pipe2(stop_fds, O_CLOEXEC) < 0)
                die("pipe2");
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        child(tracer_of_main);
}

static void traced_finale(void)
{
        if (self.exits)
                finish();
        write_word(stop_fds[1], ".");
        linger();
}

/* --- subreaper ---------------------------------------------------------------------------------------- */

static void dead_orphan(void)
{
        _exit(0);
}

static void live_orphan_maker(void)
{
        child(plain_grandchild);
        _exit(0);
}

static void dead_orphan_maker(void)
{
        child(dead_orphan);
        _exit(0);
}

/* Keeps its orphans, the dead ones too: it never waits for them. */
static void subreaper_child(void)
{
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                die("PR_SET_CHILD_SUBREAPER");
        reap(child(live_orphan_maker), WEXITED);
        reap(child(live_orphan_maker), WEXITED);
        reap(child(dead_orphan_maker), WEXITED);
        up("child");
}

static void subreaper(void)
{
        child(subreaper_child);
}

const struct scenario tree_scenarios[] = {
        { "plain", 2, plain_tree, NULL },
        { "setsid", 2, sessions, NULL },
        { "daemon", 2, daemons, NULL },
        { "holder", 1, holder, NULL },
        { "deaf", 2, deaf, NULL },
        { "stopped", 2, stopped, stopped_finale },
        { "hops", HOPS_LOGGED, hops, NULL },
        { "hops-away", HOPS_LOGGED, hops_away, NULL },
        { "swarm", SWARM_CHAINS *HOPS_LOGGED, swarm, NULL },
        { "loose", 2, loose, NULL },
        { "bomb", BOMB_PROCESSES - 1, bomb_node, NULL },
        { "threads", 2, threads, NULL },
        { "thread-main", 2, plain_tree, thread_main_finale },
        { "vfork", 2, vforks, NULL },
        { "ptrace", 2, traces, NULL },
        { "traced", 2, traced, traced_finale },
        { "subreaper", 3, subreaper, NULL },
        { NULL },
};
