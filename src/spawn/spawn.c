/* SPDX-License-Identifier: MIT */
/*
 * Starting a program: the parent's side.
 *
 * The parent settles everything beforehand (lookup.c), makes the child, and sleeps until it has exec'ed or
 * failed; child.c is what the child does meanwhile, explain.c puts its failures into words.
 *
 * The child shares the memory of the parent where that can be had (sys/clone.c), and writes its report there;
 * the thread of the parent sleeps, its frame is the child's to read. It runs on a part of the parent's stack:
 * mapping one per start costs two calls and page faults each time, one per thread a destructor and a
 * key. Where memory is not shared the report comes through a pipe that exec closes.
 *
 * All signals are blocked around the clone. A SIGTSTP between clone and exec would leave a stopped child and
 * a parent that nothing can wake; a handler of the owner's, run by the child, would work on the owner's
 * memory.
 *
 * Into the leaf: born there (CLONE_INTO_CGROUP), so that there is no moment outside. Where the kernel will
 * not, the child's first step is to write itself in, which is tried once before the refusal is reported: it
 * knows the better errno. And there is a trap: in a cgroup that was killed once, some kernels (6.14 and
 * later) let every child born into another leaf die at once of that old kill. Such a child has not said a
 * word; it is reaped and made again, writing itself in.
 */
#include "spawn/spawn.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "spawn/child.h"
#include "spawn/explain.h"
#include "spawn/lookup.h"
#include "sys/child.h"
#include "sys/clone.h"
#include "sys/signals.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdalign.h>
#include <unistd.h>

/* Enough for the deepest step, and for the dynamic linker should it bind a symbol there: it saves all vector
 * registers (up to 11 KiB). No handler runs on it. */
#define CHILD_STACK_SIZE (32 * 1024)

static uint64_t namespaces_of(const struct spawn_plan *plan)
{
        return plan->sandbox ? plan->sandbox->namespaces : 0;
}

static pid_t clone_shared(struct spawn_child *child, int cgroup_fd, int *ret_pidfd)
{
        alignas(64) char stack[CHILD_STACK_SIZE];
        struct sys_clone how = {
                .child = spawn_child_main,
                .argument = child,
                .stack_size = sizeof(stack),
                .cgroup_fd = cgroup_fd,
                .flags = namespaces_of(child->plan),
        };
        uint64_t mask;
        pid_t pid;
        int r;

        r = sys_signal_mask(UINT64_MAX, &mask);
        if (r < 0)
                return r;
        how.stack = stack;
        pid = sys_clone_shared(&how, ret_pidfd);
        (void)sys_signal_mask(mask, NULL);
        return pid;
}

/* The pipe must not be in the way of the child's 0 to 2, where the owner has those closed. */
static int make_report_pipe(int *ret_read_fd, int *ret_write_fd)
{
        scoped(fd_closep) int read_fd = -1, low_fd = -1;
        int fds[2], high_fd, r;

        r = fd_pipe(fds);
        if (r < 0)
                return r;
        read_fd = fds[0];
        low_fd = fds[1];
        high_fd = low_fd > 2 ? TAKE_FD(low_fd) : fd_dup_above(low_fd, 3);
        if (high_fd < 0)
                return high_fd;
        *ret_read_fd = TAKE_FD(read_fd);
        *ret_write_fd = high_fd;
        return 0;
}

/* Up to the end of file, which exec brings about, or the child's end. The last record holds. */
static void read_report(int fd, volatile struct spawn_report *report)
{
        struct spawn_report record;
        ssize_t n;

        do {
                n = read(fd, &record, sizeof(record));
                if (n == sizeof(record))
                        *report = record;
        } while (n > 0 || (n < 0 && errno == EINTR));
}

static pid_t clone_copy(struct spawn_child *child, int *ret_pidfd)
{
        scoped(fd_closep) int read_fd = -1, write_fd = -1;
        uint64_t mask;
        pid_t pid;
        int r;

        r = make_report_pipe(&read_fd, &write_fd);
        if (r < 0)
                return r;
        r = sys_signal_mask(UINT64_MAX, &mask);
        if (r < 0)
                return r;
        child->report_fd = write_fd;
        pid = sys_clone_copy(spawn_child_main, child, ret_pidfd);
        child->report_fd = -1;
        (void)sys_signal_mask(mask, NULL);
        write_fd = fd_close(write_fd);
        if (pid >= 0)
                read_report(read_fd, &child->report);
        return pid;
}

int spawn_attempt(struct spawn_child *child, int cgroup_fd, struct spawned *ret)
{
        scoped(fd_closep) int pidfd = -1;
        pid_t pid;

        child->report = (struct spawn_report){ 0 };
        pid = clone_shared(child, cgroup_fd, &pidfd);
        if (pid == -ENOSYS && !namespaces_of(child->plan))
                pid = clone_copy(child, &pidfd);
        if (pid < 0)
                return pid;
        if (child->report.number != 0 || !child->report.ready) {
                sys_child_reap(pidfd, pid);
                return child->report.number != 0 ? SPAWN_E_FAILED : SPAWN_E_DIED;
        }
        *ret = (struct spawned){
                .pid = pid,
                .pidfd = TAKE_FD(pidfd),
                .joined_by_write = child->procs_fd >= 0,
                .holder_pidfd = -1,
        };
        return 0;
}

static int attempt(struct spawn_child *child, int cgroup_fd, struct spawned *ret)
{
        return (child->plan->holder ? spawn_attempt_held : spawn_attempt)(child, cgroup_fd, ret);
}

/*
 * A change of ids makes the memory undumpable, as it should: nobody with the new uid may look into it. But it
 * is the owner's memory too, which is left so, and then has a /proc of root's and no core dumps. So that is
 * put back, and by one start at a time: a second one would put back what the first has just changed, or open
 * the memory while the first one's child still has it.
 */
static int attempt_with_ids(struct spawn_child *child, int cgroup_fd, struct spawned *ret)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        int dumpable, r;

        if (!child->plan->set_uid && !child->plan->set_gid)
                return attempt(child, cgroup_fd, ret);
        pthread_mutex_lock(&lock);
        dumpable = sys_dumpable();
        r = attempt(child, cgroup_fd, ret);
        if (dumpable == 0 || dumpable == 1)
                sys_set_dumpable(dumpable);
        pthread_mutex_unlock(&lock);
        return r;
}

/* An answer that is about the way in rather than about the leaf or the moment. */
static bool may_work_by_write(int r)
{
        return r == SPAWN_E_DIED || r == -EOPNOTSUPP || r == -EACCES || r == -EPERM;
}

static int explain_clone(const struct spawn_child *child, int r, struct inbye_error *reterr)
{
        bool into = child->plan->cgroup_fd >= 0 && child->procs_fd < 0;

        if (namespaces_of(child->plan) && r != -EAGAIN && r != -ENOMEM && r != -EMFILE && r != -ENFILE) {
                explain_namespaces(reterr, -r);
                return r;
        }
        if (into && r != -EAGAIN && r != -ENOMEM && r != -EMFILE && r != -ENFILE)
                return error_set(reterr, INBYE_STAGE_JOIN, -r, "cannot make a process in the leaf");
        error_set(reterr, INBYE_STAGE_CLONE, -r, "cannot make a new process");
        if (r == -EAGAIN)
                error_hint(reterr,
                        "a limit on processes is reached: pids.max of a cgroup, RLIMIT_NPROC (ulimit -u) or "
                        "kernel.threads-max");
        if (r == -EMFILE)
                error_hint(reterr, "raise the limit on open files (ulimit -n)");
        return r;
}

static int explain(const struct spawn_child *child, int r, struct inbye_error *reterr)
{
        if (r < 0)
                return explain_clone(child, r, reterr);
        if (r == SPAWN_E_DIED)
                return error_set_plain(reterr, INBYE_STAGE_CLONE, ESRCH,
                        "the new process was killed before it could execute the program");
        explain_report(child, reterr);
        return -child->report.number;
}

static bool wants_leaf(const struct spawn_plan *plan)
{
        return plan->cgroup_fd >= 0 || plan->cgroup_procs_fd >= 0 || plan->join_by_write;
}

static int fetch_procs_fd(const struct spawn_plan *plan)
{
        if (plan->cgroup_procs_fd >= 0)
                return plan->cgroup_procs_fd;
        return plan->open_cgroup_procs ? plan->open_cgroup_procs(plan->userdata) : -EOPNOTSUPP;
}

int spawn(const struct spawn_plan *plan, struct spawned *ret, struct inbye_error *reterr)
{
        scoped(lookup_deinit) struct spawn_lookup lookup = { 0 };
        struct spawn_child child = { .plan = plan, .lookup = &lookup, .procs_fd = -1, .report_fd = -1 };
        bool into = plan->cgroup_fd >= 0 && !plan->join_by_write;
        struct spawned spawned;
        int r;

        r = lookup_init(&lookup, plan);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_EXEC, -r, "cannot list where the program may be");
        r = -EOPNOTSUPP;
        if (into || !wants_leaf(plan))
                r = attempt_with_ids(&child, into ? plan->cgroup_fd : -1, &spawned);
        if (wants_leaf(plan) && may_work_by_write(r)) {
                child.procs_fd = fetch_procs_fd(plan);
                if (child.procs_fd < 0)
                        return error_set(reterr, INBYE_STAGE_JOIN, -child.procs_fd,
                                "cannot open cgroup.procs of the leaf to enter it");
                r = attempt_with_ids(&child, -1, &spawned);
        }
        if (r != 0)
                return explain(&child, r, reterr);
        *ret = spawned;
        return 0;
}
