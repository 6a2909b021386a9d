/* SPDX-License-Identifier: MIT */
#ifndef RUN_HOST_H
#define RUN_HOST_H

#include "contain/contain.h"
#include "limit/controllers.h"
#include <inbye/host.h>
#include <inbye/limits.h>

#define MECHANISMS_MAX 8

struct inbye_host {
        struct inbye_host_mechanism mechanisms[MECHANISMS_MAX];
        struct contain_probe probes[MECHANISMS_MAX];
        size_t n_mechanisms;
        struct controller *found;
        struct inbye_host_controller *controllers;
        size_t n_controllers;
        int controllers_error; /* 0, or why they are unknown */
        bool limits_tried;
        struct inbye_host_limit limits[INBYE_LIMIT_N];
        struct inbye_error limit_errors[INBYE_LIMIT_N];
};

#endif
