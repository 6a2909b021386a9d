/* SPDX-License-Identifier: MIT */
/*
 * Before anything is believed to leave nothing behind: leave something behind, each kind of it, and see that
 * the checks find it.
 */
#include "cells.h"
#include "program.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static bool tell(bool found, const char *what)
{
        if (!found)
                fprintf(stderr, "hostile: the checks do not see %s\n", what);
        return found;
}

/* Start a scenario that nothing holds, let its main process go, and look. */
static bool find_survivors(struct suite *suite, const char *name, bool on_list)
{
        const char *argv[] = { suite->helper, name, "exit", NULL };
        struct witness witness = WITNESS_NULL;
        struct program program = PROGRAM_NULL;
        bool found;

        found = witness_init(&witness, suite->directory) >= 0 &&
                program_start(&program, argv, witness.log_path, NULL) >= 0 &&
                program_expect(&program, "ready\n", PATIENCE_MS) &&
                program_has_ended(&program, PATIENCE_MS) && witness_read(&witness) > 0;
        found = found && !witness_line_is_cut(&witness);
        found = found && (!on_list || witness_count_alive(&witness) > 0);
        found = witness_end_all(&witness) >= 0 && found;
        found = found && witness_line_is_cut(&witness) && witness_count_alive(&witness) == 0;
        program_deinit(&program);
        witness_deinit(&witness);
        return tell(found, name);
}

static bool find_zombie(struct suite *suite)
{
        const char *argv[] = { suite->helper, "bystander", "/dev/null", NULL }; /* ends with its input */
        struct program program = PROGRAM_NULL;
        siginfo_t info;
        bool found;

        found = program_start(&program, argv, NULL, NULL) >= 0 &&
                waitid(P_PID, (id_t)program.pid, &info, WEXITED | WNOWAIT) == 0 && have_zombie();
        program_deinit(&program);
        return tell(found && !have_zombie(), "a zombie");
}

static bool find_descriptor(void)
{
        int before = count_fds(), fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        bool found = fd >= 0 && count_fds() == before + 1;

        close(fd);
        return tell(found && count_fds() == before, "a descriptor");
}

/* A trick that never registers as alive what is dead: the start time of another makes it nobody's. */
static bool find_recycled_pid(void)
{
        struct sighting somebody = { .pid = getpid(), .start_ticks = 1, .role = "recycled" };
        struct witness witness = { .line_fd = -1, .sightings = &somebody, .n_sightings = 1 };

        return tell(witness_count_alive(&witness) == 0, "that a pid was recycled");
}

bool plant_and_find(struct suite *suite)
{
        bool found = true;

        found &= find_descriptor();
        found &= find_zombie(suite);
        found &= find_recycled_pid();
        found &= find_survivors(suite, "daemon", true);
        found &= find_survivors(suite, "stopped", true);
        found &= find_survivors(suite, "threads", true);
        found &= find_survivors(suite, "vfork", true);
        found &= find_survivors(suite, "ptrace", true);
        found &= find_survivors(suite, "traced", true);
        found &= find_survivors(suite, "subreaper", true);
        found &= find_survivors(suite, "bomb", true);
        found &= find_survivors(suite, "hops-away", false);
        return found;
}
