/* SPDX-License-Identifier: MIT */
/*
 * Text for XML. XML 1.0 has no way at all to write most control characters, not even as references, so they
 * are replaced; a parser would refuse the whole document for one of them.
 */
#include "cli/xml.h"
#include "base/str.h"
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const char *reference_of(char c)
{
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\t':
                return "&#9;"; /* as themselves they would become spaces in an attribute, and "\r" is "\n" */
        case '\r':
                return "&#13;";
        default:
                return NULL;
        }
}

/* Of n bytes that begin a valid character: one that XML takes? U+FFFE and U+FFFF are EF BF BE and EF BF BF.
 */
static int is_allowed(const char *character, size_t n)
{
        if (n == 1)
                return ((unsigned char)*character >= 0x20 && *character != 0x7f) || *character == '\n';
        return n != 3 || memcmp(character, "\xef\xbf\xbe", 3) < 0 || memcmp(character, "\xef\xbf\xbf", 3) > 0;
}

void xml_append(struct buf *out, const char *data, size_t n)
{
        size_t n_character;

        for (size_t i = 0; i < n; i += n_character) {
                const char *reference = reference_of(data[i]);

                n_character = str_utf8_length(data + i, n - i);
                if (reference)
                        buf_append_str(out, reference);
                else if (n_character && is_allowed(data + i, n_character))
                        buf_append(out, data + i, n_character);
                else
                        buf_append_str(out, REPLACEMENT);
                if (!n_character)
                        n_character = 1;
        }
}

void xml_append_string(struct buf *out, const char *string)
{
        xml_append(out, string, strlen(string));
}
