/* SPDX-License-Identifier: MIT */
/*
 * Tokens shared among jobs that start and makes that run.
 *
 * Each job that runs has taken one token: its slot, and what a make in it counts as its own. The others are
 * offered to the makes of the jobs, one at a time to each, through a channel per job (channel.c). So at
 * every moment the tokens in use, offered and free are as many as there are, whatever a job does, and when
 * its tree is gone all that it had is free again: nothing a killed make held is lost.
 *
 * Who waits for a token cannot be seen: nothing tells that somebody reads from an empty pipe. Where there are
 * enough, every job has an offer lying there. Where there are not, an offer that is not taken within
 * HOLD_MIN goes on to the next job. Jobs that took their last offer come first and in turn; every PROBE-th
 * offer goes to one that let its last one lie, so that it is found when it wants one again. While nobody
 * takes any, the time doubles up to HOLD_MAX. Laying more offers than there are tokens, and taking the
 * others back when one is taken, was rejected: two makes may be faster than we are.
 *
 * A job that is to start comes before the makes: it takes the next token that is free, or an offer that lies
 * unread.
 *
 * Under another jobserver the tokens come from there. Without makes of our own to serve, no more is held than
 * jobs run. With them, offers are laid with tokens from above, as many as there may be: a server cannot know
 * that one is wanted before it is taken.
 */
#include "batch/jobserver.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/makeargv.h"
#include "base/makeflags.h"
#include "base/scope.h"
#include "base/str.h"
#include "batch/channel.h"
#include "batch/tokens.h"
#include "run/command.h"
#include "sys/misc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLD_MIN (10 * INBYE_MILLISECOND)
#define HOLD_MAX (80 * INBYE_MILLISECOND)
#define PROBE 8

struct seat {
        struct list link; /* of eager, idle or offered, where we serve */
        struct jobserver *jobserver;
        struct channel channel;
};

struct jobserver {
        struct inbye_loop *loop;
        struct tokens tokens;
        bool serve;
        int scratch[2];                   /* for offers that are taken back */
        struct list eager, idle, offered; /* seats: took the last offer, let it lie, have one */
        unsigned n_offers;
        uint64_t hold_ns;
        struct loop_timer hold_timer;
        bool timer_reserved;
        bool job_waits; /* for a token */
        void (*on_room)(void *userdata);
        void *userdata;
};

/* Offers */

static void seat_move(struct seat *seat, struct list *list)
{
        list_unlink(&seat->link);
        list_append(list, &seat->link);
}

/* The next one that has no offer, or NULL. */
static struct seat *next_seat(struct jobserver *jobserver)
{
        struct list *list = &jobserver->eager;

        if (list_is_empty(list) ||
                (!list_is_empty(&jobserver->idle) && jobserver->n_offers % PROBE == PROBE - 1))
                list = &jobserver->idle;
        return list_is_empty(list) ? NULL : LIST_ENTRY(list->next, struct seat, link);
}

static void on_hold_timer(struct loop_timer *timer);

/* The offers lie for nothing while others have none. */
static void arm(struct jobserver *jobserver)
{
        if (list_is_empty(&jobserver->offered) || !next_seat(jobserver))
                loop_timer_stop(&jobserver->hold_timer);
        else if (!jobserver->hold_timer.loop)
                (void)loop_timer_set(jobserver->loop, &jobserver->hold_timer,
                        loop_clock_ns(jobserver->loop) + jobserver->hold_ns, on_hold_timer);
}

static void offer_all(struct jobserver *jobserver)
{
        struct seat *seat;

        while ((seat = next_seat(jobserver)) && tokens_take(&jobserver->tokens)) {
                jobserver->n_offers++;
                if (channel_offer(&seat->channel) < 0) {
                        tokens_put(&jobserver->tokens);
                        return;
                }
                seat_move(seat, &jobserver->offered);
        }
}

/* Take the oldest offer that still lies there back. */
static bool revoke_one(struct jobserver *jobserver)
{
        struct seat *seat;

        LIST_FOREACH (seat, &jobserver->offered, struct seat, link) {
                if (!channel_revoke(&seat->channel, jobserver->scratch))
                        continue; /* just taken: its event is on the way */
                seat_move(seat, &jobserver->idle);
                tokens_put(&jobserver->tokens);
                return true;
        }
        return false;
}

static void on_hold_timer(struct loop_timer *timer)
{
        struct jobserver *jobserver = CONTAINER_OF(timer, struct jobserver, hold_timer);

        jobserver->hold_ns = jobserver->hold_ns * 2 < HOLD_MAX ? jobserver->hold_ns * 2 : HOLD_MAX;
        (void)revoke_one(jobserver);
        jobserver_share(jobserver);
}

/* Something moves: offers are looked at closely again. */
static void stir(struct jobserver *jobserver)
{
        jobserver->hold_ns = HOLD_MIN;
        loop_timer_stop(&jobserver->hold_timer);
}

static void on_change(struct channel *channel)
{
        struct seat *seat = CONTAINER_OF(channel, struct seat, channel);
        struct jobserver *jobserver = seat->jobserver;

        for (size_t n = channel_collect(channel); n > 0; n--)
                tokens_put(&jobserver->tokens);
        if (!channel->offered)
                seat_move(seat, &jobserver->eager);
        stir(jobserver);
        jobserver_share(jobserver);
}

/* Jobs */

static int prepare_channel(struct jobserver *jobserver, struct seat *seat)
{
        if (!jobserver->serve)
                return 0;
        return channel_open(&seat->channel, jobserver->loop, on_change);
}

static bool take_for_job(struct jobserver *jobserver)
{
        if (tokens_take(&jobserver->tokens))
                return true;
        return revoke_one(jobserver) && tokens_take(&jobserver->tokens);
}

/* *ret_seat stays NULL where there is no token for it now. */
static int enter(struct jobserver *jobserver, struct seat **ret_seat)
{
        struct seat *seat;
        int r;

        if (!take_for_job(jobserver)) {
                jobserver->job_waits = true;
                r = tokens_watch(&jobserver->tokens, true);
                return r < 0 ? r : 0;
        }
        seat = calloc(1, sizeof(*seat));
        if (!seat) {
                tokens_put(&jobserver->tokens);
                return -ENOMEM;
        }
        list_init(&seat->link);
        seat->jobserver = jobserver;
        seat->channel = (struct channel)CHANNEL_INIT;
        r = prepare_channel(jobserver, seat);
        if (r < 0) {
                jobserver_leave(seat);
                return r;
        }
        *ret_seat = seat;
        return 0;
}

void jobserver_leave(struct seat *seat)
{
        struct jobserver *jobserver;
        size_t n;

        if (!seat)
                return;
        jobserver = seat->jobserver;
        n = 1 + seat->channel.offered + seat->channel.n_held + seat->channel.n_back;
        for (; n > 0; n--)
                tokens_put(&jobserver->tokens);
        list_unlink(&seat->link);
        channel_deinit(&seat->channel);
        free(seat);
        stir(jobserver);
}

static const char *find_flags(const char *const *env)
{
        static const char name[] = "MAKEFLAGS=";

        for (; *env; env++)
                if (strncmp(*env, name, sizeof(name) - 1) == 0)
                        return *env + sizeof(name) - 1;
        return NULL;
}

/* "MAKEFLAGS=...", made of what the command would have got there without us. */
static int make_flags(const struct seat *seat, const struct inbye_command *command, struct buf *ret)
{
        size_t n = seat->jobserver->tokens.n_max;
        scoped(strv_freep) char **owned = NULL;
        const char *const *env;
        struct buf flags = BUF_INIT;
        int r = command_environment(command, &env, &owned);

        if (r < 0)
                return r;
        r = makeflags_append(&flags, find_flags(env), n > UINT32_MAX ? UINT32_MAX : (unsigned)n,
                seat->channel.give[0], seat->channel.back[1]);
        if (r == 0)
                r = buf_printf(ret, "MAKEFLAGS=%s", flags.data);
        buf_deinit(&flags);
        return r;
}

/* A make with a number of jobs of its own would leave us. */
static void keep_in_jobserver(struct inbye_command *command)
{
        if (makeargv_is_make(command->program ? command->program : command->argv[0]))
                makeargv_drop_jobs(command->argv);
}

DEFINE_SCOPED(command_unrefp, struct inbye_command, inbye_command_unref)

static int prepare(struct seat *seat, struct inbye_command *command, struct inbye_command **ret_command)
{
        scoped(command_unrefp) struct inbye_command *copy = NULL;
        struct buf flags = BUF_INIT;
        int r;

        if (!seat->jobserver->serve) {
                *ret_command = inbye_command_ref(command);
                return 0;
        }
        r = make_flags(seat, command, &flags);
        if (r >= 0)
                r = inbye_command_copy(command, &copy);
        if (r >= 0)
                r = strv_append(&copy->env_files, flags.data); /* the last word in an environment */
        if (r >= 0)
                r = inbye_command_keep_fd(copy, seat->channel.give[0]);
        if (r >= 0)
                r = inbye_command_keep_fd(copy, seat->channel.back[1]);
        buf_deinit(&flags);
        if (r < 0)
                return r;
        keep_in_jobserver(copy);
        *ret_command = TAKE(copy);
        return 0;
}

DEFINE_SCOPED(seat_leavep, struct seat, jobserver_leave)

static int spawn_in_seat(struct jobserver *jobserver, struct inbye_group *group,
        struct inbye_command *command, struct seat **ret_seat, struct inbye_process **ret_process,
        struct inbye_error *reterr)
{
        scoped(command_unrefp) struct inbye_command *prepared = NULL;
        scoped(seat_leavep) struct seat *seat = NULL;
        int r = enter(jobserver, &seat);

        if (r >= 0 && !seat)
                return 0;
        if (r >= 0)
                r = prepare(seat, command, &prepared);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "a place at the jobserver");
        r = inbye_group_spawn(group, prepared, ret_process, reterr);
        if (r < 0)
                return r;
        if (jobserver->serve) {
                channel_started(&seat->channel);
                list_append(&jobserver->eager, &seat->link);
        }
        *ret_seat = TAKE(seat);
        return 1;
}

int jobserver_spawn(struct jobserver *jobserver, struct inbye_group *group, struct inbye_command *command,
        struct seat **ret_seat, struct inbye_process **ret_process, struct inbye_error *reterr)
{
        int r;

        if (jobserver)
                return spawn_in_seat(jobserver, group, command, ret_seat, ret_process, reterr);
        r = inbye_group_spawn(group, command, ret_process, reterr);
        return r < 0 ? r : 1;
}

/* Turns */

void jobserver_begin(struct jobserver *jobserver)
{
        if (jobserver)
                jobserver->job_waits = false;
}

void jobserver_share(struct jobserver *jobserver)
{
        bool is_short;

        if (!jobserver)
                return;
        if (jobserver->job_waits) {
                if (jobserver->tokens.n_free > 0)
                        jobserver->on_room(jobserver->userdata);
                return;
        }
        offer_all(jobserver);
        is_short = next_seat(jobserver);
        if (!is_short)
                tokens_give_back(&jobserver->tokens);
        (void)tokens_watch(&jobserver->tokens, is_short);
        arm(jobserver);
}

static void on_room(struct tokens *tokens)
{
        struct jobserver *jobserver = CONTAINER_OF(tokens, struct jobserver, tokens);

        if (jobserver->job_waits)
                jobserver->on_room(jobserver->userdata);
        else
                jobserver_share(jobserver);
}

/* Life */

static struct jobserver *jobserver_new(struct inbye_loop *loop, const struct jobserver_options *options)
{
        struct jobserver *jobserver = calloc(1, sizeof(*jobserver));

        if (!jobserver)
                return NULL;
        jobserver->loop = loop;
        jobserver->tokens = (struct tokens)TOKENS_INIT;
        jobserver->tokens.on_room = on_room;
        jobserver->tokens.n_max = options->serve ? options->n_tokens : SIZE_MAX;
        jobserver->serve = options->serve;
        jobserver->scratch[0] = jobserver->scratch[1] = -1;
        jobserver->hold_ns = HOLD_MIN;
        jobserver->on_room = options->on_room;
        jobserver->userdata = options->userdata;
        list_init(&jobserver->eager);
        list_init(&jobserver->idle);
        list_init(&jobserver->offered);
        return jobserver;
}

static int begin_to_serve(struct jobserver *jobserver)
{
        int r = sys_supports(SYS_FEATURE_PIPE_OF_ONE);

        if (r == 0)
                r = fd_pipe(jobserver->scratch);
        if (r < 0)
                return r;
        if (loop_timers_reserve(jobserver->loop, 1) < 0)
                return -ENOMEM;
        jobserver->timer_reserved = true;
        return 0;
}

DEFINE_SCOPED(jobserver_freep, struct jobserver, jobserver_free)

int jobserver_open(struct inbye_loop *loop, const struct jobserver_options *options, struct jobserver **ret,
        struct inbye_error *reterr)
{
        scoped(jobserver_freep) struct jobserver *jobserver = jobserver_new(loop, options);
        int r;

        if (!jobserver)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "jobserver");
        r = options->connect ? tokens_connect(&jobserver->tokens, loop, reterr) : 0;
        if (r < 0)
                return r;
        if (r == 0 && !options->serve)
                return 0;
        if (r == 0)
                tokens_own(&jobserver->tokens, options->n_tokens);
        r = options->serve ? begin_to_serve(jobserver) : 0;
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "jobserver");
        *ret = TAKE(jobserver);
        return 0;
}

void jobserver_free(struct jobserver *jobserver)
{
        if (!jobserver)
                return;
        loop_timer_stop(&jobserver->hold_timer);
        if (jobserver->timer_reserved)
                loop_timers_release(jobserver->loop, 1);
        tokens_deinit(&jobserver->tokens);
        fd_close(jobserver->scratch[0]);
        fd_close(jobserver->scratch[1]);
        free(jobserver);
}

void jobserver_set_tokens(struct jobserver *jobserver, size_t n_tokens)
{
        if (jobserver && jobserver->serve)
                tokens_resize(&jobserver->tokens, n_tokens);
}
