/* SPDX-License-Identifier: MIT */
/*
 * Captured bytes per second, with the default cap, against a read loop that forgets them: same writer, pipe
 * as large.
 */
#include "bench.h"
#include <fcntl.h>
#include <inbye/inbye.h>
#include <stdio.h>
#include <unistd.h>

enum { PIPE_SIZE = 256 << 10, BLOCK = 64 << 10 };

struct captures {
        struct host host;
        struct inbye_command *command;
        const char *argv[4];
        double n_mib;
};

static double capture_held(void *userdata)
{
        struct captures *captures = userdata;
        double since = now();

        host_run(&captures->host, captures->command);
        return captures->n_mib / (now() - since);
}

static void read_to_end(int fd)
{
        static char block[BLOCK];
        ssize_t n;

        do
                n = read(fd, block, sizeof(block));
        while (n > 0);
        if (n < 0)
                die("cannot read");
}

static double capture_bare(void *userdata)
{
        struct captures *captures = userdata;
        double since = now();
        int fds[2];
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[0], F_SETPIPE_SZ, PIPE_SIZE) < 0)
                die("no pipe of %d bytes", PIPE_SIZE);
        pid = start(&(struct start){ .argv = captures->argv, .in_fd = -1, .out_fd = fds[1], .procs_fd = -1 });
        close(fds[1]);
        read_to_end(fds[0]);
        close(fds[0]);
        finish(pid);
        return captures->n_mib / (now() - since);
}

void bench_capture(const struct bench *bench)
{
        struct captures captures = { .n_mib = bench->quick ? 256 : 1024 };
        struct outcome outcome;
        char n_mib[16];

        snprintf(n_mib, sizeof(n_mib), "%.0f", captures.n_mib);
        captures.argv[0] = bench->load;
        captures.argv[1] = "write";
        captures.argv[2] = n_mib;
        host_open(&captures.host);
        captures.command = command_of(captures.argv);
        outcome = contest_run(&(struct contest){ .ours = capture_held,
                .theirs = capture_bare,
                .userdata = &captures,
                .n_rounds = bench->quick ? 5 : 15 });
        inbye_command_unref(captures.command);
        host_close(&captures.host);
        row_print(&(struct row){ .what = "captured bytes per second / a bare read loop",
                .unit = "MiB/s",
                .ours = outcome.ours,
                .theirs = outcome.theirs,
                .ratio = outcome.ratio,
                .wish = AT_LEAST,
                .wanted = 0.7 });
}
