/* SPDX-License-Identifier: MIT */
#ifndef SANDBOX_OCI_H
#define SANDBOX_OCI_H

#include "sandbox/rules.h"
#include <inbye/base.h>
#include <stdbool.h>
#include <stddef.h>

/* Filters of system calls as Docker, Podman and the OCI runtime specification write them (oci.c). */

/** What parts of a filter depend on. */
struct oci_host {
        uint32_t machine;
        uint64_t capabilities; /* bit per capability that the command has */
        unsigned kernel[2];    /* 6, 18 */
};
/** Of this host: numbers_load() was called. */
void oci_host_init(struct oci_host *host, uint64_t bits);

/**
 * @param path       For messages.
 * @param ret_flags  SECCOMP_FILTER_FLAG_...
 * @return 0; -EINVAL, -EOPNOTSUPP: refused, *reterr says why and where; -ENOMEM.
 */
int oci_read(struct rules *rules, const struct oci_host *host, const char *path, const char *text, size_t n,
        unsigned *ret_flags, struct inbye_error *reterr);

#endif
