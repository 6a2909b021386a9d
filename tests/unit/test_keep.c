/* SPDX-License-Identifier: MIT */
/*
 * Every policy is held against the plainest model there is: the whole stream is known (byte i is a function
 * of i), so what must be kept can be computed from offsets alone. The same matrix runs with the bytes in
 * memory, in the file, and with a file that fails.
 */
#include "capture/capture.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char byte_at(size_t i)
{
        return (char)((i * 2654435761u) >> 13 ^ i);
}

static void fill(char *data, size_t from, size_t n)
{
        for (size_t i = 0; i < n; i++)
                data[i] = byte_at(from + i);
}

/* Take n bytes in pieces; every second time straight into the keep where it lets us. @return the last answer.
 */
static int feed_keep(struct keep *keep, size_t n, size_t piece)
{
        static char data[1 << 20];
        int r = 0;

        for (size_t at = 0, turn = 0; at < n; turn++) {
                size_t step = n - at < piece ? n - at : piece, room = 0;
                char *place = turn % 2 ? keep_room(keep, &room) : NULL;

                cr_assert(le(sz, step, sizeof(data)));
                if (place && room > 0) {
                        step = step < room ? step : room;
                        fill(place, at, step);
                        keep_commit(keep, step);
                } else {
                        fill(data, at, step);
                        r = keep_take(keep, data, step);
                        if (r < 0)
                                return r;
                }
                at += step;
        }
        return r;
}

static bool is_run(const char *data, size_t n, size_t from)
{
        for (size_t i = 0; i < n; i++)
                if (data[i] != byte_at(from + i))
                        return false;
        return true;
}

static void check_kept(const struct kept *kept, enum inbye_keep policy, size_t cap, size_t n)
{
        size_t n_kept = n < cap ? n : cap;
        size_t head = policy == INBYE_KEEP_TAIL ? 0 : policy == INBYE_KEEP_BOTH ? cap - cap / 2 : cap;

        if (n <= cap)
                head = n;
        cr_assert(eq(sz, kept->n, n_kept), "policy %d cap %zu n %zu", policy, cap, n);
        cr_assert(eq(sz, kept->gap, head), "policy %d cap %zu n %zu", policy, cap, n);
        cr_assert(eq(chr, kept->data[n_kept], '\0'));
        cr_assert(is_run(kept->data, head, 0), "head: policy %d cap %zu n %zu", policy, cap, n);
        cr_assert(is_run(kept->data + head, n_kept - head, n - (n_kept - head)),
                "tail: policy %d cap %zu n %zu", policy, cap, n);
}

static void check_one(enum inbye_keep policy, size_t cap, size_t n, size_t piece)
{
        struct keep keep;
        struct kept kept;
        int r;

        keep_init(&keep, policy, cap, NULL);
        r = feed_keep(&keep, n, piece);
        if (policy == INBYE_KEEP_FAIL && n > cap)
                cr_assert(eq(int, r, KEEP_E_OVER));
        else
                cr_assert(zero(int, r), "policy %d cap %zu n %zu piece %zu", policy, cap, n, piece);
        cr_assert(eq(u64, keep.n_seen, n));
        cr_assert(eq(int, keep_is_truncated(&keep), n > cap));
        cr_assert(eq(int, keep.spill_fd >= 0, policy == INBYE_KEEP_SPILL && n > cap));
        cr_assert(zero(int, keep_finish(&keep, &kept)));
        check_kept(&kept, policy, cap, n);
        kept_deinit(&kept);
        keep_deinit(&keep);
}

static void check_cap(size_t cap, size_t piece)
{
        const size_t lengths[] = { 0, cap - (cap > 0), cap, cap + 1, cap + cap / 2, 2 * cap, 3 * cap + 5 };

        for (int policy = INBYE_KEEP_BOTH; policy <= INBYE_KEEP_SPILL; policy++)
                for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
                        check_one((enum inbye_keep)policy, cap, lengths[i], piece);
}

static void check_matrix(void)
{
        for (size_t cap = 0; cap < 9; cap++)
                for (size_t piece = 1; piece < 12; piece++)
                        check_cap(cap, piece);
        check_cap(1000, 1);
        check_cap(1000, 7);
        check_cap(1000, 999);
        check_cap(65535, 4096);
        check_cap(65536, 65536);
        check_cap(65537, 65535);
        check_cap(200001, 12347);
        check_cap(300000, 1 << 20);
        check_cap(1000000, 65536);
        check_cap(1 << 20, 262144);
}

Test(keep, keeps_what_each_policy_says)
{
        check_matrix();
}

Test(keep, keeps_the_same_in_a_file)
{
        store_set_budget(0);
        check_matrix();
}

Test(keep, keeps_the_same_where_there_is_no_file)
{
        struct rlimit some, none;

        store_set_budget(0);
        cr_assert(zero(int, getrlimit(RLIMIT_NOFILE, &some)));
        none = (struct rlimit){ 0, some.rlim_max };
        cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &none)));
        for (int policy = INBYE_KEEP_BOTH; policy < INBYE_KEEP_SPILL; policy++)
                check_one((enum inbye_keep)policy, 300000, 1000000, 50000);
        cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &some))); /* the runner needs descriptors at the end */
}

Test(keep, comes_back_into_memory_when_the_file_is_full)
{
        const struct rlimit small = { 200000, 200000 };

        store_set_budget(0);
        cr_assert(zero(int, setrlimit(RLIMIT_FSIZE, &small)));
        for (int policy = INBYE_KEEP_BOTH; policy < INBYE_KEEP_SPILL; policy++) {
                check_one((enum inbye_keep)policy, 1000000, 2500000, 50000);
                check_one((enum inbye_keep)policy, 200000, 700000, 50000); /* the NUL is too much */
        }
}

static size_t status_kib(const char *key)
{
        FILE *file = fopen("/proc/self/status", "re");
        char line[256];
        size_t kib = 0;

        cr_assert(ne(ptr, file, NULL));
        while (fgets(line, sizeof(line), file))
                if (strncmp(line, key, strlen(key)) == 0)
                        kib = strtoull(line + strlen(key), NULL, 10);
        fclose(file);
        return kib;
}

/* What sixteen commands that flood both streams may cost, kept results included. */
Test(keep, memory_of_many_floods_stays_within_the_budget)
{
        static char zeros[65536];
        enum { N = 32, BLOCKS = 320 }; /* 20 MiB each */
        struct keep keeps[N];
        struct kept kept[N];
        size_t before = status_kib("VmRSS:");

        for (int i = 0; i < N; i++)
                keep_init(&keeps[i], INBYE_KEEP_BOTH, INBYE_CAPTURE_DEFAULT, NULL);
        for (int block = 0; block < BLOCKS; block++)
                for (int i = 0; i < N; i++)
                        cr_assert(zero(int, keep_take(&keeps[i], zeros, sizeof(zeros))));
        cr_assert(lt(sz, status_kib("VmRSS:"), before + 32 * 1024));
        for (int i = 0; i < N; i++) {
                cr_assert(zero(int, keep_finish(&keeps[i], &kept[i])));
                cr_assert(eq(sz, kept[i].n, INBYE_CAPTURE_DEFAULT));
        }
        cr_assert(lt(sz, status_kib("VmRSS:"), before + 32 * 1024));
        for (int i = 0; i < N; i++) {
                kept_deinit(&kept[i]);
                keep_deinit(&keeps[i]);
        }
        cr_assert(lt(sz, status_kib("VmRSS:"), before + 8 * 1024));
}

Test(keep, gives_its_share_of_the_budget_back)
{
        static char data[1 << 20];
        struct keep keep;
        struct kept kept;

        store_set_budget(2 << 20);
        for (int i = 0; i < 100; i++) {
                keep_init(&keep, INBYE_KEEP_TAIL, 1 << 20, NULL);
                for (int j = 0; j < 2; j++)
                        cr_assert(zero(int, keep_take(&keep, data, 700000)));
                cr_assert(lt(int, keep.store.fd, 0), "round %d", i);
                if (i % 2) {
                        cr_assert(zero(int, keep_finish(&keep, &kept)));
                        kept_deinit(&kept);
                }
                keep_deinit(&keep);
        }
        cr_assert(eq(sz, store_set_budget(0), 2 << 20));
}

Test(keep, a_small_result_holds_no_more_than_its_bytes)
{
        struct keep keep;
        struct kept kept;

        keep_init(&keep, INBYE_KEEP_BOTH, INBYE_CAPTURE_DEFAULT, NULL);
        cr_assert(zero(int, feed_keep(&keep, 3, 1)));
        cr_assert(le(sz, keep.store.allocated, 256));
        cr_assert(zero(int, keep_finish(&keep, &kept)));
        cr_assert(zero(sz, kept.mapped));
        cr_assert(zero(sz, kept.charged));
        kept_deinit(&kept);
        kept_deinit(&kept);
        keep_deinit(&keep);
        keep_deinit(&keep);
}

static void check_spill_file(int fd, size_t n)
{
        struct stat st;
        char *data = malloc(n);

        cr_assert(zero(int, fstat(fd, &st)));
        cr_assert(eq(sz, (size_t)st.st_size, n));
        cr_assert(eq(sz, (size_t)pread(fd, data, n, 0), n));
        cr_assert(is_run(data, n, 0));
        free(data);
}

Test(keep, spills_every_byte_into_an_unnamed_file)
{
        struct keep keep;
        struct stat st;

        keep_init(&keep, INBYE_KEEP_SPILL, 100000, NULL);
        cr_assert(zero(int, feed_keep(&keep, 777777, 10007)));
        check_spill_file(keep.spill_fd, 777777);
        cr_assert(zero(int, fstat(keep.spill_fd, &st)));
        cr_assert(zero(u64, st.st_nlink));
        keep_deinit(&keep);
}

Test(keep, spills_into_a_named_file_only_beyond_the_cap)
{
        char path[] = "/tmp/inbye-test-keep-XXXXXX", file[64];
        struct keep keep;

        cr_assert(ne(ptr, mkdtemp(path), NULL));
        snprintf(file, sizeof(file), "%s/out", path);
        keep_init(&keep, INBYE_KEEP_SPILL, 100, file);
        cr_assert(zero(int, feed_keep(&keep, 100, 9)));
        cr_assert(ne(int, access(file, F_OK), 0));
        keep_deinit(&keep);

        keep_init(&keep, INBYE_KEEP_SPILL, 100, file);
        cr_assert(zero(int, feed_keep(&keep, 101, 9)));
        check_spill_file(keep.spill_fd, 101);
        keep_deinit(&keep);
        cr_assert(zero(int, unlink(file)));
        cr_assert(zero(int, rmdir(path)));
}

Test(keep, tells_why_it_cannot_spill)
{
        struct keep keep;

        keep_init(&keep, INBYE_KEEP_SPILL, 10, "/nonexistent/file");
        cr_assert(eq(int, keep_take(&keep, "0123456789a", 11), -ENOENT));
        cr_assert(eq(u64, keep.n_seen, 11));
        keep_deinit(&keep);

        keep_init(&keep, INBYE_KEEP_SPILL, 10, "/dev/full");
        cr_assert(eq(int, keep_take(&keep, "0123456789a", 11), -ENOSPC));
        keep_deinit(&keep);
}
