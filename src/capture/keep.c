/* SPDX-License-Identifier: MIT */
/*
 * What is kept of a stream that may be longer than anybody wants to keep.
 *
 * One store of at most cap bytes is filled from its start. When it is full, head policies stop; the others go
 * round in a ring over its last part (all of it for INBYE_KEEP_TAIL), so that head and tail already stand
 * where the result wants them: keep_finish() turns the ring once and is done, and a stream below its cap is
 * never copied at all. Head and tail as two buffers, joined at the end, were rejected: the join needs both
 * twice, at the very moment when sixteen jobs end together.
 *
 * A spill begins when the cap is overrun: what was kept goes to the file first, then everything.
 */
#include "base/fd.h"
#include "base/scope.h"
#include "capture/capture.h"
#include "capture/quiet.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

enum { FIRST = 256 }; /* first allocation */

static size_t min_size(size_t a, size_t b)
{
        return a < b ? a : b;
}

static size_t head_cap(enum inbye_keep policy, size_t cap)
{
        switch (policy) {
        case INBYE_KEEP_TAIL:
                return 0;
        case INBYE_KEEP_BOTH:
                return cap - cap / 2;
        case INBYE_KEEP_HEAD:
        case INBYE_KEEP_FAIL:
        case INBYE_KEEP_SPILL:
                break;
        }
        return cap;
}

void keep_init(struct keep *keep, enum inbye_keep policy, size_t cap, const char *spill_path)
{
        *keep = (struct keep)KEEP_INIT;
        keep->policy = policy;
        keep->cap = cap;
        keep->head_cap = head_cap(policy, cap);
        keep->spill_path = spill_path;
}

void keep_deinit(struct keep *keep)
{
        store_deinit(&keep->store);
        keep->spill_fd = fd_close(keep->spill_fd);
}

bool keep_is_truncated(const struct keep *keep)
{
        return keep->n_seen > keep->store.n;
}

static int spill_open(const struct keep *keep)
{
        int fd;

        if (!keep->spill_path)
                return store_open_file();
        fd = open(keep->spill_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
        return fd < 0 ? -errno : fd;
}

/* n_seen has not grown yet. */
static int spill(struct keep *keep, const char *data, size_t n)
{
        int r;

        if (keep->spill_fd < 0) {
                r = spill_open(keep);
                if (r < 0)
                        return r;
                keep->spill_fd = r;
                r = store_copy_to(&keep->store, keep->spill_fd);
                if (r < 0)
                        return r;
        }
        return quiet_write_all(keep->spill_fd, data, n);
}

/* Room for bytes up to `end`: at least twice of what there was, so that bytes are moved a bounded number of
 * times. */
static int reserve(struct keep *keep, size_t end)
{
        size_t allocated = keep->store.allocated;
        size_t wish = allocated < FIRST / 2 ? FIRST : allocated <= SIZE_MAX / 2 ? 2 * allocated : SIZE_MAX;

        return store_reserve(&keep->store, end, min_size(keep->cap, wish < end ? end : wish));
}

static void advance(struct keep *keep, size_t n)
{
        keep->at += n;
        if (keep->at == keep->cap)
                keep->at = keep->head_cap;
}

/* Where the store is full and there is no ring: nothing. */
static size_t room_at(const struct keep *keep)
{
        if (keep->store.n == keep->cap && keep->head_cap == keep->cap)
                return 0;
        return keep->cap - keep->at;
}

static int put(struct keep *keep, const char *data, size_t n)
{
        size_t ring = keep->cap - keep->head_cap, piece;
        int r;

        while (n > 0 && (piece = min_size(room_at(keep), n)) > 0) {
                /* In the ring only the last of it will stay, wherever it begins. */
                if (keep->at >= keep->head_cap && n > ring) {
                        data += n - ring;
                        n = ring;
                        piece = min_size(room_at(keep), n);
                }
                r = reserve(keep, keep->at + piece);
                if (r == 0)
                        r = store_write(&keep->store, keep->at, data, piece);
                if (r < 0)
                        return r;
                advance(keep, piece);
                data += piece;
                n -= piece;
        }
        return 0;
}

int keep_take(struct keep *keep, const char *data, size_t n)
{
        bool over = keep->n_seen + n > keep->cap;
        int r = 0;

        if (over && keep->policy == INBYE_KEEP_SPILL)
                r = spill(keep, data, n);
        keep->n_seen += n;
        if (r == 0)
                r = put(keep, data, n);
        if (r < 0)
                return r;
        return over && keep->policy == INBYE_KEEP_FAIL ? KEEP_E_OVER : 0;
}

char *keep_room(struct keep *keep, size_t *ret_n)
{
        size_t room = room_at(keep);

        *ret_n = 0;
        /* Small blocks are for streams that stay small: filled by copying, in sizes that fit. */
        if (room == 0 || !keep->store.mapped)
                return NULL;
        if (keep->at >= keep->store.allocated && reserve(keep, keep->at + 1) < 0)
                return NULL;
        if (!keep->store.data)
                return NULL;
        *ret_n = min_size(room, keep->store.allocated - keep->at);
        return keep->store.data + keep->at;
}

void keep_commit(struct keep *keep, size_t n)
{
        size_t end = keep->at + n;

        keep->n_seen += n;
        if (end > keep->store.n)
                keep->store.n = end;
        advance(keep, n);
}

int keep_finish(struct keep *keep, struct kept *ret_kept)
{
        struct kept kept = { .gap = keep->head_cap };
        int r = 0;

        if (keep->store.n == keep->cap && keep->at > keep->head_cap && keep->at < keep->cap)
                r = store_rotate(&keep->store, keep->head_cap, keep->at);
        if (r == 0)
                r = store_finish(&keep->store, &kept.data, &kept.n, &kept.mapped, &kept.charged);
        if (r < 0)
                return r;
        if (keep->n_seen <= kept.n || kept.n < keep->cap)
                kept.gap = kept.n;
        keep->at = 0;
        *ret_kept = kept;
        return 0;
}

void kept_deinit(struct kept *kept)
{
        store_free_block(kept->data, kept->mapped, kept->charged);
        *kept = (struct kept){ 0 };
}
