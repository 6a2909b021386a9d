/* SPDX-License-Identifier: MIT */
/*
 * A channel between the jobserver and one job, so that it is known what the job holds.
 *
 * With one pipe for all, as make has it, nobody knows who took what: what a killed make held is lost, and the
 * build goes on narrower for ever. make does not even put back the byte that it took, so marked tokens do not
 * help. Here each job has a pair of pipes: out of one it takes, into the other it puts back, and to make
 * this is one jobserver like any other (its two descriptors were never promised to be of one pipe).
 *
 * At most one token lies in the pipe at a time. A pipe tells its writer when it is no longer full: with room
 * for one packet (O_DIRECT, one page) that is when the token was taken. A job that puts back more than it
 * took has made nothing of it.
 *
 * Both ends of the first pipe stay ours too, for taking the token back; where the job is reading at the same
 * time the kernel decides who gets it.
 */
#include "batch/channel.h"
#include "base/fd.h"
#include "batch/tokens.h"
#include "sys/pipe.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Numbers from 3 on: the job gets its ends under the numbers that they have here. */
static int open_pipe(int (*make)(int ends[2]), int ends[2])
{
        int r = make(ends);

        if (r < 0)
                return r;
        for (int i = 0; i < 2; i++) {
                int fd = ends[i] > STDERR_FILENO ? ends[i] : fd_dup_above(ends[i], STDERR_FILENO + 1);

                if (fd < 0)
                        return fd;
                if (fd != ends[i])
                        fd_close(ends[i]);
                ends[i] = fd;
        }
        return 0;
}

static void note_taken(struct channel *channel)
{
        if (!channel->offered || sys_pipe_held(channel->give[0]) > 0)
                return;
        channel->offered = false;
        channel->n_held++;
        (void)loop_io_modify(&channel->give_io, 0);
}

static void on_give(struct loop_io *io, uint32_t events)
{
        struct channel *channel = CONTAINER_OF(io, struct channel, give_io);

        (void)events;
        note_taken(channel);
        channel->on_change(channel);
}

static void on_back(struct loop_io *io, uint32_t events)
{
        struct channel *channel = CONTAINER_OF(io, struct channel, back_io);
        char bytes[64];
        ssize_t n = read(channel->back[0], bytes, sizeof(bytes));

        (void)events;
        if (n < 0)
                return; /* EINTR: the loop says it again */
        if (n == 0)
                loop_io_remove(io); /* nobody there has it open any more */
        note_taken(channel);        /* it may have taken and put back before we looked */
        if ((size_t)n > channel->n_held)
                n = (ssize_t)channel->n_held;
        channel->n_held -= (size_t)n;
        channel->n_back += (size_t)n;
        channel->on_change(channel);
}

static int open_ends(struct channel *channel)
{
        int r = open_pipe(sys_pipe_of_one, channel->give);

        if (r >= 0)
                r = open_pipe(fd_pipe, channel->back);
        if (r >= 0)
                r = fd_set_nonblock(channel->give[1]); /* only the ends that the job does not have */
        if (r >= 0)
                r = fd_set_nonblock(channel->back[0]);
        return r;
}

int channel_open(struct channel *channel, struct inbye_loop *loop, void (*on_change)(struct channel *channel))
{
        int r;

        *channel = (struct channel)CHANNEL_INIT;
        channel->on_change = on_change;
        r = open_ends(channel);
        if (r >= 0)
                r = loop_io_add(loop, &channel->give_io, channel->give[1], 0, on_give);
        if (r >= 0)
                r = loop_io_add(loop, &channel->back_io, channel->back[0], LOOP_IN, on_back);
        if (r < 0)
                channel_deinit(channel);
        return r;
}

void channel_deinit(struct channel *channel)
{
        loop_io_remove(&channel->give_io);
        loop_io_remove(&channel->back_io);
        for (int i = 0; i < 2; i++) {
                channel->give[i] = fd_close(channel->give[i]);
                channel->back[i] = fd_close(channel->back[i]);
        }
}

void channel_started(struct channel *channel)
{
        channel->back[1] = fd_close(channel->back[1]);
}

int channel_offer(struct channel *channel)
{
        int r;

        assert(!channel->offered);
        r = loop_io_modify(&channel->give_io, LOOP_OUT);
        if (r >= 0 && write(channel->give[1], "+", 1) < 0) /* we have the other end: no SIGPIPE */
                r = -errno;
        channel->offered = r >= 0;
        return r;
}

bool channel_revoke(struct channel *channel, const int scratch[2])
{
        char byte;

        if (!channel->offered || tokens_read_byte(channel->give[0], scratch, &byte) <= 0)
                return false;
        channel->offered = false;
        (void)loop_io_modify(&channel->give_io, 0);
        return true;
}

size_t channel_collect(struct channel *channel)
{
        size_t n = channel->n_back;

        channel->n_back = 0;
        return n;
}
