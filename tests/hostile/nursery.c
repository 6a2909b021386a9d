/* SPDX-License-Identifier: MIT */
/*
 * The last check, for what no other can see. The suite runs in a child of a subreaper: every process that it
 * ever caused and lost arrives here as an orphan. When the suite has ended there must be none, whatever lists
 * and fifos say. It also keeps thousands of dead orphans from a PID 1 that may not reap.
 */
#include "nursery.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_SECONDS 5

static void on_alarm(int signo)
{
        (void)signo; /* its only effect: waitid(2) comes back */
}

/* Reap until the suite itself has ended. @return its exit status. */
static int reap_until(pid_t pid)
{
        int status;
        pid_t ended;

        for (;;) {
                ended = waitpid(-1, &status, __WALL);
                if (ended == pid && WIFEXITED(status))
                        return WEXITSTATUS(status);
                if (ended == pid) {
                        fprintf(stderr, "hostile: the suite itself died of signal %d\n", WTERMSIG(status));
                        return 1;
                }
                if (ended < 0 && errno != EINTR)
                        return 1;
        }
}

static void end_children(void)
{
        char path[64], name[32];
        FILE *list, *file;
        int pid;

        snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
        list = fopen(path, "re");
        while (list && fscanf(list, "%d", &pid) == 1) {
                snprintf(path, sizeof(path), "/proc/%d/comm", pid);
                file = fopen(path, "re");
                if (!file || !fgets(name, sizeof(name), file))
                        snprintf(name, sizeof(name), "?\n");
                if (file)
                        fclose(file);
                fprintf(stderr, "hostile: process %d outlived the suite: %s", pid, name);
                kill(pid, SIGKILL); /* a child not waited for: the pid is still its own */
        }
        if (list)
                fclose(list);
}

/* The dying are waited for, the living are found by the alarm. @return number of rounds that found some. */
static int reap_rest(void)
{
        int n_rounds = 0;

        alarm(PATIENCE_SECONDS);
        for (;;) {
                if (waitpid(-1, NULL, __WALL) >= 0)
                        continue;
                if (errno == ECHILD)
                        break;
                end_children();
                alarm(PATIENCE_SECONDS);
                if (++n_rounds > 3)
                        break;
        }
        alarm(0);
        return n_rounds;
}

int nursery_run(int (*body)(void *userdata), void *userdata)
{
        struct sigaction action = { .sa_handler = on_alarm };
        pid_t pid;
        int status;

        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return 1;
        fflush(NULL);
        pid = fork();
        if (pid < 0)
                return 1;
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                exit(body(userdata));
        }
        sigaction(SIGALRM, &action, NULL);
        status = reap_until(pid);
        return reap_rest() > 0 ? 1 : status;
}
