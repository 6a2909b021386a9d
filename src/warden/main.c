/* SPDX-License-Identifier: MIT */
/*
 * The warden: the one helper program, started by the library, of no use by hand.
 *
 * It outlives its owner by design, so it makes itself hard to hit: a session of its own (the spawn plan does
 * that), every signal blocked but those that cannot be, no working directory, no heap, and the OOM killer
 * told to look elsewhere where that is allowed.
 */
#include "base/fd.h"
#include "base/parse.h"
#include "sys/signals.h"
#include "warden/protocol.h"
#include "warden/watch.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
        int line_fd, base_fd, owner_pidfd;

        if (argc != 6 || strcmp(argv[1], WARDEN_WATCH) != 0)
                return 125;
        line_fd = take_fd(argv[2]);
        base_fd = take_fd(argv[3]);
        owner_pidfd = take_fd(argv[4]);
        if (line_fd < 0 || base_fd < 0 || owner_pidfd < 0)
                return 125;
        settle();
        return watch(line_fd, base_fd, owner_pidfd, argv[5]);
}
