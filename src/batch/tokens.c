/* SPDX-License-Identifier: MIT */
/*
 * The tokens of GNU make's jobserver: whoever holds one may run one thing, and everybody has one to begin
 * with.
 *
 * A jobserver above is a pipe with a byte per token. It is shared with every make of the build, and so is its
 * open file description: O_NONBLOCK set by us would be set for all of them, and a make that does not expect
 * EAGAIN stops there. But a plain read may hang although poll(2) has just said that there is a byte, since
 * another client may be faster, and then the whole loop of our owner stands still. splice(2) can be told
 * for one call that it must not wait: a token goes by it into a pipe of our own, and is read there.
 * Rejected: a description of our own by opening /proc/self/fd/N, which needs /proc, and the right to open
 * what another user made; RWF_NOWAIT, which pipes know since Linux 6.5; a thread that hangs in place of us.
 *
 * A byte is given back as it was: the protocol lets a server tell them apart.
 */
#include "batch/tokens.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/makeflags.h"
#include "base/scope.h"
#include "capture/quiet.h"
#include "sys/pipe.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a descriptor or a path cannot be told from: make leaves its numbers in the environment of commands
 * that it closes the descriptors in. */
static int check_end(int fd, int mode)
{
        struct stat st;
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode))
                return -ENOTTY;
        return (flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR ? 0 : -EACCES;
}

static int duplicate(int fd, int mode, int *ret)
{
        int r = check_end(fd, mode);

        if (r >= 0)
                r = fd_dup_above(fd, STDERR_FILENO + 1);
        if (r >= 0)
                *ret = r;
        return r;
}

static int connect_pair(struct tokens_above *above, const struct makeflags_jobserver *jobserver)
{
        int r = duplicate(jobserver->read_fd, O_RDONLY, &above->read_fd);

        return r < 0 ? r : duplicate(jobserver->write_fd, O_WRONLY, &above->write_fd);
}

/* Both ends in one, so that it never is at its end of file, and opening does not wait for anybody. */
static int connect_fifo(struct tokens_above *above, const struct makeflags_jobserver *jobserver)
{
        scoped(freep) char *path = strndup(jobserver->path, jobserver->n_path);
        scoped(fd_closep) int fd = -1;
        int r;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        r = fd < 0 ? -errno : duplicate(fd, O_RDWR, &above->read_fd);
        return r < 0 ? r : duplicate(fd, O_RDWR, &above->write_fd);
}

static void disconnect(struct tokens_above *above)
{
        loop_io_remove(&above->io);
        above->read_fd = fd_close(above->read_fd);
        above->write_fd = fd_close(above->write_fd);
        above->scratch[0] = fd_close(above->scratch[0]);
        above->scratch[1] = fd_close(above->scratch[1]);
}

static int unreachable(struct tokens *tokens, int number, struct inbye_error *reterr)
{
        disconnect(&tokens->above);
        error_set(reterr, INBYE_STAGE_ARGUMENT, number, "the jobserver of make cannot be reached");
        error_hint(reterr, "put '+' in front of the command in the makefile");
        return -ENOLINK;
}

int tokens_connect(struct tokens *tokens, struct inbye_loop *loop, struct inbye_error *reterr)
{
        struct tokens_above *above = &tokens->above;
        struct makeflags_jobserver jobserver;
        const char *flags = getenv("MAKEFLAGS");
        int r = flags ? makeflags_find(flags, &jobserver) : 0;

        if (r == 0)
                return 0;
        if (r > 0)
                r = jobserver.path ? connect_fifo(above, &jobserver) : connect_pair(above, &jobserver);
        if (r >= 0)
                r = fd_pipe(above->scratch);
        if (r < 0)
                return unreachable(tokens, -r, reterr);
        tokens->loop = loop;
        tokens->n_have = tokens->n_free = 1;
        return 1;
}

void tokens_own(struct tokens *tokens, size_t n)
{
        tokens->n_max = tokens->n_have = tokens->n_free = n;
}

int tokens_read_byte(int fd, const int scratch[2], char *ret)
{
        return sys_pipe_take_byte(fd, scratch, ret);
}

static bool take_from_above(struct tokens *tokens)
{
        struct tokens_above *above = &tokens->above;
        char byte;
        int r;

        if (above->read_fd < 0 || tokens->n_have >= tokens->n_max || buf_reserve(&above->bytes, 1) < 0)
                return false;
        r = tokens_read_byte(above->read_fd, above->scratch, &byte);
        if (r > 0) {
                (void)buf_append(&above->bytes, &byte, 1); /* the room is there */
                tokens->n_have++;
                return true;
        }
        if (r != -EAGAIN) { /* its server has gone: what we have is all there will be */
                loop_io_remove(&above->io);
                above->read_fd = fd_close(above->read_fd);
        }
        return false;
}

bool tokens_take(struct tokens *tokens)
{
        if (tokens->n_free == 0)
                return take_from_above(tokens);
        tokens->n_free--;
        return true;
}

/* Where there are more than there may be (the width was made smaller) it is gone. */
void tokens_put(struct tokens *tokens)
{
        assert(tokens->n_free < tokens->n_have);
        tokens->n_free++;
        tokens_resize(tokens, tokens->n_max);
}

/* A pipe that takes nothing more holds more tokens than any make put there: that one more is lost is better
 * than to wait. */
static void give_byte(struct tokens_above *above)
{
        struct pollfd room = { .fd = above->write_fd, .events = POLLOUT };

        if (poll(&room, 1, 0) > 0)
                (void)quiet_write(above->write_fd, &above->bytes.data[above->bytes.n - 1], 1);
        above->bytes.n--;
}

static bool give_one(struct tokens *tokens)
{
        if (tokens->n_free == 0 || tokens->above.bytes.n == 0)
                return false;
        give_byte(&tokens->above);
        tokens->n_free--;
        tokens->n_have--;
        return true;
}

void tokens_give_back(struct tokens *tokens)
{
        while (give_one(tokens))
                ;
}

static void resize_own(struct tokens *tokens)
{
        size_t n_over = tokens->n_have > tokens->n_max ? tokens->n_have - tokens->n_max : 0;

        if (n_over > tokens->n_free)
                n_over = tokens->n_free;
        tokens->n_have -= n_over;
        tokens->n_free -= n_over;
        if (tokens->n_have < tokens->n_max) {
                tokens->n_free += tokens->n_max - tokens->n_have;
                tokens->n_have = tokens->n_max;
        }
}

/* Those in use stay in use; what is too much goes when it is put back. */
void tokens_resize(struct tokens *tokens, size_t n_max)
{
        tokens->n_max = n_max;
        if (tokens->above.write_fd < 0)
                resize_own(tokens);
        else
                while (tokens->n_have > n_max && give_one(tokens))
                        ;
}

static void on_readable(struct loop_io *io, uint32_t events)
{
        struct tokens *tokens = CONTAINER_OF(io, struct tokens, above.io);

        (void)events;
        tokens->on_room(tokens);
}

int tokens_watch(struct tokens *tokens, bool on)
{
        struct tokens_above *above = &tokens->above;

        if (!on || above->read_fd < 0 || tokens->n_have >= tokens->n_max) {
                loop_io_remove(&above->io);
                return 0;
        }
        if (above->io.loop)
                return 0;
        return loop_io_add(tokens->loop, &above->io, above->read_fd, LOOP_IN, on_readable);
}

void tokens_deinit(struct tokens *tokens)
{
        while (tokens->above.bytes.n > 0)
                give_byte(&tokens->above);
        disconnect(&tokens->above);
        buf_deinit(&tokens->above.bytes);
        *tokens = (struct tokens)TOKENS_INIT;
}
