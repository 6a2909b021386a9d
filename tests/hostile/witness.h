/* SPDX-License-Identifier: MIT */
#ifndef HOSTILE_WITNESS_H
#define HOSTILE_WITNESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** A process that registered itself: pid and start time, so that a recycled pid is nobody's. */
struct sighting {
        pid_t pid;
        unsigned long long start_ticks;
        char role[16];
};

/** One run of one scenario, seen from outside. Starts as WITNESS_NULL. */
struct witness {
        char log_path[PATH_MAX];
        char line_path[PATH_MAX + 8];
        char stop_path[PATH_MAX + 8];
        char cgroup_path[PATH_MAX + 8];
        int line_fd; /**< Read end of the fifo whose write end every process of the scenario holds. */
        struct sighting *sightings;
        size_t n_sightings;
        bool ready; /**< The list is complete: "ready" stands in it. */
};
#define WITNESS_NULL                                                                                         \
        {                                                                                                    \
                .line_fd = -1                                                                                \
        }

/** Make the list and the line in a directory. The path of the list goes into $HOSTILE_LOG. */
int witness_init(struct witness *witness, const char *directory);
void witness_deinit(struct witness *witness);

/** Read the list, once "ready" was said. @return number of lines or -errno. */
int witness_read(struct witness *witness);

/** Nobody has the line any more: each process that ever held it has ended. */
bool witness_line_is_cut(const struct witness *witness);
/**
 * How many of the list are alive. Who is past the point of no return of exit(2) is waited for, two seconds
 * at most; nobody else is.
 */
size_t witness_count_alive(const struct witness *witness);
/** The first of them, for a message. */
const struct sighting *witness_first_alive(const struct witness *witness);

/** End what is left: by pidfd, after the start time agreed. @return 0, or -ETIMEDOUT: somebody is still
 * there. */
int witness_end_all(const struct witness *witness);

/** Directory of the cgroup2 cgroup that the main process was put into. @return 0 or -errno. */
int witness_cgroup(const struct witness *witness, char *path, size_t size);

/** That of this process. */
int own_cgroup(char *path, size_t size);

/** @return number of open descriptors of this process, or -errno. */
int count_fds(void);
/** A child of ours is dead and nobody has waited for it. */
bool have_zombie(void);

#endif
