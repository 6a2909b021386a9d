/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <inbye/base.h>

/** Fill *reterr (may be NULL) and return -number. The text is printf-like and ends without the errno's text:
 * that is appended as ": No such file or directory" when number > 0. Control characters are replaced. */
int error_set(struct inbye_error *reterr, enum inbye_stage stage, int number, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/** The same without the errno's text, where the text says it better. */
int error_set_plain(struct inbye_error *reterr, enum inbye_stage stage, int number, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/** Add how to mend it. */
void error_hint(struct inbye_error *reterr, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The text of an errno. */
#define ERROR_DESCRIPTION_SIZE 96
void error_describe(int number, char text[ERROR_DESCRIPTION_SIZE]);

#endif
