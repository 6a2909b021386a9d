/* SPDX-License-Identifier: MIT */
/*
 * Not faster than this, and not while the system is busy.
 *
 * Starts are at least an interval apart. No credit is saved up while nothing could be started, or a rate
 * meant to spare somebody would turn into a burst.
 *
 * What holds starts back has hysteresis, or each start would be followed by a hold and each hold by a burst.
 * Load and free memory are read before each start, and once they held something back they must have become
 * better than their limit by a tenth; since the kernel has no event for them, a timer looks again, and runs
 * only while something is held back. Pressure comes as an event of the kernel while it lasts, at most once
 * per window; two windows without one end the hold. Averages (avg10) were rejected for that: they need ten
 * seconds to forget.
 *
 * What cannot be read holds nothing back: it was readable when the batch was opened.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "batch/batch.h"
#include <errno.h>

#define LOOK_AGAIN_NS INBYE_SECOND
#define PRESSURE_HOLD_NS (2ull * SYS_PRESSURE_WINDOW_US * 1000)

bool pace_is_over(bool was_held, uint64_t value, uint64_t limit)
{
        return value > (was_held ? limit - limit / 10 : limit);
}

bool pace_is_under(bool was_held, uint64_t value, uint64_t limit)
{
        return value < (was_held && limit <= UINT64_MAX / 11 * 10 ? limit + limit / 10 : limit);
}

static void hold(struct inbye_batch *batch, uint32_t bit, bool is_held)
{
        batch->held = is_held ? batch->held | bit : batch->held & ~bit;
}

static bool is_held(const struct inbye_batch *batch, uint32_t bit)
{
        return batch->held & bit;
}

static void look_at_load(struct inbye_batch *batch)
{
        uint32_t milli;

        if (batch->options.max_load_milli && sys_load(&milli) >= 0)
                hold(batch, INBYE_BATCH_HELD_LOAD,
                        pace_is_over(
                                is_held(batch, INBYE_BATCH_HELD_LOAD), milli, batch->options.max_load_milli));
}

static void look_at_memory(struct inbye_batch *batch)
{
        uint64_t bytes;

        if (batch->options.min_memory_bytes && sys_memory_available(&bytes) >= 0)
                hold(batch, INBYE_BATCH_HELD_MEMORY,
                        pace_is_under(is_held(batch, INBYE_BATCH_HELD_MEMORY), bytes,
                                batch->options.min_memory_bytes));
}

/* Pressure */

static void on_pressure(struct loop_io *io, uint32_t events)
{
        struct gauge *gauge = CONTAINER_OF(io, struct gauge, io);

        if (events & (LOOP_ERROR | LOOP_HANGUP)) { /* the trigger is gone */
                loop_io_remove(io);
                return;
        }
        gauge->until_ns = clock_deadline(loop_clock_ns(gauge->batch->loop), PRESSURE_HOLD_NS);
        gauge->batch->held |= INBYE_BATCH_HELD_PRESSURE;
}

/* When the last hold ends; 0: none. */
static uint64_t pressure_until(struct inbye_batch *batch)
{
        uint64_t until_ns = 0;

        for (int i = 0; i < SYS_PRESSURE_N; i++)
                if (batch->gauges[i].until_ns > until_ns)
                        until_ns = batch->gauges[i].until_ns;
        if (until_ns <= loop_clock_ns(batch->loop))
                until_ns = 0;
        hold(batch, INBYE_BATCH_HELD_PRESSURE, until_ns > 0);
        return until_ns;
}

static int refuse_pressure(enum sys_pressure kind, int r, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_LOOP, -r, "watching the pressure of %s", sys_pressure_name(kind));
        error_hint(reterr, r == -EPERM || r == -EACCES || r == -EINVAL
                                   ? "before Linux 6.4 that takes CAP_SYS_RESOURCE"
                                   : "the kernel has to be built with CONFIG_PSI and booted with psi=1");
        return r;
}

static int open_gauge(
        struct inbye_batch *batch, enum sys_pressure kind, uint32_t percent, struct inbye_error *reterr)
{
        struct gauge *gauge = &batch->gauges[kind];
        uint32_t average;
        int r;

        gauge->batch = batch;
        gauge->fd = -1;
        if (percent == 0)
                return 0;
        gauge->fd = sys_pressure_open(kind, percent);
        if (gauge->fd < 0)
                return refuse_pressure(kind, gauge->fd, reterr);
        r = loop_io_add(batch->loop, &gauge->io, gauge->fd, LOOP_PRIORITY, on_pressure);
        if (r < 0)
                return refuse_pressure(kind, r, reterr);
        /* The first window is not over: until then the average is all there is. */
        if (sys_pressure_now(kind, &average) >= 0 && average >= percent * 100)
                gauge->until_ns = clock_deadline(loop_clock_ns(batch->loop), PRESSURE_HOLD_NS);
        return 0;
}

/* Life */

int pace_open(struct inbye_batch *batch, struct inbye_error *reterr)
{
        const struct inbye_batch_options *options = &batch->options;
        uint64_t bytes;
        uint32_t milli;
        int r = 0;

        if (options->max_load_milli)
                r = sys_load(&milli);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "reading the load from /proc/loadavg");
        if (options->min_memory_bytes)
                r = sys_memory_available(&bytes);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_LOOP, -r, "reading the free memory from /proc/meminfo");
        r = open_gauge(batch, SYS_PRESSURE_CPU, options->max_cpu_pressure, reterr);
        if (r >= 0)
                r = open_gauge(batch, SYS_PRESSURE_MEMORY, options->max_memory_pressure, reterr);
        if (r >= 0)
                r = open_gauge(batch, SYS_PRESSURE_IO, options->max_io_pressure, reterr);
        return r;
}

void pace_close(struct inbye_batch *batch)
{
        loop_timer_stop(&batch->pace_timer);
        for (int i = 0; i < SYS_PRESSURE_N; i++) {
                if (!batch->gauges[i].batch)
                        continue;
                loop_io_remove(&batch->gauges[i].io);
                fd_close(batch->gauges[i].fd);
        }
}

static void on_pace(struct loop_timer *timer)
{
        batch_ask_for_turn(CONTAINER_OF(timer, struct inbye_batch, pace_timer));
}

/* When to look again; 0: start. */
static uint64_t next_look(struct inbye_batch *batch)
{
        uint64_t now_ns = loop_clock_ns(batch->loop), at_ns = pressure_until(batch);

        look_at_load(batch);
        look_at_memory(batch);
        if (batch->held & (INBYE_BATCH_HELD_LOAD | INBYE_BATCH_HELD_MEMORY) && at_ns < now_ns + LOOK_AGAIN_NS)
                at_ns = now_ns + LOOK_AGAIN_NS;
        if (batch->next_start_ns > now_ns && batch->next_start_ns > at_ns)
                at_ns = batch->next_start_ns;
        return at_ns;
}

bool pace_allows(struct inbye_batch *batch)
{
        uint64_t at_ns = next_look(batch);

        /* Without memory for a timer nothing is held back: to hang would be worse. */
        return at_ns == 0 || loop_timer_set(batch->loop, &batch->pace_timer, at_ns, on_pace) < 0;
}

void pace_started(struct inbye_batch *batch)
{
        if (batch->options.start_interval_ns)
                batch->next_start_ns =
                        clock_deadline(loop_clock_ns(batch->loop), batch->options.start_interval_ns);
}
