/* SPDX-License-Identifier: MIT */
/*
 * A scope of systemd's for this process, by StartTransientUnit over sd-bus.
 *
 * An ordinary user in a login session may not move itself anywhere: the manager of its session can, and gives
 * it a subtree of its own (Delegate=yes). The reply comes when a job is queued; we are moved when that job is
 * done, which the manager tells by the signal JobRemoved.
 *
 * Everything is sent at once, and then the bus is turned until the job is done or the time is up. The simpler
 * way, one blocking call after the other, waits 25 s for each answer, and 90 s for a bus that takes the
 * connection and never speaks: long enough to be taken for a hang. A bus handles what it is sent in order, so
 * the signal is subscribed to before it can come.
 *
 * libsystemd is opened only here and now: linking it costs every start 0.3 ms. Its few functions are declared
 * here, so that no header of it is needed to build.
 */
#include "limit/scope.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/scope.h"
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE MANAGER ".Manager"

struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
        const char *name, *message;
        int need_free;
};
typedef int (*message_fn)(struct sd_bus_message *message, void *userdata, struct sd_bus_error *ret_error);

static struct {
        int (*open_system)(struct sd_bus **ret);
        int (*open_user)(struct sd_bus **ret);
        void (*close)(struct sd_bus *bus);
        struct sd_bus *(*unref)(struct sd_bus *bus);
        int (*match_signal)(struct sd_bus *bus, void **ret_slot, const char *sender, const char *path,
                const char *interface, const char *member, message_fn callback, message_fn on_installed,
                void *userdata);
        int (*call_method)(struct sd_bus *bus, void **ret_slot, const char *destination, const char *path,
                const char *interface, const char *member, message_fn callback, void *userdata,
                const char *types, ...);
        int (*message_read)(struct sd_bus_message *message, const char *types, ...);
        int (*message_errno)(struct sd_bus_message *message);
        const struct sd_bus_error *(*message_error)(struct sd_bus_message *message);
        int (*process)(struct sd_bus *bus, struct sd_bus_message **ret);
        int (*wait)(struct sd_bus *bus, uint64_t timeout_us);
} sd;

static const struct {
        const char *name;
        void *place;
} symbols[] = {
        { "sd_bus_open_system", &sd.open_system },
        { "sd_bus_open_user", &sd.open_user },
        { "sd_bus_close", &sd.close },
        { "sd_bus_unref", &sd.unref },
        { "sd_bus_match_signal_async", &sd.match_signal },
        { "sd_bus_call_method_async", &sd.call_method },
        { "sd_bus_message_read", &sd.message_read },
        { "sd_bus_message_get_errno", &sd.message_errno },
        { "sd_bus_message_get_error", &sd.message_error },
        { "sd_bus_process", &sd.process },
        { "sd_bus_wait", &sd.wait },
};

bool scope_has_systemd(void)
{
        return access("/run/systemd/system", F_OK) == 0;
}

/* Once it is there it stays: unloading a library that has threads' data of its own is asking for it. */
static int load(void)
{
        static void *library;

        if (library)
                return 0;
        library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
        if (!library)
                return -ELIBACC;
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                void *symbol = dlsym(library, symbols[i].name);

                if (!symbol) {
                        dlclose(library);
                        library = NULL;
                        return -ELIBACC;
                }
                memcpy(symbols[i].place, &symbol, sizeof(symbol));
        }
        return 0;
}

/* --- the request ------------------------------------------------------------------------------------------
 */

struct request {
        char job[128]; /* its path. "": not known yet */
        bool done;
        int error;     /* negative; 0: the scope is there */
        char why[160]; /* in the manager's words; "": it said nothing */
};

static void fail(struct request *request, int r, const char *why)
{
        request->done = true;
        request->error = r;
        snprintf(request->why, sizeof(request->why), "%s", why ? why : "");
}

/* Is this reply an error? Then it is all over. A connection that ends answers everything with a timeout; no
 * other one of sd-bus's own comes as early as ours. */
static bool has_failed(struct sd_bus_message *reply, struct request *request)
{
        int number = sd.message_errno(reply);

        if (number != 0)
                fail(request, number == ETIMEDOUT ? -ECONNRESET : -number, sd.message_error(reply)->message);
        return number != 0;
}

static int on_ready(struct sd_bus_message *reply, void *userdata, struct sd_bus_error *ret_error)
{
        (void)ret_error;
        (void)has_failed(reply, userdata);
        return 0;
}

static int on_queued(struct sd_bus_message *reply, void *userdata, struct sd_bus_error *ret_error)
{
        struct request *request = userdata;
        const char *job;

        (void)ret_error;
        if (has_failed(reply, request))
                return 0;
        if (sd.message_read(reply, "o", &job) < 0)
                fail(request, -EPROTO, NULL);
        else
                snprintf(request->job, sizeof(request->job), "%s", job);
        return 0;
}

static int on_job_removed(struct sd_bus_message *message, void *userdata, struct sd_bus_error *ret_error)
{
        struct request *request = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        (void)ret_error;
        if (sd.message_read(message, "uoss", &id, &job, &unit, &result) < 0)
                return 0;
        if (!request->job[0] || strcmp(job, request->job) != 0)
                return 0;
        if (strcmp(result, "done") == 0)
                request->done = true;
        else
                fail(request, -EIO, result);
        return 0;
}

static int send_all(struct sd_bus *bus, struct request *request)
{
        char name[64];
        int r;

        r = sd.match_signal(bus, NULL, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved", on_job_removed,
                on_ready, request);
        /* Without a subscription the manager tells nobody. */
        if (r >= 0)
                r = sd.call_method(bus, NULL, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", on_ready,
                        request, "");
        if (r < 0)
                return r;
        snprintf(
                name, sizeof(name), "inbye-%d-%llx.scope", (int)getpid(), (unsigned long long)clock_now_ns());
        return sd.call_method(bus, NULL, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "StartTransientUnit",
                on_queued, request, "ssa(sv)a(sa(sv))", name, "fail", 4, "Description", "s",
                "trees held by inbye", "PIDs", "au", 1, (uint32_t)getpid(), "Delegate", "b", 1, "CollectMode",
                "s", "inactive-or-failed", 0);
}

static int turn(struct sd_bus *bus, const struct request *request, uint64_t deadline_ns)
{
        while (!request->done) {
                uint64_t left_ns = clock_left(clock_now_ns(), deadline_ns);
                int r;

                if (!left_ns)
                        return -ETIMEDOUT;
                r = sd.process(bus, NULL);
                if (r == 0)
                        r = sd.wait(bus, left_ns / 1000);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return request->error;
}

/* Closed and not flushed: that would wait for whoever does not read. */
static int ask(struct request *request, uint64_t timeout_ns)
{
        uint64_t deadline_ns = clock_deadline(clock_now_ns(), timeout_ns);
        struct sd_bus *bus = NULL;
        int r;

        r = load();
        if (r == 0)
                r = geteuid() == 0 ? sd.open_system(&bus) : sd.open_user(&bus);
        if (r < 0)
                return r;
        r = send_all(bus, request);
        if (r >= 0)
                r = turn(bus, request, deadline_ns);
        sd.close(bus);
        sd.unref(bus);
        return r;
}

/* --- why not, and what would mend it ----------------------------------------------------------------------
 */

#define NONE "systemd gave no scope for this process: "

static const char *manager(void)
{
        return geteuid() == 0 ? "" : "--user ";
}

static int refuse(const struct request *request, int r, uint64_t timeout_ns, struct inbye_error *reterr)
{
        if (r == -ELIBACC) {
                error_set_plain(
                        reterr, INBYE_STAGE_LIMIT, -r, NONE "there is no libsystemd.so.0 to ask it with");
                error_hint(reterr,
                        "install libsystemd, or start it by: systemd-run %s--scope -p Delegate=yes -- "
                        "COMMAND",
                        manager());
        } else if (r == -ETIMEDOUT) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, -r, NONE "no answer within %.3g s",
                        (double)timeout_ns / 1e9);
                error_hint(reterr, "see what holds it up: systemctl %sstatus; journalctl %s-b -e", manager(),
                        manager());
        } else if (request->why[0]) {
                error_set_plain(reterr, INBYE_STAGE_LIMIT, -r, NONE "%s", request->why);
                error_hint(reterr, "see why: journalctl %s-b -e", manager());
        } else if (geteuid() == 0) {
                error_set(reterr, INBYE_STAGE_LIMIT, -r, NONE "the system bus cannot be used");
                error_hint(reterr, "systemctl start dbus");
        } else {
                error_set(reterr, INBYE_STAGE_LIMIT, -r, NONE "there is no user bus to ask it by");
                error_hint(reterr,
                        "log in (ssh, su -l, machinectl shell) so that there is one; or, as root: loginctl "
                        "enable-linger %lu, then export XDG_RUNTIME_DIR=/run/user/%lu",
                        (unsigned long)geteuid(), (unsigned long)geteuid());
        }
        return r;
}

int scope_enter(uint64_t timeout_ns, struct inbye_error *reterr)
{
        struct request request = { 0 };
        int r = ask(&request, timeout_ns);

        return r < 0 ? refuse(&request, r, timeout_ns, reterr) : 0;
}
