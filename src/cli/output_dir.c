/* SPDX-License-Identifier: MIT */
/*
 * --output-dir: each job writes into files of its own, by descriptors of its own, so that nothing is copied
 * and nothing has a cap.
 *
 * The directory of a job is named by its id, else by its number; the second of a name gets .2, the third .3,
 * in the order of the input, so that a job that is run by --resume, or a whole second run, finds the same
 * name. Therefore every job is counted, run or not. Names are counted by a keyed hash of 128 bits (SipHash
 * twice), 24 bytes for each in place of the names themselves: a list may have millions, and whoever chooses
 * the ids does not know the key.
 *
 * Jobs may write here, to the directories of others too: no symlink is followed below the directory, whose
 * path is resolved once, before any of them runs.
 *
 * Two numbers that do not clash, such as the job's own behind each id, were rejected: who looks for the
 * output of "x.flac" should find it under that name.
 */
#include "cli/output_dir.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/misc.h"
#include "base/scope.h"
#include "cli/tally.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A longer name is cut: a file system takes 255 bytes, and some are for what tells equal ones apart. */
#define NAME_BYTES 200

static const char *const file_names[] = { "stdout", "stderr" };

struct output_dir {
        const char *path; /* as given, then `real` */
        char *real;
        uint64_t keys[2][2];
        struct tally names;
};

int output_dir_open(const char *path, struct output_dir **ret_dir, struct inbye_error *reterr)
{
        struct output_dir *dir = calloc(1, sizeof(*dir));

        if (!dir)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, ENOMEM, "output directory");
        dir->path = path;
        for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++)
                        dir->keys[i][j] = random_number();
        *ret_dir = dir;
        return 0;
}

void output_dir_free(struct output_dir *dir)
{
        if (!dir)
                return;
        tally_deinit(&dir->names);
        free(dir->real);
        free(dir);
}

/* Names */

static uint64_t rotate(uint64_t x, int by)
{
        return x << by | x >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int n)
{
        while (n-- > 0) {
                v[0] += v[1];
                v[1] = rotate(v[1], 13) ^ v[0];
                v[0] = rotate(v[0], 32);
                v[2] += v[3];
                v[3] = rotate(v[3], 16) ^ v[2];
                v[0] += v[3];
                v[3] = rotate(v[3], 21) ^ v[0];
                v[2] += v[1];
                v[1] = rotate(v[1], 17) ^ v[2];
                v[2] = rotate(v[2], 32);
        }
}

static uint64_t siphash(const uint64_t key[2], const char *data, size_t n)
{
        uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
        size_t at = 0;

        for (bool is_last = false; !is_last; at += 8) {
                uint64_t word = 0;

                is_last = n - at < 8;
                for (size_t i = 0; i < (is_last ? n - at : 8); i++)
                        word |= (uint64_t)(unsigned char)data[at + i] << 8 * i;
                if (is_last)
                        word |= (uint64_t)n << 56;
                v[3] ^= word;
                sip_rounds(v, 2);
                v[0] ^= word;
        }
        v[2] ^= 0xff;
        sip_rounds(v, 4);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* How often was that name met, with this time? */
static int count(struct output_dir *dir, const struct buf *name, uint32_t *ret_n)
{
        unsigned char key[TALLY_KEY_SIZE];

        for (int i = 0; i < 2; i++) {
                uint64_t half = siphash(dir->keys[i], name->data, name->n);

                memcpy(key + 8 * i, &half, 8);
        }
        return tally_count(&dir->names, key, ret_n);
}

static bool is_safe(const char *id, const char *c)
{
        unsigned char byte = (unsigned char)*c;

        return byte >= ' ' && byte != 0x7f && byte != '/' && byte != '%' && !(byte == '.' && c == id);
}

/* No way out of the directory, no control characters, and one can tell what it was. */
static void append_safe(struct buf *name, const char *id)
{
        for (const char *c = id; *c; c++) {
                bool is_inside = ((unsigned char)*c & 0xc0) == 0x80; /* of a character of UTF-8 */

                if (name->n >= NAME_BYTES && (!is_inside || name->n >= NAME_BYTES + 4))
                        return;
                if (is_safe(id, c))
                        buf_append_char(name, *c);
                else
                        buf_printf(name, "%%%02X", (unsigned char)*c);
        }
}

/* 0 with the path of the job's directory, or -ENOMEM. */
static int next_path(
        struct output_dir *dir, uint64_t number, const struct inbye_command *command, struct buf *path)
{
        scoped(buf_deinit) struct buf name = BUF_INIT;
        const char *id = inbye_command_id(command);
        uint32_t nth = 1, n_met;
        size_t n_plain;
        int r;

        if (id && *id)
                append_safe(&name, id);
        else
                buf_printf(&name, "%" PRIu64, number);
        n_plain = name.n;
        r = name.failed ? name.failed : count(dir, &name, &nth);
        for (n_met = nth; r >= 0 && n_met > 1; nth++) {
                name.n = n_plain;
                buf_printf(&name, ".%" PRIu32, nth);
                r = name.failed ? name.failed : count(dir, &name, &n_met);
        }
        if (r < 0)
                return r;
        return buf_printf(path, "%s/%s", dir->path, name.data);
}

/* Files */

static int refuse_path(const char *path, const char *why, struct inbye_error *reterr)
{
        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EEXIST,
                "'%s' %s, in the way of what the job is to write; name another --output-dir", path, why);
}

int output_dir_check(
        void *userdata, uint64_t number, const struct inbye_command *command, struct inbye_error *reterr)
{
        scoped(buf_deinit) struct buf path = BUF_INIT;
        struct output_dir *dir = userdata;
        struct stat st;
        size_t n;
        int r;

        r = next_path(dir, number, command, &path);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "names of output files");
        if (stat(path.data, &st) < 0)
                return 0;
        if (!S_ISDIR(st.st_mode))
                return refuse_path(path.data, "is no directory", reterr);
        n = path.n;
        for (size_t i = 0; i < ARRAY_SIZE(file_names); i++) {
                path.n = n;
                r = buf_printf(&path, "/%s", file_names[i]);
                if (r >= 0 && stat(path.data, &st) == 0 && S_ISDIR(st.st_mode))
                        return refuse_path(path.data, "is a directory", reterr);
        }
        return 0;
}

static int make_directory(
        const char *path, int (*look)(const char *path, struct stat *st), struct inbye_error *reterr)
{
        struct stat st;
        int error;

        if (mkdir(path, 0777) == 0)
                return 0;
        error = errno;
        if (error == EEXIST && look(path, &st) == 0 && S_ISDIR(st.st_mode))
                return 0;
        return error_set(reterr, INBYE_STAGE_PIPE, error, "cannot make the directory '%s'", path);
}

int output_dir_make(struct output_dir *dir, struct inbye_error *reterr)
{
        int r;

        tally_deinit(&dir->names);
        r = make_directory(dir->path, stat, reterr);
        if (r < 0)
                return r;
        if (access(dir->path, W_OK | X_OK) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot write into '%s'", dir->path);
        dir->real = realpath(dir->path, NULL);
        if (!dir->real)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot resolve '%s'", dir->path);
        dir->path = dir->real;
        return 0;
}

int output_dir_meet(struct output_dir *dir, uint64_t number, struct inbye_command *command, bool is_run,
        struct inbye_error *reterr)
{
        static const enum inbye_stream streams[] = { INBYE_STDOUT, INBYE_STDERR };
        scoped(buf_deinit) struct buf path = BUF_INIT;
        size_t n;
        int made, r;

        r = next_path(dir, number, command, &path);
        if (r < 0 || !is_run)
                return r;
        made = make_directory(path.data, lstat, reterr);
        n = path.n;
        for (size_t i = 0; i < ARRAY_SIZE(streams) && r >= 0; i++) {
                path.n = n;
                r = buf_printf(&path, "/%s", file_names[i]);
                if (r >= 0)
                        r = inbye_command_set_output_file(
                                command, streams[i], path.data, INBYE_OUTPUT_NO_SYMLINKS);
        }
        return r < 0 ? r : made;
}
