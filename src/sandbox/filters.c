/* SPDX-License-Identifier: MIT */
/*
 * Filters of system calls that a sandbox is given, besides those of its profiles.
 *
 * What a file is, its content says: JSON begins with a brace, and no filter that the kernel takes does.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/filter.h"
#include "sandbox/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTRUCTION_SIZE 8
#define INSTRUCTIONS_MAX 4096
#define FILE_MAX (1 << 20) /* 60 times what Docker ships */

static void free_code(struct spawn_filter *filter)
{
        free((void *)filter->code);
}

void sandbox_filter_deinit(struct sandbox_filter *filter)
{
        free(filter->rule);
        if (!filter->owned)
                return;
        free_code(&filter->whole);
        free_code(&filter->bare);
}

int sandbox_add_filter(
        struct inbye_sandbox *sandbox, struct sandbox_filter *filter, struct inbye_error *reterr)
{
        if (sandbox->n_filters == SANDBOX_FILTERS) {
                sandbox_filter_deinit(filter);
                return error_set_plain(reterr, INBYE_STAGE_SANDBOX, E2BIG, "a sandbox has at most %d filters",
                        SANDBOX_FILTERS);
        }
        sandbox->filters[sandbox->n_filters++] = *filter;
        sandbox->no_new_privs = true;
        return 0;
}

static bool has(char **names, const char *name)
{
        for (; names && *names; names++)
                if (strcmp(*names, name) == 0)
                        return true;
        return false;
}

int filters_keep_unknown(char ***names, char **added)
{
        int r = 0;

        for (; added && *added && r == 0; added++)
                r = has(*names, *added) ? 0 : strv_append(names, *added);
        return r;
}

const char *const *inbye_sandbox_unknown_calls(const struct inbye_sandbox *sandbox)
{
        static const char *const none[] = { NULL };

        return sandbox && sandbox->unknown_calls ? (const char *const *)sandbox->unknown_calls : none;
}

/* --- files ------------------------------------------------------------------------------------------------
 */

static int read_file(const char *path, struct buf *out, struct inbye_error *reterr)
{
        scoped(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat st;
        ssize_t r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, errno, "cannot open the filter '%s'", path);
        if (!S_ISREG(st.st_mode)) {
                error_set_plain(
                        reterr, INBYE_STAGE_SANDBOX, EINVAL, "the filter '%s' is no regular file", path);
                return -EINVAL;
        }
        do {
                if (buf_reserve(out, 4096) < 0)
                        return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "filter");
                r = read(fd, out->data + out->n, 4096);
                out->n += r > 0 ? (size_t)r : 0;
        } while ((r > 0 && out->n <= FILE_MAX) || (r < 0 && errno == EINTR));
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, errno, "cannot read the filter '%s'", path);
        return 0;
}

static bool is_json(const struct buf *file)
{
        size_t i = 0;

        while (i < file->n && file->data[i] && strchr(" \t\r\n", file->data[i]))
                i++;
        return i < file->n && file->data[i] == '{';
}

static int take_code(
        const char *path, struct buf *file, struct sandbox_filter *ret, struct inbye_error *reterr)
{
        char *code;
        size_t n;

        if (file->n == 0 || file->n % INSTRUCTION_SIZE || file->n > INSTRUCTIONS_MAX * INSTRUCTION_SIZE) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EINVAL,
                        "'%s' is no filter: it is neither JSON nor 1 to %d instructions of %d bytes", path,
                        INSTRUCTIONS_MAX, INSTRUCTION_SIZE);
                error_hint(reterr,
                        "take one of Docker's or Podman's, or seccomp_export_bpf(3) writes such a file");
                return -EINVAL;
        }
        if (buf_steal(file, &code, &n) < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "filter");
        *ret = (struct sandbox_filter){
                .whole = { .code = code, .n = (unsigned short)(n / INSTRUCTION_SIZE) },
                .owned = true,
        };
        return 0;
}

static bool is_same(const struct spawn_filter *a, const struct spawn_filter *b)
{
        return a->n == b->n && memcmp(a->code, b->code, (size_t)a->n * INSTRUCTION_SIZE) == 0;
}

/* Whether the command will have our capabilities is not known before it is started. */
static int take_json(const char *path, const struct buf *file, char ***unknown, struct sandbox_filter *ret,
        struct inbye_error *reterr)
{
        struct sandbox_filter filter = { .owned = true };
        uint64_t had = sys_caps_had();
        int r = filter_from_json(path, file->data, file->n, had, &filter.whole, unknown, reterr);

        if (r == 0 && had)
                r = filter_from_json(path, file->data, file->n, 0, &filter.bare, unknown, reterr);
        if (r < 0) {
                sandbox_filter_deinit(&filter);
                return r;
        }
        if (filter.bare.code && is_same(&filter.whole, &filter.bare)) {
                free_code(&filter.bare);
                filter.bare = (struct spawn_filter){ 0 };
        }
        *ret = filter;
        return 0;
}

/* Takes the filter. */
static int add_read(struct inbye_sandbox *sandbox, struct sandbox_filter *filter, char **unknown,
        struct inbye_error *reterr)
{
        if (filters_keep_unknown(&sandbox->unknown_calls, unknown) < 0) {
                sandbox_filter_deinit(filter);
                return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "filter");
        }
        return sandbox_add_filter(sandbox, filter, reterr);
}

static int take_file(struct inbye_sandbox *sandbox, const char *path, struct inbye_error *reterr)
{
        scoped(buf_deinit) struct buf file = BUF_INIT;
        scoped(strv_freep) char **unknown = NULL;
        struct sandbox_filter filter = { 0 };
        int r = read_file(path, &file, reterr);

        if (r < 0)
                return r;
        if (is_json(&file) && file.n <= FILE_MAX)
                r = take_json(path, &file, &unknown, &filter, reterr);
        else
                r = take_code(path, &file, &filter, reterr);
        if (r < 0)
                return r;
        filter.rule = strdup(path); /* without it the result names no rule */
        return add_read(sandbox, &filter, unknown, reterr);
}

int inbye_sandbox_add_filter_file(struct inbye_sandbox *sandbox, const char *path, struct inbye_error *reterr)
{
        int r = sandbox_change(sandbox);

        if (r == 0 && !path)
                r = -EINVAL;
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "filter")
                     : take_file(sandbox, path, reterr);
}

int inbye_sandbox_filter_calls(struct inbye_sandbox *sandbox, const char *words, struct inbye_error *reterr)
{
        scoped(strv_freep) char **unknown = NULL;
        struct sandbox_filter filter = { .owned = true };
        int r = sandbox_change(sandbox);

        if (r == 0 && !words)
                r = -EINVAL;
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "filter");
        r = filter_from_words(words, &filter.whole, &unknown, reterr);
        if (r < 0)
                return r;
        filter.rule = strdup(words);
        return add_read(sandbox, &filter, unknown, reterr);
}
