/* SPDX-License-Identifier: MIT */
/* One command to its result: the blocking verbs, statuses, output, environment, settings. */
#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

Test(run, gives_output_and_code)
{
        struct inbye_result *result = run(SH("echo out; echo err >&2; exit 3"));
        size_t n;

        cr_assert(eq(int, inbye_result_status(result), INBYE_NONZERO));
        cr_assert(eq(int, inbye_result_code(result), 3));
        cr_assert(eq(str, (char *)output(result), "out\n"));
        cr_assert(eq(str, (char *)inbye_result_output(result, INBYE_STDERR, &n), "err\n"));
        cr_assert(eq(sz, n, 4));
        cr_assert(eq(u64, inbye_result_bytes_seen(result, INBYE_STDOUT), 4));
        cr_assert(zero(int, inbye_result_truncated(result, INBYE_STDOUT)));
        cr_assert(eq(sz, inbye_result_gap(result, INBYE_STDOUT), 4));
        cr_assert(gt(int, inbye_result_pid(result), 0));
        cr_assert(gt(u64, inbye_result_duration_ns(result), 0));
        cr_assert(gt(u64, inbye_result_start_ns(result), UINT64_C(1700000000) * SEC));
        cr_assert(not(inbye_result_mechanism(result) == NULL));
        inbye_result_unref(result);
}

Test(run, leaves_no_descriptor_behind)
{
        int before, after;

        inbye_result_unref(run(COMMAND("true")));
        before = count_fds();
        for (int i = 0; i < 20; i++)
                inbye_result_unref(run(COMMAND("echo", "x")));
        after = count_fds();
        cr_assert(eq(int, before, after));
}

Test(run, tells_a_death_by_signal_from_an_exit)
{
        struct inbye_result *result = run(SH("kill -SEGV $$"));

        cr_assert(eq(int, inbye_result_status(result), INBYE_SIGNALED));
        cr_assert(eq(int, inbye_result_signal(result), SIGSEGV));
        cr_assert(eq(int, inbye_result_code(result), -1));
        inbye_result_unref(result);
}

Test(run, tells_a_missing_program_from_a_missing_directory)
{
        struct inbye_command *command = COMMAND("no-such-program-of-inbye");
        struct inbye_result *result = run(command);
        const struct inbye_error *error = inbye_result_error(result);

        cr_assert(eq(int, inbye_result_status(result), INBYE_SPAWN_ERROR));
        cr_assert(eq(int, error->stage, INBYE_STAGE_EXEC));
        cr_assert(eq(int, error->number, ENOENT));
        cr_assert(not(strstr(error->text, "looked in") == NULL));
        inbye_result_unref(result);

        command = COMMAND("true");
        cr_assert(zero(int, inbye_command_set_cwd(command, "/no/such/directory")));
        result = run(command);
        cr_assert(eq(int, inbye_result_error(result)->stage, INBYE_STAGE_CHDIR));
        cr_assert(not(strstr(inbye_result_error(result)->text, "/no/such/directory") == NULL));
        inbye_result_unref(result);
}

Test(run, says_that_a_file_is_not_executable)
{
        struct inbye_result *result = run(COMMAND("/etc/passwd"));

        cr_assert(eq(int, inbye_result_status(result), INBYE_SPAWN_ERROR));
        cr_assert(eq(int, inbye_result_error(result)->number, EACCES));
        inbye_result_unref(result);
}

Test(run, keeps_the_partial_output_of_a_timeout)
{
        struct inbye_command *command = SH("echo begun; setsid sleep 60 & exec sleep 60");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_timeout(command, 200 * MS)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_TIMEOUT));
        cr_assert(eq(str, (char *)output(result), "begun\n"));
        cr_assert(lt(u64, inbye_result_duration_ns(result), PATIENCE));
        inbye_result_unref(result);
}

Test(run, stays_a_timeout_when_the_command_exits_on_the_soft_signal)
{
        struct inbye_command *command = SH("trap 'exit 0' TERM; while :; do sleep 0.05; done");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_timeout(command, 100 * MS)));
        cr_assert(zero(int, inbye_command_set_grace(command, 10 * SEC)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_TIMEOUT));
        inbye_result_unref(result);
}

Test(run, ends_one_that_ignores_the_soft_signal_after_the_grace)
{
        struct inbye_command *command = SH("trap '' TERM INT HUP; echo up; sleep 60; sleep 60");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_timeout(command, 100 * MS)));
        cr_assert(zero(int, inbye_command_set_grace(command, 100 * MS)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_TIMEOUT));
        cr_assert(eq(int, inbye_result_signal(result), SIGKILL));
        cr_assert(ge(u64, inbye_result_duration_ns(result), 200 * MS));
        inbye_result_unref(result);
}

Test(run, ends_a_silent_command_and_spares_a_talking_one)
{
        struct inbye_command *command = SH("echo first; sleep 60");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_idle_timeout(command, 200 * MS)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_IDLE_TIMEOUT));
        cr_assert(eq(str, (char *)output(result), "first\n"));
        inbye_result_unref(result);

        command = SH("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done");
        cr_assert(zero(int, inbye_command_set_idle_timeout(command, 450 * MS)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
}

Test(run, lists_what_the_command_left_behind_and_does_not_wait_for_it)
{
        struct inbye_result *result = run(SH("sleep 60 & echo $!"));
        const struct inbye_leftover *leftover;

        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        cr_assert(eq(sz, inbye_result_n_leftovers(result), 1));
        leftover = inbye_result_leftover(result, 0);
        cr_assert(eq(int, leftover->pid, atoi(output(result))));
        cr_assert(eq(u32, leftover->held, INBYE_STDOUT | INBYE_STDERR));
        cr_assert(zero(int, leftover->unkillable));
        cr_assert(zero(int, is_alive(leftover->pid)));
        cr_assert(zero(ptr, (void *)inbye_result_leftover(result, 1)));
        cr_assert(lt(u64, inbye_result_duration_ns(result), PATIENCE));
        inbye_result_unref(result);
}

Test(run, leftovers_can_be_waited_for_or_be_a_failure)
{
        struct inbye_command *command = SH("(sleep 0.3; echo late) & echo early");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_leftovers(command, INBYE_LEFTOVERS_WAIT)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        cr_assert(eq(str, (char *)output(result), "early\nlate\n"));
        inbye_result_unref(result);

        command = SH("sleep 60 & :");
        cr_assert(zero(int, inbye_command_set_leftovers(command, INBYE_LEFTOVERS_FAIL)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_NONZERO));
        cr_assert(eq(int, inbye_result_code(result), 0));
        inbye_result_unref(result);
}

Test(run, waits_for_leftovers_no_longer_than_the_timeout)
{
        struct inbye_command *command = SH("sleep 60 & :");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_leftovers(command, INBYE_LEFTOVERS_WAIT)));
        cr_assert(zero(int, inbye_command_set_timeout(command, 200 * MS)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_TIMEOUT));
        inbye_result_unref(result);
}

Test(run, feeds_bytes_and_minds_no_early_exit)
{
        static char big[1 << 20];
        struct inbye_command *command = COMMAND("wc", "-c");
        struct inbye_result *result;

        memset(big, 'x', sizeof(big));
        cr_assert(zero(int, inbye_command_set_input_bytes(command, big, sizeof(big))));
        result = run(command);
        cr_assert(eq(int, atoi(output(result)), 1 << 20));
        inbye_result_unref(result);

        command = COMMAND("true");
        cr_assert(zero(int, inbye_command_set_input_bytes(command, big, sizeof(big))));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
}

Test(run, reads_nothing_by_default)
{
        struct inbye_result *result = run(COMMAND("cat"));

        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        cr_assert(eq(u64, inbye_result_bytes_seen(result, INBYE_STDOUT), 0));
        inbye_result_unref(result);
}

Test(run, merges_and_redirects)
{
        char path[] = "/tmp/inbye-test-XXXXXX";
        int fd = mkstemp(path);
        struct inbye_command *command = SH("echo a; echo b >&2");
        struct inbye_result *result;
        char text[16] = "";

        cr_assert(zero(int, inbye_command_set_output(command, INBYE_STDERR, INBYE_OUTPUT_MERGE)));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "a\nb\n"));
        inbye_result_unref(result);

        for (int append = 0; append < 2; append++) {
                command = SH("echo x");
                cr_assert(zero(int, inbye_command_set_output_file(command, INBYE_STDOUT, path, append)));
                result = run(command);
                cr_assert(eq(u64, inbye_result_bytes_seen(result, INBYE_STDOUT), 0));
                inbye_result_unref(result);
        }
        cr_assert(eq(sz, (size_t)read(fd, text, sizeof(text) - 1), 4));
        cr_assert(eq(str, text, "x\nx\n"));
        close(fd);
        unlink(path);
}

Test(run, tees_the_raw_bytes)
{
        struct inbye_command *command = SH("echo one; echo two");
        struct inbye_result *result;
        char text[16] = "";
        int ends[2];

        cr_assert(zero(int, pipe2(ends, O_CLOEXEC)));
        cr_assert(zero(int, inbye_command_set_tee(command, INBYE_STDOUT, ends[1])));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "one\ntwo\n"));
        close(ends[1]);
        cr_assert(eq(sz, (size_t)read(ends[0], text, sizeof(text) - 1), 8));
        cr_assert(eq(str, text, "one\ntwo\n"));
        close(ends[0]);
        cr_assert(zero(int, inbye_result_tee_error(result, INBYE_STDOUT)));
        inbye_result_unref(result);
}

Test(run, tells_why_a_tee_failed)
{
        struct inbye_command *command = SH("echo one");
        struct inbye_result *result;
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

        cr_assert(ge(int, full, 0));
        cr_assert(zero(int, inbye_command_set_tee(command, INBYE_STDOUT, full)));
        result = run(command);
        close(full);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        cr_assert(eq(str, (char *)output(result), "one\n"));
        cr_assert(eq(int, inbye_result_tee_error(result, INBYE_STDOUT), ENOSPC));
        cr_assert(zero(int, inbye_result_tee_error(result, INBYE_STDERR)));
        inbye_result_unref(result);
}

static struct inbye_result *flood(enum inbye_keep keep, size_t cap)
{
        struct inbye_command *command = SH("printf 0123456789; printf abcdefghij");

        cr_assert(zero(int, inbye_command_set_capture(command, INBYE_STDOUT, cap, keep, NULL)));
        return run(command);
}

Test(run, keeps_head_tail_or_both_ends)
{
        struct inbye_result *result = flood(INBYE_KEEP_HEAD, 6);

        cr_assert(eq(str, (char *)output(result), "012345"));
        cr_assert(eq(int, inbye_result_truncated(result, INBYE_STDOUT), 1));
        cr_assert(eq(u64, inbye_result_bytes_seen(result, INBYE_STDOUT), 20));
        inbye_result_unref(result);
        result = flood(INBYE_KEEP_TAIL, 6);
        cr_assert(eq(str, (char *)output(result), "efghij"));
        cr_assert(eq(sz, inbye_result_gap(result, INBYE_STDOUT), 0));
        inbye_result_unref(result);
        result = flood(INBYE_KEEP_BOTH, 6);
        cr_assert(eq(str, (char *)output(result), "012hij"));
        cr_assert(eq(sz, inbye_result_gap(result, INBYE_STDOUT), 3));
        inbye_result_unref(result);
        result = flood(INBYE_KEEP_BOTH, 20);
        cr_assert(zero(int, inbye_result_truncated(result, INBYE_STDOUT)));
        inbye_result_unref(result);
}

Test(run, ends_a_command_that_writes_too_much_when_asked)
{
        struct inbye_command *command = COMMAND("yes");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_capture(command, INBYE_STDOUT, 1000, INBYE_KEEP_FAIL, NULL)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OUTPUT_LIMIT));
        inbye_result_unref(result);
        /* One that has ended by itself before anybody could end it is told from one that kept within. */
        result = flood(INBYE_KEEP_FAIL, 19);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OUTPUT_LIMIT));
        inbye_result_unref(result);
        result = flood(INBYE_KEEP_FAIL, 20);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
}

Test(run, spills_to_a_file)
{
        struct inbye_result *result = flood(INBYE_KEEP_SPILL, 4);
        char text[32] = "";
        int fd = inbye_result_spill_fd(result, INBYE_STDOUT);

        cr_assert(ge(int, fd, 0));
        cr_assert(eq(sz, (size_t)pread(fd, text, sizeof(text) - 1, 0), 20));
        cr_assert(eq(str, text, "0123456789abcdefghij"));
        inbye_result_unref(result);
}

Test(run, builds_the_environment_in_the_documented_order)
{
        struct inbye_command *command = COMMAND("env");
        char path[] = "/tmp/inbye-test-XXXXXX";
        int fd = mkstemp(path);
        struct inbye_result *result;
        struct inbye_error error;

        setenv("INBYE_T_OWN", "own", 1);
        setenv("INBYE_T_HIDDEN", "hidden", 1);
        cr_assert(eq(sz, (size_t)dprintf(fd, "# comment\n\nINBYE_T_B=file\n"), 26));
        close(fd);
        cr_assert(zero(int, inbye_command_env_file(command, path, &error)));
        cr_assert(zero(int, inbye_command_env_set(command, "INBYE_T_A", "set")));
        cr_assert(zero(int, inbye_command_env_set(command, "INBYE_T_B", "set")));
        cr_assert(zero(int, inbye_command_env_set(command, "INBYE_T_C", "set")));
        cr_assert(zero(int, inbye_command_env_unset(command, "INBYE_T_C")));
        cr_assert(zero(int, inbye_command_env_allow(command, "INBYE_T_OWN")));
        cr_assert(zero(int, inbye_command_env_clear(command)));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "INBYE_T_OWN=own\nINBYE_T_A=set\nINBYE_T_B=file\n"));
        inbye_result_unref(result);
        unlink(path);
}

Test(run, refuses_what_could_wait_for_ever_to_be_opened)
{
        char path[] = "/tmp/inbye-test-XXXXXX";
        struct inbye_command *command;
        struct inbye_result *result;

        close(mkstemp(path));
        unlink(path);
        cr_assert(zero(int, mkfifo(path, 0600)));
        command = COMMAND("cat");
        cr_assert(zero(int, inbye_command_set_input_file(command, path)));
        result = run(command);
        cr_assert(eq(int, inbye_result_error(result)->stage, INBYE_STAGE_PIPE));
        cr_assert(not(strstr(inbye_result_error(result)->text, "FIFO") == NULL));
        inbye_result_unref(result);
        command = COMMAND("echo", "x");
        cr_assert(zero(int, inbye_command_set_output_file(command, INBYE_STDOUT, path, 0)));
        result = run(command);
        cr_assert(eq(int, inbye_result_error(result)->number, ENXIO));
        inbye_result_unref(result);
        unlink(path);
}

Test(run, refuses_an_environment_file_with_a_bad_line)
{
        struct inbye_command *command = COMMAND("env");
        char path[] = "/tmp/inbye-test-XXXXXX";
        int fd = mkstemp(path);
        struct inbye_error error = { 0 };

        cr_assert(gt(int, dprintf(fd, "A=1\nnonsense\n"), 0));
        close(fd);
        cr_assert(eq(int, inbye_command_env_file(command, path, &error), -EINVAL));
        cr_assert(not(strstr(error.text, ":2:") == NULL));
        cr_assert(eq(int, inbye_command_env_file(command, "/no/such/file", &error), -ENOENT));
        inbye_command_unref(command);
        unlink(path);
}

Test(run, ignores_in_the_child_what_it_is_told_to)
{
        struct inbye_command *command = SH("grep SigIgn: /proc/$$/status");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_ignored_signals(command, 1u << (SIGUSR1 - 1))));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "SigIgn:\t0000000000000200\n"));
        inbye_result_unref(result);
}

Test(run, takes_the_last_limit_for_a_resource)
{
        struct inbye_command *command = SH("ulimit -Sn; ulimit -Hn");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_rlimit(command, RLIMIT_NOFILE, 32, 33)));
        cr_assert(zero(int, inbye_command_set_rlimit(command, RLIMIT_NOFILE, 64, 65)));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "64\n65\n"));
        inbye_result_unref(result);
}

Test(run, applies_what_was_set_for_the_child)
{
        struct inbye_command *command =
                SH("umask; ulimit -n; nice; pwd; echo $0; ps -o sid= -p $$ | tr -d ' '; echo $$");
        struct inbye_result *result;
        char want[64], *lines[8], *save = NULL, *copy;
        int n = 0;

        cr_assert(zero(int, inbye_command_set_umask(command, 027)));
        cr_assert(zero(int, inbye_command_set_rlimit(command, RLIMIT_NOFILE, 64, 64)));
        cr_assert(zero(int, inbye_command_set_nice(command, 7)));
        cr_assert(zero(int, inbye_command_set_cwd(command, "/usr")));
        cr_assert(zero(int, inbye_command_set_session(command, 1)));
        result = run(command);
        copy = strdup(output(result));
        for (char *line = strtok_r(copy, "\n", &save); line && n < 8; line = strtok_r(NULL, "\n", &save))
                lines[n++] = line;
        cr_assert(eq(int, n, 7));
        cr_assert(eq(str, lines[0], "0027"));
        cr_assert(eq(str, lines[1], "64"));
        cr_assert(eq(str, lines[2], "7"));
        cr_assert(eq(str, lines[3], "/usr"));
        snprintf(want, sizeof(want), "%d", (int)inbye_result_pid(result));
        cr_assert(eq(str, lines[5], want));
        free(copy);
        inbye_result_unref(result);
}

Test(run, passes_only_the_descriptors_that_were_named)
{
        struct inbye_command *command = SH("ls /proc/self/fd | tr '\\n' ' '");
        struct inbye_result *result;
        int kept = fcntl(STDERR_FILENO, F_DUPFD, 40), other = fcntl(STDERR_FILENO, F_DUPFD, 50);
        const char *text;

        cr_assert(zero(int, inbye_command_keep_fd(command, kept)));
        result = run(command);
        text = output(result);
        cr_assert(not(strstr(text, "40") == NULL));
        cr_assert(zero(ptr, (void *)strstr(text, "50")));
        inbye_result_unref(result);
        close(kept);
        close(other);
}

Test(run, drops_ids_and_groups)
{
        struct inbye_command *command = COMMAND("id");
        struct inbye_result *result;

        if (geteuid() != 0) {
                cr_skip("needs root");
                return;
        }
        cr_assert(zero(int, inbye_command_set_uid(command, 65534)));
        cr_assert(zero(int, inbye_command_set_gid(command, 65534)));
        result = run(command);
        cr_assert(eq(
                str, (char *)output(result), "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"));
        inbye_result_unref(result);
}

Test(run, a_started_command_cannot_be_changed_but_a_copy_can)
{
        struct inbye_command *command = COMMAND("echo", "x"), *copy = NULL;
        struct inbye_result *result = NULL;

        cr_assert(zero(int, inbye_command_set_id(command, "name")));
        cr_assert(zero(int, inbye_run(command, NULL, &result, NULL)));
        inbye_result_unref(result);
        cr_assert(eq(int, inbye_command_set_cwd(command, "/"), -EBUSY));
        cr_assert(eq(int, inbye_command_set_nice(command, 1), -EBUSY));
        cr_assert(eq(int, inbye_command_env_set(command, "A", "b"), -EBUSY));
        cr_assert(zero(int, inbye_command_copy(command, &copy)));
        inbye_command_unref(command);
        cr_assert(zero(int, inbye_command_set_cwd(copy, "/")));
        cr_assert(eq(str, (char *)inbye_command_id(copy), "name"));
        result = run(copy);
        cr_assert(eq(str, (char *)output(result), "x\n"));
        inbye_result_unref(result);
}

Test(run, refuses_values_that_make_no_sense)
{
        struct inbye_command *command = COMMAND("true");
        const unsigned cpus[] = { 5000 };

        cr_assert(eq(int, inbye_command_open((const char *const[]){ NULL }, &command), -EINVAL));
        cr_assert(eq(int, inbye_command_set_nice(command, 20), -EINVAL));
        cr_assert(eq(int, inbye_command_set_signal(command, 0), -EINVAL));
        cr_assert(eq(int, inbye_command_set_ioprio(command, 4, 0), -EINVAL));
        cr_assert(eq(int, inbye_command_set_affinity(command, cpus, 1), -EINVAL));
        cr_assert(eq(int, inbye_command_keep_fd(command, 2), -EINVAL));
        cr_assert(eq(int, inbye_command_env_set(command, "A=B", "c"), -EINVAL));
        cr_assert(eq(int, inbye_command_set_output(command, INBYE_STDOUT, INBYE_OUTPUT_MERGE), -EINVAL));
        cr_assert(
                eq(int, inbye_command_set_capture(command, INBYE_STDOUT, 1, INBYE_KEEP_HEAD, "/x"), -EINVAL));
        inbye_command_unref(command);
}

Test(run, success_codes_decide_what_is_ok)
{
        struct inbye_command *command = SH("exit 7");
        const unsigned char codes[] = { 0, 7 };
        struct inbye_result *result;

        cr_assert(zero(int, inbye_command_set_success_codes(command, codes, 2)));
        result = run(command);
        cr_assert(eq(int, inbye_result_status(result), INBYE_OK));
        inbye_result_unref(result);
}

static struct inbye_usage usage_of(struct inbye_command *command)
{
        struct inbye_usage usage = { .size = sizeof(usage) };
        struct inbye_result *result = run(command);

        cr_assert(zero(int, inbye_result_usage(result, &usage)));
        inbye_result_unref(result);
        return usage;
}

/* The child shares the memory of its owner until it execs, and the kernel counts that as its own. */
Test(result, does_not_take_the_memory_of_the_owner_for_that_of_the_tree)
{
        size_t n = (size_t)64 << 20;
        char *ballast = malloc(n);
        struct inbye_usage usage;

        memset(ballast, 1, n);
        usage = usage_of(COMMAND("true"));
        cr_assert(eq(u64, usage.peak_memory_bytes, INBYE_UNKNOWN));
        cr_assert(eq(str, (char *)usage.memory_source, "unknown"));
        free(ballast);
        usage = usage_of(COMMAND("dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1"));
        cr_assert(ge(u64, usage.peak_memory_bytes, UINT64_C(128) << 20));
        cr_assert(eq(str, (char *)usage.memory_source, "rusage"));
}

Test(verbs, run_ok_says_what_went_wrong)
{
        struct inbye_command *command = SH("echo first >&2; echo the reason >&2; exit 4");
        struct inbye_error error = { 0 };

        cr_assert(eq(int, inbye_run_ok(command, NULL, NULL, &error), -EREMOTEIO));
        cr_assert(not(strstr(error.text, "exit code 4: the reason") == NULL), "%s", error.text);
        inbye_command_unref(command);
}

Test(verbs, code_and_question)
{
        struct inbye_command *command = SH("exit 9");
        struct inbye_error error = { 0 };

        cr_assert(eq(int, inbye_run_code(command, NULL, &error), 9));
        cr_assert(eq(int, inbye_ask(command, NULL, &error), -EREMOTEIO));
        inbye_command_unref(command);
        command = COMMAND("true");
        cr_assert(eq(int, inbye_ask(command, NULL, &error), 1));
        inbye_command_unref(command);
        command = COMMAND("false");
        cr_assert(eq(int, inbye_ask(command, NULL, &error), 0));
        inbye_command_unref(command);
}

Test(verbs, a_token_fired_beforehand_starts_nothing)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        char path[] = "/tmp/inbye-test-XXXXXX";
        struct inbye_command *command;
        struct inbye_result *result = NULL;

        close(mkstemp(path));
        unlink(path);
        command = COMMAND("touch", path);
        cr_assert(zero(int, inbye_cancel_open(&options.cancel)));
        inbye_cancel_fire(options.cancel);
        cr_assert(eq(int, inbye_cancel_is_fired(options.cancel), 1));
        cr_assert(zero(int, inbye_run(command, &options, &result, NULL)));
        cr_assert(eq(int, inbye_result_status(result), INBYE_CANCELLED));
        cr_assert(eq(int, access(path, F_OK), -1));
        inbye_result_unref(result);
        inbye_command_unref(command);
        inbye_cancel_free(options.cancel);
}

Test(result, of_a_command_that_could_not_be_started)
{
        struct inbye_command *command = COMMAND("x");
        struct inbye_error error = { .stage = INBYE_STAGE_EXEC, .number = ENOENT, .text = "cannot find it" };
        struct inbye_result *result = NULL;

        cr_assert(zero(int, inbye_result_from_error(command, NULL, &error, &result)));
        cr_assert(eq(int, inbye_result_status(result), INBYE_SPAWN_ERROR));
        cr_assert(eq(str, (char *)inbye_result_error(result)->text, "cannot find it"));
        inbye_result_unref(result);
        error.number = ECANCELED;
        cr_assert(zero(int, inbye_result_from_error(command, NULL, &error, &result)));
        cr_assert(eq(int, inbye_result_status(result), INBYE_CANCELLED));
        inbye_result_unref(result);
        cr_assert(eq(int, inbye_result_from_error(command, NULL, NULL, &result), -EINVAL));
        inbye_command_unref(command);
}

Test(run, names_the_child_in_its_own_environment)
{
        struct inbye_command *command = SH("echo $INBYE_T_PID $$");
        struct inbye_result *result;
        char want[64];

        cr_assert(zero(int, inbye_command_env_set_pid(command, "INBYE_T_PID")));
        result = run(command);
        snprintf(want, sizeof(want), "%d %d\n", (int)inbye_result_pid(result), (int)inbye_result_pid(result));
        cr_assert(eq(str, (char *)output(result), want));
        inbye_result_unref(result);
}

Test(verbs, detach_refuses_what_needs_an_owner)
{
        struct inbye_command *command = COMMAND("true");
        struct inbye_error error = { 0 };
        pid_t pid = 0;

        cr_assert(zero(int, inbye_detach(command, &pid, &error)), "%s", error.text);
        cr_assert(gt(int, pid, 0));
        inbye_command_unref(command);
        command = COMMAND("true");
        cr_assert(zero(int, inbye_command_set_timeout(command, SEC)));
        cr_assert(eq(int, inbye_detach(command, &pid, &error), -EINVAL));
        inbye_command_unref(command);
}

Test(result, is_one_line_of_json)
{
        struct inbye_result *result = run(SH("printf '\\377\\n'; exit 2"));
        char *json = NULL;
        size_t n = 0;

        cr_assert(zero(int, inbye_result_json(result, 0, &json, &n)));
        cr_assert(eq(sz, strlen(json), n));
        cr_assert(zero(ptr, strchr(json, '\n')));
        cr_assert(not(strstr(json, "\"status\":\"nonzero\"") == NULL));
        cr_assert(not(strstr(json, "\"data\":{\"base64\":\"/wo=\"}") == NULL), "%s", json);
        free(json);
        cr_assert(zero(int, inbye_result_json(result, INBYE_JSON_NO_OUTPUT, &json, NULL)));
        cr_assert(zero(ptr, strstr(json, "base64")));
        free(json);
        inbye_result_unref(result);
}

Test(result, counts_the_cpu_time_of_the_whole_tree)
{
        struct inbye_usage usage = { .size = sizeof(usage) };
        struct inbye_result *result =
                run(SH("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done & wait; echo done"));

        cr_assert(zero(int, inbye_result_usage(result, &usage)));
        cr_assert(gt(u64, usage.cpu_user_us, 0));
        cr_assert(lt(u64, usage.cpu_user_us, PATIENCE / 1000));
        usage.size = sizeof(usage) + 8;
        cr_assert(eq(int, inbye_result_usage(result, &usage), -E2BIG));
        inbye_result_unref(result);
}
