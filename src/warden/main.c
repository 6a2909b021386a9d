/* SPDX-License-Identifier: MIT */
/*
 * The warden: the one helper program, started by the library, of no use by hand.
 *
 * It outlives its owner by design, so it makes itself hard to hit: a session or a process group of its own
 * (who starts it does that), every signal blocked but those that cannot be, no working directory, no heap,
 * and the OOM killer told to look elsewhere where that is allowed.
 */
#include "base/fd.h"
#include "base/parse.h"
#include "sys/signals.h"
#include "warden/hold.h"
#include "warden/protocol.h"
#include "warden/watch.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define USAGE 125

static int take_fd(const char *text)
{
        int fd;

        return parse_int(text, 3, INT_MAX, &fd) == 0 ? fd : -1;
}

static void settle(void)
{
        sys_signal_mask(~UINT64_C(0), NULL);
        if (chdir("/") < 0)
                return; /* where it is will do */
        fd_write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
}

static int main_watch(char **words)
{
        int line_fd = take_fd(words[0]), base_fd = take_fd(words[1]), owner_pidfd = take_fd(words[2]);

        if (line_fd < 0 || base_fd < 0 || owner_pidfd < 0)
                return USAGE;
        settle();
        return watch(line_fd, base_fd, owner_pidfd, words[3]);
}

static int main_hold(char **words, bool is_pidns)
{
        struct hold hold = {
                .line_fd = take_fd(words[0]),
                .owner_pidfd = take_fd(words[1]),
                .command_pidfd = take_fd(words[2]),
                .is_pidns = is_pidns,
        };
        int pid;

        if (hold.line_fd < 0 || parse_int(words[3], 1, INT_MAX, &pid) < 0)
                return USAGE;
        hold.command = pid;
        settle();
        return hold_tree(&hold);
}

static int run(int argc, char **argv)
{
        if (argc != 6)
                return USAGE;
        if (strcmp(argv[1], WARDEN_WATCH) == 0)
                return main_watch(argv + 2);
        if (strcmp(argv[1], WARDEN_HOLD) == 0 || strcmp(argv[1], WARDEN_HOLD_PIDNS) == 0)
                return main_hold(argv + 2, strcmp(argv[1], WARDEN_HOLD_PIDNS) == 0);
        return USAGE;
}

/* There is nothing to flush or to free; and exit handlers, those of sanitizers above all, do not expect to be
 * the first process of a pid namespace. */
int main(int argc, char **argv)
{
        _exit(run(argc, argv));
}
