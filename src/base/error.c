/* SPDX-License-Identifier: MIT */
/*
 * Filling in the caller's struct inbye_error. The storage is the caller's and of fixed size, so reporting an
 * error cannot itself fail for want of memory.
 *
 * The text is one line for a person: names in it come from outside and are cleaned, and when it is too long
 * the middle is what gives way: the cause (the errno's text) stands at the end and is kept whole.
 */
#include "base/error.h"
#include "base/str.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RAW_SIZE = 1024 }; /* before cleaning; what is longer is cut anyway */

__attribute__((format(printf, 3, 0))) static void format_clean(
        char *out, size_t size, const char *format, va_list arguments)
{
        char raw[RAW_SIZE];

        if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
                raw[0] = '\0';
        (void)str_clean(raw, out, size);
}

/* ": No such file or directory" */
static void format_cause(int number, char *cause, size_t size)
{
        char description[ERROR_DESCRIPTION_SIZE];

        error_describe(number, description);
        (void)snprintf(cause, size, ": %s", description);
}

static void fill(struct inbye_error *error, enum inbye_stage stage, int number, const char *cause,
        const char *format, va_list arguments)
{
        size_t n_cause = strlen(cause);

        assert(n_cause < sizeof(error->text));
        error->stage = stage;
        error->number = number;
        error->hint[0] = '\0';
        format_clean(error->text, sizeof(error->text) - n_cause, format, arguments);
        memcpy(error->text + strlen(error->text), cause, n_cause + 1);
}

int error_set(struct inbye_error *reterr, enum inbye_stage stage, int number, const char *format, ...)
{
        char cause[128] = "";
        va_list arguments;

        assert(number >= 0);
        if (!reterr)
                return -number;
        if (number > 0)
                format_cause(number, cause, sizeof(cause));
        va_start(arguments, format);
        fill(reterr, stage, number, cause, format, arguments);
        va_end(arguments);
        return -number;
}

int error_set_plain(struct inbye_error *reterr, enum inbye_stage stage, int number, const char *format, ...)
{
        va_list arguments;

        assert(number >= 0);
        if (!reterr)
                return -number;
        va_start(arguments, format);
        fill(reterr, stage, number, "", format, arguments);
        va_end(arguments);
        return -number;
}

void error_hint(struct inbye_error *reterr, const char *format, ...)
{
        va_list arguments;

        if (!reterr)
                return;
        va_start(arguments, format);
        format_clean(reterr->hint, sizeof(reterr->hint), format, arguments);
        va_end(arguments);
}
