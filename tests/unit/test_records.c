/* SPDX-License-Identifier: MIT */
/* What the records of a batch are made of: the table that counts equal jobs, and text for XML. */
#include "cli/tally.h"
#include "cli/xml.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define N_KEYS 20000u

static const unsigned char *key_of(uint64_t i)
{
        static unsigned char key[TALLY_KEY_SIZE];
        uint64_t spread = i * UINT64_C(0x9e3779b97f4a7c15);

        memcpy(key, &spread, sizeof(spread));
        memcpy(key + sizeof(spread), &i, sizeof(i));
        return key;
}

Test(tally, counts_equal_keys_and_no_others)
{
        struct tally tally = TALLY_INIT;
        uint32_t nth = 0;

        cr_assert(zero(int, tally_count(&tally, key_of(1), &nth)));
        cr_assert(eq(u32, nth, 1));
        cr_assert(zero(int, tally_count(&tally, key_of(1), &nth)));
        cr_assert(eq(u32, nth, 2));
        cr_assert(zero(int, tally_count(&tally, key_of(2), &nth)));
        cr_assert(eq(u32, nth, 1));
        tally_deinit(&tally);
}

Test(tally, knows_nothing_while_it_is_empty)
{
        struct tally tally = TALLY_INIT;

        cr_assert(zero(u32, tally_get(&tally, key_of(1), 1)));
        tally_deinit(&tally);
}

Test(tally, keeps_the_last_note_of_each_of_equal_ones)
{
        struct tally tally = TALLY_INIT;

        cr_assert(zero(int, tally_put(&tally, key_of(1), 1, 5)));
        cr_assert(zero(int, tally_put(&tally, key_of(1), 2, 6)));
        cr_assert(zero(int, tally_put(&tally, key_of(1), 1, 7)));
        cr_assert(eq(u32, tally_get(&tally, key_of(1), 1), 7));
        cr_assert(eq(u32, tally_get(&tally, key_of(1), 2), 6));
        cr_assert(zero(u32, tally_get(&tally, key_of(1), 3)));
        tally_deinit(&tally);
}

Test(tally, loses_nothing_while_it_grows)
{
        struct tally tally = TALLY_INIT;
        uint32_t n_wrong = 0;

        for (uint32_t i = 0; i < N_KEYS; i++)
                n_wrong += tally_put(&tally, key_of(i), i % 3, i + 1) != 0;
        for (uint32_t i = 0; i < N_KEYS; i++)
                n_wrong += tally_get(&tally, key_of(i), i % 3) != i + 1;
        cr_assert(zero(u32, n_wrong));
        cr_assert(eq(sz, tally.n, N_KEYS));
        cr_assert(le(sz, tally.n, tally.allocated / 8 * 7));
        tally_deinit(&tally);
}

/* All keys in one place of the table: the worst case of probing. */
Test(tally, tells_keys_apart_that_begin_alike)
{
        unsigned char key[TALLY_KEY_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
        struct tally tally = TALLY_INIT;

        for (unsigned i = 0; i < 200; i++) {
                key[TALLY_KEY_SIZE - 1] = (unsigned char)i;
                cr_assert(zero(int, tally_put(&tally, key, 1, i + 1)));
        }
        key[TALLY_KEY_SIZE - 1] = 7;
        cr_assert(eq(u32, tally_get(&tally, key, 1), 8));
        tally_deinit(&tally);
}

static void expect_xml(const char *data, size_t n, const char *wanted)
{
        struct buf out = BUF_INIT;

        xml_append(&out, data, n);
        cr_assert(eq(str, out.data, (char *)wanted));
        buf_deinit(&out);
}

Test(xml, refers_to_what_is_markup)
{
        expect_xml("<a b=\"c\">&", 10, "&lt;a b=&quot;c&quot;&gt;&amp;");
        expect_xml("]]>\t\r\n", 6, "]]&gt;&#9;&#13;\n");
}

Test(xml, replaces_what_xml_cannot_hold)
{
        expect_xml("a\0\33\177b", 5,
                "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                "b");
        expect_xml("\xff\xc3", 2, "\xef\xbf\xbd\xef\xbf\xbd");
        expect_xml("\xef\xbf\xbf\xef\xbf\xbe", 6, "\xef\xbf\xbd\xef\xbf\xbd");
}

Test(xml, leaves_text_as_it_is)
{
        expect_xml("\xc3\xa9\xef\xbf\xbc\xf0\x9f\x98\x80'", 10, "\xc3\xa9\xef\xbf\xbc\xf0\x9f\x98\x80'");
}
