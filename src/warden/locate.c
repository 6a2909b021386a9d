/* SPDX-License-Identifier: MIT */
/*
 * Where the helper program is: named in the environment, installed, or beside the program that we are.
 */
#include "warden/locate.h"
#include "base/error.h"
#include "base/scope.h"
#include "sys/misc.h"
#include "warden/protocol.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef INBYE_LIBEXECDIR
#define INBYE_LIBEXECDIR "/usr/libexec"
#endif

static bool is_program(const char *path)
{
        return sys_access(AT_FDCWD, path, X_OK) == 0;
}

/* Beside the program that we are: an installation that was moved, or a build tree. */
static bool find_beside(char *path, size_t size)
{
        static const char *const places[] = { "../libexec/" WARDEN_NAME, "../warden/" WARDEN_NAME };
        char own[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
        char *slash;

        if (n <= 0)
                return false;
        own[n] = '\0';
        slash = strrchr(own, '/');
        if (!slash)
                return false;
        slash[1] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if ((size_t)snprintf(path, size, "%s%s", own, places[i]) < size && is_program(path))
                        return true;
        return false;
}

int warden_locate(char *path, size_t size, struct inbye_error *reterr)
{
        const char *named = secure_getenv("INBYE_WARDEN");

        if (named && named[0]) {
                if ((size_t)snprintf(path, size, "%s", named) < size && is_program(path))
                        return 0;
        } else {
                snprintf(path, size, "%s", INBYE_LIBEXECDIR "/" WARDEN_NAME);
                if (is_program(path) || find_beside(path, size))
                        return 0;
        }
        error_set_plain(reterr, INBYE_STAGE_MECHANISM, ENOENT, "cannot find the helper program %s",
                named && named[0] ? named : INBYE_LIBEXECDIR "/" WARDEN_NAME);
        error_hint(reterr, "install inbye whole, or name the program in INBYE_WARDEN");
        return -ENOENT;
}
