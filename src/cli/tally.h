/* SPDX-License-Identifier: MIT */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include <stddef.h>
#include <stdint.h>

/** Equal things are told apart by which of them it is: a key, and 1, 2, 3... for the first, the second... */
#define TALLY_KEY_SIZE 16

struct tally_entry {
        unsigned char key[TALLY_KEY_SIZE]; /* as good as random */
        uint32_t nth;                      /* 0: the entry of the key itself, whose value is the count */
        uint32_t value;                    /* 0: the entry is free */
};

/** A table of those that were met and of what is known of them: 24 bytes for each, and room to grow. */
struct tally {
        struct tally_entry *entries;
        size_t n, allocated; /* a power of two, or 0 */
};
#define TALLY_INIT                                                                                           \
        {                                                                                                    \
                NULL, 0, 0                                                                                   \
        }
void tally_deinit(struct tally *tally);
/** One more of this key was met. @param ret_nth  Which it is, from 1. @return 0 or -ENOMEM. */
int tally_count(struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t *ret_nth);
/** Note something (value > 0) of the nth of this key. 0 or -ENOMEM. */
int tally_put(struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t nth, uint32_t value);
/** What was noted last; 0: nothing. */
uint32_t tally_get(const struct tally *tally, const unsigned char key[TALLY_KEY_SIZE], uint32_t nth);

#endif
