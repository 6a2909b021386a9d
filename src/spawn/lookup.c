/* SPDX-License-Identifier: MIT */
/*
 * Which files a program's name may mean: worked out in the parent, tried in the child.
 *
 * The rules are those of execvp(3), but for the PATH, which is that of the child's environment and not of the
 * owner's, and an empty element, which becomes "./NAME", so that a name that starts with a dash stays a file
 * for the shell too. Looking for the file here, with access(), and handing one path to the child would be
 * wrong: the child may have another directory, another uid and other rights.
 */
#include "spawn/lookup.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *search_path(const struct spawn_plan *plan)
{
        const char *const *variable;

        for (variable = plan->envp; variable && *variable; variable++)
                if (!strncmp(*variable, "PATH=", 5))
                        return *variable + 5;
        return SPAWN_DEFAULT_PATH;
}

static size_t count_elements(const char *search)
{
        size_t n = 1;

        for (; *search; search++)
                n += *search == ':';
        return n;
}

static size_t count_words(const char *const *words)
{
        size_t n = 0;

        while (words[n])
                n++;
        return n;
}

/* One candidate for each element of PATH; text has room for all of them. */
static void fill_candidates(struct spawn_lookup *lookup, char *text)
{
        const char *element = lookup->search;

        for (;;) {
                size_t n = strcspn(element, ":");

                lookup->paths[lookup->n_paths++] = text;
                memcpy(text, n ? element : ".", n ? n : 1);
                text += n ? n : 1;
                *text++ = '/';
                text = stpcpy(text, lookup->program) + 1;
                if (!element[n])
                        return;
                element += n + 1;
        }
}

static void fill_shell(const char **shell_argv, const char *const *argv, size_t n_argv)
{
        shell_argv[0] = "/bin/sh";
        shell_argv[1] = NULL;
        /* its NULL comes along */
        memcpy(&shell_argv[2], &argv[1], n_argv * sizeof(*argv));
}

int lookup_init(struct spawn_lookup *lookup, const struct spawn_plan *plan)
{
        size_t n_elements = 1, n_shell = 0, n_text = 0, n_argv;

        assert(plan->argv && plan->argv[0]);
        *lookup = (struct spawn_lookup){ .program = plan->program ? plan->program : plan->argv[0] };
        n_argv = count_words(plan->argv);
        if (!strchr(lookup->program, '/')) {
                lookup->search = search_path(plan);
                n_elements = count_elements(lookup->search);
                n_text = strlen(lookup->search) + n_elements * (strlen(lookup->program) + 3);
        }
        if (plan->shell_fallback)
                n_shell = n_argv + 2;
        lookup->paths = malloc((n_elements + n_shell) * sizeof(char *) + n_text);
        if (!lookup->paths)
                return -ENOMEM;
        if (plan->shell_fallback) {
                lookup->shell_argv = lookup->paths + n_elements;
                fill_shell(lookup->shell_argv, plan->argv, n_argv);
        }
        if (!lookup->search)
                lookup->paths[lookup->n_paths++] = lookup->program;
        else if (*lookup->program)
                fill_candidates(lookup, (char *)(lookup->paths + n_elements + n_shell));
        return 0;
}

void lookup_deinit(struct spawn_lookup *lookup)
{
        free(lookup->paths);
        lookup->paths = NULL;
}
