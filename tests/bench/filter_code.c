/* SPDX-License-Identifier: MIT */
/*
 * The code of a filter, on standard output, for filters.py to run:
 *
 *   filter_code profile NUMBER MACHINE
 *   filter_code words WORDS MACHINE
 *   filter_code json FILE CAPABILITIES MACHINE     (numbers in hexadecimal; the kernel is 5.10)
 */
#include "base/scope.h"
#include "sandbox/filter.h"
#include "sandbox/numbers.h"
#include "sandbox/oci.h"
#include "sandbox/words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hexadecimal(const char *text)
{
        return strtoull(text, NULL, 16);
}

static int from_json(char **arguments, struct spawn_filter *ret, struct inbye_error *reterr)
{
        static char text[1 << 20];
        struct oci_host host = { .kernel = { 5, 10 } };
        struct rules rules = { 0 };
        FILE *file = fopen(arguments[0], "r");
        unsigned flags = 0;
        size_t n = file ? fread(text, 1, sizeof(text), file) : 0;
        int r = numbers_load(reterr);

        if (file)
                fclose(file);
        host.capabilities = hexadecimal(arguments[1]);
        host.machine = (uint32_t)hexadecimal(arguments[2]);
        if (r == 0)
                r = oci_read(&rules, &host, arguments[0], text, n, &flags, reterr);
        if (r == 0)
                r = rules_compile(&rules, ret);
        rules_deinit(&rules);
        return r;
}

static int from_words(char **arguments, struct spawn_filter *ret, struct inbye_error *reterr)
{
        struct rules rules = { 0 };
        int r = numbers_load(reterr);

        if (r == 0)
                r = words_read(&rules, (uint32_t)hexadecimal(arguments[1]), arguments[0], reterr);
        if (r == 0)
                r = rules_compile(&rules, ret);
        rules_deinit(&rules);
        return r;
}

int main(int argc, char **argv)
{
        struct inbye_error error = { 0 };
        struct spawn_filter filter = { 0 };
        int r = -1;

        if (argc == 4 && strcmp(argv[1], "profile") == 0)
                r = filter_compile(
                        (enum filter)atoi(argv[2]), (uint32_t)hexadecimal(argv[3]), &filter, &error);
        if (argc == 4 && strcmp(argv[1], "words") == 0)
                r = from_words(argv + 2, &filter, &error);
        if (argc == 5 && strcmp(argv[1], "json") == 0)
                r = from_json(argv + 2, &filter, &error);
        if (r < 0)
                fprintf(stderr, "filter_code: %d %s %s\n", r, error.text, error.hint);
        else
                fwrite(filter.code, 8, filter.n, stdout);
        free((void *)filter.code);
        return r < 0;
}
