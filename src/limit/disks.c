/* SPDX-License-Identifier: MIT */
/*
 * Is there a disk that is divided by weight at all?
 *
 * The kernel takes io.weight whether or not anything goes by it: io.cost, which root turns on for a disk, or
 * a disk whose scheduler is bfq. A weight that nobody heeds would be a limit that is silently ignored.
 */
#include "limit/disks.h"
#include "base/fd.h"
#include "base/scope.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* It stands in the root of the hierarchy alone, a line for each disk: where that is out of sight, nobody
 * knows. */
static bool has_io_cost(int dir_fd)
{
        scoped(fd_closep) int here = fd_dup_above(dir_fd, 3);

        while (here >= 0 && faccessat(here, "cgroup.procs", F_OK, 0) == 0) {
                char text[1024];
                int above;

                if (fd_read_file_at(here, "io.cost.qos", text, sizeof(text)) > 0)
                        return strstr(text, "enable=1") != NULL;
                above = openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                fd_close(here);
                here = above;
        }
        return false;
}

static bool is_bfq(const char *disk)
{
        char path[300], text[256];

        snprintf(path, sizeof(path), "/sys/block/%s/queue/scheduler", disk);
        return fd_read_file_at(AT_FDCWD, path, text, sizeof(text)) > 0 && strstr(text, "[bfq]") != NULL;
}

static bool has_bfq(void)
{
        DIR *disks = opendir("/sys/block");
        const struct dirent *disk;
        bool found = false;

        while (disks && !found && (disk = readdir(disks)))
                found = is_bfq(disk->d_name);
        if (disks)
                closedir(disks);
        return found;
}

bool disks_have_weights(int dir_fd)
{
        return has_io_cost(dir_fd) || has_bfq();
}
