/* SPDX-License-Identifier: MIT */
/*
 * Why a file that is there does not execute.
 *
 * exec says ENOENT for a script whose `#!` names nothing, and for a program whose dynamic loader is missing
 * (a 32-bit program, one for another C library): "No such file" about a file that one can see. So after such
 * a failure the parent looks at the file itself. Everything here is for the message: it is read as the owner,
 * after the fact, and decides nothing.
 */
#include "spawn/interpreter.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/scope.h"
#include "spawn/elf.h"
#include "sys/misc.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void script_interpreter(const char *head, char *name, size_t size)
{
        size_t n;

        head += 2;
        head += strspn(head, " \t");
        n = strcspn(head, " \t\n");
        if (n >= size)
                return;
        memcpy(name, head, n);
        name[n] = '\0';
}

static enum file_kind look_inside(int fd, struct file_facts *facts)
{
        char head[512] = "";
        ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

        if (n == 0)
                return FILE_EMPTY;
        if (!strncmp(head, "#!", 2)) {
                script_interpreter(head, facts->interpreter, sizeof(facts->interpreter));
                return FILE_SCRIPT;
        }
        if (elf_is(head, n > 0 ? (size_t)n : 0)) {
                elf_interpreter(fd, head, facts->interpreter, sizeof(facts->interpreter));
                return FILE_ELF;
        }
        return FILE_OTHER;
}

void file_look(const char *cwd, const char *path, struct file_facts *ret)
{
        scoped(buf_deinit) struct buf full = BUF_INIT;
        scoped(fd_closep) int fd = -1;
        struct stat st;

        *ret = (struct file_facts){ .kind = FILE_ABSENT };
        if (buf_printf(&full, "%s%s%s", cwd && path[0] != '/' ? cwd : "", cwd && path[0] != '/' ? "/" : "",
                    path) < 0)
                return;
        if (stat(full.data, &st) < 0)
                return;
        ret->mode = st.st_mode;
        ret->kind = S_ISDIR(st.st_mode) ? FILE_DIRECTORY : S_ISREG(st.st_mode) ? FILE_OTHER : FILE_SPECIAL;
        if (ret->kind != FILE_OTHER)
                return;
        fd = open(full.data, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return;
        ret->mounted_noexec = sys_is_noexec(fd);
        ret->kind = look_inside(fd, ret);
}
