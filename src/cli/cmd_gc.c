/* SPDX-License-Identifier: MIT */
/*
 * gc: end and remove what dead owners left.
 *
 * Nothing is ever done to a session whose owner is alive or not known to be dead: the library looks again and
 * refuses. What has gone by itself meanwhile is what was wanted.
 */
#include "base/buf.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/session.h"
#include <stdio.h>
#include <string.h>

/* For one session: a process that does not die of SIGKILL in this time hangs in the kernel. */
#define END_LIMIT (10 * INBYE_SECOND)

enum { OPTION_ALL = 1, OPTION_DRY_RUN, OPTION_JSON };

static const struct cli_option own_options[] = {
        { "all", 'a', NULL, OPTION_ALL, "Choice",
                "look in the whole cgroup tree, not only below the own cgroup", NULL },
        { "dry-run", 'n', NULL, OPTION_DRY_RUN, "Choice", "only say what would be ended and removed", NULL },
        { "json", 0, NULL, OPTION_JSON, "Output", "print one line of JSON per session", NULL },
        { 0 },
};
static const struct cli_option *const tables[] = { own_options, cli_help_options, NULL };

struct gc {
        bool all, dry_run, json;
        bool failed;
};

static int apply(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct gc *gc = userdata;

        (void)value;
        (void)reterr;
        if (id == OPTION_ALL)
                gc->all = true;
        else if (id == OPTION_DRY_RUN)
                gc->dry_run = true;
        else
                gc->json = true;
        return 0;
}

static void print_json(const struct inbye_session *session, const char *done, const char *why)
{
        struct buf out = BUF_INIT;
        struct json json;

        json_init(&json, &out);
        json_object_begin(&json);
        json_key(&json, "done");
        json_text(&json, done);
        json_key(&json, "error");
        json_text(&json, why);
        session_json(&json, session);
        json_object_end(&json);
        if (!out.failed)
                puts(out.data);
        buf_deinit(&out);
}

static void print_line(const struct inbye_session *session, const char *done)
{
        char id[SESSION_ID_SIZE], path[4096];

        session_id(session, id);
        printf("%s %s %s", done, session->command ? "session" : "limits", id);
        if (session->n_processes != UINT64_MAX)
                printf(" with %llu process%s", (unsigned long long)session->n_processes,
                        session->n_processes == 1 ? "" : "es");
        if (session->command) {
                printf(", left by %d: %s\n", (int)session->owner_pid, session->command);
                return;
        }
        str_clean(session->path, path, sizeof(path));
        printf(", left in %s\n", path);
}

static void collect(struct gc *gc, struct inbye_registry *registry, const struct inbye_session *session)
{
        const char *done = gc->dry_run ? "would remove" : "removed";
        struct inbye_error error = { 0 };
        int r;

        r = gc->dry_run ? 0 : inbye_registry_end(registry, END_LIMIT, &error);
        if (r < 0) {
                gc->failed = true;
                done = "failed";
                cli_error(&error);
        }
        if (gc->json)
                print_json(session, done, r < 0 ? error.text : NULL);
        else if (r == 0)
                print_line(session, done);
}

static int main_gc(int argc, char **argv)
{
        const struct inbye_session *session;
        struct inbye_registry *registry;
        struct gc gc = { 0 };
        int first;

        first = cli_parse(&cli_gc, argc, argv, apply, &gc);
        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (first < argc)
                return cli_misuse(&cli_gc, "unexpected '%s'", argv[first]);
        registry = session_registry(gc.all);
        if (!registry)
                return CLI_EXIT_FAILED;
        while ((session = inbye_registry_next(registry)))
                if (session->owner == INBYE_OWNER_DEAD)
                        collect(&gc, registry, session);
        inbye_registry_free(registry);
        return gc.failed ? CLI_EXIT_NOT_ALL_OK : 0;
}

const struct cli_command cli_gc = {
        .name = "gc",
        .usage = "[OPTION]...",
        .summary = "End and remove what dead owners left.",
        .options = tables,
        .notes = "Exit status: 0; 1 when something could not be removed; 125 on misuse, or where there is no "
                 "cgroup v2 tree.",
        .main = main_gc,
};
