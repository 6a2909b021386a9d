/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_ELF_H
#define SPAWN_ELF_H

#include <stdbool.h>
#include <stddef.h>

/** Does a file that begins so have the ELF format? */
bool elf_is(const char *head, size_t n);
/** What its header names as its dynamic loader; name stays as it is where it names none. */
void elf_interpreter(int fd, const char *head, char *name, size_t size);

#endif
