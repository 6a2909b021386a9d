/* SPDX-License-Identifier: MIT */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

/* A text of sections and settings as systemd.syntax(7) has it, read item by item without copying. */

enum ini_kind { INI_END, INI_SECTION, INI_SETTING, INI_FAULT };

struct ini_item {
        enum ini_kind kind;
        size_t at;         /* of the item, or of what is wrong: bytes from the start of the text */
        const char *name;  /* of the section, the key */
        const char *value; /* of a setting, without the blanks around it; lines that go on are as they were */
        size_t n_name, n_value;
        const char *fault; /* what was expected. Static storage. */
};

struct ini {
        const char *text;
        size_t n, at; /* at: 0 to begin with */
        bool in_section;
};

/** The next item; after a fault it goes on with the next line. @return its kind. */
enum ini_kind ini_next(struct ini *ini, struct ini_item *ret);

/**
 * Cut one word off a value: "..." and '...' keep blanks, a backslash the character behind it.
 *
 * @param at    Moves behind the word.
 * @param word  Is emptied, and receives it.
 * @param ret_start  Where it stands.
 * @return 1; 0: none is left; -EINVAL: *ret_start is a quote that nothing ends; -ENOMEM.
 */
int ini_word(const char **at, const char *end, struct buf *word, const char **ret_start);

/** Line and column of a byte of a text, from 1; columns count characters. */
struct text_place {
        size_t at;
        unsigned line, column;
};
#define TEXT_PLACE_INIT                                                                                      \
        {                                                                                                    \
                0, 1, 1                                                                                      \
        }
/** From where it is, which is cheap, to that byte. */
void text_place_move(struct text_place *place, const char *text, size_t at);

#endif
