/* SPDX-License-Identifier: MIT */
/*
 * Starting and dismissing the warden, on the owner's side.
 *
 * It is started before anything is held and in the owner's own cgroup, outside of what it watches. Dismissed
 * it is killed, not asked: when the owner removes the session itself there is nothing left for it to do, and
 * a warden that takes its time would look like a leftover to an inbye around us.
 */
#include "warden/client.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "spawn/spawn.h"
#include "sys/misc.h"
#include "sys/pidfd.h"
#include "warden/locate.h"
#include "warden/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a killed warden may take to go, milliseconds. */
#define DISMISS_LIMIT 1000
/* How long one that was left its session may take before we go on without it, milliseconds. */
#define LEAVE_LIMIT 1000

static int start(const char *path, const char *name, const int fds[3], int null_fd, struct spawned *ret,
        struct inbye_error *reterr)
{
        char numbers[3][12];
        const char *const argv[] = { WARDEN_NAME, WARDEN_WATCH, numbers[0], numbers[1], numbers[2], name,
                NULL };
        const char *const envp[] = { NULL };
        struct spawn_plan plan = SPAWN_PLAN_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
        plan.argv = argv;
        plan.envp = envp;
        plan.program = path;
        plan.stdio[0] = plan.stdio[1] = plan.stdio[2] = null_fd;
        plan.keep_fds = fds;
        plan.n_keep_fds = 3;
        plan.pgroup = SPAWN_PGROUP_SESSION;
        plan.signal_mask = UINT64_MAX;
        return spawn(&plan, ret, reterr);
}

/* Copies of the descriptors whose numbers the child's standard streams do not take. */
static int copy_above(const int fds[3], int copies[3])
{
        for (int i = 0; i < 3; i++) {
                copies[i] = fd_dup_above(fds[i], 3);
                if (copies[i] < 0)
                        return copies[i];
        }
        return 0;
}

static int start_with(
        const char *path, const char *name, const int fds[3], struct spawned *ret, struct inbye_error *reterr)
{
        scoped(fd_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        int copies[3] = { -1, -1, -1 }, r;

        r = null_fd < 0 ? -errno : copy_above(fds, copies);
        if (r < 0)
                error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot make the warden's descriptors");
        else
                r = start(path, name, copies, null_fd, ret, reterr);
        for (int i = 0; i < 3; i++)
                fd_close(copies[i]);
        return r;
}

int warden_watch(int base_fd, const char *name, struct warden *ret, struct inbye_error *reterr)
{
        scoped(fd_closep) int ours = -1, line = -1, own_pidfd = -1;
        struct spawned spawned;
        char path[PATH_MAX];
        int r, ends[2];

        r = warden_locate(path, sizeof(path), reterr);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot make the warden's socket");
        ours = ends[0];
        line = ends[1];
        own_pidfd = sys_pidfd_open(getpid());
        if (own_pidfd < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -own_pidfd, "cannot make a pidfd of this process");
        r = start_with(path, name, (const int[3]){ line, base_fd, own_pidfd }, &spawned, reterr);
        if (r < 0)
                return r;
        *ret = (struct warden){ .pid = spawned.pid, .pidfd = spawned.pidfd, .line_fd = TAKE_FD(ours) };
        return 0;
}

/* Ended, it would stay our zombie until we end. */
static void await_warden(struct warden *warden, int timeout_ms)
{
        struct sys_wait wait;

        sys_pidfd_wait(warden->pidfd, timeout_ms);
        sys_wait(warden->pidfd, warden->pid, WEXITED, &wait);
        warden->pidfd = fd_close(warden->pidfd);
}

void warden_dismiss(struct warden *warden)
{
        if (warden->pidfd < 0)
                return;
        /* An owner that has changed its ids since may not kill it; that we are gone it believes in any case.
         */
        if (sys_pidfd_send_signal(warden->pidfd, SIGKILL) < 0)
                warden->line_fd = fd_close(warden->line_fd);
        await_warden(warden, DISMISS_LIMIT);
        warden->line_fd = fd_close(warden->line_fd);
}

void warden_leave(struct warden *warden)
{
        warden->line_fd = fd_close(warden->line_fd);
        if (warden->pidfd >= 0)
                await_warden(warden, LEAVE_LIMIT);
}
