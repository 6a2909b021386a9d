/* SPDX-License-Identifier: MIT */
/*
 * What a sandbox adds to one run of the command, and what bubblewrap takes for the like: namespaces, a root
 * of its own and the very same filters of system calls. It has no Landlock, no limits, no leaf of a cgroup
 * and nobody who ends what it leaves behind when it is killed itself; what is held against it is the whole of
 * `inbye run` all the same.
 *
 * `untrusted` asks for limits: the run that it is held against has the same.
 */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define N_PER_ROUND 5
#define N_FILTERS 2 /* what is denied by name, and what is known: as filter_code numbers them */
#define DENY_FD "20"
#define KNOWN_FD "21"

static const int filter_fds[N_FILTERS] = { 20, 21 };

struct sides {
        const char *const *ours, *const *theirs;
};

static double run(const char *const *argv)
{
        double since = now();

        for (int i = 0; i < N_PER_ROUND; i++) {
                /* bubblewrap reads them from where they stand. */
                for (int j = 0; j < N_FILTERS; j++)
                        (void)lseek(filter_fds[j], 0, SEEK_SET);
                (void)finish(
                        start(&(struct start){ .argv = argv, .in_fd = -1, .out_fd = -1, .procs_fd = -1 }));
        }
        since = (now() - since) / N_PER_ROUND * 1e6;
        reap_ended();
        return since;
}

static double run_ours(void *userdata)
{
        return run(((const struct sides *)userdata)->ours);
}

static double run_theirs(void *userdata)
{
        return run(((const struct sides *)userdata)->theirs);
}

static void compare(
        const struct bench *bench, const char *what, struct sides sides, enum wish wish, double wanted)
{
        struct outcome outcome = contest_run(&(struct contest){ .ours = run_ours,
                .theirs = run_theirs,
                .userdata = &sides,
                .n_rounds = bench->quick ? 9 : 41 });

        row_print(&(struct row){ .what = what,
                .unit = "us",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = wish,
                .wanted = wanted });
}

static void open_filter(const char *filter_code, int which)
{
        const char number[] = { (char)('0' + which), '\0' };
        char path[] = "/tmp/inbye-bench-XXXXXX";
        int fd = mkstemp(path);

        if (fd < 0)
                die("cannot make a file in /tmp");
        unlink(path);
        (void)finish(start(
                &(struct start){ .argv = (const char *const[]){ filter_code, "profile", number, "0", NULL },
                        .in_fd = -1,
                        .out_fd = fd,
                        .procs_fd = -1 }));
        if (dup2(fd, filter_fds[which]) < 0)
                die("dup2 failed");
        close(fd);
}

#define RUN bench->inbye, "run"
#define LIMITS "--timeout=1m", "--limit=memory=512M,tasks=64"
#define TRUE "--", "/bin/true", NULL

static void bench_bwrap(const struct bench *bench, const char *const *build, const char *const *untrusted)
{
        const char *const bare_bwrap[] = { "bwrap", "--dev-bind", "/", "/", "--seccomp", DENY_FD, TRUE };
        const char *const whole_bwrap[] = { "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind",
                "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink",
                "usr/lib64", "/lib64", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev",
                "--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--bind", ".", "/work", "--chdir", "/work",
                "--cap-drop", "ALL", "--add-seccomp-fd", KNOWN_FD, "--add-seccomp-fd", DENY_FD, TRUE };

        compare(bench, "run in sandbox build / bwrap with its filter", (struct sides){ build, bare_bwrap },
                WITHOUT_WISH, 0);
        compare(bench, "run in sandbox untrusted / bwrap doing the like",
                (struct sides){ untrusted, whole_bwrap }, WITHOUT_WISH, 0);
}

void bench_sandbox(const struct bench *bench)
{
        const char *const plain[] = { RUN, TRUE }, *const build[] = { RUN, "--sandbox=build", TRUE };
        const char *const limited[] = { RUN, LIMITS, TRUE };
        const char *const untrusted[] = { RUN, LIMITS, "--sandbox=untrusted", TRUE };
        const char *filter_code = getenv("INBYE_FILTER_CODE");
        char folder[] = "/tmp/inbye-bench-XXXXXX";

        if (!filter_code) {
                printf("sandbox: this build has no filters of its own\n");
                return;
        }
        /* The working directory of `untrusted` must not belong to the system. */
        if (!mkdtemp(folder) || chdir(folder) < 0)
                die("cannot make a folder in /tmp");
        for (int i = 0; i < N_FILTERS; i++)
                open_filter(filter_code, i);
        compare(bench, "run in sandbox build / run", (struct sides){ build, plain }, AT_MOST, 1.15);
        compare(bench, "run in sandbox untrusted / run with its limits", (struct sides){ untrusted, limited },
                AT_MOST, 2);
        if (access("/usr/bin/bwrap", X_OK) == 0)
                bench_bwrap(bench, build, untrusted);
        else
                printf("sandbox: bwrap is not here to be held against\n");
        if (chdir("/") < 0 || rmdir(folder) < 0)
                die("cannot remove '%s'", folder);
}
