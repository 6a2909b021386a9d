/* SPDX-License-Identifier: MIT */
#ifndef CLI_TELL_H
#define CLI_TELL_H

#include "cli/cli.h"

/** Telling what happens to a command: as JSON Lines (--events) and as lines for people (--verbose). */
struct tell {
        struct cli_sink events;
        bool verbose;
        uint64_t n_dropped; /* output events that a slow reader had no room for */
};

void tell_started(struct tell *tell, struct inbye_group *group, struct inbye_process *process,
        struct inbye_command *command);
/** An inbye_process_event_fn; userdata is the struct tell. */
void tell_event(void *userdata, struct inbye_process *process, const struct inbye_event *event);
void tell_ended(struct tell *tell, const struct inbye_result *result);

#endif
