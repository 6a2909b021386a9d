/* SPDX-License-Identifier: MIT */
/*
 * Names that the kernel knows as numbers: signals and resource limits.
 *
 * The tables are our own. sigabbrev_np(3) is glibc's alone and knows no way back, and both it and
 * strsignal(3) are silent about the real-time signals, whose numbers depend on how many the C library keeps
 * for itself: they are counted from SIGRTMIN at run time.
 */
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { SIGNAL_MAX = 64 };

static const char *const signal_names[] = {
        [SIGHUP] = "HUP",
        [SIGINT] = "INT",
        [SIGQUIT] = "QUIT",
        [SIGILL] = "ILL",
        [SIGTRAP] = "TRAP",
        [SIGABRT] = "ABRT",
        [SIGBUS] = "BUS",
        [SIGFPE] = "FPE",
        [SIGKILL] = "KILL",
        [SIGUSR1] = "USR1",
        [SIGSEGV] = "SEGV",
        [SIGUSR2] = "USR2",
        [SIGPIPE] = "PIPE",
        [SIGALRM] = "ALRM",
        [SIGTERM] = "TERM",
#ifdef SIGSTKFLT
        [SIGSTKFLT] = "STKFLT",
#endif
        [SIGCHLD] = "CHLD",
        [SIGCONT] = "CONT",
        [SIGSTOP] = "STOP",
        [SIGTSTP] = "TSTP",
        [SIGTTIN] = "TTIN",
        [SIGTTOU] = "TTOU",
        [SIGURG] = "URG",
        [SIGXCPU] = "XCPU",
        [SIGXFSZ] = "XFSZ",
        [SIGVTALRM] = "VTALRM",
        [SIGPROF] = "PROF",
#ifdef SIGWINCH
        [SIGWINCH] = "WINCH",
#endif
#ifdef SIGIO
        [SIGIO] = "IO",
#endif
#ifdef SIGPWR
        [SIGPWR] = "PWR",
#endif
        [SIGSYS] = "SYS",
};

static const struct {
        const char *name;
        int signo;
} signal_aliases[] = {
        { "IOT", SIGABRT },
        { "CLD", SIGCHLD },
        { "POLL", SIGIO },
};

static int signal_by_name(const char *name)
{
        for (size_t i = 1; i < ARRAY_SIZE(signal_names); i++)
                if (signal_names[i] && str_is_word(name, strlen(name), signal_names[i]))
                        return (int)i;
        for (size_t i = 0; i < ARRAY_SIZE(signal_aliases); i++)
                if (str_is_word(name, strlen(name), signal_aliases[i].name))
                        return signal_aliases[i].signo;
        return -EINVAL;
}

/* "RTMIN", "RTMIN+2", "RTMAX-1"; -EINVAL: not of that form. */
static int signal_real_time(const char *name)
{
        bool from_max = strlen(name) >= 5 && str_is_word(name, 5, "RTMAX");
        uint64_t offset = 0;
        int r;

        if (strlen(name) < 5 || (!from_max && !str_is_word(name, 5, "RTMIN")))
                return -EINVAL;
        if (name[5]) {
                if (name[5] != (from_max ? '-' : '+'))
                        return -EINVAL;
                r = parse_unsigned(name + 6, (uint64_t)(SIGRTMAX - SIGRTMIN), &offset);
                if (r < 0)
                        return r;
        }
        return from_max ? SIGRTMAX - (int)offset : SIGRTMIN + (int)offset;
}

int parse_signal(const char *text, int *ret_signo)
{
        int r;

        if (*text >= '0' && *text <= '9')
                return parse_int(text, 1, SIGNAL_MAX, ret_signo);
        if (strlen(text) > 3 && str_is_word(text, 3, "SIG"))
                text += 3;
        r = signal_by_name(text);
        if (r < 0)
                r = signal_real_time(text);
        if (r < 0)
                return r;
        *ret_signo = r;
        return 0;
}

const char *signal_name(int signo)
{
        static _Thread_local char text[16];

        if (signo > 0 && (size_t)signo < ARRAY_SIZE(signal_names) && signal_names[signo])
                return signal_names[signo];
        if (signo == SIGRTMIN)
                return "RTMIN";
        if (signo > SIGRTMIN && signo <= SIGRTMAX)
                (void)snprintf(text, sizeof(text), "RTMIN+%d", signo - SIGRTMIN);
        else
                (void)snprintf(text, sizeof(text), "%d", signo);
        return text;
}

static const struct resource {
        const char *name;
        int number;
        bool is_bytes; /* takes 64K, 1.5G */
} resources[] = {
        { "as", RLIMIT_AS, true },
        { "core", RLIMIT_CORE, true },
        { "cpu", RLIMIT_CPU, false },
        { "data", RLIMIT_DATA, true },
        { "fsize", RLIMIT_FSIZE, true },
#ifdef RLIMIT_LOCKS
        { "locks", RLIMIT_LOCKS, false },
#endif
#ifdef RLIMIT_MEMLOCK
        { "memlock", RLIMIT_MEMLOCK, true },
#endif
#ifdef RLIMIT_MSGQUEUE
        { "msgqueue", RLIMIT_MSGQUEUE, true },
#endif
#ifdef RLIMIT_NICE
        { "nice", RLIMIT_NICE, false },
#endif
        { "nofile", RLIMIT_NOFILE, false },
#ifdef RLIMIT_NPROC
        { "nproc", RLIMIT_NPROC, false },
#endif
#ifdef RLIMIT_RSS
        { "rss", RLIMIT_RSS, true },
#endif
#ifdef RLIMIT_RTPRIO
        { "rtprio", RLIMIT_RTPRIO, false },
#endif
#ifdef RLIMIT_RTTIME
        { "rttime", RLIMIT_RTTIME, false },
#endif
#ifdef RLIMIT_SIGPENDING
        { "sigpending", RLIMIT_SIGPENDING, false },
#endif
        { "stack", RLIMIT_STACK, true },
};

static const struct resource *resource_find(const char *name, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
                if (strlen(resources[i].name) == n && memcmp(resources[i].name, name, n) == 0)
                        return &resources[i];
        return NULL;
}

static int resource_value(const struct resource *resource, const char *text, size_t n, uint64_t *ret)
{
        char value[40];

        if (n >= sizeof(value))
                return -EINVAL;
        memcpy(value, text, n);
        value[n] = '\0';
        if (resource->is_bytes || strcmp(value, "infinity") == 0)
                return parse_size(value, ret);
        return parse_unsigned(value, UINT64_MAX - 1, ret);
}

const char *rlimit_name(int resource)
{
        for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
                if (resources[i].number == resource)
                        return resources[i].name;
        return NULL;
}

int parse_rlimit(const char *text, int *ret_resource, uint64_t *ret_soft, uint64_t *ret_hard)
{
        const char *values = strchr(text, '='), *colon;
        const struct resource *resource;
        uint64_t soft, hard;
        int r;

        resource = values ? resource_find(text, (size_t)(values - text)) : NULL;
        if (!resource)
                return -EINVAL;
        values++;
        colon = values + strcspn(values, ":");
        r = resource_value(resource, values, (size_t)(colon - values), &soft);
        if (r < 0)
                return r;
        hard = soft;
        if (*colon) {
                r = resource_value(resource, colon + 1, strlen(colon + 1), &hard);
                if (r < 0)
                        return r;
        }
        if (soft > hard)
                return -EINVAL;
        *ret_resource = resource->number;
        *ret_soft = soft;
        *ret_hard = hard;
        return 0;
}
