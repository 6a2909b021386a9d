/* SPDX-License-Identifier: MIT */
/*
 * Which of several equal things is this one, and what is known of it?
 *
 * Open addressing, because a batch may have millions of jobs: one flat array, at most seven eighths full, no
 * pointers. Nothing is ever taken out. The keys are digests, so their first bytes are the hash.
 */
#include "cli/tally.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ALLOCATED ((size_t)64)

void tally_deinit(struct tally *tally)
{
        free(tally->entries);
        *tally = (struct tally)TALLY_INIT;
}

/* Its place, or the free one where it would stand. There is always one: the table is never full. */
static struct tally_entry *find(
        const struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t nth)
{
        size_t at;

        memcpy(&at, key, sizeof(at));
        for (at += nth;; at++) {
                struct tally_entry *entry = &tally->entries[at & (tally->allocated - 1)];

                if (entry->value == 0 || (entry->nth == nth && memcmp(entry->key, key, TALLY_KEY_SIZE) == 0))
                        return entry;
        }
}

static int grow(struct tally *tally)
{
        struct tally larger = { .n = tally->n };

        if (tally->n < tally->allocated / 8 * 7)
                return 0;
        larger.allocated = tally->allocated ? 2 * tally->allocated : FIRST_ALLOCATED;
        larger.entries = calloc(larger.allocated, sizeof(*larger.entries));
        if (!larger.entries)
                return -ENOMEM;
        for (size_t i = 0; i < tally->allocated; i++)
                if (tally->entries[i].value)
                        *find(&larger, tally->entries[i].key, tally->entries[i].nth) = tally->entries[i];
        free(tally->entries);
        *tally = larger;
        return 0;
}

int tally_put(struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t nth, uint32_t value)
{
        struct tally_entry *entry;
        int r;

        assert(value > 0);
        r = grow(tally);
        if (r < 0)
                return r;
        entry = find(tally, key, nth);
        tally->n += entry->value == 0;
        memcpy(entry->key, key, TALLY_KEY_SIZE);
        entry->nth = nth;
        entry->value = value;
        return 0;
}

uint32_t tally_get(const struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t nth)
{
        return tally->allocated ? find(tally, key, nth)->value : 0;
}

int tally_count(struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t *ret_nth)
{
        uint32_t nth = tally_get(tally, key, 0) + 1;
        int r;

        r = tally_put(tally, key, 0, nth);
        if (r >= 0)
                *ret_nth = nth;
        return r;
}
