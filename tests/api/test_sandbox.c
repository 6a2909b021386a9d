/* SPDX-License-Identifier: MIT */
/* Sandboxes through the public interface; tests/cli/sandbox.sh has the ways out of them. */
#include "check.h"
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct inbye_sandbox *new_sandbox(void)
{
        struct inbye_sandbox *sandbox = NULL;

        cr_assert(zero(int, inbye_sandbox_open(&sandbox)));
        return sandbox;
}

Test(sandbox, that_makes_no_sense_is_refused)
{
        struct inbye_sandbox *sandbox = new_sandbox();

        cr_assert(eq(int, inbye_sandbox_open(NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_set_no_network(NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_path(sandbox, "usr", INBYE_ACCESS_READ_ONLY, NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_path(sandbox, "/usr", INBYE_ACCESS_READ_ONLY, "x"), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_path(sandbox, "/usr", INBYE_ACCESS_HIDE, "/etc"), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_path(sandbox, "/usr", INBYE_ACCESS_READ_ONLY, "/mnt/../etc"),
                -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_path(sandbox, "/usr/..", INBYE_ACCESS_READ_ONLY, NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_landlock(sandbox, "/usr/../etc"), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_landlock(sandbox, "usr"), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_add_filter_file(sandbox, "/no/such", NULL), -ENOENT));
        cr_assert(eq(int, inbye_sandbox_add_filter_file(sandbox, "/dev/null", NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_filter_calls(sandbox, NULL, NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_filter_calls(NULL, "read", NULL), -EINVAL));
        inbye_sandbox_unref(sandbox);
}

Test(sandbox, profile_that_there_is_not_is_refused_with_the_nearest)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_error error = { 0 };

        cr_assert(eq(int, inbye_sandbox_add_profile(sandbox, "untrustd", &error), -ENOENT));
        cr_assert(eq(int, (int)error.stage, INBYE_STAGE_SANDBOX));
        cr_assert(eq(str, error.hint, "did you mean 'untrusted'?"));
        cr_assert(eq(u32, inbye_sandbox_mechanisms(sandbox), 0));
        inbye_sandbox_unref(sandbox);
}

/* A file in a folder of its own, which is left for remove_profile(). */
static const char *write_profile(const char *text)
{
        static char folder[] = "/tmp/inbye-profile.XXXXXX", path[64];
        FILE *file;

        cr_assert(ne(ptr, mkdtemp(folder), NULL));
        snprintf(path, sizeof(path), "%s/own.ini", folder);
        file = fopen(path, "we");
        cr_assert(ne(ptr, file, NULL));
        fputs(text, file);
        fclose(file);
        chmod(path, 0600);
        return path;
}

static void remove_profile(const char *path)
{
        char folder[64];

        unlink(path);
        snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
        rmdir(folder);
}

Test(sandbox, takes_away_what_a_file_says)
{
        const char *path = write_profile("[Sandbox]\nNoNewPrivileges=yes\n");
        struct inbye_command *command = SH("sed -n 's/^NoNewPrivs:.//p' /proc/self/status");
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_error error = { 0 };
        struct inbye_result *result;

        cr_assert(zero(int, inbye_sandbox_add_profile_file(sandbox, path, &error)), "%s", error.text);
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "1\n"));
        inbye_result_unref(result);
        inbye_sandbox_unref(sandbox);
        remove_profile(path);
}

Test(sandbox, file_with_a_fault_is_refused_with_the_place_and_changes_nothing)
{
        const char *path = write_profile("[Sandbox]\nPrivatePIDs=yes\nReadOnlyPaths=/ usr\n");
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_error error = { 0 };

        cr_assert(eq(int, inbye_sandbox_add_profile(sandbox, path, &error), -EINVAL));
        cr_assert(eq(int, (int)error.stage, INBYE_STAGE_SANDBOX));
        cr_assert(ne(ptr, strstr(error.text, "own.ini:3:17: ReadOnlyPaths: expected absolute paths"), NULL));
        cr_assert(eq(u32, inbye_sandbox_mechanisms(sandbox), 0));
        cr_assert(eq(int, inbye_sandbox_add_profile_file(sandbox, "own.ini", NULL), -ENOENT));
        cr_assert(eq(int, inbye_sandbox_add_profile_file(sandbox, "", NULL), -EINVAL));
        inbye_sandbox_unref(sandbox);
        remove_profile(path);
}

Test(sandbox, command_without_the_limits_that_it_requires_is_refused)
{
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = COMMAND("true");
        struct inbye_process *process = NULL;
        struct inbye_group *group = NULL;
        struct inbye_loop *loop = NULL;
        struct inbye_error error = { 0 };
        const char *path = write_profile("[Sandbox]\nRequireLimits=tasks timeout\n");

        cr_assert(zero(int, inbye_sandbox_add_profile_file(sandbox, path, &error)), "%s", error.text);
        remove_profile(path);
        cr_assert(eq(u32, inbye_sandbox_required(sandbox), INBYE_REQUIRE_TASKS | INBYE_REQUIRE_TIMEOUT));
        cr_assert(zero(int, inbye_sandbox_limits(sandbox, &limits)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(zero(int, inbye_group_open(loop, NULL, &group, NULL)));
        cr_assert(eq(int, inbye_group_spawn(group, command, &process, &error), -EINVAL));
        cr_assert(eq(int, (int)error.stage, INBYE_STAGE_SANDBOX));
        cr_assert(ne(ptr, strstr(error.text, "tasks timeout"), NULL), "%s", error.text);
        cr_assert(eq(int, inbye_detach(command, NULL, &error), -EINVAL));
        cr_assert(zero(int, inbye_command_set_timeout(command, 60 * SEC)));
        cr_assert(eq(int, inbye_command_check(command, &error), -EINVAL));
        cr_assert(eq(int, inbye_command_waive(command, 8), -EINVAL));
        cr_assert(zero(int, inbye_command_waive(command, INBYE_REQUIRE_TASKS)));
        cr_assert(zero(int, inbye_command_check(command, &error)));
        cr_assert(eq(int, inbye_command_check(NULL, NULL), -EINVAL));
        cr_assert(eq(int, inbye_sandbox_limits(sandbox, NULL), -EINVAL));
        inbye_group_free(group);
        inbye_loop_free(loop);
        inbye_command_unref(command);
        inbye_sandbox_unref(sandbox);
}

Test(sandbox, limits_of_a_profile_and_of_the_command_are_both_kept)
{
        const char *path = write_profile("[Sandbox]\nMemoryMax=64M\nTasksMax=9\nCPUQuota=50%\n");
        struct inbye_limits limits = INBYE_LIMITS_INIT;
        struct inbye_sandbox *sandbox = new_sandbox();

        limits.tasks = 4;
        limits.cpu_us_per_s = 900000;
        cr_assert(zero(int, inbye_sandbox_add_profile_file(sandbox, path, NULL)));
        remove_profile(path);
        cr_assert(eq(int, inbye_sandbox_limits(sandbox, &limits), 1));
        cr_assert(eq(u64, limits.memory_bytes, 64 << 20));
        cr_assert(eq(u64, limits.tasks, 4));
        cr_assert(eq(u64, limits.cpu_us_per_s, 500000));
        cr_assert(eq(u32, inbye_sandbox_required(NULL), 0));
        cr_assert(eq(ptr, (void *)inbye_sandbox_skipped(sandbox, 0, NULL), NULL));
        cr_assert(eq(ptr, (void *)inbye_sandbox_skipped(NULL, 0, NULL), NULL));
        inbye_sandbox_unref(sandbox);
}

static void count_names(void *userdata, const char *name, const char *path)
{
        unsigned *n = userdata;

        *n += !path && (strcmp(name, "none") == 0 || strcmp(name, "untrusted") == 0);
}

Test(sandbox, profiles_can_be_listed_and_looked_at)
{
        struct inbye_profile *profile = NULL;
        unsigned n = 0;

        cr_assert(zero(int, inbye_profile_list(count_names, &n)));
        cr_assert(eq(u32, n, 2));
        cr_assert(eq(int, inbye_profile_list(NULL, NULL), -EINVAL));
        cr_assert(zero(int, inbye_profile_open("untrusted", NULL, NULL, &profile, NULL)));
        cr_assert(eq(str, (char *)inbye_profile_name(profile), "untrusted"));
        cr_assert(eq(ptr, (void *)inbye_profile_path(profile), NULL));
        cr_assert(ne(str, (char *)inbye_profile_description(profile), ""));
        cr_assert(eq(str, (char *)inbye_profile_setting(profile, 0)->key, "NoNewPrivileges"));
        cr_assert(eq(str, (char *)inbye_profile_setting(profile, 0)->file, "untrusted"));
        cr_assert(eq(ptr, (void *)inbye_profile_setting(profile, 1000), NULL));
        inbye_profile_free(profile);
        inbye_profile_free(NULL);
}

Test(sandbox, cannot_be_changed_once_a_command_was_started_in_it)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = SH("sed -n 's/^NoNewPrivs:.//p' /proc/self/status");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_sandbox_set_no_new_privs(sandbox)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        result = run(command);
        cr_assert(eq(str, (char *)output(result), "1\n"));
        cr_assert(eq(int, inbye_sandbox_set_no_network(sandbox), -EBUSY));
        cr_assert(eq(int, inbye_sandbox_add_profile(sandbox, "build", NULL), -EBUSY));
        cr_assert(eq(int, inbye_sandbox_filter_calls(sandbox, "~ptrace", NULL), -EBUSY));
        inbye_result_unref(result);
        inbye_sandbox_unref(sandbox);
}

Test(sandbox, goes_with_a_copy_of_its_command)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = SH("sed -n 's/^Seccomp:.//p' /proc/self/status"), *copy = NULL;
        struct inbye_result *result;

        cr_assert(zero(int, inbye_sandbox_add_profile(sandbox, "build", NULL)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        inbye_sandbox_unref(sandbox);
        cr_assert(zero(int, inbye_command_copy(command, &copy)));
        inbye_command_unref(command);
        result = run(copy);
        cr_assert(eq(str, (char *)output(result), "2\n"));
        inbye_result_unref(result);
}

Test(sandbox, that_needs_a_pid_namespace_is_refused_by_a_group_without)
{
        struct inbye_group_options options = INBYE_GROUP_OPTIONS_INIT;
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = COMMAND("true");
        struct inbye_process *process = NULL;
        struct inbye_group *group = NULL;
        struct inbye_loop *loop = NULL;
        struct inbye_error error = { 0 };

        options.mechanisms = INBYE_MECHANISM_PGROUP;
        cr_assert(zero(int, inbye_sandbox_add_profile(sandbox, "untrusted", &error)), "%s", error.text);
        cr_assert(eq(u32, inbye_sandbox_mechanisms(sandbox),
                INBYE_MECHANISM_PIDNS | INBYE_MECHANISM_CGROUP_PIDNS));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        cr_assert(zero(int, inbye_loop_open(&loop)));
        cr_assert(zero(int, inbye_group_open(loop, &options, &group, NULL)));
        cr_assert(eq(int, inbye_group_spawn(group, command, &process, &error), -EOPNOTSUPP));
        cr_assert(eq(int, (int)error.stage, INBYE_STAGE_SANDBOX));
        inbye_group_free(group);
        inbye_loop_free(loop);
        inbye_command_unref(command);
        inbye_sandbox_unref(sandbox);
}

Test(sandbox, keeps_the_names_of_calls_that_it_does_not_know)
{
        static const char text[] =
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":"
                "[\"no_such\",\"kill\",\"nor_this\",\"no_such\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_error error = { 0 };
        char path[] = "/tmp/inbye-test-XXXXXX";
        int fd = mkstemp(path), r;

        cr_assert(eq(int, (int)write(fd, text, strlen(text)), (int)strlen(text)));
        close(fd);
        cr_assert(eq(ptr, (void *)inbye_sandbox_unknown_calls(sandbox)[0], NULL));
        r = inbye_sandbox_add_filter_file(sandbox, path, &error);
        unlink(path);
        if (r == -EOPNOTSUPP) {
                cr_assert(ne(ptr, strstr(error.text, "libseccomp"), NULL));
        } else {
                cr_assert(zero(int, r), "%s", error.text);
                cr_assert(eq(str, (char *)inbye_sandbox_unknown_calls(sandbox)[0], "no_such"));
                cr_assert(eq(str, (char *)inbye_sandbox_unknown_calls(sandbox)[1], "nor_this"));
                cr_assert(eq(ptr, (void *)inbye_sandbox_unknown_calls(sandbox)[2], NULL));
        }
        inbye_sandbox_unref(sandbox);
}

/* --- shared -----------------------------------------------------------------------------------------------
 */

static size_t n_descriptors(void)
{
        struct inbye_command *command = SH("ls /proc/$PPID/fd | wc -l");
        struct inbye_result *result = run(command);
        size_t n = strtoul(output(result), NULL, 10);

        inbye_result_unref(result);
        return n;
}

Test(sandbox, that_a_thousand_commands_share_leaves_nothing_behind, .timeout = 60)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = COMMAND("true");
        size_t n_before = n_descriptors();

        cr_assert(zero(int, inbye_sandbox_add_profile(sandbox, "build", NULL)));
        cr_assert(zero(int, inbye_sandbox_set_no_capabilities(sandbox)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        for (int i = 0; i < 1000; i++) {
                struct inbye_command *copy = NULL;

                cr_assert(zero(int, inbye_command_copy(command, &copy)));
                inbye_result_unref(run(copy));
        }
        inbye_command_unref(command);
        inbye_sandbox_unref(sandbox);
        cr_assert(eq(sz, n_descriptors(), n_before));
}

/* In threads of its own each: one has the same sandbox as the others, which none may change any more. */
static void *start_some(void *argument)
{
        struct inbye_sandbox *sandbox = argument;
        struct inbye_command *command = NULL;
        struct inbye_result *result = NULL;
        intptr_t n_wrong = 0;

        for (int i = 0; i < 25; i++) {
                n_wrong += inbye_command_open((const char *const[]){ "true", NULL }, &command) != 0 ||
                           inbye_command_set_sandbox(command, sandbox) != 0 ||
                           inbye_run(command, NULL, &result, NULL) != 0 ||
                           inbye_result_status(result) != INBYE_OK;
                inbye_result_unref(result);
                inbye_command_unref(command);
                result = NULL;
                command = NULL;
        }
        return (void *)n_wrong;
}

Test(sandbox, is_entered_from_many_threads_at_once, .timeout = 60)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        pthread_t threads[4];
        void *n_wrong;

        cr_assert(zero(int, inbye_sandbox_add_path(sandbox, "/usr", INBYE_ACCESS_READ_ONLY, NULL)));
        cr_assert(zero(int, inbye_sandbox_add_profile(sandbox, "build", NULL)));
        for (int i = 0; i < 4; i++)
                cr_assert(zero(int, pthread_create(&threads[i], NULL, start_some, sandbox)));
        for (int i = 0; i < 4; i++) {
                cr_assert(zero(int, pthread_join(threads[i], &n_wrong)));
                cr_assert(zero(ptr, n_wrong));
        }
        inbye_sandbox_unref(sandbox);
}

Test(sandbox, with_a_symlink_on_the_way_to_a_path_is_refused)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = COMMAND("true");
        struct inbye_result *result;

        cr_assert(zero(int, inbye_sandbox_add_path(sandbox, "/proc/self/fd", INBYE_ACCESS_HIDE, NULL)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        inbye_sandbox_unref(sandbox);
        result = run(command);
        cr_assert(eq(int, (int)inbye_result_status(result), INBYE_SPAWN_ERROR));
        cr_assert(eq(int, inbye_result_error(result)->number, ELOOP));
        cr_assert(eq(int, (int)inbye_result_error(result)->stage, INBYE_STAGE_SANDBOX));
}

static struct inbye_result *run_denied(int watch)
{
        struct inbye_sandbox *sandbox = new_sandbox();
        struct inbye_command *command = SH("\"$INBYE_HELPERS/escape\" bpf; \"$INBYE_HELPERS/escape\" bpf");

        cr_assert(zero(int, inbye_sandbox_add_profile(sandbox, "build", NULL)));
        cr_assert(zero(int, inbye_sandbox_watch_denials(sandbox, watch)));
        cr_assert(zero(int, inbye_command_set_sandbox(command, sandbox)));
        inbye_sandbox_unref(sandbox);
        return run(command);
}

Test(sandbox, tells_what_its_filters_denied)
{
        struct inbye_result *result = run_denied(1);
        const struct inbye_denial *denial = inbye_result_denial(result, 0);

        cr_assert(eq(u64, inbye_result_n_denials(result), 2));
        cr_assert(ne(ptr, (void *)denial, NULL));
        cr_assert(eq(str, (char *)denial->call, "bpf"));
        cr_assert(eq(str, (char *)denial->rule, "profile build"));
        cr_assert(eq(str, (char *)denial->program, "escape"));
        cr_assert(eq(u64, denial->n_times, 2));
        cr_assert(eq(int, denial->error, EPERM));
        cr_assert(zero(int, denial->done));
        cr_assert(eq(ptr, (void *)inbye_result_denial(result, 1), NULL));
        inbye_result_unref(result);
}

Test(sandbox, does_not_tell_unless_it_is_asked_to)
{
        struct inbye_result *result = run_denied(0);

        cr_assert(eq(u64, inbye_result_n_denials(result), INBYE_UNKNOWN));
        cr_assert(eq(ptr, (void *)inbye_result_denial(result, 0), NULL));
        cr_assert(eq(str, (char *)output(result), "Operation not permitted\nOperation not permitted\n"));
        inbye_result_unref(result);
}
