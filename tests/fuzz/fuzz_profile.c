/* SPDX-License-Identifier: MIT */
/*
 * No file makes the reader of sandbox profiles crash, leak or accept half of it: it gives a profile, or at
 * least one fault, each at a place that is in the file. First byte: odd, the bytes are words of profiles put
 * together, so that what stands behind the first line is reached; even, they are the file itself; its second
 * bit: the file is JSON. Run without libFuzzer it replays files.
 */
#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <inbye/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int yes)
{
        if (!yes)
                abort();
}

static void on_fault(void *userdata, const struct inbye_profile_fault *fault)
{
        size_t *n = userdata;

        must(fault->text[0] && (fault->line == 0) == (fault->column == 0));
        ++*n;
}

static void make_text(const uint8_t *data, size_t size, struct buf *out)
{
        static const char *const pieces[] = { "[Sandbox]\n", "NoNewPrivileges=", "yes", "\n", " ", "\"",
                "\\\n", "Profile=", "build", "ReadOnlyPaths=", "/usr", "BindPaths=", "/a:/b",
                "CapabilityBoundingSet=", "# c\n", "SystemCallFilterOf=", "untrusted", "Description=", "x",
                "'", "[Other]\n", "=", "{", "}", "[", "]", "\"read_only\":", "\"no_network\":", "true",
                "\"/usr\"", "," };

        for (size_t i = 0; i < size; i++)
                buf_append_str(out, pieces[data[i] % (sizeof(pieces) / sizeof(pieces[0]))]);
}

static void try_file(const char *path, const char *text, size_t n)
{
        struct inbye_profile *profile = NULL;
        struct inbye_error error = { 0 };
        size_t n_faults = 0;
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

        must(fd >= 0 && write(fd, text, n) == (ssize_t)n);
        close(fd);
        r = inbye_profile_open(path, on_fault, &n_faults, &profile, &error);
        must((r < 0) == (n_faults > 0) && (r < 0) == !profile && (r < 0) == (error.text[0] != 0));
        for (size_t i = 0; profile && inbye_profile_setting(profile, i); i++)
                must(inbye_profile_setting(profile, i)->line > 0);
        inbye_profile_free(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char folder[] = "/tmp/inbye-fuzz.XXXXXX", path[64];
        struct buf text = BUF_INIT;

        if (size == 0)
                return 0;
        must(mkdtemp(folder) != NULL);
        snprintf(path, sizeof(path), "%s/a.%s", folder, data[0] & 2 ? "json" : "ini");
        if (data[0] % 2)
                make_text(data + 1, size - 1, &text);
        else
                buf_append(&text, data + 1, size - 1);
        try_file(path, text.data ? text.data : "", text.n);
        buf_deinit(&text);
        unlink(path);
        rmdir(folder);
        return 0;
}
