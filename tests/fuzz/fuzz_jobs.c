/* SPDX-License-Identifier: MIT */
/*
 * No line makes the reader of jobs crash, leak or accept half of it: a fault names what is wrong and gives no
 * command, a command has a first word. First byte: odd, the rest are items put into a template made of its
 * first line; even, the rest are lines of JSON. Run without libFuzzer it replays files.
 */
#include "base/str.h"
#include "cli/jobs_json.h"
#include "cli/jobs_template.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool yes)
{
        if (!yes)
                abort();
}

static void try_json(const struct job_base *base, const char *line, size_t n)
{
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct job_fault fault;

        if (job_from_json(line, n, base, &job, &fault) < 0) {
                must(!job.command && fault.error.text[0]);
                return;
        }
        must(job.command && inbye_command_argv(job.command)[0] && inbye_command_argv(job.command)[0][0]);
        inbye_command_unref(job.command);
}

static void try_item(const char *word, const char *item)
{
        const char *const words[] = { "x", word, NULL };
        bool append = !template_has_place(words);
        char **argv = NULL;

        if (template_expand(words, append, item, 1, &argv) < 0) {
                must(!argv);
                return;
        }
        must(strv_length((const char *const *)argv) == 2u + append);
        must(!append || strcmp(argv[2], item) == 0);
        strv_free(argv);
}

/* Each line, NUL-terminated, in a block of exactly its size, so that a byte read too far is found. */
static void each_line(const char *text, const struct job_base *base, bool json)
{
        char *first = NULL;

        while (text) {
                const char *end = strchrnul(text, '\n');
                char *line = strndup(text, (size_t)(end - text));

                must(line);
                if (json)
                        try_json(base, line, strlen(line));
                else if (first)
                        try_item(first, line);
                text = *end ? end + 1 : NULL;
                if (first || json) {
                        free(line);
                        continue;
                }
                first = line;
        }
        free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct job_base base = { .capture_limit = "1M", .capture_keep = "both" };
        struct settings *settings = settings_open();
        char *text;

        must(settings);
        base.settings = settings;
        text = size > 0 ? strndup((const char *)data + 1, size - 1) : NULL;
        if (text)
                each_line(text, &base, data[0] % 2 == 0);
        free(text);
        settings_free(settings);
        return 0;
}
