/* SPDX-License-Identifier: MIT */
/*
 * The description of a command: setters that check, copy and refuse once it was started.
 *
 * A started command never changes, so that results, retries and other threads may share it; the check is the
 * first line of every setter, through command_change().
 */
#include "run/command.h"
#include "base/scope.h"
#include "base/str.h"
#include "limit/values.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int command_change_for(const struct inbye_command *command, enum sys_feature feature)
{
        int r = command_change(command);

        return r < 0 ? r : sys_supports(feature);
}

int command_change(const struct inbye_command *command)
{
        if (!command)
                return -EINVAL;
        return atomic_load(&command->started) ? -EBUSY : 0;
}

static void output_init(struct command_output *output)
{
        *output = (struct command_output){
                .kind = OUTPUT_CAPTURE,
                .fd = -1,
                .cap_bytes = INBYE_CAPTURE_DEFAULT,
                .keep = INBYE_KEEP_BOTH,
                .tee_fd = -1,
        };
}

static void command_free(struct inbye_command *command)
{
        for (int i = 0; i < 2; i++) {
                free(command->output[i].path);
                free(command->output[i].spill_path);
        }
        strv_free(command->argv);
        strv_free(command->env_allow);
        strv_free(command->env_edits);
        strv_free(command->env_files);
        free(command->id);
        free(command->program);
        free(command->env_pid);
        free(command->cwd);
        free(command->input_bytes);
        free(command->input_path);
        free(command->keep_fds);
        free(command->rlimits);
        free(command->groups);
        free(command->affinity);
        inbye_sandbox_unref(command->sandbox);
        limits_deinit(&command->limits);
        free(command);
}

struct inbye_command *inbye_command_ref(struct inbye_command *command)
{
        if (command)
                atomic_fetch_add(&command->n_references, 1);
        return command;
}

void inbye_command_unref(struct inbye_command *command)
{
        if (command && atomic_fetch_sub(&command->n_references, 1) == 1)
                command_free(command);
}
DEFINE_SCOPED(command_unrefp, struct inbye_command, inbye_command_unref)

int inbye_command_open(const char *const *argv, struct inbye_command **ret_command)
{
        scoped(command_unrefp) struct inbye_command *command = NULL;

        if (!argv || !argv[0] || !argv[0][0] || !ret_command)
                return -EINVAL;
        command = calloc(1, sizeof(*command));
        if (!command)
                return -ENOMEM;
        atomic_init(&command->n_references, 1);
        command->input_fd = command->foreground_fd = command->process_group = -1;
        command->timeout_ns = command->idle_timeout_ns = INBYE_FOREVER;
        command->limits = LIMITS_NONE;
        command->soft_signal = SIGTERM;
        command->success[0] = 1;
        output_init(&command->output[0]);
        output_init(&command->output[1]);
        command->argv = strv_copy(argv);
        if (!command->argv)
                return -ENOMEM;
        *ret_command = TAKE(command);
        return 0;
}

/* --- copying ----------------------------------------------------------------------------------------------
 */

static int copy_string(char **to, const char *from)
{
        *to = from ? strdup(from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

static int copy_vector(char ***to, char **from)
{
        *to = from ? strv_copy((const char *const *)from) : NULL;
        return from && !*to ? -ENOMEM : 0;
}

static int copy_block(void *to, const void *from, size_t n, size_t size)
{
        void *copy = NULL;

        if (from) {
                copy = calloc(n ? n : 1, size);
                if (copy)
                        memcpy(copy, from, n * size);
        }
        memcpy(to, &copy, sizeof(copy));
        return from && !copy ? -ENOMEM : 0;
}

static int copy_limits(struct inbye_limits *to, const struct inbye_limits *from)
{
        *to = LIMITS_NONE;
        return limits_copy(to, from);
}

static int copy_parts(struct inbye_command *to, const struct inbye_command *from)
{
        int r = 0;

        /* Each part is overwritten, whatever came before: a failure leaves no pointer of the original behind.
         */
        r |= copy_vector(&to->argv, from->argv);
        r |= copy_vector(&to->env_allow, from->env_allow);
        r |= copy_vector(&to->env_edits, from->env_edits);
        r |= copy_vector(&to->env_files, from->env_files);
        r |= copy_string(&to->id, from->id);
        r |= copy_string(&to->program, from->program);
        r |= copy_string(&to->env_pid, from->env_pid);
        r |= copy_string(&to->cwd, from->cwd);
        r |= copy_string(&to->input_path, from->input_path);
        to->sandbox = inbye_sandbox_ref(from->sandbox);
        r |= copy_limits(&to->limits, &from->limits);
        for (int i = 0; i < 2; i++) {
                r |= copy_string(&to->output[i].path, from->output[i].path);
                r |= copy_string(&to->output[i].spill_path, from->output[i].spill_path);
        }
        r |= copy_block(&to->input_bytes, from->input_bytes, from->n_input_bytes, 1);
        r |= copy_block(&to->keep_fds, from->keep_fds, from->n_keep_fds, sizeof(*from->keep_fds));
        r |= copy_block(&to->rlimits, from->rlimits, from->n_rlimits, sizeof(*from->rlimits));
        r |= copy_block(&to->groups, from->groups, from->n_groups, sizeof(*from->groups));
        r |= copy_block(&to->affinity, from->affinity, 1, sizeof(*from->affinity));
        return r ? -ENOMEM : 0;
}

int inbye_command_copy(const struct inbye_command *command, struct inbye_command **ret_command)
{
        scoped(command_unrefp) struct inbye_command *copy = NULL;
        int r;

        if (!command || !ret_command)
                return -EINVAL;
        copy = malloc(sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        memcpy(copy, command, sizeof(*copy));
        atomic_init(&copy->n_references, 1);
        atomic_init(&copy->started, false);
        r = copy_parts(copy, command);
        if (r < 0)
                return r;
        *ret_command = TAKE(copy);
        return 0;
}

/* --- what to run ------------------------------------------------------------------------------------------
 */

const char *const *inbye_command_argv(const struct inbye_command *command)
{
        return command ? (const char *const *)command->argv : NULL;
}

static int set_string(struct inbye_command *command, char **field, const char *value)
{
        char *copy;
        int r;

        r = command_change(command);
        if (r < 0)
                return r;
        if (!value || !value[0])
                return -EINVAL;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

int inbye_command_set_id(struct inbye_command *command, const char *id)
{
        return command ? set_string(command, &command->id, id) : -EINVAL;
}

const char *inbye_command_id(const struct inbye_command *command)
{
        return command ? command->id : NULL;
}

int inbye_command_set_program(struct inbye_command *command, const char *program)
{
        return command ? set_string(command, &command->program, program) : -EINVAL;
}

int inbye_command_set_cwd(struct inbye_command *command, const char *cwd)
{
        return command ? set_string(command, &command->cwd, cwd) : -EINVAL;
}

/* --- standard streams -------------------------------------------------------------------------------------
 */

static void clear_input(struct inbye_command *command, enum input_kind kind)
{
        free(command->input_bytes);
        free(command->input_path);
        command->input_bytes = command->input_path = NULL;
        command->n_input_bytes = 0;
        command->input_fd = -1;
        command->input = kind;
}

int inbye_command_set_input(struct inbye_command *command, enum inbye_input input)
{
        static const enum input_kind kinds[] = {
                [INBYE_INPUT_NULL] = INPUT_NULL,
                [INBYE_INPUT_INHERIT] = INPUT_INHERIT,
                [INBYE_INPUT_PIPE] = INPUT_PIPE,
        };
        int r = command_change(command);

        if (r < 0)
                return r;
        if ((unsigned)input >= ARRAY_SIZE(kinds))
                return -EINVAL;
        clear_input(command, kinds[input]);
        return 0;
}

int inbye_command_set_input_bytes(struct inbye_command *command, const void *data, size_t n_bytes)
{
        char *copy;
        int r;

        r = command_change(command);
        if (r < 0)
                return r;
        if (!data && n_bytes)
                return -EINVAL;
        copy = malloc(n_bytes ? n_bytes : 1);
        if (!copy)
                return -ENOMEM;
        if (n_bytes)
                memcpy(copy, data, n_bytes);
        clear_input(command, INPUT_BYTES);
        command->input_bytes = copy;
        command->n_input_bytes = n_bytes;
        return 0;
}

int inbye_command_set_input_file(struct inbye_command *command, const char *path)
{
        scoped(freep) char *copy = NULL;
        int r;

        r = command_change(command);
        if (r < 0)
                return r;
        if (!path || !path[0])
                return -EINVAL;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        clear_input(command, INPUT_FILE);
        command->input_path = TAKE(copy);
        return 0;
}

int inbye_command_set_input_fd(struct inbye_command *command, int fd)
{
        int r = command_change(command);

        if (r < 0)
                return r;
        if (fd < 0)
                return -EINVAL;
        clear_input(command, INPUT_FD);
        command->input_fd = fd;
        return 0;
}

/* The settings of a stream that may be changed, or -errno. */
static int find_output(
        struct inbye_command *command, enum inbye_stream stream, struct command_output **ret_output)
{
        int r = command_change(command);

        if (r < 0)
                return r;
        if (stream != INBYE_STDOUT && stream != INBYE_STDERR)
                return -EINVAL;
        *ret_output = &command->output[stream == INBYE_STDERR];
        return 0;
}

static void set_output(struct command_output *output, enum output_kind kind, int fd, char *path)
{
        free(output->path);
        output->path = path;
        output->fd = fd;
        output->kind = kind;
}

int inbye_command_set_output(
        struct inbye_command *command, enum inbye_stream stream, enum inbye_output output)
{
        static const enum output_kind kinds[] = {
                [INBYE_OUTPUT_CAPTURE] = OUTPUT_CAPTURE,
                [INBYE_OUTPUT_INHERIT] = OUTPUT_INHERIT,
                [INBYE_OUTPUT_NULL] = OUTPUT_NULL,
                [INBYE_OUTPUT_MERGE] = OUTPUT_MERGE,
        };
        struct command_output *setting;
        int r;

        r = find_output(command, stream, &setting);
        if (r < 0)
                return r;
        if ((unsigned)output >= ARRAY_SIZE(kinds) || (output == INBYE_OUTPUT_MERGE && stream == INBYE_STDOUT))
                return -EINVAL;
        set_output(setting, kinds[output], -1, NULL);
        return 0;
}

int inbye_command_set_output_file(
        struct inbye_command *command, enum inbye_stream stream, const char *path, unsigned flags)
{
        struct command_output *setting;
        char *copy;
        int r;

        r = find_output(command, stream, &setting);
        if (r < 0)
                return r;
        if (!path || !path[0] || flags & ~(INBYE_OUTPUT_APPEND | INBYE_OUTPUT_NO_SYMLINKS))
                return -EINVAL;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        set_output(setting, OUTPUT_FILE, -1, copy);
        setting->flags = flags;
        return 0;
}

int inbye_command_set_output_fd(struct inbye_command *command, enum inbye_stream stream, int fd)
{
        struct command_output *setting;
        int r;

        r = find_output(command, stream, &setting);
        if (r < 0)
                return r;
        if (fd < 0)
                return -EINVAL;
        set_output(setting, OUTPUT_FD, fd, NULL);
        return 0;
}

int inbye_command_set_capture(struct inbye_command *command, enum inbye_stream stream, size_t cap_bytes,
        enum inbye_keep keep, const char *spill_path)
{
        struct command_output *setting;
        char *copy = NULL;
        int r;

        r = find_output(command, stream, &setting);
        if (r < 0)
                return r;
        if ((unsigned)keep > INBYE_KEEP_SPILL || (spill_path && keep != INBYE_KEEP_SPILL))
                return -EINVAL;
        r = copy_string(&copy, spill_path);
        if (r < 0)
                return r;
        set_output(setting, OUTPUT_CAPTURE, -1, NULL);
        free(setting->spill_path);
        setting->spill_path = copy;
        setting->cap_bytes = cap_bytes;
        setting->keep = keep;
        return 0;
}

int inbye_command_set_tee(struct inbye_command *command, enum inbye_stream stream, int fd)
{
        struct command_output *setting;
        int r;

        r = find_output(command, stream, &setting);
        if (r < 0)
                return r;
        if (fd < 0)
                return -EINVAL;
        setting->tee_fd = fd;
        return 0;
}

bool command_captures(const struct inbye_command *command, int index)
{
        return command->output[index].kind == OUTPUT_CAPTURE;
}
