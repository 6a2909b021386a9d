/* SPDX-License-Identifier: MIT */
/*
 * Stands in where libcgroup is not there: nothing is known of the controllers.
 */
#include "limit/controllers.h"
#include <errno.h>

int controllers_list(struct controller **ret_controllers, size_t *ret_n)
{
        (void)ret_controllers;
        (void)ret_n;
        return -ENOSYS;
}

int controllers_make(const char *controller, const char *path)
{
        (void)controller;
        (void)path;
        return -ENOSYS;
}

void controllers_remove(const char *controller, const char *path)
{
        (void)controller;
        (void)path;
}

void controllers_keep_rules_away(void)
{
}
