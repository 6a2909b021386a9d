/* SPDX-License-Identifier: MIT */
/* Filters of the profiles, compiled when they are first asked for: where the build could not do that. */
#include "sandbox/filter.h"
#include <pthread.h>

int filter_get(enum filter which, struct spawn_filter *ret, struct inbye_error *reterr)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static struct spawn_filter filters[FILTER_N];
        int r = 0;

        pthread_mutex_lock(&lock);
        if (!filters[which].n)
                r = filter_compile(which, 0, &filters[which], reterr);
        if (r == 0)
                *ret = filters[which];
        pthread_mutex_unlock(&lock);
        return r;
}
