/* SPDX-License-Identifier: MIT */
/*
 * A program that the build runs: it prints the C file that has the filters of the profiles.
 *
 * A run in a sandbox then neither loads libseccomp nor compiles anything, which was most of what a sandbox
 * cost a short command. A cache of compiled filters on disk was rejected: whoever can write to it decides
 * what the next sandbox allows. Nothing in the code depends on the kernel; what a newer libseccomp would know
 * comes with the next build, as it does for the lists.
 */
#include "sandbox/filter.h"
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>

static void print_filter(enum filter which, const struct spawn_filter *filter)
{
        const struct sock_filter *code = filter->code;

        printf("static const struct sock_filter code_%d[] = {\n", (int)which);
        for (unsigned short i = 0; i < filter->n; i++)
                printf("\t{ %#x, %u, %u, %#x },\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
        printf("};\n\n");
}

static void print_function(void)
{
        printf("int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)\n{\n"
               "\tstatic const struct spawn_filter filters[FILTER_N] = {\n");
        for (int which = 0; which < FILTER_N; which++)
                printf("\t\t{ .code = code_%d, .n = sizeof(code_%d) / sizeof(code_%d[0]) },\n", which, which,
                        which);
        printf("\t};\n\n\t(void)reterr;\n\t*ret = filters[which];\n\treturn 0;\n}\n");
}

int main(void)
{
        printf("/* Made by make_filters. */\n#include \"sandbox/filter.h\"\n#include <linux/filter.h>\n\n");
        for (int which = 0; which < FILTER_N; which++) {
                struct inbye_error error = { 0 };
                struct spawn_filter filter = { 0 };

                if (filter_compile((enum filter)which, 0, &filter, &error) < 0) {
                        fprintf(stderr, "make_filters: %s\n", error.text);
                        return 1;
                }
                print_filter((enum filter)which, &filter);
                free((void *)filter.code);
        }
        print_function();
        return fflush(stdout) != 0;
}
