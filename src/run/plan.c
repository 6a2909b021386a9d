/* SPDX-License-Identifier: MIT */
/*
 * From a command to a spawn plan: files opened, pipes made, environment built, all before anything is
 * started.
 */
#include "base/error.h"
#include "base/fd.h"
#include "base/str.h"
#include "run/run.h"
#include "sandbox/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void prepared_deinit(struct prepared *prepared)
{
        for (int i = 0; i < 3; i++)
                prepared->opened[i] = fd_close(prepared->opened[i]);
        sandbox_steps_deinit(&prepared->sandbox);
        strv_free(prepared->envp);
        prepared->envp = NULL;
}

static int open_failed(const char *path, int number, struct inbye_error *reterr)
{
        error_set(reterr, INBYE_STAGE_PIPE, number, "cannot open %s", path);
        if (number == ENXIO)
                error_hint(reterr,
                        "a FIFO that nobody reads: start its reader first, or open it in the shell (>FIFO)");
        return -number;
}

/*
 * Opening a FIFO waits for its other end, with every clock and signal of the owner waiting too: so it is
 * opened without waiting. For one to write to that shows whether there is a reader; for one to read from it
 * would look like an end of file to the child until somebody writes, which is why that is refused.
 */
static int make_blocking(int fd, int number, const char *path, struct inbye_error *reterr)
{
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        if (number == 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
                error_set_plain(reterr, INBYE_STAGE_PIPE, EINVAL,
                        "%s is a FIFO: opening it could wait for ever", path);
                error_hint(reterr, "open it in the shell (<FIFO) or pass a descriptor");
                return -EINVAL;
        }
        if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, errno, "cannot open %s", path);
        return 0;
}

#define OPEN_ALWAYS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* `fd` is what opening it gave, or -errno. */
static int take_file(
        struct prepared *prepared, int number, const char *path, int fd, struct inbye_error *reterr)
{
        int r;

        if (fd < 0)
                return open_failed(path, -fd, reterr);
        prepared->opened[number] = fd;
        r = make_blocking(fd, number, path, reterr);
        if (r < 0)
                return r;
        prepared->plan.stdio[number] = fd;
        return 0;
}

static int open_file(
        struct prepared *prepared, int number, const char *path, int flags, struct inbye_error *reterr)
{
        int fd = open(path, flags | OPEN_ALWAYS, 0666);

        return take_file(prepared, number, path, fd < 0 ? -errno : fd, reterr);
}

static int open_straight(
        struct prepared *prepared, int number, const char *path, int flags, struct inbye_error *reterr)
{
        int r = take_file(prepared, number, path, fd_open_straight(path, flags | OPEN_ALWAYS, 0666), reterr);

        if (r == -ELOOP)
                error_hint(reterr,
                        "a symlink on the way to it, which a job may have put there, is not followed: name "
                        "the path that it leads to");
        return r;
}

/* Where a sandbox keeps the command from files, neither it nor who was in there before chooses them for us.
 */
static bool is_kept_from_files(const struct prepared *prepared)
{
        const struct spawn_sandbox *sandbox = prepared->plan.sandbox;

        return sandbox && (sandbox->root || sandbox->n_mounts || sandbox->landlock.files);
}

static int open_input(
        struct prepared *prepared, const struct inbye_command *command, struct inbye_error *reterr)
{
        return (is_kept_from_files(prepared) ? open_straight : open_file)(
                prepared, 0, command->input_path, O_RDONLY, reterr);
}

static int open_output(struct prepared *prepared, int number, const struct command_output *output,
        struct inbye_error *reterr)
{
        int flags = O_WRONLY | O_CREAT | (output->flags & INBYE_OUTPUT_APPEND ? O_APPEND : O_TRUNC);
        bool straight = output->flags & INBYE_OUTPUT_NO_SYMLINKS || is_kept_from_files(prepared);

        return (straight ? open_straight : open_file)(prepared, number, output->path, flags, reterr);
}

/* The owner's own descriptor as an exec(2) would leave it: what is closed, or close-on-exec, is not there. */
static int inherit(struct prepared *prepared, int number)
{
        int flags = fcntl(number, F_GETFD);

        prepared->plan.stdio[number] = flags < 0 || (flags & FD_CLOEXEC) ? -1 : number;
        return 0;
}

static int make_feed(struct prepared *prepared, const struct inbye_command *command, struct feed *feed,
        struct inbye_error *reterr)
{
        int r = feed_open(feed, command->input_bytes, command->n_input_bytes, command->input == INPUT_BYTES);

        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot make a pipe for standard input");
        prepared->plan.stdio[0] = feed->read_fd;
        return 0;
}

static int prepare_input(struct prepared *prepared, const struct inbye_command *command,
        struct inbye_process *process, struct inbye_error *reterr)
{
        switch (command->input) {
        case INPUT_INHERIT:
                return inherit(prepared, 0);
        case INPUT_FILE:
                return open_input(prepared, command, reterr);
        case INPUT_FD:
                prepared->plan.stdio[0] = command->input_fd;
                return 0;
        case INPUT_PIPE:
        case INPUT_BYTES:
                return make_feed(prepared, command, &process->feed, reterr);
        case INPUT_NULL:
                break;
        }
        return open_file(prepared, 0, "/dev/null", O_RDONLY, reterr);
}

static int make_pump(struct prepared *prepared, const struct command_output *output, int index,
        struct inbye_process *process, struct inbye_error *reterr)
{
        struct pump *pump = &process->pumps[index];
        int r = pump_open(pump, output->keep, output->cap_bytes, output->spill_path, output->tee_fd);

        if (r < 0)
                return error_set(reterr, INBYE_STAGE_PIPE, -r, "cannot make a pipe for the output");
        pump->userdata = process;
        prepared->plan.stdio[index + 1] = pump->write_fd;
        return 0;
}

static int prepare_output(struct prepared *prepared, const struct inbye_command *command, int index,
        struct inbye_process *process, struct inbye_error *reterr)
{
        const struct command_output *output = &command->output[index];

        switch (output->kind) {
        case OUTPUT_INHERIT:
                return inherit(prepared, index + 1);
        case OUTPUT_FILE:
                return open_output(prepared, index + 1, output, reterr);
        case OUTPUT_FD:
                prepared->plan.stdio[index + 1] = output->fd;
                return 0;
        case OUTPUT_MERGE:
                prepared->plan.stdio[2] = prepared->plan.stdio[1];
                return 0;
        case OUTPUT_CAPTURE:
                if (process)
                        return make_pump(prepared, output, index, process, reterr);
                break;
        case OUTPUT_NULL:
                break;
        }
        return open_file(prepared, index + 1, "/dev/null", O_WRONLY, reterr);
}

/* Streams that are /dev/null, whoever opened it: in a root directory of its own the child opens the one
 * there. */
static void find_null(struct spawn_plan *plan)
{
        struct stat null, st;

        if (!plan->sandbox || !plan->sandbox->root || stat("/dev/null", &null) < 0)
                return;
        for (int i = 0; i < 3; i++)
                plan->stdio_null[i] = plan->stdio[i] >= 0 && fstat(plan->stdio[i], &st) == 0 &&
                                      S_ISCHR(st.st_mode) && st.st_rdev == null.st_rdev;
}

/* A group that it shared with the owner could be signalled from within a pid namespace, too. */
static enum spawn_pgroup choose_pgroup(const struct inbye_command *command)
{
        if (command->session)
                return SPAWN_PGROUP_SESSION;
        if (command->foreground_fd >= 0 || command->process_group == 1 ||
                inbye_sandbox_mechanisms(command->sandbox))
                return SPAWN_PGROUP_OWN;
        if (command->process_group < 0 && command->input != INPUT_INHERIT)
                return SPAWN_PGROUP_OWN;
        return SPAWN_PGROUP_KEEP;
}

/* Another user does not keep the owner's groups; who stays the same may not even set them. */
static bool becomes_another(const struct inbye_command *command)
{
        return command->set_uid && (command->uid != getuid() || command->uid != geteuid());
}

static void copy_settings(struct spawn_plan *plan, const struct inbye_command *command)
{
        plan->argv = (const char *const *)command->argv;
        plan->program = command->program ? command->program : command->argv[0];
        plan->cwd = command->cwd;
        plan->keep_fds = command->keep_fds;
        plan->n_keep_fds = command->n_keep_fds;
        plan->pgroup = choose_pgroup(command);
        plan->foreground_fd = command->foreground_fd;
        plan->signal_mask = command->signal_mask;
        plan->inherit_ignored = command->inherit_ignored;
        plan->signals_ignored = command->signals_ignored;
        plan->rlimits = command->rlimits;
        plan->n_rlimits = command->n_rlimits;
        plan->groups = command->groups;
        plan->n_groups = command->n_groups;
        plan->set_groups = command->set_groups || becomes_another(command);
        plan->set_gid = command->set_gid;
        plan->set_uid = command->set_uid;
        plan->set_umask = command->set_umask;
        plan->set_nice = command->set_nice;
        plan->set_ioprio = command->set_ioprio;
        plan->shell_fallback = command->shell_fallback;
        plan->uid = command->uid;
        plan->gid = command->gid;
        plan->umask = command->umask;
        plan->nice = command->nice;
        plan->io_class = command->io_class;
        plan->io_level = command->io_level;
        plan->affinity = command->affinity;
}

static int prepare_sandbox(struct prepared *prepared, const struct inbye_command *command,
        const struct inbye_process *process, struct inbye_error *reterr)
{
        int r;

        if (!command->sandbox)
                return 0;
        atomic_store(&command->sandbox->started, true);
        prepared->plan.sandbox = &prepared->sandbox.spawn;
        r = sandbox_prepare(&prepared->sandbox, command->sandbox, command->cwd, reterr);
        if (r < 0)
                return r;
        /* A relative one would be looked up once more from where the mounts have brought the child. */
        if (prepared->sandbox.spawn.cwd)
                prepared->plan.cwd = prepared->sandbox.spawn.cwd;
        if (!command->sandbox->listens || !process)
                return 0;
        return listen_prepare(&prepared->sandbox, reterr);
}

int plan_prepare(struct prepared *prepared, const struct inbye_command *command,
        struct inbye_process *process, struct inbye_error *reterr)
{
        int r;

        copy_settings(&prepared->plan, command);
        r = command_environment(command, &prepared->plan.envp, &prepared->envp);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "cannot build the environment");
        prepared->plan.pid_text = command_pid_text(command, prepared->envp);
        r = prepare_sandbox(prepared, command, process, reterr);
        if (r < 0)
                return r;
        r = prepare_input(prepared, command, process, reterr);
        if (r == 0)
                r = prepare_output(prepared, command, 0, process, reterr);
        if (r == 0)
                r = prepare_output(prepared, command, 1, process, reterr);
        if (r >= 0)
                find_null(&prepared->plan);
        return r;
}
