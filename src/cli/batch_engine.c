/* SPDX-License-Identifier: MIT */
/*
 * Options of inbye batch that are wishes to the engine of the library: again, not too long, not too fast,
 * not too much at once. They go straight into its struct of options.
 */
#include "base/error.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/batch.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        OPTION_RETRIES = BATCH_ENGINE_FIRST,
        OPTION_RETRY_DELAY,
        OPTION_RETRY_ON,
        OPTION_HALT,
        OPTION_DEADLINE,
        OPTION_RATE,
        OPTION_DELAY,
        OPTION_POOL,
        OPTION_LOAD,
        OPTION_MEMFREE,
        OPTION_PSI
};

const struct cli_option batch_engine_options[] = {
        { "retries", 0, "N", OPTION_RETRIES, "Again", "start a job that failed up to N times more [0]",
                NULL },
        { "retry-delay", 0, "DURATION[:MAX]", OPTION_RETRY_DELAY, "Again",
                "wait before the second attempt, twice as long before each further one, up to MAX; up to "
                "half of it less, at random [200ms:30s]",
                NULL },
        { "retry-on", 0, "LIST", OPTION_RETRY_ON, "Again",
                "only after these statuses and exit codes, as in timeout,signaled,75-77 [all failures but "
                "spawn_error and lost]",
                NULL },
        { "halt", 0, "WHEN[,WHAT=N]", OPTION_HALT, "Early end",
                "never; soon: start nothing more, or now: end what runs too, when N jobs (or N%) are a "
                "fail, a success or done [never]",
                NULL },
        { "deadline", 0, "DURATION", OPTION_DEADLINE, "Early end",
                "end the whole batch this long after its start, with status 124 [0: never]", NULL },
        { "rate", 0, "N/UNIT", OPTION_RATE, "Pace", "start at most N jobs per s, m, h or DURATION, evenly",
                NULL },
        { "delay", 0, "DURATION", OPTION_DELAY, "Pace", "least time between two starts [0]", NULL },
        { "pool", 0, "NAME=N", OPTION_POOL, "Pace",
                "at most N of the jobs whose key pool is NAME at once; several times", NULL },
        { "load", 0, "LOAD", OPTION_LOAD, "Pace",
                "start nothing while the load average of the last minute is above this; with %, of the CPUs",
                NULL },
        { "memfree", 0, "SIZE", OPTION_MEMFREE, "Pace", "start nothing while less memory is available",
                NULL },
        { "psi", 0, "LIST", OPTION_PSI, "Pace",
                "start nothing while the system loses more percent of its time by waiting, as in "
                "cpu=20,memory=5,io=30",
                NULL },
        { 0 },
};

static int refuse(struct inbye_error *reterr, const char *value, const char *why)
{
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL, "'%s' %s", value, why);
}

/* Again */

static int take_retries(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        uint64_t n;

        if (parse_unsigned(value, UINT32_MAX - 1, &n) < 0)
                return refuse(reterr, value, "is no number of attempts");
        wishes->engine.retries = (uint32_t)n;
        return 0;
}

static int take_retry_delay(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        uint64_t delay, most = wishes->engine.retry_delay_max_ns;
        char *colon;

        if (!copy)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "options");
        colon = strchr(copy, ':');
        if (colon)
                *colon = '\0';
        if (parse_duration(copy, &delay) < 0 || (colon && parse_duration(colon + 1, &most) < 0))
                return refuse(reterr, value, "is no duration, nor two as in 1s:1m");
        if (delay > most && colon)
                return refuse(reterr, value, "waits longer at first than it may at most");
        wishes->engine.retry_delay_ns = delay;
        wishes->engine.retry_delay_max_ns = delay > most ? delay : most;
        return 0;
}

static int find_status(const char *name)
{
        for (int status = 0; status < INBYE_STATUS_N; status++)
                if (strcmp(name, inbye_status_name((enum inbye_status)status)) == 0)
                        return status;
        return -EINVAL;
}

/* "1", or "64-78". */
static int take_codes(struct batch_wishes *wishes, const char *word)
{
        unsigned codes[256], n;

        if (parse_cpu_list(word, codes, ARRAY_SIZE(codes), &n) < 0)
                return -EINVAL;
        for (unsigned i = 0; i < n; i++) {
                if (codes[i] < 1 || codes[i] > 255)
                        return -EINVAL;
                wishes->retry_codes[codes[i]] = 1;
        }
        return 0;
}

static int take_retry_word(struct batch_wishes *wishes, const char *word, struct inbye_error *reterr)
{
        int status = find_status(word);

        if (status == INBYE_OK || status == INBYE_CANCELLED)
                return refuse(reterr, word, "is never a reason for another attempt");
        if (status >= 0)
                wishes->engine.retry_statuses |= 1u << status;
        else if (take_codes(wishes, word) < 0)
                return refuse(reterr, word,
                        "is neither a status of a job, as in timeout,signaled, nor an exit code from 1 to "
                        "255");
        return 0;
}

static int take_retry_on(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        char *rest = copy, *word;
        int r = 0;

        if (!copy)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "options");
        wishes->engine.retry_statuses = 0;
        memset(wishes->retry_codes, 0, sizeof(wishes->retry_codes));
        while (r >= 0 && rest) {
                word = str_cut(&rest, ',');
                r = take_retry_word(wishes, word, reterr);
        }
        return r;
}

/* Early end */

static int take_halt_count(struct batch_wishes *wishes, const char *text)
{
        scoped(freep) char *copy = strdup(text);
        size_t n = copy ? strlen(copy) : 0;
        bool is_share = n > 0 && copy[n - 1] == '%';
        uint64_t count;

        if (is_share)
                copy[n - 1] = '\0';
        if (n == 0 || parse_unsigned(copy, is_share ? 100 : UINT32_MAX, &count) < 0 || count == 0)
                return -EINVAL;
        wishes->engine.halt_percent = is_share ? (uint32_t)count : 0;
        wishes->engine.halt_count = is_share ? 0 : (uint32_t)count;
        return 0;
}

static int take_halt(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        static const char *const whens[] = { "never", "soon", "now" };
        static const char *const whats[] = { "fail", "success", "done" };
        const char *comma = value + strcspn(value, ","), *equals = comma + strcspn(comma, "=");
        size_t when = 0, what = 0, n_when = (size_t)(comma - value);

        while (when < ARRAY_SIZE(whens) &&
                (strlen(whens[when]) != n_when || strncmp(value, whens[when], n_when) != 0))
                when++;
        while (*comma && what < ARRAY_SIZE(whats) &&
                (strlen(whats[what]) != (size_t)(equals - comma) - 1 ||
                        strncmp(comma + 1, whats[what], strlen(whats[what])) != 0))
                what++;
        if (when == ARRAY_SIZE(whens) || what == ARRAY_SIZE(whats) || (when == 0 && *comma) ||
                (*comma && (!*equals || take_halt_count(wishes, equals + 1) < 0)))
                return refuse(reterr, value,
                        "is not of the form never, soon,fail=3, now,fail=10%, soon,success=1 or now,done=5");
        wishes->engine.halt = (enum inbye_batch_halt)when;
        wishes->engine.halt_on = (enum inbye_batch_halt_on)what;
        if (!*comma)
                wishes->engine.halt_count = wishes->engine.halt_percent = 0;
        return 0;
}

/* Pace */

static int take_rate(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        char *slash = copy ? strchr(copy, '/') : NULL, unit[48];
        uint64_t n, per_ns;

        if (!slash)
                return refuse(reterr, value, "is no rate, as in 10/s or 3/m");
        *slash++ = '\0';
        /* "/s" is "/1s" */
        snprintf(unit, sizeof(unit), "%s%.40s", *slash >= '0' && *slash <= '9' ? "" : "1", slash);
        if (parse_unsigned(copy, UINT32_MAX, &n) < 0 || n == 0 || parse_duration(unit, &per_ns) < 0 ||
                per_ns == 0 || per_ns == INBYE_FOREVER)
                return refuse(reterr, value, "is no rate, as in 10/s or 3/m");
        wishes->engine.start_interval_ns = per_ns / n;
        return 0;
}

static int take_pool(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        const char *equals = strchr(value, '=');
        uint32_t *widths;
        const char **names;
        uint64_t n;

        if (!equals || equals == value || parse_unsigned(equals + 1, UINT32_MAX, &n) < 0 || n == 0)
                return refuse(reterr, value, "is no pool and its width, as in net=2");
        widths = realloc(wishes->pool_widths, (wishes->pools.n + 1) * sizeof(*widths));
        if (widths)
                wishes->pool_widths = widths;
        names = realloc(wishes->pools.names, (wishes->pools.n + 1) * sizeof(*names));
        if (names)
                wishes->pools.names = names;
        if (!widths || !names)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "pools");
        if (job_pools_find(&wishes->pools, value, (size_t)(equals - value)))
                return refuse(reterr, value, "is a pool that was named before");
        widths[wishes->pools.n] = (uint32_t)n;
        names[wishes->pools.n++] = value;
        return 0;
}

/* "1.5", or "80%" of the CPUs. */
static int take_load(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        char *end;
        unsigned long whole = strtoul(value, &end, 10), milli = 0, unit = 100;
        long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

        if (end == value || *value < '0' || *value > '9' || whole > 1000000)
                return refuse(reterr, value, "is no load, as in 4, 1.5 or 80%");
        for (end += *end == '.'; *end >= '0' && *end <= '9'; end++, unit /= 10)
                milli += (unsigned long)(*end - '0') * unit;
        milli += whole * 1000;
        if (*end == '%' && !end[1])
                milli = milli * (unsigned long)(n_cpus > 0 ? n_cpus : 1) / 100;
        else if (*end)
                return refuse(reterr, value, "is no load, as in 4, 1.5 or 80%");
        if (milli == 0 || milli > UINT32_MAX)
                return refuse(reterr, value, "is no load that can be kept");
        wishes->engine.max_load_milli = (uint32_t)milli;
        return 0;
}

static int take_memfree(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        if (parse_size(value, &wishes->engine.min_memory_bytes) < 0)
                return refuse(reterr, value, "is no size, as in 512M or 2G");
        return 0;
}

static int take_psi_word(struct batch_wishes *wishes, char *word, struct inbye_error *reterr)
{
        const struct {
                const char *name;
                uint32_t *place;
        } kinds[] = {
                { "cpu", &wishes->engine.max_cpu_pressure },
                { "memory", &wishes->engine.max_memory_pressure },
                { "io", &wishes->engine.max_io_pressure },
        };
        char *equals = strchr(word, '=');
        uint64_t percent;

        for (size_t i = 0; equals && i < ARRAY_SIZE(kinds); i++) {
                if (strncmp(word, kinds[i].name, (size_t)(equals - word)) != 0 ||
                        strlen(kinds[i].name) != (size_t)(equals - word))
                        continue;
                if (parse_unsigned(equals + 1, 100, &percent) < 0 || percent == 0)
                        return refuse(reterr, word, "is no share of the time, from 1 to 100 percent");
                *kinds[i].place = (uint32_t)percent;
                return 0;
        }
        return refuse(reterr, word, "is not of the form cpu=20,memory=5,io=30");
}

static int take_psi(struct batch_wishes *wishes, const char *value, struct inbye_error *reterr)
{
        scoped(freep) char *copy = strdup(value);
        char *rest = copy, *word;
        int r = 0;

        if (!copy)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "options");
        while (r >= 0 && rest) {
                word = str_cut(&rest, ',');
                r = take_psi_word(wishes, word, reterr);
        }
        return r;
}

bool batch_engine_take_timeout(struct batch_wishes *wishes, const char *value)
{
        size_t n = strlen(value);
        char digits[12];
        uint64_t percent;

        wishes->engine.timeout_percent = 0;
        if (n < 2 || n > sizeof(digits) || value[n - 1] != '%')
                return false;
        memcpy(digits, value, n - 1);
        digits[n - 1] = '\0';
        if (parse_unsigned(digits, UINT32_MAX, &percent) < 0 || percent == 0)
                return false;
        wishes->engine.timeout_percent = (uint32_t)percent;
        return true;
}

static int take_duration(uint64_t *place, const char *value, struct inbye_error *reterr)
{
        if (parse_duration(value, place) < 0)
                return refuse(reterr, value, "is no duration, as in 90, 1.5s or 1h30m");
        return 0;
}

int batch_engine_apply(struct batch_wishes *wishes, int id, const char *value, struct inbye_error *reterr)
{
        switch (id) {
        case OPTION_RETRIES:
                wishes->retries_given = true;
                return take_retries(wishes, value, reterr);
        case OPTION_RETRY_DELAY:
                wishes->retry_rule_given = true;
                return take_retry_delay(wishes, value, reterr);
        case OPTION_RETRY_ON:
                wishes->retry_rule_given = true;
                return take_retry_on(wishes, value, reterr);
        case OPTION_HALT:
                return take_halt(wishes, value, reterr);
        case OPTION_DEADLINE:
                return take_duration(&wishes->engine.deadline_ns, value, reterr);
        case OPTION_RATE:
                return take_rate(wishes, value, reterr);
        case OPTION_DELAY:
                return take_duration(&wishes->engine.start_interval_ns, value, reterr);
        case OPTION_POOL:
                return take_pool(wishes, value, reterr);
        case OPTION_LOAD:
                return take_load(wishes, value, reterr);
        case OPTION_MEMFREE:
                return take_memfree(wishes, value, reterr);
        case OPTION_PSI:
                return take_psi(wishes, value, reterr);
        default:
                return -EINVAL;
        }
}

void batch_engine_init(struct batch_wishes *wishes)
{
        wishes->engine = (struct inbye_batch_options)INBYE_BATCH_OPTIONS_INIT;
        wishes->engine.retry_delay_ns = 200 * INBYE_MILLISECOND;
        wishes->engine.retry_delay_max_ns = 30 * INBYE_SECOND;
}

void batch_engine_finish(struct batch_wishes *wishes)
{
        struct inbye_batch_options *engine = &wishes->engine;

        for (unsigned code = 0; code < 256; code++)
                if (wishes->retry_codes[code])
                        wishes->retry_code_list[engine->n_retry_codes++] = (unsigned char)code;
        engine->retry_codes = wishes->retry_code_list;
        engine->pool_widths = wishes->pool_widths;
        engine->n_pools = wishes->pools.n;
        engine->grace_ns = wishes->grace_ns;
        if (engine->deadline_ns == INBYE_FOREVER)
                engine->deadline_ns = 0;
        wishes->jobs.base.pools = &wishes->pools;
        wishes->jobs.base.limits_seen = &wishes->limits_seen;
}
