/* SPDX-License-Identifier: MIT */
/*
 * What this host can hold: every mechanism is tried, the reasons kept. Nothing is concluded from version
 * numbers.
 */
#include "run/host.h"
#include "base/json.h"
#include "base/scope.h"
#include <errno.h>
#include <stdlib.h>

static const char *or_null(const char *text)
{
        return text[0] ? text : NULL;
}

static void probe_one(struct inbye_host *host, const struct contain_ops *ops)
{
        struct contain_probe *probe = &host->probes[host->n_mechanisms];
        int r = ops->probe(probe);

        host->mechanisms[host->n_mechanisms++] = (struct inbye_host_mechanism){
                .mechanism = ops->bit,
                .name = ops->name,
                .number = -r,
                .reason = r < 0 ? or_null(probe->reason) : NULL,
                .hint = r < 0 ? or_null(probe->hint) : NULL,
                .cannot = ops->cannot,
                .on_owner_death = ops->on_owner_death,
                .reluctance = r == 0 && ops->reluctance ? ops->reluctance() : NULL,
                .detail = r < 0 ? NULL : or_null(probe->detail),
        };
}

static int list_controllers(struct inbye_host *host)
{
        size_t n = 0;

        host->controllers_error = -controllers_list(&host->found, &n);
        if (host->controllers_error == ENOMEM)
                return -ENOMEM;
        host->controllers = calloc(n ? n : 1, sizeof(*host->controllers));
        if (!host->controllers)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                host->controllers[i] = (struct inbye_host_controller){
                        .name = host->found[i].name,
                        .version = host->found[i].version,
                        .mount = host->found[i].mount,
                        .groups = or_null(host->found[i].groups),
                };
        host->n_controllers = n;
        return 0;
}

void inbye_host_free(struct inbye_host *host)
{
        if (!host)
                return;
        free(host->controllers);
        free(host->found);
        free(host);
}
DEFINE_SCOPED(host_freep, struct inbye_host, inbye_host_free)

int inbye_host_open(struct inbye_host **ret_host)
{
        scoped(host_freep) struct inbye_host *host = NULL;
        int r;

        if (!ret_host)
                return -EINVAL;
        host = calloc(1, sizeof(*host));
        if (!host)
                return -ENOMEM;
        for (size_t i = 0; contain_mechanisms[i] && i < MECHANISMS_MAX; i++)
                probe_one(host, contain_mechanisms[i]);
        r = list_controllers(host);
        if (r < 0)
                return r;
        *ret_host = TAKE(host);
        return 0;
}

const struct inbye_host_mechanism *inbye_host_mechanism(const struct inbye_host *host, size_t index)
{
        return index < host->n_mechanisms ? &host->mechanisms[index] : NULL;
}

const struct inbye_host_mechanism *inbye_host_best(const struct inbye_host *host)
{
        for (size_t i = 0; i < host->n_mechanisms; i++)
                if (host->mechanisms[i].number == 0 && !host->mechanisms[i].reluctance)
                        return &host->mechanisms[i];
        return NULL;
}

const struct inbye_host_controller *inbye_host_controller(const struct inbye_host *host, size_t index)
{
        return index < host->n_controllers ? &host->controllers[index] : NULL;
}

static void write_text(struct json *json, const char *key, const char *text)
{
        json_key(json, key);
        json_text(json, text);
}

static void write_mechanism(struct json *json, const struct inbye_host_mechanism *mechanism)
{
        json_object_begin(json);
        write_text(json, "name", mechanism->name);
        json_key(json, "works");
        json_bool(json, mechanism->number == 0);
        write_text(json, "detail", mechanism->detail);
        write_text(json, "cannot", mechanism->cannot);
        write_text(json, "on_owner_death", mechanism->on_owner_death);
        write_text(json, "reluctance", mechanism->reluctance);
        write_text(json, "reason", mechanism->reason);
        write_text(json, "hint", mechanism->hint);
        json_object_end(json);
}

static void write_controller(struct json *json, const struct inbye_host_controller *controller)
{
        json_object_begin(json);
        write_text(json, "name", controller->name);
        json_key(json, "version");
        json_known(json, controller->version ? (uint64_t)controller->version : UINT64_MAX);
        write_text(json, "mount", controller->mount);
        write_text(json, "groups", controller->groups);
        json_object_end(json);
}

static void write_controllers(struct json *json, const struct inbye_host *host)
{
        json_key(json, "controllers");
        if (host->controllers_error) {
                json_none(json); /* unknown, not none */
                return;
        }
        json_array_begin(json);
        for (size_t i = 0; i < host->n_controllers; i++)
                write_controller(json, &host->controllers[i]);
        json_array_end(json);
}

static void write_limit(struct json *json, const struct inbye_host_limit *limit)
{
        json_object_begin(json);
        write_text(json, "name", limit->name);
        json_key(json, "works");
        json_bool(json, limit->number == 0);
        json_key(json, "version");
        json_known(json, limit->version ? (uint64_t)limit->version : UINT64_MAX);
        write_text(json, "reason", limit->reason);
        write_text(json, "hint", limit->hint);
        json_object_end(json);
}

static void write_limits(struct json *json, const struct inbye_host *host)
{
        const struct inbye_host_limit *limit;

        json_key(json, "limits");
        if (!host->limits_tried) {
                json_none(json);
                return;
        }
        json_array_begin(json);
        for (size_t i = 0; (limit = inbye_host_limit(host, i)); i++)
                write_limit(json, limit);
        json_array_end(json);
}

int inbye_host_json(const struct inbye_host *host, char **ret_json)
{
        const struct inbye_host_mechanism *best;
        struct buf out = BUF_INIT;
        struct json json;
        size_t n;
        int r;

        if (!host || !ret_json)
                return -EINVAL;
        best = inbye_host_best(host);
        json_init(&json, &out);
        json_object_begin(&json);
        json_key(&json, "version");
        json_unsigned(&json, 1);
        write_text(&json, "best", best ? best->name : NULL);
        json_key(&json, "mechanisms");
        json_array_begin(&json);
        for (size_t i = 0; i < host->n_mechanisms; i++)
                write_mechanism(&json, &host->mechanisms[i]);
        json_array_end(&json);
        write_controllers(&json, host);
        write_limits(&json, host);
        json_object_end(&json);
        r = buf_steal(&out, ret_json, &n);
        buf_deinit(&out);
        return r;
}
