/* SPDX-License-Identifier: MIT */
#ifndef SPAWN_INTERPRETER_H
#define SPAWN_INTERPRETER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum file_kind {
        FILE_ABSENT,
        FILE_DIRECTORY,
        FILE_SPECIAL, /* neither file nor directory */
        FILE_EMPTY,
        FILE_SCRIPT, /* starts with #! */
        FILE_ELF,
        FILE_OTHER
};

/* What the owner can see of a file that would not execute. */
struct file_facts {
        enum file_kind kind;
        mode_t mode;
        bool mounted_noexec;
        char interpreter[256]; /* of a script or an ELF program; empty: none, or unknown */
};

/** @param cwd  Directory that a relative path starts from; NULL: the caller's. */
void file_look(const char *cwd, const char *path, struct file_facts *ret);

#endif
