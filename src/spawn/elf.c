/* SPDX-License-Identifier: MIT */
/*
 * The dynamic loader that a program of the ELF format asks for.
 */
#include "spawn/elf.h"
#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

bool elf_is(const char *head, size_t n)
{
        return n >= sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG);
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

void elf_interpreter(int fd, const char *head, char *name, size_t size)
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
