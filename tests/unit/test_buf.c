/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/fd.h"
#include "base/scope.h"
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(buf, is_nul_terminated_after_each_append)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;

        cr_assert(zero(int, buf_append(&b, "ab", 2)));
        cr_assert(eq(str, b.data, "ab"));
        cr_assert(zero(int, buf_append_str(&b, "cd")));
        cr_assert(zero(int, buf_append_char(&b, 'e')));
        cr_assert(zero(int, buf_printf(&b, "-%d-%s", 7, "x")));
        cr_assert(eq(str, b.data, "abcde-7-x"));
        cr_assert(eq(sz, b.n, 9));
}

Test(buf, keeps_every_byte_while_it_grows)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;

        for (int i = 0; i < 100000; i++)
                cr_assert(zero(int, buf_append_char(&b, (char)i)));
        cr_assert(eq(sz, b.n, 100000));
        for (int i = 0; i < 100000; i++)
                cr_assert(eq(int, b.data[i], (char)i));
        cr_assert(zero(int, b.data[b.n]));
}

Test(buf, prints_what_is_longer_than_its_room)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;

        cr_assert(zero(int, buf_printf(&b, "%5000d", 1)));
        cr_assert(eq(sz, b.n, 5000));
        cr_assert(eq(chr, b.data[4999], '1'));
}

Test(buf, drops_bytes_at_the_front)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;

        buf_consume(&b, 0);
        cr_assert(zero(int, buf_append_str(&b, "line\nrest")));
        buf_consume(&b, 5);
        cr_assert(eq(str, b.data, "rest"));
        buf_consume(&b, 4);
        cr_assert(eq(str, b.data, ""));
}

Test(buf, a_failed_append_sticks_and_loses_nothing)
{
        scoped(buf_deinit) struct buf b = BUF_INIT;
        char *stolen = NULL;

        cr_assert(zero(int, buf_append_str(&b, "kept")));
        cr_assert(eq(int, buf_reserve(&b, SIZE_MAX), -ENOMEM));
        cr_assert(eq(int, buf_append_str(&b, "more"), -ENOMEM));
        cr_assert(eq(str, b.data, "kept"));
        cr_assert(eq(int, buf_steal(&b, &stolen, NULL), -ENOMEM));
        cr_assert(zero(ptr, stolen));
        cr_assert(zero(int, b.failed));
}

Test(buf, stealing_gives_a_string_even_of_nothing)
{
        struct buf b = BUF_INIT;
        char *stolen;
        size_t n = 9;

        cr_assert(zero(int, buf_steal(&b, &stolen, &n)));
        cr_assert(eq(str, stolen, ""));
        cr_assert(zero(sz, n));
        cr_assert(zero(ptr, b.data));
        free(stolen);
}

static int make_file(char *path)
{
        int fd = mkostemp(path, O_CLOEXEC);

        cr_assert(ge(int, fd, 0));
        return fd;
}

Test(fd, reads_a_file_that_fits_and_refuses_one_that_does_not)
{
        char path[] = "/tmp/inbye-test-fd.XXXXXX", text[6];
        scoped(fd_closep) int fd = make_file(path);

        cr_assert(zero(int, fd_write_all(fd, "12345", 5)));
        cr_assert(eq(long, fd_read_file_at(AT_FDCWD, path, text, 6), 5));
        cr_assert(eq(str, text, "12345"));
        cr_assert(eq(long, fd_pread_all(fd, text, 6), 5));
        cr_assert(eq(long, fd_pread_all(fd, text, 6), 5));
        cr_assert(eq(long, fd_read_file_at(AT_FDCWD, path, text, 5), -EFBIG));
        cr_assert(zero(int, fd_write_file_at(AT_FDCWD, path, "abc")));
        cr_assert(eq(long, fd_pread_all(fd, text, 6), 5));
        cr_assert(eq(str, text, "abc45"));
        cr_assert(zero(int, unlink(path)));
        cr_assert(eq(long, fd_read_file_at(AT_FDCWD, path, text, 5), -ENOENT));
        cr_assert(eq(int, fd_write_file_at(AT_FDCWD, path, "abc"), -ENOENT));
}

Test(fd, closing_leaves_errno_alone)
{
        errno = EXDEV;
        cr_assert(eq(int, fd_close(-1), -1));
        cr_assert(eq(int, fd_close(1000000), -1));
        cr_assert(eq(int, errno, EXDEV));
}

Test(fd, duplicates_above_a_number_and_close_on_exec)
{
        int copy = fd_dup_above(0, 50);

        cr_assert(ge(int, copy, 50));
        cr_assert(eq(int, fcntl(copy, F_GETFD), FD_CLOEXEC));
        cr_assert(zero(int, fd_set_nonblock(copy)));
        cr_assert(ne(int, fcntl(copy, F_GETFL) & O_NONBLOCK, 0));
        fd_close(copy);
        cr_assert(eq(int, fd_dup_above(copy, 50), -EBADF));
        cr_assert(eq(int, fd_set_nonblock(copy), -EBADF));
}
