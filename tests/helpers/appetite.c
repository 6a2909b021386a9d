/* SPDX-License-Identifier: MIT */
/*
 * appetite WHAT AMOUNT: a workload that takes so much of one thing, and no more.
 *
 *   memory BYTES   touch so much memory, then say "had BYTES"
 *   tasks N        N processes at once, itself included; then "had N". A fork that fails: "had M", exit 1
 *   bomb N         fork for ever, each child too, never more than N deep; ends only by being ended
 *   cpu MS         burn CPU for MS milliseconds of time, then say "used US" of CPU time, children included
 *   crowd N        N orphans that nobody waits for, each burns 10 ms of CPU time; then "used US", of all of
 * them write BYTES    write and sync so much to the file named behind it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int eat_memory(uint64_t n_bytes)
{
        volatile char *memory =
                mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
                return 2;
        for (uint64_t i = 0; i < n_bytes; i += 4096)
                memory[i] = 1;
        printf("had %llu\n", (unsigned long long)n_bytes);
        return 0;
}

/* Children live until the pipe is closed, that is until their parent ends. */
static void wait_for_parent(const int ends[2])
{
        char byte;

        close(ends[1]);
        _exit(read(ends[0], &byte, 1) < 0);
}

static int eat_tasks(uint64_t n)
{
        uint64_t had = 1;
        int ends[2], status;

        if (pipe(ends) < 0)
                return 2;
        while (had < n) {
                pid_t pid = fork();

                if (pid == 0)
                        wait_for_parent(ends);
                if (pid < 0)
                        break;
                had++;
        }
        printf("had %llu\n", (unsigned long long)had);
        close(ends[1]);
        close(ends[0]);
        while (wait(&status) > 0)
                ;
        return had < n;
}

_Noreturn static void bomb(uint64_t n)
{
        for (uint64_t depth = 0;;) {
                pid_t pid = depth < n ? fork() : -1;

                if (pid == 0)
                        depth++;
        }
}

static uint64_t clock_us(clockid_t clock)
{
        struct timespec time;

        clock_gettime(clock, &time);
        return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static int burn(uint64_t ms)
{
        uint64_t end = clock_us(CLOCK_MONOTONIC) + ms * 1000;

        while (clock_us(CLOCK_MONOTONIC) < end)
                ;
        printf("used %llu\n", (unsigned long long)clock_us(CLOCK_PROCESS_CPUTIME_ID));
        return 0;
}

/* Born of a child that ends at once; the pipe ends when the last of them has. */
static void start_orphan(const int ends[2])
{
        uint64_t used = 0;

        if (fork() != 0)
                _exit(0);
        while (used < 10000)
                used = clock_us(CLOCK_PROCESS_CPUTIME_ID);
        _exit(write(ends[1], &used, sizeof(used)) != sizeof(used));
}

static int eat_by_crowd(uint64_t n)
{
        uint64_t used, sum = 0, had = 0;
        int ends[2];

        if (pipe(ends) < 0)
                return 2;
        for (uint64_t i = 0; i < n; i++) {
                pid_t pid = fork();

                if (pid == 0)
                        start_orphan(ends);
                if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                        return 2;
        }
        close(ends[1]);
        for (; read(ends[0], &used, sizeof(used)) == sizeof(used); had++)
                sum += used;
        printf("used %llu\n", (unsigned long long)sum);
        return had < n;
}

static int write_file(uint64_t n_bytes, const char *path)
{
        static char block[1 << 16];
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0)
                return 2;
        for (uint64_t done = 0; done < n_bytes; done += sizeof(block))
                if (write(fd, block, sizeof(block)) != sizeof(block))
                        return 2;
        if (fsync(fd) < 0)
                return 2;
        printf("wrote %llu\n", (unsigned long long)n_bytes);
        return 0;
}

int main(int argc, char **argv)
{
        uint64_t amount = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

        if (argc < 3)
                return 64;
        if (strcmp(argv[1], "memory") == 0)
                return eat_memory(amount);
        if (strcmp(argv[1], "tasks") == 0)
                return eat_tasks(amount);
        if (strcmp(argv[1], "bomb") == 0)
                bomb(amount);
        if (strcmp(argv[1], "cpu") == 0)
                return burn(amount);
        if (strcmp(argv[1], "crowd") == 0)
                return eat_by_crowd(amount);
        if (strcmp(argv[1], "write") == 0 && argc > 3)
                return write_file(amount, argv[3]);
        return 64;
}
