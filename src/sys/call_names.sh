# SPDX-License-Identifier: MIT
# call_names.sh COMPILER [ARG]...: rows of the numbers and names of this machine's system calls, from its headers.
echo '#include <sys/syscall.h>' | "$@" -dM -E - | sed -n 's/^#define __NR_\([a-z][a-z0-9_]*\) .*/{ __NR_\1, "\1" },/p' |
        grep -v '"syscalls"'
