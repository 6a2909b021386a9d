/* SPDX-License-Identifier: MIT */
/*
 * Numbers of system calls, out of libseccomp's tables.
 *
 * It is loaded when the first name is asked for, as linking it costs every start of a program that asks for
 * none. A table of our own was rejected: the ones there are grow with each kernel, and distributions update
 * them.
 *
 * 32-bit x86 has calls that can be made in two ways: by a number of their own, and by socketcall() or ipc(),
 * whose first argument says which. libseccomp gives such calls negative numbers, that hold the argument; the
 * numbers of their own are here.
 */
#include "sandbox/numbers.h"
#include "base/error.h"
#include "base/scope.h"
#include "sandbox/compile.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <seccomp.h>
#include <string.h>

#define LIBRARY "libseccomp.so.2"

static struct {
        pthread_mutex_t lock;
        bool loaded;
        uint32_t (*arch_native)(void);
        uint32_t (*arch_resolve)(const char *name);
        int (*resolve_name)(uint32_t machine, const char *name);
        char *(*resolve_number)(uint32_t machine, int number);
} seccomp = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* POSIX has dlsym() give functions as data, ISO C does not: hence the copy. */
static bool find(void *library, const char *name, void *ret_function)
{
        void *found = dlsym(library, name);

        memcpy(ret_function, &found, sizeof(found));
        return found;
}

static int load(struct inbye_error *reterr)
{
        void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

        if (library && find(library, "seccomp_arch_native", &seccomp.arch_native) &&
                find(library, "seccomp_arch_resolve_name", &seccomp.arch_resolve) &&
                find(library, "seccomp_syscall_resolve_name_arch", &seccomp.resolve_name) &&
                find(library, "seccomp_syscall_resolve_num_arch", &seccomp.resolve_number)) {
                seccomp.loaded = true;
                return 0;
        }
        error_set_plain(reterr, INBYE_STAGE_SANDBOX, EOPNOTSUPP,
                "names of system calls cannot be understood without " LIBRARY ", which is not here");
        error_hint(reterr, "install it (Debian: libseccomp2)");
        return -EOPNOTSUPP;
}

int numbers_load(struct inbye_error *reterr)
{
        int r;

        pthread_mutex_lock(&seccomp.lock);
        r = seccomp.loaded ? 0 : load(reterr);
        pthread_mutex_unlock(&seccomp.lock);
        return r;
}

uint32_t numbers_native(void)
{
        return seccomp.arch_native();
}

uint32_t numbers_machine(const char *name)
{
        return seccomp.arch_resolve(name);
}

uint32_t numbers_other(uint32_t machine, unsigned i)
{
        static const struct {
                uint32_t machine, others[2];
        } table[] = {
                { MACHINE_X86_64, { MACHINE_X86, MACHINE_X32 } },
                { MACHINE_AARCH64, { MACHINE_ARM, 0 } },
        };

        for (size_t j = 0; i < 2 && j < ARRAY_SIZE(table); j++)
                if (table[j].machine == machine)
                        return table[j].others[i];
        return 0;
}

bool numbers_know(const char *name)
{
        return seccomp.resolve_name(seccomp.arch_native(), name) != __NR_SCMP_ERROR;
}

char *numbers_name(uint32_t machine, uint32_t number)
{
        return seccomp.resolve_number(machine, (int)number);
}

/* --- calls of several ways --------------------------------------------------------------------------------
 */

#define SOCKETCALL_BASE 100
#define IPC_BASE 200
/* ipc() keeps a version in the upper half. */
#define IPC_MASK UINT32_C(0xffff)

/* @return the number that 32-bit x86 has for it besides; 0: none. */
static uint32_t x86_number(const char *name)
{
        static const struct {
                const char *name;
                uint32_t number;
        } table[] = {
                { "recvmmsg", 337 },
                { "sendmmsg", 345 },
                { "socket", 359 },
                { "socketpair", 360 },
                { "bind", 361 },
                { "connect", 362 },
                { "listen", 363 },
                { "accept4", 364 },
                { "getsockopt", 365 },
                { "setsockopt", 366 },
                { "getsockname", 367 },
                { "getpeername", 368 },
                { "sendto", 369 },
                { "sendmsg", 370 },
                { "recvfrom", 371 },
                { "recvmsg", 372 },
                { "shutdown", 373 },
                { "semget", 393 },
                { "semctl", 394 },
                { "shmget", 395 },
                { "shmctl", 396 },
                { "shmat", 397 },
                { "shmdt", 398 },
                { "msgget", 399 },
                { "msgsnd", 400 },
                { "msgrcv", 401 },
                { "msgctl", 402 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (strcmp(table[i].name, name) == 0)
                        return table[i].number;
        return 0;
}

/* number: negative, of libseccomp's own. */
static unsigned x86_ways(const char *name, int number, struct call_way ret[CALL_WAYS])
{
        bool is_ipc = -number > IPC_BASE;
        unsigned n = 1;

        if (-number <= SOCKETCALL_BASE || -number >= IPC_BASE + SOCKETCALL_BASE)
                return 0;
        ret[0] = (struct call_way){
                .number = (uint32_t)seccomp.resolve_name(MACHINE_X86, is_ipc ? "ipc" : "socketcall"),
                .has_selector = true,
                .selector = (uint32_t)(-number - (is_ipc ? IPC_BASE : SOCKETCALL_BASE)),
                .selector_mask = is_ipc ? IPC_MASK : UINT32_MAX,
        };
        if (x86_number(name))
                ret[n++] = (struct call_way){ .number = x86_number(name) };
        return n;
}

unsigned numbers_ways(uint32_t machine, const char *name, struct call_way ret[CALL_WAYS])
{
        int number = seccomp.resolve_name(machine, name);

        if (number >= 0) {
                ret[0] = (struct call_way){ .number = (uint32_t)number };
                return 1;
        }
        return machine == MACHINE_X86 ? x86_ways(name, number, ret) : 0;
}
