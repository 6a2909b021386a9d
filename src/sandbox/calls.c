/* SPDX-License-Identifier: MIT */
/*
 * Which system calls the profiles are about.
 *
 * Two lists. What is denied by name gets EPERM: programs know what that means, and a call that is let through
 * costs nothing. What is not known is answered with ENOSYS, as a kernel does that is too old for it: the C
 * library then falls back, which it does not for EPERM. clone3 is not known on purpose: its flags are in
 * memory, where no filter can look, and clone does as well.
 *
 * Arguments are only compared for equality, with a mask: libseccomp 2.5.4 gets ordered comparisons of 64
 * bits wrong. A name that this libseccomp or this machine lacks is left out: of the denied ones because
 * there is nothing to deny, of the known ones because they are then answered with ENOSYS.
 */
#include "sandbox/calls.h"
#include <linux/personality.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NAMESPACES                                                                                           \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
                CLONE_NEWNET)
#define LOW_HALF UINT64_C(0xffffffff)

const struct call_rule calls_denied[] = {
        /* Into other processes. */
        { "ptrace" },
        { "process_vm_readv" },
        { "process_vm_writev" },
        { "process_madvise" },
        { "kcmp" },
        { "pidfd_getfd" },
        /* Into the terminal that others read from. */
        { "ioctl", 1, LOW_HALF, TIOCSTI },
        { "ioctl", 1, LOW_HALF, 0x541c /* TIOCLINUX */ },
        { "vhangup" },
        /* Mounts. */
        { "mount" },
        { "umount" },
        { "umount2" },
        { "pivot_root" },
        { "move_mount" },
        { "open_tree" },
        { "fsopen" },
        { "fsconfig" },
        { "fsmount" },
        { "fspick" },
        { "mount_setattr" },
        { "swapon" },
        { "swapoff" },
        { "quotactl" },
        { "quotactl_fd" },
        { "open_by_handle_at" },
        { "fanotify_init" },
        { "setns" },
        /* Code in the kernel. */
        { "bpf" },
        { "perf_event_open" },
        { "userfaultfd" },
        { "io_uring_setup" },
        { "io_uring_enter" },
        { "io_uring_register" },
        { "init_module" },
        { "finit_module" },
        { "delete_module" },
        { "create_module" },
        { "kexec_load" },
        { "kexec_file_load" },
        { "lookup_dcookie" },
        /* Keyrings. */
        { "add_key" },
        { "request_key" },
        { "keyctl" },
        /* The machine. */
        { "reboot" },
        { "acct" },
        { "syslog" },
        { "iopl" },
        { "ioperm" },
        { "settimeofday" },
        { "stime" },
        { "clock_settime" },
        { "clock_settime64" },
        { "sethostname" },
        { "setdomainname" },
        { "nfsservctl" },
        { "uselib" },
        { "_sysctl" },
        { NULL },
};

#define SOCKET(family) { "socket", 0, LOW_HALF, family }, { "socketpair", 0, LOW_HALF, family }
#define PERSONALITY(value) { "personality", 0, LOW_HALF, value }

const struct call_rule calls_known[] = {
        /* Files. */
        { "access" }, { "chdir" }, { "chmod" }, { "chown" }, { "chown32" }, { "close" }, { "close_range" },
        { "copy_file_range" }, { "creat" }, { "dup" }, { "dup2" }, { "dup3" }, { "faccessat" },
        { "faccessat2" }, { "fadvise64" }, { "fadvise64_64" }, { "arm_fadvise64_64" }, { "fallocate" },
        { "fchdir" }, { "fchmod" }, { "fchmodat" }, { "fchmodat2" }, { "fchown" }, { "fchown32" },
        { "fchownat" }, { "fcntl" }, { "fcntl64" }, { "fdatasync" }, { "fgetxattr" }, { "flistxattr" },
        { "flock" }, { "fremovexattr" }, { "fsetxattr" }, { "fstat" }, { "fstat64" }, { "fstatat64" },
        { "fstatfs" }, { "fstatfs64" }, { "fsync" }, { "ftruncate" }, { "ftruncate64" }, { "futimesat" },
        { "getcwd" }, { "getdents" }, { "getdents64" }, { "getxattr" }, { "inotify_add_watch" },
        { "inotify_init" }, { "inotify_init1" }, { "inotify_rm_watch" }, { "ioctl" }, { "lchown" },
        { "lchown32" }, { "lgetxattr" }, { "link" }, { "linkat" }, { "listxattr" }, { "llistxattr" },
        { "_llseek" }, { "lremovexattr" }, { "lseek" }, { "lsetxattr" }, { "lstat" }, { "lstat64" },
        { "memfd_create" }, { "mkdir" }, { "mkdirat" }, { "mknod", 1, S_IFMT, S_IFREG },
        { "mknod", 1, S_IFMT, S_IFIFO }, { "mknod", 1, S_IFMT, 0 },
        { "mknod", 1, S_IFMT, S_IFSOCK }, { "mknodat", 2, S_IFMT, S_IFREG },
        { "mknodat", 2, S_IFMT, S_IFIFO }, { "mknodat", 2, S_IFMT, 0 },
        { "mknodat", 2, S_IFMT, S_IFSOCK }, { "name_to_handle_at" }, { "newfstatat" }, { "open" },
        { "openat" }, { "openat2" }, { "pipe" }, { "pipe2" }, { "pread64" }, { "preadv" }, { "preadv2" },
        { "pwrite64" }, { "pwritev" }, { "pwritev2" }, { "read" }, { "readahead" }, { "readlink" },
        { "readlinkat" }, { "readv" }, { "removexattr" }, { "rename" }, { "renameat" }, { "renameat2" },
        { "rmdir" }, { "sendfile" }, { "sendfile64" }, { "setxattr" }, { "splice" }, { "stat" }, { "stat64" },
        { "statfs" }, { "statfs64" }, { "statx" }, { "symlink" }, { "symlinkat" }, { "sync" },
        { "sync_file_range" }, { "sync_file_range2" }, { "arm_sync_file_range" }, { "syncfs" }, { "tee" },
        { "truncate" }, { "truncate64" }, { "umask" }, { "unlink" }, { "unlinkat" }, { "utime" },
        { "utimensat" }, { "utimensat_time64" }, { "utimes" }, { "vmsplice" }, { "write" }, { "writev" },
        { "io_setup" }, { "io_submit" }, { "io_getevents" }, { "io_pgetevents" }, { "io_cancel" },
        { "io_destroy" },
        /* Waiting. */
        { "epoll_create" }, { "epoll_create1" }, { "epoll_ctl" }, { "epoll_pwait" }, { "epoll_pwait2" },
        { "epoll_wait" }, { "eventfd" }, { "eventfd2" }, { "poll" }, { "ppoll" }, { "ppoll_time64" },
        { "pselect6" }, { "pselect6_time64" }, { "select" }, { "_newselect" }, { "signalfd" },
        { "signalfd4" }, { "timerfd_create" }, { "timerfd_gettime" }, { "timerfd_gettime64" },
        { "timerfd_settime" }, { "timerfd_settime64" }, { "alarm" }, { "clock_getres" },
        { "clock_getres_time64" }, { "clock_gettime" }, { "clock_gettime64" }, { "clock_nanosleep" },
        { "clock_nanosleep_time64" }, { "getitimer" }, { "gettimeofday" }, { "nanosleep" }, { "pause" },
        { "setitimer" }, { "time" }, { "timer_create" }, { "timer_delete" }, { "timer_getoverrun" },
        { "timer_gettime" }, { "timer_gettime64" }, { "timer_settime" }, { "timer_settime64" }, { "times" },
        /* Memory. */
        { "brk" }, { "get_mempolicy" }, { "madvise" }, { "mbind" }, { "membarrier" }, { "mincore" },
        { "mlock" }, { "mlock2" }, { "mlockall" }, { "mmap" }, { "mmap2" }, { "mprotect" }, { "mremap" },
        { "msync" }, { "munlock" }, { "munlockall" }, { "munmap" }, { "pkey_alloc" }, { "pkey_free" },
        { "pkey_mprotect" }, { "remap_file_pages" }, { "set_mempolicy" },
        /* Processes. */
        { "arch_prctl" }, { "capget" }, { "capset" }, { "clone", 0, NAMESPACES, 0 }, { "execve" },
        { "execveat" }, { "exit" }, { "exit_group" }, { "fork" }, { "vfork" }, { "futex" },
        { "futex_time64" }, { "futex_waitv" }, { "get_robust_list" }, { "set_robust_list" }, { "getcpu" },
        { "getegid" }, { "getegid32" }, { "geteuid" }, { "geteuid32" }, { "getgid" }, { "getgid32" },
        { "getgroups" }, { "getgroups32" }, { "getpgid" }, { "getpgrp" }, { "getpid" }, { "getppid" },
        { "getpriority" }, { "getrandom" }, { "getresgid" }, { "getresgid32" }, { "getresuid" },
        { "getresuid32" }, { "getrlimit" }, { "ugetrlimit" }, { "getrusage" }, { "getsid" }, { "gettid" },
        { "getuid" }, { "getuid32" }, { "get_thread_area" }, { "set_thread_area" }, { "set_tls" },
        { "ioprio_get" }, { "ioprio_set" }, { "kill" }, { "landlock_create_ruleset" },
        { "landlock_add_rule" }, { "landlock_restrict_self" }, { "pidfd_open" }, { "pidfd_send_signal" },
        PERSONALITY(PER_LINUX), PERSONALITY(PER_LINUX32), PERSONALITY(ADDR_NO_RANDOMIZE),
        PERSONALITY(ADDR_NO_RANDOMIZE | PER_LINUX32), PERSONALITY(LOW_HALF), { "prctl" }, { "prlimit64" },
        { "restart_syscall" }, { "riscv_flush_icache" }, { "riscv_hwprobe" }, { "rseq" },
        { "rt_sigaction" }, { "rt_sigpending" }, { "rt_sigprocmask" }, { "rt_sigqueueinfo" },
        { "rt_sigreturn" }, { "rt_sigsuspend" }, { "rt_sigtimedwait" }, { "rt_sigtimedwait_time64" },
        { "rt_tgsigqueueinfo" }, { "sched_getaffinity" }, { "sched_getattr" }, { "sched_getparam" },
        { "sched_get_priority_max" }, { "sched_get_priority_min" }, { "sched_getscheduler" },
        { "sched_rr_get_interval" }, { "sched_rr_get_interval_time64" }, { "sched_setaffinity" },
        { "sched_setattr" }, { "sched_setparam" }, { "sched_setscheduler" }, { "sched_yield" },
        { "seccomp" }, { "setfsgid" }, { "setfsgid32" }, { "setfsuid" }, { "setfsuid32" }, { "setgid" },
        { "setgid32" }, { "setgroups" }, { "setgroups32" }, { "setpgid" }, { "setpriority" }, { "setregid" },
        { "setregid32" }, { "setresgid" }, { "setresgid32" }, { "setresuid" }, { "setresuid32" },
        { "setreuid" }, { "setreuid32" }, { "setrlimit" }, { "setsid" }, { "set_tid_address" }, { "setuid" },
        { "setuid32" }, { "sigaction" }, { "sigaltstack" }, { "signal" }, { "sigpending" },
        { "sigprocmask" }, { "sigreturn" }, { "sigsuspend" }, { "sysinfo" }, { "tgkill" }, { "tkill" },
        { "uname" }, { "wait4" }, { "waitid" }, { "waitpid" }, { "cacheflush" }, { "breakpoint" },
        /* Each other: of the network only what is in a namespace of its own. */
        SOCKET(AF_UNIX), SOCKET(AF_INET), SOCKET(AF_INET6), { "socket", 0, LOW_HALF, AF_NETLINK },
        { "accept" }, { "accept4" }, { "bind" }, { "connect" }, { "getpeername" }, { "getsockname" },
        { "getsockopt" }, { "listen" }, { "recv" }, { "recvfrom" }, { "recvmmsg" }, { "recvmmsg_time64" },
        { "recvmsg" }, { "send" }, { "sendmmsg" }, { "sendmsg" }, { "sendto" }, { "setsockopt" },
        { "shutdown" }, { "socketcall" }, { "ipc" }, { "mq_getsetattr" }, { "mq_notify" }, { "mq_open" },
        { "mq_timedreceive" }, { "mq_timedreceive_time64" }, { "mq_timedsend" }, { "mq_timedsend_time64" },
        { "mq_unlink" }, { "msgctl" }, { "msgget" }, { "msgrcv" }, { "msgsnd" }, { "semctl" }, { "semget" },
        { "semop" }, { "semtimedop" }, { "semtimedop_time64" }, { "shmat" }, { "shmctl" }, { "shmdt" },
        { "shmget" },
        { NULL },
};
