/* SPDX-License-Identifier: MIT */
/*
 * Where profiles are: in the user's folder, in the system's, and here.
 *
 * A file is not followed blindly, as what it says is what keeps a job in: it has to be a regular one that
 * nobody but its reader and root could have written. The name of one that is built in is refused for a file:
 * whoever reads `--sandbox untrusted` in a script has to be able to rely on it.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/profile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_OF_SYSTEM "/etc/inbye/profiles"
#define SIZE_MAXIMUM (1024 * 1024)

static const char *const endings[] = { ".ini", ".json" };

const struct profile_builtin profile_builtins[] = {
        { "none", "[Sandbox]\n"
                  "Description=nothing is taken away\n" },
        { "build", "[Sandbox]\n"
                   "Description=no rights are gained, nothing reaches into the kernel or other processes\n"
                   "NoNewPrivileges=yes\n"
                   "SystemCallFilterOf=build\n" },
        { "untrusted", "[Sandbox]\n"
                       "Description=for code that tries to get out: the system read-only, the working "
                       "directory, nothing else\n"
                       "NoNewPrivileges=yes\n"
                       "CapabilityBoundingSet=\n"
                       "PrivateNetwork=yes\n"
                       "PrivateIPC=yes\n"
                       "PrivatePIDs=yes\n"
                       "PrivateRoot=yes\n"
                       "Landlock=yes\n"
                       "SystemCallFilterOf=untrusted\n"
                       "RequireLimits=memory tasks timeout\n" },
        { "measure", "[Sandbox]\n"
                     "Description=calls that untrusted does not know are done, and named in the result\n"
                     "NoNewPrivileges=yes\n"
                     "SystemCallFilterOf=measure\n" },
        { NULL, NULL },
};

static const struct profile_builtin *find_builtin(const char *name)
{
        for (const struct profile_builtin *builtin = profile_builtins; builtin->name; builtin++)
                if (strcmp(builtin->name, name) == 0)
                        return builtin;
        return NULL;
}

/* --- folders ----------------------------------------------------------------------------------------------
 */

static int join(char **ret, const char *a, const char *b, const char *c)
{
        size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
        char *joined = malloc(n);

        if (!joined)
                return -ENOMEM;
        snprintf(joined, n, "%s%s%s", a, b, c);
        free(*ret);
        *ret = joined;
        return 0;
}

/* As the XDG base directories have it: what is not absolute does not count. */
static int folder_of_user(char **ret)
{
        const char *config = str_getenv_trusted("XDG_CONFIG_HOME"), *home = str_getenv_trusted("HOME");

        if (config && config[0] == '/')
                return join(ret, config, "/inbye/profiles", "");
        return home && home[0] == '/' ? join(ret, home, "/.config/inbye/profiles", "") : 0;
}

/* In the order in which they are searched, NULL-terminated. */
static int get_folders(char ***ret)
{
        scoped(strv_freep) char **folders = NULL;
        scoped(freep) char *user = NULL;
        int r = folder_of_user(&user);

        if (r == 0 && user)
                r = strv_append(&folders, user);
        if (r == 0)
                r = strv_append(&folders, FOLDER_OF_SYSTEM);
        if (r == 0)
                *ret = TAKE(folders);
        return r;
}

/* Nothing is in a folder that the caller may not search: another user's HOME is left behind by many a su. */
static bool is_there(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0;
}

/* Two files of one name in one folder: nobody can tell which was meant. */
static int find_in(const char *folder, const char *name, char **ret_path, struct inbye_error *reterr)
{
        scoped(freep) char *stem = NULL, *path = NULL, *found = NULL;
        int r = join(&stem, folder, "/", name);

        for (size_t i = 0; i < ARRAY_SIZE(endings) && r == 0; i++) {
                r = join(&path, stem, endings[i], "");
                if (r < 0 || !is_there(path))
                        continue;
                if (found)
                        return error_set_plain(reterr, INBYE_STAGE_SANDBOX, EEXIST,
                                "there are '%s' and '%s': remove one", found, path);
                found = TAKE(path);
        }
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile");
        *ret_path = TAKE(found);
        return 0;
}

/* --- names ------------------------------------------------------------------------------------------------
 */

struct names {
        char **found;
        int failed;
};

static void collect_name(void *userdata, const char *name, const char *path)
{
        struct names *names = userdata;

        (void)path;
        if (names->failed == 0)
                names->failed = strv_append(&names->found, name);
}

static int refuse_unknown(const char *name, struct inbye_error *reterr)
{
        struct names names = { NULL, 0 };
        const char *nearest = NULL;
        scoped(strv_freep) char **owned = NULL;
        int r = inbye_profile_list(collect_name, &names);

        owned = names.found;
        if (r == 0 && names.failed == 0)
                nearest = str_nearest(name, (const char *const *)owned);
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, ENOENT, "there is no sandbox profile '%s'", name);
        if (nearest)
                error_hint(reterr, "did you mean '%s'?", nearest);
        else
                error_hint(reterr,
                        "'inbye profile list' has those that there are; a file is given with a '/', as in "
                        "./NAME.ini");
        return -ENOENT;
}

static int refuse_shadow(const char *name, const char *path, struct inbye_error *reterr)
{
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EEXIST,
                "'%s' has the name of a sandbox profile that is built in", path);
        error_hint(reterr, "rename it, and build on the other with Profile=%s", name);
        return -EEXIST;
}

/* A path that is given as such, or the one that the name stands for. */
static int find_by_name(char *const *folders, const char *name, char **ret_path, struct inbye_error *reterr)
{
        scoped(freep) char *path = NULL;
        int r = 0;

        for (; *folders && !path && r == 0; folders++)
                r = find_in(*folders, name, &path, reterr);
        if (r < 0)
                return r;
        if (path && find_builtin(name))
                return refuse_shadow(name, path, reterr);
        if (!path && !find_builtin(name))
                return refuse_unknown(name, reterr);
        *ret_path = TAKE(path);
        return 0;
}

int profile_find(const char *name, char **ret_path, struct inbye_error *reterr)
{
        scoped(strv_freep) char **folders = NULL;
        int r;

        if (strchr(name, '/')) {
                *ret_path = strdup(name);
                return *ret_path ? 0 : error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox profile");
        }
        r = get_folders(&folders);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, -r, "sandbox profile");
        return find_by_name(folders, name, ret_path, reterr);
}

/* --- all of them ------------------------------------------------------------------------------------------
 */

struct listed {
        char *name, *path; /* path NULL: built in */
};

struct listing {
        struct listed *all;
        size_t n;
};

static void listing_deinit(struct listing *listing)
{
        for (size_t i = 0; i < listing->n; i++) {
                free(listing->all[i].name);
                free(listing->all[i].path);
        }
        free(listing->all);
}

static bool is_listed(const struct listing *listing, const char *name, size_t n)
{
        for (size_t i = 0; i < listing->n; i++)
                if (strncmp(listing->all[i].name, name, n) == 0 && !listing->all[i].name[n])
                        return true;
        return false;
}

/* What was found before stays. */
static int list_one(struct listing *listing, const char *name, size_t n, const char *folder, const char *file)
{
        struct listed *grown, one = { NULL, NULL };
        int r = 0;

        if (n == 0 || is_listed(listing, name, n))
                return 0;
        grown = array_resize(listing->all, listing->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        listing->all = grown;
        one.name = strndup(name, n);
        if (one.name && folder)
                r = join(&one.path, folder, "/", file);
        grown[listing->n++] = one;
        return one.name ? r : -ENOMEM;
}

static size_t name_length(const char *file)
{
        size_t n = strlen(file);

        for (size_t i = 0; i < ARRAY_SIZE(endings) && file[0] != '.'; i++) {
                size_t n_ending = strlen(endings[i]);

                if (n > n_ending && strcmp(file + n - n_ending, endings[i]) == 0)
                        return n - n_ending;
        }
        return 0;
}

/* A folder that cannot be read has nothing to list; whoever names a profile in it is told. */
static int list_folder(struct listing *listing, const char *folder)
{
        scoped(dir_closep) DIR *dir = opendir(folder);
        struct dirent *entry;
        int r = 0;

        while (dir && r == 0 && (entry = readdir(dir)))
                r = list_one(listing, entry->d_name, name_length(entry->d_name), folder, entry->d_name);
        return r;
}

static int compare_names(const void *a, const void *b)
{
        const struct listed *first = a, *second = b;

        return strcmp(first->name, second->name);
}

int inbye_profile_list(inbye_profile_fn fn, void *userdata)
{
        scoped(listing_deinit) struct listing listing = { NULL, 0 };
        scoped(strv_freep) char **folders = NULL;
        int r = fn ? get_folders(&folders) : -EINVAL;

        for (const struct profile_builtin *b = profile_builtins; b->name && r == 0; b++)
                r = list_one(&listing, b->name, strlen(b->name), NULL, NULL);
        for (char **folder = folders; folder && *folder && r == 0; folder++)
                r = list_folder(&listing, *folder);
        if (r < 0)
                return r;
        if (listing.n)
                qsort(listing.all, listing.n, sizeof(*listing.all), compare_names);
        for (size_t i = 0; i < listing.n; i++)
                fn(userdata, listing.all[i].name, listing.all[i].path);
        return 0;
}

/* --- files ------------------------------------------------------------------------------------------------
 */

static int check_file(int fd, const char *path, struct inbye_error *reterr)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, errno, "cannot read the profile '%s'", path);
        if (!S_ISREG(st.st_mode))
                return error_set_plain(
                        reterr, INBYE_STAGE_SANDBOX, EINVAL, "the profile '%s' is no regular file", path);
        if (st.st_uid != 0 && st.st_uid != geteuid()) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EPERM,
                        "the profile '%s' belongs to another user (uid %u): it could say anything", path,
                        (unsigned)st.st_uid);
                error_hint(reterr, "use a copy of your own, or one that belongs to root");
                return -EPERM;
        }
        if (st.st_mode & (S_IWGRP | S_IWOTH)) {
                error_set_plain(reterr, INBYE_STAGE_SANDBOX, EPERM,
                        "the profile '%s' may be written by others than its owner", path);
                error_hint(reterr, "chmod go-w FILE");
                return -EPERM;
        }
        if (st.st_size > SIZE_MAXIMUM)
                return error_set_plain(
                        reterr, INBYE_STAGE_SANDBOX, EFBIG, "the profile '%s' has more than 1 MiB", path);
        return 0;
}

/* At most what it had when it was checked. */
static int read_all(int fd, struct buf *text)
{
        ssize_t r;

        do {
                if (buf_reserve(text, 4096) < 0)
                        return -ENOMEM;
                r = read(fd, text->data + text->n, 4096);
                text->n += r > 0 ? (size_t)r : 0;
        } while ((r > 0 && text->n <= SIZE_MAXIMUM) || (r < 0 && errno == EINTR));
        if (r < 0)
                return -errno;
        return text->n > SIZE_MAXIMUM ? -EFBIG : buf_append(text, "", 0);
}

int profile_load(const char *path, char **ret_text, size_t *ret_n, struct inbye_error *reterr)
{
        /* What blocks until somebody writes is no regular file, and is not waited for. */
        scoped(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct buf text = BUF_INIT;
        int r;

        if (fd < 0)
                return error_set(reterr, INBYE_STAGE_SANDBOX, errno, "cannot open the profile '%s'", path);
        r = check_file(fd, path, reterr);
        if (r < 0)
                return r;
        r = read_all(fd, &text);
        if (r == 0)
                r = buf_steal(&text, ret_text, ret_n);
        buf_deinit(&text);
        return r < 0 ? error_set(reterr, INBYE_STAGE_SANDBOX, -r, "cannot read the profile '%s'", path) : 0;
}
