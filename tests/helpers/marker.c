/* SPDX-License-Identifier: MIT */
/*
 * A job that shows from outside how many trees are alive: marker KIND [DIR/NAME WIDTH]...
 *
 * For each pair it takes one of WIDTH locks, DIR/NAME.0 and so on. The descriptors pass to all that comes of
 * it, and the kernel lets go of a lock when the last process that has it is gone, however it died. So a lock
 * that cannot be had means that more trees are alive than there may be, and DIR/NAME.exceeded is left there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FLOOD_BYTES 300000

static void take_lock(const char *name, int width)
{
        char path[256];

        for (int i = 0; i < width; i++) {
                int fd;

                snprintf(path, sizeof(path), "%s.%d", name, i);
                fd = open(path, O_RDWR | O_CREAT, 0600);
                if (fd < 0)
                        _exit(99);
                if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                        return;
                close(fd);
        }
        snprintf(path, sizeof(path), "%s.exceeded", name);
        if (open(path, O_WRONLY | O_CREAT, 0600) < 0)
                _exit(99);
}

static void flood(void)
{
        static char block[10000];

        memset(block, 'x', sizeof(block));
        for (int n = 0; n < FLOOD_BYTES; n += (int)sizeof(block))
                if (write(STDOUT_FILENO, block, sizeof(block)) != sizeof(block))
                        _exit(98);
}

static void daemonise(void)
{
        if (fork() != 0)
                return;
        setsid();
        if (fork() == 0)
                for (;;)
                        pause();
        _exit(0);
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 97;
        for (int i = 2; i + 1 < argc; i += 2)
                take_lock(argv[i], atoi(argv[i + 1]));
        switch (argv[1][0]) {
        case 'f': /* fail */
                return 3;
        case 'h': /* hang */
                for (;;)
                        pause();
        case 'w': /* write a lot */
                flood();
                return 0;
        case 'd': /* daemonise */
                daemonise();
                return 0;
        case 'k': /* kill itself */
                return raise(SIGKILL);
        default:
                return 0;
        }
}
