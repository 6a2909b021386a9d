/* SPDX-License-Identifier: MIT */
/*
 * One session in words, and in JSON: the same keys wherever one is shown.
 */
#include "cli/session.h"
#include "base/clock.h"
#include "cli/cli.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void session_id(const struct inbye_session *session, char id[SESSION_ID_SIZE])
{
        const char *point = strchr(session->name, '.');

        snprintf(id, SESSION_ID_SIZE, "%.8s", point ? point + 1 : session->name);
}

uint64_t session_age(const struct inbye_session *session)
{
        uint64_t now_ns = clock_wall_ns();

        if (session->started_ns == 0)
                return UINT64_MAX;
        return now_ns > session->started_ns ? (now_ns - session->started_ns) / INBYE_SECOND : 0;
}

void session_age_text(uint64_t seconds, char text[SESSION_AGE_SIZE])
{
        unsigned long long s = seconds;

        if (seconds == UINT64_MAX)
                snprintf(text, SESSION_AGE_SIZE, "?");
        else if (s < 60)
                snprintf(text, SESSION_AGE_SIZE, "%llus", s);
        else if (s < 3600)
                snprintf(text, SESSION_AGE_SIZE, "%llum%02llus", s / 60, s % 60);
        else if (s < 86400)
                snprintf(text, SESSION_AGE_SIZE, "%lluh%02llum", s / 3600, s / 60 % 60);
        else
                snprintf(text, SESSION_AGE_SIZE, "%llud%02lluh", s / 86400, s / 3600 % 24);
}

static void write_start(struct json *json, uint64_t started_ns)
{
        char text[CLOCK_TEXT_SIZE];

        if (started_ns)
                clock_format_wall(started_ns, text);
        json_text(json, started_ns ? text : NULL);
}

void session_json(struct json *json, const struct inbye_session *session)
{
        char id[SESSION_ID_SIZE];

        session_id(session, id);
        json_key(json, "session");
        json_text(json, id);
        json_key(json, "path");
        json_bytes(json, session->path, strlen(session->path));
        json_key(json, "owner");
        json_text(json, inbye_owner_name(session->owner));
        json_key(json, "owner_pid");
        json_known(json, session->owner_pid ? (uint64_t)session->owner_pid : UINT64_MAX);
        json_key(json, "start");
        write_start(json, session->started_ns);
        json_key(json, "processes");
        json_known(json, session->n_processes);
        json_key(json, "cpu");
        json_seconds(json, session->cpu_us == UINT64_MAX ? UINT64_MAX : session->cpu_us * 1000);
        json_key(json, "command");
        json_text(json, session->command);
}

struct inbye_registry *session_registry(bool all)
{
        struct inbye_registry *registry = NULL;
        struct inbye_error error = { 0 };
        int r = inbye_registry_open(all ? INBYE_REGISTRY_ALL : 0, &registry, &error);

        if (r < 0)
                cli_error(&error);
        return r < 0 ? NULL : registry;
}
