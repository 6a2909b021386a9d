/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by nettle, which every host with GnuTLS has.
 *
 * It is loaded where a job log is wanted and nowhere else: linked, it would cost each `inbye run` 0.2 to 0.5
 * ms (measured: nettle 0.2 ms, libgcrypt 0.3 to 3 ms, libcrypto 2 to 5 ms, which is why it is not one of
 * them). The kernel's own (AF_ALG) needs no library, but its module is missing on too many hosts, and costs
 * four system calls per job. A digest of our own would be one more that nobody has examined.
 */
#include "cli/digest.h"
#include "base/error.h"
#include <dlfcn.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>

/* Of nettle 3.6 to 3.10, and only of these (meson.build): the library's name changes with its interface. */
#define LIBRARY "libnettle.so.8"

static struct {
        void (*init)(struct sha256_ctx *context);
        void (*update)(struct sha256_ctx *context, size_t n, const uint8_t *data);
        void (*digest)(struct sha256_ctx *context, size_t n, uint8_t *digest);
} sha256;

/* POSIX has dlsym() give functions as data, ISO C does not: hence the copy. */
static int find(void *library, const char *name, void *ret_function)
{
        void *found = dlsym(library, name);

        memcpy(ret_function, &found, sizeof(found));
        return found ? 0 : -ENOSYS;
}

/* The library stays: what is loaded once is used until the end. */
int digest_load(struct inbye_error *reterr)
{
        void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
        int r;

        if (!library) {
                error_set_plain(reterr, INBYE_STAGE_ARGUMENT, ENOSYS,
                        "jobs cannot be known again without " LIBRARY ", which is not here");
                error_hint(reterr, "install it (Debian: libnettle8)");
                return -ENOSYS;
        }
        r = find(library, "nettle_sha256_init", &sha256.init);
        if (r >= 0)
                r = find(library, "nettle_sha256_update", &sha256.update);
        if (r >= 0)
                r = find(library, "nettle_sha256_digest", &sha256.digest);
        if (r < 0)
                return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, ENOSYS,
                        LIBRARY " has no SHA-256: it is none of nettle's");
        return 0;
}

static void update(void *userdata, const void *data, size_t n)
{
        sha256.update(userdata, n, data);
}

/* With the NUL: no directory runs into what follows. */
void digest_command(
        const struct inbye_command *command, const char *directory, unsigned char digest[DIGEST_SIZE])
{
        struct sha256_ctx context;

        sha256.init(&context);
        update(&context, directory, strlen(directory) + 1);
        (void)inbye_command_identity(command, update, &context);
        sha256.digest(&context, DIGEST_SIZE, digest);
}
