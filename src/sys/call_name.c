/* SPDX-License-Identifier: MIT */
/*
 * Names of system calls by their numbers, from the headers that this is built with. libseccomp knows those of
 * other machines too, but would have to be loaded while a job waits for the answer to its call.
 */
#include "base/scope.h"
#include "sys/notify.h"
#include <sys/syscall.h>

static const struct {
        int number;
        const char *name;
} calls[] = {
#include "sys/call_names.h"
};

const char *sys_call_name(uint32_t machine, int number)
{
        if (machine != sys_machine())
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                if (calls[i].number == number)
                        return calls[i].name;
        return NULL;
}
