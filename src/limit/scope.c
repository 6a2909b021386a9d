/* SPDX-License-Identifier: MIT */
/*
 * A scope of systemd's for this process, by StartTransientUnit over sd-bus.
 *
 * An ordinary user in a login session may not move itself anywhere: the manager of its session can, and gives
 * it a subtree of its own (Delegate=yes). The call returns when a job is queued; we are moved when that job
 * is done, which the manager tells by the signal JobRemoved. It is subscribed to before the call, so that it
 * cannot be missed.
 *
 * libsystemd is opened only here and now: linking it costs every start 0.3 ms. Its few functions are declared
 * here, so that no header of it is needed to build.
 */
#include "limit/scope.h"
#include "base/clock.h"
#include "base/scope.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE MANAGER ".Manager"
/* How long the manager may take. */
#define SCOPE_LIMIT (5 * UINT64_C(1000000000))

struct sd_bus;
struct sd_bus_message;
typedef int (*message_fn)(struct sd_bus_message *message, void *userdata, void *ret_error);

static struct {
        int (*open_system)(struct sd_bus **ret);
        int (*open_user)(struct sd_bus **ret);
        struct sd_bus *(*flush_close_unref)(struct sd_bus *bus);
        int (*match_signal)(struct sd_bus *bus, void **ret_slot, const char *sender, const char *path,
                const char *interface, const char *member, message_fn callback, void *userdata);
        int (*call_method)(struct sd_bus *bus, const char *destination, const char *path,
                const char *interface, const char *member, void *ret_error, struct sd_bus_message **ret_reply,
                const char *types, ...);
        int (*message_read)(struct sd_bus_message *message, const char *types, ...);
        struct sd_bus_message *(*message_unref)(struct sd_bus_message *message);
        int (*process)(struct sd_bus *bus, struct sd_bus_message **ret);
        int (*wait)(struct sd_bus *bus, uint64_t timeout_us);
} sd;

static const struct {
        const char *name;
        void *place;
} symbols[] = {
        { "sd_bus_open_system", &sd.open_system },
        { "sd_bus_open_user", &sd.open_user },
        { "sd_bus_flush_close_unref", &sd.flush_close_unref },
        { "sd_bus_match_signal", &sd.match_signal },
        { "sd_bus_call_method", &sd.call_method },
        { "sd_bus_message_read", &sd.message_read },
        { "sd_bus_message_unref", &sd.message_unref },
        { "sd_bus_process", &sd.process },
        { "sd_bus_wait", &sd.wait },
};

/* Once it is there it stays: unloading a library that has threads' data of its own is asking for it. */
static int load(void)
{
        static void *library;

        if (library)
                return 0;
        if (access("/run/systemd/system", F_OK) < 0)
                return -EOPNOTSUPP; /* systemd is not what runs this machine */
        library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
        if (!library)
                return -EOPNOTSUPP;
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                void *symbol = dlsym(library, symbols[i].name);

                if (!symbol) {
                        dlclose(library);
                        library = NULL;
                        return -EOPNOTSUPP;
                }
                memcpy(symbols[i].place, &symbol, sizeof(symbol));
        }
        return 0;
}

struct job {
        char path[128]; /* "": not known yet */
        bool done, failed;
};

static int on_job_removed(struct sd_bus_message *message, void *userdata, void *ret_error)
{
        struct job *job = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void)ret_error;
        if (sd.message_read(message, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (job->path[0] && strcmp(path, job->path) == 0) {
                job->done = true;
                job->failed = strcmp(result, "done") != 0;
        }
        return 0;
}

static int call(struct sd_bus *bus, struct job *job)
{
        struct sd_bus_message *reply = NULL;
        const char *path;
        char name[64];
        int r;

        snprintf(
                name, sizeof(name), "inbye-%d-%llx.scope", (int)getpid(), (unsigned long long)clock_now_ns());
        r = sd.call_method(bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "StartTransientUnit", NULL, &reply,
                "ssa(sv)a(sa(sv))", name, "fail", 4, "Description", "s", "trees held by inbye", "PIDs", "au",
                1, (uint32_t)getpid(), "Delegate", "b", 1, "CollectMode", "s", "inactive-or-failed", 0);
        if (r < 0)
                return r;
        r = sd.message_read(reply, "o", &path);
        if (r >= 0)
                snprintf(job->path, sizeof(job->path), "%s", path);
        sd.message_unref(reply);
        return r < 0 ? r : 0;
}

static int await(struct sd_bus *bus, const struct job *job)
{
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), SCOPE_LIMIT);
        int r;

        while (!job->done) {
                uint64_t left_ns = clock_left(clock_now_ns(), deadline_ns);

                if (!left_ns)
                        return -ETIMEDOUT;
                r = sd.process(bus, NULL);
                if (r == 0)
                        r = sd.wait(bus, left_ns / 1000);
                if (r < 0)
                        return r;
        }
        return job->failed ? -EIO : 0;
}

int scope_enter(void)
{
        struct sd_bus *bus = NULL;
        struct job job = { 0 };
        int r;

        r = load();
        if (r == 0)
                r = geteuid() == 0 ? sd.open_system(&bus) : sd.open_user(&bus);
        if (r < 0)
                return r;
        r = sd.match_signal(
                bus, NULL, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved", on_job_removed, &job);
        /* Without a subscription the manager tells nobody. */
        if (r >= 0)
                r = sd.call_method(
                        bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", NULL, NULL, "");
        if (r >= 0)
                r = call(bus, &job);
        if (r >= 0)
                r = await(bus, &job);
        sd.flush_close_unref(bus);
        return r;
}
