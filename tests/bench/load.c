/* SPDX-License-Identifier: MIT */
/*
 * What is held while it is measured.
 *
 *   load sleepers N   N children that do nothing; "ready" once all are there
 *   load write N      N MiB on stdout
 *   load daemon       leave a process behind that holds nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sleepers(long n)
{
        for (long i = 0; i < n; i++) {
                pid_t pid = fork();

                if (pid < 0)
                        return 1;
                if (pid == 0)
                        for (;;)
                                pause();
        }
        if (write(STDOUT_FILENO, "ready\n", 6) != 6)
                return 1;
        for (;;)
                pause();
}

static int write_out(long n)
{
        static char block[64 << 10];

        memset(block, 'x', sizeof(block));
        for (size_t left = (size_t)n << 20; left > 0;) {
                ssize_t written = write(STDOUT_FILENO, block, left < sizeof(block) ? left : sizeof(block));

                if (written < 0)
                        return 1;
                left -= (size_t)written;
        }
        return 0;
}

static int leave_daemon(void)
{
        pid_t pid = fork();

        if (pid < 0)
                return 1;
        if (pid == 0) {
                setsid();
                for (int fd = 0; fd < 3; fd++)
                        close(fd);
                for (;;)
                        pause();
        }
        return 0;
}

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "sleepers") == 0)
                return sleepers(atol(argv[2]));
        if (argc == 3 && strcmp(argv[1], "write") == 0)
                return write_out(atol(argv[2]));
        if (argc == 2 && strcmp(argv[1], "daemon") == 0)
                return leave_daemon();
        return 2;
}
