/* SPDX-License-Identifier: MIT */
/*
 * Items put into a command, with the replacement strings of GNU parallel, meaning exactly what they mean
 * there
 * ({.} of ".profile" is empty, {/} of "dir/" too): who moves here from there need not look anything up.
 *
 * An argument stays one argument: nothing is split, nothing goes through a shell, so an item may hold blanks,
 * quotes and newlines.
 */
#include "cli/jobs_template.h"
#include "base/buf.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct item {
        const char *text;
        uint64_t number;
};

static const char *base_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* Bytes in front of the extension: s:\.[^/.]*$:: */
static size_t stem_length(const char *path)
{
        const char *dot = strrchr(path, '.');

        return dot && !strchr(dot, '/') ? (size_t)(dot - path) : strlen(path);
}

static void append_item(struct buf *out, const struct item *item)
{
        buf_append_str(out, item->text);
}

static void append_stem(struct buf *out, const struct item *item)
{
        buf_append(out, item->text, stem_length(item->text));
}

static void append_base(struct buf *out, const struct item *item)
{
        buf_append_str(out, base_of(item->text));
}

static void append_base_stem(struct buf *out, const struct item *item)
{
        buf_append(out, base_of(item->text), stem_length(base_of(item->text)));
}

/* As dirname(1): "a/b/" is in "a", "b" is in ".", "/b" is in "/". */
static void append_directory(struct buf *out, const struct item *item)
{
        size_t n = strlen(item->text);

        while (n > 1 && item->text[n - 1] == '/')
                n--;
        while (n > 0 && item->text[n - 1] != '/')
                n--;
        if (n == 0) {
                buf_append_char(out, '.');
                return;
        }
        while (n > 1 && item->text[n - 1] == '/')
                n--;
        buf_append(out, item->text, n);
}

static void append_number(struct buf *out, const struct item *item)
{
        buf_printf(out, "%" PRIu64, item->number);
}

static const struct place {
        const char *text;
        void (*append)(struct buf *out, const struct item *item);
} places[] = {
        { "{}", append_item },
        { "{.}", append_stem },
        { "{/}", append_base },
        { "{//}", append_directory },
        { "{/.}", append_base_stem },
        { "{#}", append_number },
};

static const struct place *place_at(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (str_starts_with(text, places[i].text))
                        return &places[i];
        return NULL;
}

bool template_has_place(const char *const *words)
{
        for (; *words; words++)
                for (const char *at = strchr(*words, '{'); at; at = strchr(at + 1, '{'))
                        if (place_at(at))
                                return true;
        return false;
}

static int expand_word(struct buf *out, const char *word, const struct item *item)
{
        while (*word) {
                size_t n = strcspn(word, "{");
                const struct place *place;

                buf_append(out, word, n);
                word += n;
                if (!*word)
                        break;
                place = place_at(word);
                if (place)
                        place->append(out, item);
                else
                        buf_append_char(out, '{');
                word += place ? strlen(place->text) : 1;
                if (out->n > TEMPLATE_ARGUMENT_MAX)
                        return -E2BIG;
        }
        return out->failed;
}

static int append_word(char ***argv, const char *word, const struct item *item)
{
        struct buf out = BUF_INIT;
        int r;

        r = expand_word(&out, word, item);
        if (r == 0 && out.n > TEMPLATE_ARGUMENT_MAX)
                r = -E2BIG;
        if (r == 0)
                r = strv_append(argv, out.data ? out.data : "");
        buf_deinit(&out);
        return r;
}

int template_expand(
        const char *const *words, bool append, const char *item_text, uint64_t number, char ***ret_argv)
{
        scoped(strv_freep) char **argv = NULL;
        struct item item = { .text = item_text, .number = number };
        int r = 0;

        for (; *words && r == 0; words++)
                r = append_word(&argv, *words, &item);
        if (r == 0 && append)
                r = append_word(&argv, "{}", &item);
        if (r < 0)
                return r;
        *ret_argv = TAKE(argv);
        return 0;
}
