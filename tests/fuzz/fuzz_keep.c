/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of pieces under any policy, cap and memory budget keeps what the model keeps: the first and
 * last bytes of the whole stream. Input: policy, cap (3 bytes), budget, then the length of each piece in two
 * bytes; an odd piece is read straight into the keep where it lets us. Run without libFuzzer it replays
 * files.
 */
#include "capture/capture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_MAX = 4 << 20, CAP_MAX = 1 << 20 };
static char stream[STREAM_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool yes)
{
        if (!yes)
                abort();
}

static void fill_stream(void)
{
        uint32_t x = 1;

        for (size_t i = 0; stream[0] == 0 && i < STREAM_MAX; i++)
                stream[STREAM_MAX - 1 - i] = (char)((x = x * 1664525u + 1013904223u) >> 24 | 1);
}

static size_t take_piece(struct keep *keep, size_t at, size_t n)
{
        size_t room = 0;
        char *place = n % 2 ? keep_room(keep, &room) : NULL;

        if (place) {
                n = n < room ? n : room;
                memcpy(place, stream + at, n);
                keep_commit(keep, n);
        } else {
                must(keep_take(keep, stream + at, n) >= 0);
        }
        return n;
}

static void check(const struct kept *kept, const struct keep *keep, size_t n)
{
        size_t n_kept = n < keep->cap ? n : keep->cap;

        must(keep->n_seen == n && kept->n == n_kept && kept->gap <= n_kept && kept->data[n_kept] == '\0');
        must(n <= keep->cap ? kept->gap == n : kept->gap == keep->head_cap);
        must(memcmp(kept->data, stream, kept->gap) == 0);
        must(memcmp(kept->data + kept->gap, stream + n - (n_kept - kept->gap), n_kept - kept->gap) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct keep keep;
        struct kept kept;
        size_t at = 0, cap;

        fill_stream();
        if (size < 5)
                return 0;
        cap = ((size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]) % CAP_MAX;
        (void)store_set_budget((size_t)(data[4] % 16) << 17);
        keep_init(&keep, (enum inbye_keep)(data[0] % (INBYE_KEEP_SPILL + 1)), cap, NULL);
        for (size_t i = 5; i + 1 < size; i += 2) {
                size_t n = (size_t)data[i] << 8 | data[i + 1];

                at += take_piece(&keep, at, n < STREAM_MAX - at ? n : STREAM_MAX - at);
        }
        must(keep_finish(&keep, &kept) == 0);
        check(&kept, &keep, at);
        kept_deinit(&kept);
        keep_deinit(&keep);
        return 0;
}
