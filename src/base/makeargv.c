/* SPDX-License-Identifier: MIT */
/*
 * The command line of a make, as far as it is about how many jobs there may be.
 *
 * A make that finds a jobserver in MAKEFLAGS and -jN on its command line believes the latter: it leaves the
 * jobserver and starts one of its own. To count such jobs from outside is not possible, so the words have to
 * go before it is started.
 *
 * They are found as make's getopt_long(3) finds them: options may stand behind targets, up to "--"; letters
 * may stand together, and the first that takes an argument takes the rest of the word, or the next one; for
 * -j and
 * --jobs the next one is theirs only where it is a number. A pattern over whole words was rejected: it takes
 * the "-j4" of "-f -j4", and not that of "-kj4". What make would refuse, as "-jx", is left for it to refuse.
 */
#include "base/makeargv.h"
#include "base/str.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define JOBS "--jobs"

/* Letters that take the rest of their word: always, and if there is any. */
static const char with_argument[] = "CEIWfo", with_rest[] = "Ol";
/* Long ones that take the next word where there is no '='. */
static const char *const long_with_argument[] = { "--assume-new", "--assume-old", "--directory", "--eval",
        "--file", "--include-dir", "--makefile", "--new-file", "--old-file", "--what-if", NULL };

bool makeargv_is_make(const char *program)
{
        const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

        return strcmp(name, "make") == 0 || strcmp(name, "gmake") == 0;
}

static bool is_number(const char *text)
{
        return text && text[0] && !text[strspn(text, "0123456789")];
}

static bool is_long_with_argument(const char *word)
{
        for (const char *const *name = long_with_argument; *name; name++)
                if (strcmp(word, *name) == 0)
                        return true;
        return false;
}

/* What one word is. */
struct place {
        size_t n_words;     /* that belong together: 1 or 2 */
        char *jobs;         /* where "j4" or "--jobs=4" begins in it; NULL: it has none */
        const char *number; /* of it; NULL: as many as there are */
};

static struct place jobs_at(char *jobs, const char *number, const char *next)
{
        struct place place = { .n_words = 1, .jobs = jobs, .number = number };

        if (!*number) { /* behind it stands nothing: the next word, if it is one */
                place.number = is_number(next) ? next : NULL;
                place.n_words += is_number(next);
        } else if (!is_number(number)) {
                place.jobs = NULL;
        }
        return place;
}

static struct place look_at_letters(char *word, const char *next)
{
        struct place place = { .n_words = 1 };

        for (char *letter = word + 1; *letter; letter++) {
                if (*letter == 'j')
                        return jobs_at(letter, letter + 1, next);
                if (strchr(with_argument, *letter)) {
                        place.n_words += !letter[1] && next;
                        return place;
                }
                if (strchr(with_rest, *letter))
                        return place;
        }
        return place;
}

static struct place look_at(char *word, const char *next)
{
        struct place place = { .n_words = 1 };

        if (str_starts_with(word, JOBS "="))
                return jobs_at(word, word + strlen(JOBS "="), NULL);
        if (strcmp(word, JOBS) == 0)
                return jobs_at(word, "", next);
        if (str_starts_with(word, "--"))
                place.n_words += is_long_with_argument(word) && next;
        else if (word[0] == '-')
                return look_at_letters(word, next);
        return place;
}

static bool is_end(const char *word)
{
        return !word || strcmp(word, "--") == 0;
}

/* The last one counts. */
static bool runs_one_at_a_time(char **argv)
{
        const char *number = NULL;
        struct place place;

        for (char **word = argv + 1; !is_end(*word); word += place.n_words) {
                place = look_at(word[0], word[1]);
                if (place.jobs)
                        number = place.number;
        }
        return number && strtoul(number, NULL, 10) == 1;
}

/* The word without its jobs: the letters in front of them stay. */
static bool keep_front(char *word, char *jobs)
{
        *jobs = '\0';
        return jobs > word + 1;
}

void makeargv_drop_jobs(char **argv)
{
        char **to = argv, **from = argv;
        struct place place;

        if (!argv[0] || runs_one_at_a_time(argv))
                return;
        *to++ = *from++;
        for (; !is_end(*from); from += place.n_words) {
                place = look_at(from[0], from[1]);
                for (size_t i = 0; i < place.n_words; i++)
                        if (place.jobs && (i > 0 || !keep_front(from[0], place.jobs)))
                                free(from[i]);
                        else
                                *to++ = from[i];
        }
        do
                *to++ = *from;
        while (*from++);
}
