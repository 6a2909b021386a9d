/* SPDX-License-Identifier: MIT */
/*
 * The words of timeout(1), as coreutils 9.1 reads and writes them: durations are what strtod(3) takes, with
 * one letter behind; signals are numbers (of an exit status too) or names; names in messages stand in the
 * locale's quotation marks. Ours of base/parse.h are stricter and shorter, but scripts depend on these.
 */
#include "cli/timeout_words.h"
#include "base/buf.h"
#include "base/parse.h"
#include "base/str.h"
#include <ctype.h>
#include <errno.h>
#include <inbye/base.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

/* A number in the locale's spelling or in C's, whichever reads on further. */
static double parse_number(const char *text, char **ret_end)
{
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), own;
        char *end;
        double number, other;

        number = strtod(text, ret_end);
        if (c == (locale_t)0)
                return number;
        own = uselocale(c);
        other = strtod(text, &end);
        uselocale(own);
        freelocale(c);
        if (end <= *ret_end)
                return number;
        *ret_end = end;
        return other;
}

static double unit_of(char suffix)
{
        switch (suffix) {
        case '\0':
        case 's':
                return 1;
        case 'm':
                return 60;
        case 'h':
                return 60 * 60;
        case 'd':
                return 24 * 60 * 60;
        default:
                return NAN;
        }
}

int timeout_duration(const char *text, uint64_t *ret_ns)
{
        char *end;
        double seconds, ns;

        seconds = parse_number(text, &end); /* infinite where it is too much for a number */
        if (end == text || !(seconds >= 0) || (*end && end[1]))
                return -EINVAL;
        if (isnan(unit_of(*end)))
                return -EINVAL;
        ns = ceil(seconds * unit_of(*end) * 1e9); /* never too early */
        *ret_ns = ns > 0 && ns < 1.8e19 ? (uint64_t)ns : INBYE_FOREVER;
        return 0;
}

static bool is_signal(int signo)
{
        return signo == 0 || (signo >= 1 && signo < 32) || (signo >= SIGRTMIN && signo <= SIGRTMAX);
}

int timeout_signal(const char *text, int *ret_signo)
{
        char *end;
        long number;
        int signo = -1;

        if (isdigit((unsigned char)*text)) {
                errno = 0;
                number = strtol(text, &end, 10);
                if (!*end && !errno && number >= 0 && number <= INT32_MAX)
                        signo = (int)number & (number >= 0xff ? 0xff : 0x7f);
        } else if (strcasecmp(text, "EXIT") == 0 || strcasecmp(text, "SIGEXIT") == 0) {
                signo = 0;
        } else if (parse_signal(text, &signo) < 0) {
                signo = -1;
        }
        if (!is_signal(signo))
                return -EINVAL;
        *ret_signo = signo;
        return 0;
}

void timeout_signal_name(int signo, char name[TIMEOUT_SIGNAL_SIZE])
{
        int middle = SIGRTMIN + (SIGRTMAX - SIGRTMIN) / 2;

        if (signo == 0)
                snprintf(name, TIMEOUT_SIGNAL_SIZE, "EXIT");
        else if (signo == SIGPOLL)
                snprintf(name, TIMEOUT_SIGNAL_SIZE, "POLL");
        else if (signo == SIGRTMIN || signo == SIGRTMAX)
                snprintf(name, TIMEOUT_SIGNAL_SIZE, signo == SIGRTMIN ? "RTMIN" : "RTMAX");
        else if (signo > SIGRTMIN && signo <= middle)
                snprintf(name, TIMEOUT_SIGNAL_SIZE, "RTMIN+%d", signo - SIGRTMIN);
        else if (signo > middle && signo < SIGRTMAX)
                snprintf(name, TIMEOUT_SIGNAL_SIZE, "RTMAX-%d", SIGRTMAX - signo);
        else
                snprintf(name, TIMEOUT_SIGNAL_SIZE, "%s", signal_name(signo));
}

/* What C writes with a letter behind a backslash, or 0. */
static char escape_of(char c)
{
        static const char plain[] = "\a\b\f\n\r\t\v\\", letters[] = "abfnrtv\\";
        const char *at = c ? strchr(plain, c) : NULL;

        return at ? letters[at - plain] : 0;
}

/* Bytes of the character at the text that may be printed as they are; 0: none. */
static size_t printable(const char *text, mbstate_t *state)
{
        wchar_t wide;
        size_t n = mbrtowc(&wide, text, strlen(text), state);

        if (n == (size_t)-1 || n == (size_t)-2) {
                *state = (mbstate_t){ 0 };
                return 0;
        }
        return iswprint((wint_t)wide) ? n : 0;
}

static void quote_one(struct buf *out, const char **text, const char *close, mbstate_t *state)
{
        char letter = escape_of(**text);
        size_t n;

        if (letter) {
                buf_printf(out, "\\%c", letter);
                (*text)++;
                return;
        }
        if (str_starts_with(*text, close))
                buf_append_char(out, '\\');
        n = printable(*text, state);
        if (n)
                buf_append(out, *text, n);
        else
                buf_printf(out, "\\%03o", (unsigned char)**text);
        *text += n ? n : 1;
}

char *timeout_quote(const char *text)
{
        bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
        const char *open = utf8 ? "\xe2\x80\x98" : "'", *close = utf8 ? "\xe2\x80\x99" : "'";
        mbstate_t state = { 0 };
        struct buf out = BUF_INIT;
        char *quoted;

        buf_append_str(&out, open);
        while (*text)
                quote_one(&out, &text, close, &state);
        buf_append_str(&out, close);
        return buf_steal(&out, &quoted, NULL) < 0 ? NULL : quoted;
}
