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
#include "base/fd.h"
#include "base/scope.h"
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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

/* Where the fields of the two ELF classes are; the byte order is taken to be ours. */
struct elf_layout {
        size_t offset_size, headers_at, header_size, n_headers_at;
        size_t data_at, data_size_at; /* in a program header */
};
#define ELF_LAYOUT(bits)                                                                                     \
        {                                                                                                    \
                sizeof(Elf##bits##_Off), offsetof(Elf##bits##_Ehdr, e_phoff), sizeof(Elf##bits##_Phdr),      \
                        offsetof(Elf##bits##_Ehdr, e_phnum), offsetof(Elf##bits##_Phdr, p_offset),           \
                        offsetof(Elf##bits##_Phdr, p_filesz)                                                 \
        }
static const struct elf_layout elf_layouts[] = {
        [ELFCLASS32] = ELF_LAYOUT(32), [ELFCLASS64] = ELF_LAYOUT(64)
};

static uint64_t elf_offset(const struct elf_layout *layout, const char *at)
{
        uint64_t wide;
        uint32_t narrow;

        memcpy(&wide, at, sizeof(wide));
        memcpy(&narrow, at, sizeof(narrow));
        return layout->offset_size == sizeof(wide) ? wide : narrow;
}

static void elf_interpreter(int fd, const char *head, char *name, size_t size)
{
        const struct elf_layout *layout =
                &elf_layouts[head[EI_CLASS] == ELFCLASS64 ? ELFCLASS64 : ELFCLASS32];
        char header[sizeof(Elf64_Phdr) + sizeof(uint64_t)] = "";
        uint64_t at = elf_offset(layout, head + layout->headers_at), n;
        uint16_t n_headers;
        uint32_t type;

        memcpy(&n_headers, head + layout->n_headers_at, sizeof(n_headers));
        for (; n_headers > 0; n_headers--, at += layout->header_size) {
                if (pread(fd, header, layout->header_size, (off_t)at) != (ssize_t)layout->header_size)
                        return;
                memcpy(&type, header, sizeof(type));
                if (type != PT_INTERP)
                        continue;
                n = elf_offset(layout, header + layout->data_size_at);
                if (n == 0 || n >= size)
                        return;
                if (pread(fd, name, n, (off_t)elf_offset(layout, header + layout->data_at)) < 0)
                        name[0] = '\0';
                return;
        }
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
        if (n >= (ssize_t)sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG)) {
                elf_interpreter(fd, head, facts->interpreter, sizeof(facts->interpreter));
                return FILE_ELF;
        }
        return FILE_OTHER;
}

void file_look(const char *cwd, const char *path, struct file_facts *ret)
{
        scoped(fd_closep) int directory_fd = -1, fd = -1;
        struct statvfs file_system;
        struct stat st;

        *ret = (struct file_facts){ .kind = FILE_ABSENT };
        if (cwd)
                directory_fd = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fstatat(cwd ? directory_fd : AT_FDCWD, path, &st, 0) < 0)
                return;
        ret->mode = st.st_mode;
        ret->kind = S_ISDIR(st.st_mode) ? FILE_DIRECTORY : S_ISREG(st.st_mode) ? FILE_OTHER : FILE_SPECIAL;
        if (ret->kind != FILE_OTHER)
                return;
        fd = openat(cwd ? directory_fd : AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return;
        ret->mounted_noexec = fstatvfs(fd, &file_system) == 0 && (file_system.f_flag & ST_NOEXEC);
        ret->kind = look_inside(fd, ret);
}
