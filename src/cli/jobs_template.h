/* SPDX-License-Identifier: MIT */
#ifndef CLI_JOBS_TEMPLATE_H
#define CLI_JOBS_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

/** The kernel takes no argument longer than this (MAX_ARG_STRLEN, its NUL included). */
#define TEMPLATE_ARGUMENT_MAX ((size_t)131072 - 1)

/** Does any word hold a replacement string? Where none does, the item is appended. */
bool template_has_place(const char *const *words);
/**
 * Put the item into the template: {} the item, {.} without its extension, {/} without its directory, {//} its
 * directory, {/.} without both, {#} the number of the job. What was put in is not looked through again.
 *
 * @param ret_argv  NULL-terminated, to be given to strv_free().
 * @retval -E2BIG   A word would be longer than TEMPLATE_ARGUMENT_MAX.
 */
int template_expand(
        const char *const *words, bool append, const char *item, uint64_t number, char ***ret_argv);

#endif
