/* SPDX-License-Identifier: MIT */
/*
 * Making room for controllers: a cgroup that hands controllers down may have no processes of its own, and
 * ours begins with one, us.
 *
 *   BASE (us)   becomes   BASE/inbye.owner (us), BASE/inbye.<session>/...
 *
 * It is done only for who asked for it, because a cgroup belongs to the whole process and others may know
 * where they put it. Our children there (wardens) come along; with anybody else in it, a shell for one, there
 * is no room to be made, and a scope of systemd's is asked for.
 *
 * Afterwards everything goes back: controllers off, us back into the base, the leaf removed. An owner that is
 * killed cannot do that: the leaf it leaves is empty and is used by the next one.
 */
#include "limit/room.h"
#include "base/fd.h"
#include "base/scope.h"
#include "contain/cgroup_fs.h"
#include "limit/enable.h"
#include "limit/scope.h"
#include "sys/proc.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the process, like the cgroup itself. */
static int room_fd = -1; /* the base that we left; -1: we did not */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static bool is_ours(pid_t pid)
{
        struct proc_stat stat;

        return pid == getpid() || (proc_read_stat(pid, &stat) == 0 && stat.ppid == getpid());
}

static bool has_others(const struct contain_pids *pids)
{
        for (size_t i = 0; i < pids->n; i++)
                if (!is_ours(pids->pids[i]))
                        return true;
        return false;
}

static int move(int procs_dir_fd, pid_t pid)
{
        char text[16];

        snprintf(text, sizeof(text), "%d", (int)pid);
        return fd_write_file_at(procs_dir_fd, "cgroup.procs", text);
}

/* Everybody there but us, and then us. */
static int move_all(int owner_fd, const struct contain_pids *pids)
{
        for (size_t i = 0; i < pids->n; i++) {
                int r = move(owner_fd, pids->pids[i]);

                if (r < 0 && r != -ESRCH)
                        return r;
        }
        return 0;
}

static int open_owner_dir(int base_fd)
{
        int fd;

        if (mkdirat(base_fd, CGROUP_OWNER_DIR, 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(base_fd, CGROUP_OWNER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

static int evacuate(int base_fd, const struct contain_pids *pids)
{
        scoped(fd_closep) int back_fd =
                fd_dup_above(base_fd, 3); /* had first: who has moved must find back */
        scoped(fd_closep) int owner_fd = -1;
        int r;

        if (back_fd < 0)
                return back_fd;
        owner_fd = open_owner_dir(base_fd);
        if (owner_fd < 0)
                return owner_fd;
        r = move_all(owner_fd, pids);
        if (r < 0) {
                (void)move_all(base_fd, pids);
                unlinkat(base_fd, CGROUP_OWNER_DIR, AT_REMOVEDIR);
                return r;
        }
        if (room_fd < 0)
                room_fd = TAKE_FD(back_fd);
        return 0;
}

int room_evacuate(int base_fd)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        int r;

        r = cgroup_list_own(base_fd, &pids);
        if (r < 0 || pids.n == 0)
                return r;
        if (has_others(&pids))
                return -EBUSY;
        pthread_mutex_lock(&mutex);
        r = evacuate(base_fd, &pids);
        pthread_mutex_unlock(&mutex);
        return r;
}

/* Those that a scope of systemd's has. */
#define WISHED (CONTROLLER_MEMORY | CONTROLLER_PIDS | CONTROLLER_CPU)

static bool has_place(void)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        struct cgroup_base base = { .dir_fd = -1 };
        bool has;

        if (cgroup_base_open(&base, NULL) < 0)
                return false;
        has = (enable_available(base.dir_fd) & WISHED) == WISHED;
        if (has && !enable_is_root(base.dir_fd))
                has = cgroup_list_own(base.dir_fd, &pids) == 0 && !has_others(&pids);
        fd_close(base.dir_fd);
        return has;
}

/* All that systemd gets: the caller's loop stands still meanwhile. */
#define SCOPE_LIMIT (5 * UINT64_C(1000000000))

/* Who waits for somebody else's answer has it too: many that ask at once wait no longer than one. Apart from
 * the mutex above, so that a slow systemd holds up only those who ask it. */
static struct {
        pthread_mutex_t mutex;
        atomic_uint n; /* how often it was asked */
        int r;
        struct inbye_error error;
} asked = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void ask(void)
{
        asked.r = scope_enter(SCOPE_LIMIT, &asked.error);
        atomic_fetch_add(&asked.n, 1);
}

int room_find(struct inbye_error *reterr)
{
        unsigned n_before = atomic_load(&asked.n);
        int r;

        if (!scope_has_systemd() || has_place())
                return 0;
        pthread_mutex_lock(&asked.mutex);
        if (atomic_load(&asked.n) == n_before)
                ask();
        r = asked.r;
        if (r < 0 && reterr)
                *reterr = asked.error;
        pthread_mutex_unlock(&asked.mutex);
        return r;
}

/* --- back ------------------------------------------------------------------------------------------------
 */

static bool has_only(int base_fd)
{
        struct stat st;

        return fstat(base_fd, &st) == 0 && st.st_nlink == 3;
}

static void turn_all_off(int base_fd)
{
        char on[256], off[512];
        uint32_t controllers;

        if (fd_read_file_at(base_fd, "cgroup.subtree_control", on, sizeof(on)) <= 0)
                return;
        controllers = controllers_parse(on);
        controllers_format(controllers, "-", off, sizeof(off));
        if (controllers)
                fd_write_file_at(base_fd, "cgroup.subtree_control", off);
}

static void go_back(int base_fd)
{
        scoped(contain_pids_deinit) struct contain_pids pids = { 0 };
        scoped(fd_closep) int owner_fd =
                openat(base_fd, CGROUP_OWNER_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (owner_fd < 0 || cgroup_list_own(owner_fd, &pids) < 0 || has_others(&pids))
                return;
        turn_all_off(base_fd);
        if (move_all(base_fd, &pids) == 0)
                unlinkat(base_fd, CGROUP_OWNER_DIR, AT_REMOVEDIR);
}

/* With leaves of somebody else beside it, or with somebody who joined us, it stays as it is. */
void room_leave(void)
{
        pthread_mutex_lock(&mutex);
        if (room_fd >= 0 && has_only(room_fd)) {
                go_back(room_fd);
                room_fd = fd_close(room_fd);
        }
        pthread_mutex_unlock(&mutex);
}
