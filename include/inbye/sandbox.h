/* SPDX-License-Identifier: MIT */
#ifndef INBYE_SANDBOX_H
#define INBYE_SANDBOX_H

#include <inbye/base.h>
#include <inbye/command.h>
#include <inbye/limits.h>
#include <inbye/profile.h>

INBYE_BEGIN_DECLS

/**
 * What a command, and all that comes of it, may not do. inbye-sandbox(7) says what of it is a boundary.
 *
 * Each call takes something more away; nothing gives back. What cannot be had here is refused, by the call or
 * when a command is started, never left out.
 *
 * Ownership: inbye_sandbox_open() gives the caller one reference, inbye_sandbox_unref() takes one back; a
 * command keeps one. Everything passed in is copied.
 * Threads: calls that change it need one thread at a time. Once a command was started in it, it never
 * changes: such calls then answer -EBUSY, and any number of commands in any thread may share it. Errors: 0 on
 * success, a negative errno on failure; a failed call changes nothing. -EINVAL  The value makes no sense.
 * -EBUSY  In use already. -ENOMEM.
 */
struct inbye_sandbox;

/** One that takes nothing away. */
INBYE_API INBYE_MUST_USE int inbye_sandbox_open(struct inbye_sandbox **ret_sandbox);
INBYE_API struct inbye_sandbox *inbye_sandbox_ref(struct inbye_sandbox *sandbox);
INBYE_API void inbye_sandbox_unref(struct inbye_sandbox *sandbox);

/**
 * Take away what a profile does, in addition to what was taken before: all of it, or nothing where that
 * fails.
 *
 * @param name  "none", "build", "untrusted", "measure", or a file: inbye_profile_open() says where profiles
 *              are looked for, inbye-profile(5) what stands in them.
 * @retval -ENOENT      No such profile; reterr has the nearest name.
 * @retval -EINVAL      There is a fault in it; reterr has the first, "FILE:LINE:COLUMN: what".
 * @retval -EOPNOTSUPP  This host lacks something that the profile needs; reterr says what.
 * @retval -E2BIG       More filters of system calls than can be loaded.
 * @retval -EEXIST, -EPERM, -EFBIG  As inbye_profile_open().
 */
INBYE_API INBYE_MUST_USE int inbye_sandbox_add_profile(
        struct inbye_sandbox *sandbox, const char *name, struct inbye_error *reterr);
/** The same for a file, whatever its name is. */
INBYE_API INBYE_MUST_USE int inbye_sandbox_add_profile_file(
        struct inbye_sandbox *sandbox, const char *path, struct inbye_error *reterr);
/** Names of the profiles that are built in, NULL-terminated. Static storage. inbye_profile_list() tells of
 * all. */
INBYE_API const char *const *inbye_sandbox_profiles(void);

/** No program gains rights by being executed: set-user-id and file capabilities have no effect. */
INBYE_API int inbye_sandbox_set_no_new_privs(struct inbye_sandbox *sandbox);
/** No capability is left, nor comes back by an exec. Implies _set_no_new_privs(). */
INBYE_API int inbye_sandbox_set_no_capabilities(struct inbye_sandbox *sandbox);
/** A network namespace of its own that holds nothing but a loopback interface. */
INBYE_API int inbye_sandbox_set_no_network(struct inbye_sandbox *sandbox);

/** What may be done with a path. */
enum inbye_access {
        INBYE_ACCESS_READ_ONLY,
        INBYE_ACCESS_READ_WRITE,
        INBYE_ACCESS_HIDE /**< Neither read nor written; a directory looks empty. */
};
/**
 * Mount a file or directory of the host in the mount namespace of the command: with these rights at its own
 * place, or at another. Rules are applied in the order of the calls; the later stands above the earlier.
 * Device files and set-user-id programs below it have no effect. Linux 5.12.
 *
 * The root directory itself can only be made read-only, where no profile brings one of its own.
 *
 * @param path    Of the host, absolute, without "..", looked up when a command is started. A symlink on the
 * way to it is not followed, whoever put it there: the command is refused (ELOOP). Where that is known to be
 * nobody but you, realpath(3) gives the path to name.
 * @param target  Where the command sees it, absolute, without symlinks and "..": an existing place of the
 * same kind. NULL: at the path.
 * @retval -EINVAL  A path that is not absolute or has ".."; INBYE_ACCESS_HIDE with a target.
 */
INBYE_API int inbye_sandbox_add_path(
        struct inbye_sandbox *sandbox, const char *path, enum inbye_access access, const char *target);
/**
 * Landlock: everything may be read and executed, and nothing written but beneath the paths given by this
 * call, and to the devices null, zero, full and tty. From version 6 of Landlock on (Linux 6.12) nobody
 * outside the sandbox can be signalled nor reached by an abstract socket. Implies _set_no_new_privs(). The
 * path is looked up as that of inbye_sandbox_add_path().
 *
 * @retval -EOPNOTSUPP  This kernel has no Landlock.
 */
INBYE_API int inbye_sandbox_add_landlock(struct inbye_sandbox *sandbox, const char *path);
/**
 * A filter of system calls from a file: JSON as Docker and Podman take it (the `seccomp` object of the OCI
 * runtime specification), or classic BPF as the kernel takes it (struct sock_filter, 8 bytes each;
 * seccomp(2)). Implies _set_no_new_privs().
 *
 * Parts of the JSON that depend on capabilities are decided by those that the command will have.
 *
 * @retval -EINVAL      No such filter: reterr has the line and column of what is wrong.
 * @retval -EOPNOTSUPP  It asks for something that cannot be had here: SCMP_ACT_NOTIFY; JSON without
 *                      libseccomp.
 */
INBYE_API INBYE_MUST_USE int inbye_sandbox_add_filter_file(
        struct inbye_sandbox *sandbox, const char *path, struct inbye_error *reterr);
/**
 * A filter of system calls in words, as systemd's SystemCallFilter= has it: what is allowed, or, after a '~'
 * that stands before the first, what is denied. A word is the name of a call or a group ("@mount":
 * `systemd-analyze syscall-filter` lists them), and may end in an error that the call is to fail with:
 * ":ENOSYS", ":38", or ":kill". Implies _set_no_new_privs().
 *
 * Denied calls fail with EPERM; in a list of what is allowed those that nobody here knows fail with ENOSYS.
 * The group "@default" is always allowed. A filter given earlier or later only takes away more.
 *
 * @retval -EINVAL      A word that means nothing; the hint has the nearest that does.
 * @retval -EOPNOTSUPP  libseccomp is not here.
 */
INBYE_API INBYE_MUST_USE int inbye_sandbox_filter_calls(
        struct inbye_sandbox *sandbox, const char *words, struct inbye_error *reterr);
/** Names of system calls in filters that mean nothing to the libseccomp here, and were left out: each once,
 * NULL-terminated. Valid until the sandbox is changed or freed. */
INBYE_API const char *const *inbye_sandbox_unknown_calls(const struct inbye_sandbox *sandbox);

/** Limits that a sandbox may require of the commands that are started in it (untrusted does). Bits. */
#define INBYE_REQUIRE_MEMORY 1u
#define INBYE_REQUIRE_TASKS 2u
#define INBYE_REQUIRE_TIMEOUT 4u
/** Those that it does. A command without one is refused when it is started: -EINVAL, stage SANDBOX. NULL: 0.
 */
INBYE_API uint32_t inbye_sandbox_required(const struct inbye_sandbox *sandbox);
/**
 * Make limits of a command at least as strict as the sandbox has them, as a start does: of two the stricter
 * counts. Those that are optional are not in them: a start may have to do without.
 *
 * @param limits  Changed in place; from INBYE_LIMITS_INIT.
 * @retval 1        The sandbox has limits, optional or not.
 * @retval 0        It has none.
 * @retval -EINVAL  limits is NULL, or of another version.
 */
INBYE_API INBYE_MUST_USE int inbye_sandbox_limits(
        const struct inbye_sandbox *sandbox, struct inbye_limits *limits);

/**
 * What a profile marks as optional, and this host cannot do: left out.
 *
 * @param ret_reason  Why; may be NULL.
 * @return "KEY=VALUE" of the profile; NULL beyond the last. Lives as long as the sandbox is not changed.
 */
INBYE_API const char *inbye_sandbox_skipped(
        const struct inbye_sandbox *sandbox, size_t index, const char **ret_reason);
/**
 * Have the result of a command tell which system calls the filters denied (inbye_result_denial()), where that
 * can be had: no other process listens to filters around us, the filter is one that libseccomp could have
 * made, and it allows what a child does until its program runs. Off by default: a call that is denied then
 * waits until the owner's loop is turned, and costs some 5 us; should the owner die it fails with ENOSYS.
 */
INBYE_API int inbye_sandbox_watch_denials(struct inbye_sandbox *sandbox, int watch);

/** Mechanisms (INBYE_MECHANISM_* bits) of a group that commands may be started in with it; 0: any. */
INBYE_API uint32_t inbye_sandbox_mechanisms(const struct inbye_sandbox *sandbox);

/**
 * Start the command in this sandbox. NULL, the default: in none.
 *
 * Where the sandbox has a root directory of its own (profile "untrusted"), a working directory that the
 * command names (inbye_command_set_cwd()) is reached without symlinks, and without ".." behind a name: it can
 * be written in there, and a command of before may have put a symlink on the way to it. Where it has a pid
 * namespace of its own the command has a process group of its own as well.
 */
INBYE_API int inbye_command_set_sandbox(struct inbye_command *command, struct inbye_sandbox *sandbox);
/**
 * Say that the command goes without these limits on purpose, should its sandbox require them: where the host
 * cannot enforce them, or something else does.
 *
 * @param limits    INBYE_REQUIRE_* bits, added to those that were waived before.
 * @retval -EINVAL  An unknown bit.
 */
INBYE_API int inbye_command_waive(struct inbye_command *command, uint32_t limits);
/**
 * Would a start be refused for what was said of the command, and not for what the host can do: has it the
 * limits that its sandbox requires? Limits of a group are not looked at.
 *
 * @retval 0        It would not.
 * @retval -EINVAL  It would: reterr says why.
 */
INBYE_API INBYE_MUST_USE int inbye_command_check(
        const struct inbye_command *command, struct inbye_error *reterr);

INBYE_END_DECLS
#endif
