/* SPDX-License-Identifier: MIT */
/*
 * Where the kept bytes of a stream live.
 *
 * The promise: memory stays small whatever sixteen jobs write, although 8 MiB may be kept of each of their
 * streams. So a store starts as a heap block, grows by doubling, and from 64 KiB on needs a share of a budget
 * that all stores of the process have in common. One that gets none moves into a file without a name, with
 * pwrite(2) for the rest of its life; the kernel writes that to disk or drops it as it likes. A finished
 * block keeps its share until it is freed: a thousand results that wait for their turn cost no more than the
 * budget, too.
 *
 * Memory first and not the file at once, because a stream can then be read straight into its place: one copy
 * where the file (and every buffer in between) takes two, which is half the throughput. The blocks are
 * mappings and not from malloc(): mremap(2) grows them without a copy, and what is given back is gone from
 * the process, where malloc() would keep up to 64 MiB for itself. A writable mapping of the file instead of
 * pwrite(2) was rejected: a full disk is then a SIGBUS, not an errno.
 *
 * No file to be had, or a disk that is full: the bytes stay in memory, over the budget. Losing output would
 * be worse.
 */
#include "capture/store.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "capture/quiet.h"
#include "sys/block.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        SMALL = 64 << 10,  /* up to here from malloc(), not charged */
        PIECE = 16 << 10,  /* copied at once through the stack */
        ROUND = 64 << 10,  /* lengths of mappings: whole pages of any size */
        BUDGET = 24 << 20, /* of all stores together */
        SWAP = 4 << 10,    /* exchanged at once, likewise */
};

static atomic_size_t budget_left = BUDGET;
static size_t budget_total = BUDGET;

size_t store_set_budget(size_t bytes)
{
        size_t old = budget_total;

        atomic_fetch_add(&budget_left, bytes - old); /* wraps as it should */
        budget_total = bytes;
        return old;
}

static bool budget_take(size_t n)
{
        size_t left = atomic_load(&budget_left);

        do {
                if (left < n || left > PTRDIFF_MAX)
                        return false;
        } while (!atomic_compare_exchange_weak(&budget_left, &left, left - n));
        return true;
}

static void budget_give(size_t n)
{
        atomic_fetch_add(&budget_left, n);
}

int store_open_file(void)
{
        const char *folders[] = { str_getenv_trusted("TMPDIR"), "/var/tmp", "/tmp" };
        int best = -1, fd;

        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                if (!folders[i] || folders[i][0] != '/')
                        continue;
                fd = fd_open_unnamed(folders[i]);
                if (fd >= 0 && !sys_is_memory_file(fd)) {
                        fd_close(best);
                        return fd;
                }
                if (best >= 0 || fd < 0)
                        fd_close(fd);
                else
                        best = fd;
        }
        return best >= 0 ? best : -ENOENT;
}

void store_free_block(char *data, size_t mapped, size_t charged)
{
        if (mapped)
                sys_block_free(data, mapped);
        else
                free(data);
        budget_give(charged);
}

static void store_drop_memory(struct store *store)
{
        store_free_block(store->data, store->mapped, store->charged);
        store->data = NULL;
        store->allocated = store->mapped = store->charged = 0;
}

void store_deinit(struct store *store)
{
        store_drop_memory(store);
        fd_close(store->fd);
        *store = (struct store)STORE_INIT;
}

static int grow_heap(struct store *store, size_t wish)
{
        char *data = realloc(store->data, wish + 1);

        if (!data)
                return -ENOMEM;
        store->data = data;
        store->allocated = wish;
        return 0;
}

static size_t mapping_length(size_t n)
{
        return (n + 1 + ROUND - 1) & ~(size_t)(ROUND - 1);
}

/* Make the block a mapping, or the mapping longer. */
static int grow_mapping(struct store *store, size_t wish)
{
        size_t length = mapping_length(wish);
        char *data;

        data = sys_block_resize(store->mapped ? store->data : NULL, store->mapped, length);
        if (!data)
                return -ENOMEM;
        if (!store->mapped && store->data) {
                memcpy(data, store->data, store->n);
                free(store->data);
        }
        store->data = data;
        store->mapped = length;
        store->allocated = length - 1;
        return 0;
}

static int grow_charged(struct store *store, size_t wish)
{
        size_t more = mapping_length(wish) - store->mapped;
        int r;

        if (!budget_take(more))
                return -EDQUOT;
        r = grow_mapping(store, wish);
        if (r < 0)
                budget_give(more);
        else
                store->charged += more;
        return r;
}

static int move_to_file(struct store *store)
{
        scoped(fd_closep) int fd = -1;
        int r;

        if (store->no_file)
                return -ENOENT;
        store->no_file = true; /* unless it works */
        fd = store_open_file();
        if (fd < 0)
                return fd;
        r = quiet_pwrite_all(fd, store->data, store->n, 0);
        if (r < 0)
                return r;
        store->no_file = false;
        store_drop_memory(store);
        store->fd = TAKE_FD(fd);
        return 0;
}

int store_reserve(struct store *store, size_t need, size_t wish)
{
        assert(wish >= need);
        if (store->fd >= 0 || need <= store->allocated)
                return 0;
        if (wish <= SMALL)
                return grow_heap(store, wish);
        if (grow_charged(store, wish) == 0 || move_to_file(store) == 0)
                return 0;
        return grow_mapping(store, wish);
}

static ssize_t read_at(int fd, char *data, size_t n, size_t at)
{
        ssize_t got;

        do
                got = pread(fd, data, n, (off_t)at);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : got == 0 ? -EIO : got;
}

/* The file failed: back, for good. */
static int move_to_memory(struct store *store, size_t room)
{
        struct store memory = { .n = store->n, .fd = -1, .no_file = true };
        int r = grow_mapping(&memory, room);

        for (size_t at = 0; r == 0 && at < store->n;) {
                ssize_t got = read_at(store->fd, memory.data + at, store->n - at, at);

                if (got < 0)
                        r = -ENOMEM;
                else
                        at += (size_t)got;
        }
        if (r < 0) {
                store_deinit(&memory);
                return r;
        }
        store_deinit(store);
        *store = memory;
        return 0;
}

int store_write(struct store *store, size_t at, const char *data, size_t n)
{
        size_t end = at + n > store->n ? at + n : store->n;
        int r;

        if (store->fd >= 0 && quiet_pwrite_all(store->fd, data, n, (off_t)at) < 0) {
                r = move_to_memory(store, end);
                if (r < 0)
                        return r;
        }
        if (store->fd < 0) {
                r = end > store->allocated ? grow_mapping(store, end) : 0;
                if (r < 0)
                        return r;
                memcpy(store->data + at, data, n);
        }
        store->n = end;
        return 0;
}

/* Bytes [from, end) of the file, appended to another. */
static int copy_file(int fd, size_t from, size_t end, int to_fd)
{
        char piece[PIECE];
        int r;

        while (from < end) {
                ssize_t got = read_at(fd, piece, end - from < PIECE ? end - from : PIECE, from);

                if (got < 0)
                        return (int)got;
                r = quiet_write_all(to_fd, piece, (size_t)got);
                if (r < 0)
                        return r;
                from += (size_t)got;
        }
        return 0;
}

int store_copy_to(const struct store *store, int fd)
{
        if (store->fd >= 0)
                return copy_file(store->fd, 0, store->n, fd);
        return quiet_write_all(fd, store->data, store->n);
}

static int rotate_file(struct store *store, size_t head, size_t middle)
{
        scoped(fd_closep) int fd = store_open_file();
        int r;

        if (fd < 0)
                return fd;
        r = copy_file(store->fd, 0, head, fd);
        if (r == 0)
                r = copy_file(store->fd, middle, store->n, fd);
        if (r == 0)
                r = copy_file(store->fd, head, middle, fd);
        if (r < 0)
                return r;
        fd_close(store->fd);
        store->fd = TAKE_FD(fd);
        return 0;
}

static void swap(char *a, char *b, size_t n)
{
        char held[SWAP];

        while (n > 0) {
                size_t step = n < SWAP ? n : SWAP;

                memcpy(held, a, step);
                memcpy(a, b, step);
                memcpy(b, held, step);
                a += step;
                b += step;
                n -= step;
        }
}

static void rotate_few(char *data, size_t left, size_t right)
{
        char held[SWAP];

        if (left <= right) {
                memcpy(held, data, left);
                memmove(data, data + left, right);
                memcpy(data + right, held, left);
        } else {
                memcpy(held, data + left, right);
                memmove(data + right, data, left);
                memcpy(data, held, right);
        }
}

/* The first `left` bytes and the `right` bytes after them change places: swap as much as the shorter side
 * has, which puts it where it belongs, and go on with the rest. */
static void rotate_memory(char *data, size_t left, size_t right)
{
        while (left > SWAP && right > SWAP) {
                size_t step = left < right ? left : right;

                swap(data, data + left, step);
                data += step;
                if (left <= right)
                        right -= step;
                else
                        left -= step;
        }
        rotate_few(data, left, right);
}

int store_rotate(struct store *store, size_t head, size_t middle)
{
        int r;

        if (store->fd >= 0 && rotate_file(store, head, middle) == 0)
                return 0;
        if (store->fd >= 0) {
                r = move_to_memory(store, store->n);
                if (r < 0)
                        return r;
        }
        rotate_memory(store->data + head, middle - head, store->n - middle);
        return 0;
}

/* The NUL is written as well, so that it is part of the file and not behind its end. */
static int map_file(struct store *store)
{
        size_t length = mapping_length(store->n);
        char *data;

        if (quiet_pwrite_all(store->fd, "", 1, (off_t)store->n) < 0)
                return -ENOSPC;
        data = sys_block_of_file(store->fd, length);
        if (!data)
                return -ENOMEM;
        store->fd = fd_close(store->fd);
        store->data = data;
        store->mapped = length;
        return 0;
}

/* Give back what growing by doubling took too much. */
static int trim(struct store *store)
{
        size_t length = mapping_length(store->n);
        char *data;

        if (!store->mapped)
                return grow_heap(store, store->n);
        data = length < store->mapped ? sys_block_resize(store->data, store->mapped, length) : NULL;
        if (data) {
                store->data = data;
                size_t less =
                        store->charged < store->mapped - length ? store->charged : store->mapped - length;

                budget_give(less);
                store->charged -= less;
                store->mapped = length;
        }
        return 0;
}

/* Room for the NUL is there: reserved, or taken now. */
static int end_memory(struct store *store)
{
        int r = trim(store);

        if (r == 0)
                store->data[store->n] = '\0';
        return r;
}

static int end_file(struct store *store)
{
        int r;

        if (map_file(store) == 0)
                return 0;
        r = move_to_memory(store, store->n);
        return r < 0 ? r : end_memory(store);
}

int store_finish(struct store *store, char **ret_data, size_t *ret_n, size_t *ret_mapped, size_t *ret_charged)
{
        int r = store->fd >= 0 ? end_file(store) : end_memory(store);

        if (r < 0)
                return r;
        *ret_data = store->data;
        *ret_n = store->n;
        *ret_mapped = store->mapped;
        *ret_charged = store->charged;
        *store = (struct store)STORE_INIT;
        return 0;
}
