/* SPDX-License-Identifier: MIT */
/*
 * Cancel tokens: a descriptor that is made readable once and never read, so that any number of loops in any
 * number of threads see it level-triggered, each through a duplicate of its own (an epoll takes a descriptor
 * once).
 */
#include "loop/cancel.h"
#include "base/fd.h"
#include "loop/internal.h"
#include <errno.h>
#include <stdlib.h>

int inbye_cancel_open(struct inbye_cancel **ret_cancel)
{
        struct inbye_cancel *cancel;
        int r;

        if (!ret_cancel)
                return -EINVAL;
        cancel = calloc(1, sizeof(*cancel));
        if (!cancel)
                return -ENOMEM;
        r = sys_wake_open(&cancel->wake);
        if (r < 0) {
                free(cancel);
                return r;
        }
        atomic_init(&cancel->n_references, 1);
        *ret_cancel = cancel;
        return 0;
}

struct inbye_cancel *cancel_ref(struct inbye_cancel *cancel)
{
        if (cancel)
                atomic_fetch_add(&cancel->n_references, 1);
        return cancel;
}

void inbye_cancel_free(struct inbye_cancel *cancel)
{
        if (!cancel || atomic_fetch_sub(&cancel->n_references, 1) > 1)
                return;
        sys_wake_close(&cancel->wake);
        free(cancel);
}

void inbye_cancel_fire(struct inbye_cancel *cancel)
{
        if (!atomic_exchange(&cancel->fired, 1))
                sys_wake_fire(&cancel->wake);
}

int inbye_cancel_is_fired(const struct inbye_cancel *cancel)
{
        return atomic_load(&cancel->fired);
}

int cancel_dup_fd(const struct inbye_cancel *cancel)
{
        return fd_dup_above(cancel->wake.fd, 3);
}
