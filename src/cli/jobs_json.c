/* SPDX-License-Identifier: MIT */
/*
 * One job from one line of JSON.
 *
 * Keys are the options of the command line with '_' for '-', taken from the same table and checked by the
 * same code, so that `"timeout": "1m30s"` means what `--timeout=1m30s` means and a new option is a new key.
 * What only a job can have (argv, id, env as an object, stdin as bytes) stands in a small table here. A key
 * that is neither is refused: a misspelt "timout" that was passed over would be a job without a timeout.
 *
 * jansson reads the line (strict UTF-8, no duplicate keys, no NUL). It keeps no positions of what it read, so
 * for a value that makes no sense the place of its key is looked up in the text again. Bytes that are not
 * UTF-8 are written as {"base64": "..."}, as reports of inbye write them.
 */
#include "cli/jobs_json.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/inherit.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

DEFINE_SCOPED(command_unrefp, struct inbye_command, inbye_command_unref)

/* A job that is being put together. */
struct making {
        const struct job_base *base;
        json_t *root;              /* borrowed */
        const char *key;           /* that is being taken, borrowed */
        struct settings *settings; /* of the line alone */
        struct inbye_command *command;
        struct inbye_batch_job *job;
        struct inbye_error *error;
};

static int refuse(struct making *making, const char *what)
{
        return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL, "%s", what);
}

int job_base_check(const struct job_base *base, const struct settings *settings, struct inbye_error *reterr)
{
        static const struct {
                enum cli_setting id;
                const char *name;
        } readers[] = {
                { CLI_SETTING_IDLE_TIMEOUT, "idle-timeout" },
                { CLI_SETTING_CAPTURE_LIMIT, "capture-limit" },
                { CLI_SETTING_CAPTURE_KEEP, "capture-keep" },
        };

        for (size_t i = 0; base->writes_files && i < ARRAY_SIZE(readers); i++)
                if (settings_has(settings, readers[i].id))
                        return error_set_plain(reterr, INBYE_STAGE_ARGUMENT, EINVAL,
                                "--%s: nobody reads what goes into the files of --output-dir",
                                readers[i].name);
        return 0;
}

int job_base_apply(const struct job_base *base, struct inbye_command *command, struct inbye_error *reterr)
{
        int r;

        /* A group of its own, so that the terminal's Ctrl-C is ours to pass on; ignored signals as xargs has
         * it: a batch under nohup(1) is a batch of commands under nohup. */
        r = inbye_command_set_process_group(command, 1);
        if (r >= 0)
                r = cli_pass_ignored(command);
        if (r >= 0)
                r = inbye_command_set_signal_mask(command, cli_origin_mask());
        if (r >= 0)
                r = inbye_command_set_shell_fallback(command, 1);
        if (r >= 0 && base->keep_jobserver)
                r = inherit_jobserver(command);
        if (r < 0)
                return error_set(reterr, INBYE_STAGE_ARGUMENT, -r, "settings of the batch");
        return settings_to_command(base->settings, command, reterr);
}

/* Values */

static int base64_digit(char c)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

/* Strict: groups of four, padded. */
static int base64_decode(const char *text, size_t n, struct buf *out)
{
        if (n % 4 != 0)
                return -EINVAL;
        for (size_t i = 0; i < n; i += 4) {
                int padding =
                        i + 4 < n ? 0 : (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=');
                uint32_t group = 0;
                char bytes[3];

                for (int j = 0; j < 4; j++) {
                        int digit = j >= 4 - padding ? 0 : base64_digit(text[i + (size_t)j]);

                        if (digit < 0)
                                return -EINVAL;
                        group = group << 6 | (uint32_t)digit;
                }
                for (int j = 0; j < 3; j++)
                        bytes[j] = (char)(group >> (16 - 8 * j));
                buf_append(out, bytes, (size_t)(3 - padding));
        }
        return out->failed;
}

/* A string, or {"base64": "..."}. */
static int value_bytes(const json_t *value, struct buf *out)
{
        const json_t *encoded;

        if (json_is_string(value))
                return buf_append(out, json_string_value(value), json_string_length(value));
        encoded = json_object_get(value, "base64");
        if (!json_is_string(encoded) || json_object_size(value) != 1)
                return -EINVAL;
        return base64_decode(json_string_value(encoded), json_string_length(encoded), out);
}

/* What stands behind an option: a string as it is, a number in decimal, never with an exponent. */
static int value_text(const json_t *value, struct buf *out)
{
        if (json_is_string(value))
                return buf_append_str(out, json_string_value(value));
        if (json_is_integer(value))
                return buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (!json_is_real(value))
                return -EINVAL;
        /* 0 may mean "never": what is more than that is not rounded down to it */
        if (json_real_value(value) > 0 && json_real_value(value) < 1e-9)
                return buf_append_str(out, "0.000000001");
        return buf_printf(out, "%.9f", json_real_value(value));
}

/* Keys that only a job has */

static int refuse_argument(struct making *making, size_t i, const char *what)
{
        return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL, "argv[%zu] %s", i, what);
}

static int append_argument(struct making *making, char ***argv, size_t i, const json_t *value)
{
        struct buf bytes = BUF_INIT;
        int r;

        r = value_bytes(value, &bytes);
        if (r == -EINVAL)
                r = refuse_argument(making, i, "is neither a string nor {\"base64\": \"...\"}");
        else if (r == 0 && bytes.data && strlen(bytes.data) != bytes.n)
                r = refuse_argument(making, i, "cannot hold a NUL");
        else if (r == 0)
                r = strv_append(argv, bytes.data ? bytes.data : "");
        buf_deinit(&bytes);
        return r;
}

static int open_command(struct making *making, const json_t *value)
{
        scoped(strv_freep) char **argv = NULL;
        int r;

        if (!json_is_array(value))
                return refuse(making, value ? "argv is not an array" : "there is no argv");
        for (size_t i = 0; i < json_array_size(value); i++) {
                r = append_argument(making, &argv, i, json_array_get(value, i));
                if (r < 0)
                        return r;
        }
        if (!argv || !argv[0][0])
                return refuse(making, "argv is empty");
        return inbye_command_open((const char *const *)argv, &making->command);
}

static int take_nothing(struct making *making, const json_t *value)
{
        (void)making;
        (void)value;
        return 0;
}

static int take_id(struct making *making, const json_t *value)
{
        struct buf id = BUF_INIT;
        int r;

        r = json_is_real(value) ? -EINVAL : value_text(value, &id);
        if (r == -EINVAL)
                r = refuse(making, "id is neither a string nor an integer");
        else if (r == 0 && !id.n)
                r = refuse(making, "id is empty");
        else if (r == 0)
                r = inbye_command_set_id(making->command, id.data);
        buf_deinit(&id);
        return r;
}

static int take_variable(struct making *making, const char *name, const json_t *value)
{
        struct buf bytes = BUF_INIT;
        int r;

        if (json_is_null(value)) {
                r = inbye_command_env_unset(making->command, name);
        } else {
                r = value_bytes(value, &bytes);
                if (r == 0 && bytes.data && strlen(bytes.data) != bytes.n)
                        r = -EINVAL;
                if (r == 0)
                        r = inbye_command_env_set(making->command, name, bytes.data ? bytes.data : "");
        }
        buf_deinit(&bytes);
        if (r == -EINVAL)
                return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "env: '%s' is no name of a variable, or its value is neither a string nor null",
                        name);
        return r;
}

static int take_env(struct making *making, const json_t *value)
{
        const char *name;
        const json_t *one;
        int r;

        if (!json_is_object(value))
                return refuse(making, "env is not an object");
        json_object_foreach((json_t *)value, name, one)
        {
                r = take_variable(making, name, one);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_stdin(struct making *making, const json_t *value)
{
        struct buf bytes = BUF_INIT;
        int r;

        r = value_bytes(value, &bytes);
        if (r == -EINVAL)
                r = refuse(making, "stdin is neither a string nor {\"base64\": \"...\"}");
        else if (r == 0)
                r = inbye_command_set_input_bytes(making->command, bytes.data ? bytes.data : "", bytes.n);
        buf_deinit(&bytes);
        return r;
}

static int take_stdin_file(struct making *making, const json_t *value)
{
        if (!json_is_string(value) || !json_string_length(value))
                return refuse(making, "stdin_file is no name of a file");
        if (json_object_get(making->root, "stdin"))
                return refuse(making, "stdin and stdin_file exclude each other");
        return inbye_command_set_input_file(making->command, json_string_value(value));
}

/* {"memory": "64M", "tasks": 64}: each as --limit takes it. */
static int take_limit(struct making *making, const char *name, const json_t *value)
{
        struct inbye_error error = { 0 };
        struct buf text = BUF_INIT;
        int r;

        buf_printf(&text, "%s=", name);
        r = value_text(value, &text);
        if (r == -EINVAL)
                r = error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "limits: '%s' is neither a string nor a number", name);
        else if (r == 0)
                r = settings_apply(making->settings, CLI_SETTING_LIMIT, text.data, &error);
        if (r < 0 && error.text[0])
                error_set_plain(making->error, INBYE_STAGE_ARGUMENT, error.number, "limits: %s", error.text);
        buf_deinit(&text);
        return r;
}

static int take_limits(struct making *making, const json_t *value)
{
        const char *name;
        const json_t *one;
        int r = 0;

        if (!json_is_object(value))
                return refuse(making, "limits is not an object");
        json_object_foreach((json_t *)value, name, one)
        {
                r = take_limit(making, name, one);
                if (r < 0)
                        return r;
        }
        return settings_inherit_limits(making->settings, making->base->settings);
}

uint32_t job_pools_find(const struct job_pools *pools, const char *name, size_t n)
{
        for (size_t i = 0; pools && i < pools->n; i++)
                if (strncmp(pools->names[i], name, n) == 0 && pools->names[i][n] == '=')
                        return (uint32_t)i + 1;
        return 0;
}

static int take_number(struct making *making, const json_t *value, uint32_t min, uint32_t *ret)
{
        json_int_t n = json_integer_value(value);

        if (!json_is_integer(value) || n < min || n >= UINT32_MAX)
                return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "%s: not a whole number from %u on", making->key, min);
        *ret = (uint32_t)n;
        return 0;
}

static int take_retries(struct making *making, const json_t *value)
{
        return take_number(making, value, 0, &making->job->retries);
}

static int take_weight(struct making *making, const json_t *value)
{
        return take_number(making, value, 1, &making->job->weight);
}

static int take_pool(struct making *making, const json_t *value)
{
        if (!json_is_string(value))
                return refuse(making, "pool: no name of a pool");
        making->job->pool =
                job_pools_find(making->base->pools, json_string_value(value), json_string_length(value));
        if (!making->job->pool)
                return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "pool: there is no '%s'; name it with --pool=%s=N", json_string_value(value),
                        json_string_value(value));
        return 0;
}

static const struct job_key {
        const char *name;
        int (*take)(struct making *making, const json_t *value);
} job_keys[] = {
        { "argv", take_nothing }, /* read first: it makes the command */
        { "id", take_id },
        { "env", take_env },
        { "stdin", take_stdin },
        { "stdin_file", take_stdin_file },
        { "limits", take_limits },
        { "retries", take_retries },
        { "weight", take_weight },
        { "pool", take_pool },
};

/* Keys that are options */

/* Of the whole batch, of the owner's process, or better said as an object. */
static bool is_option_of_jobs(int id)
{
        switch (id) {
        case CLI_SETTING_MECHANISM:
        case CLI_SETTING_REQUIRE:
        case CLI_SETTING_ENV:
        case CLI_SETTING_UNSET_ENV:
        case CLI_SETTING_STDIN:
        case CLI_SETTING_KEEP_FD:
        case CLI_SETTING_LIMIT:
        case CLI_SETTING_PROPERTY:
                return false;
        default:
                return true;
        }
}

/* Is the key this option's name, with '_' for '-'? */
static bool is_key_of(const char *key, const char *name)
{
        for (; *key && *name; key++, name++)
                if (*key != (*name == '-' ? '_' : *name))
                        return false;
        return *key == *name;
}

static const struct cli_option *find_option(const char *key)
{
        for (const struct cli_option *option = cli_settings_options; option->name; option++)
                if (is_option_of_jobs(option->id) && is_key_of(key, option->name))
                        return option;
        return NULL;
}

static int apply(struct making *making, const struct cli_option *option, const char *text)
{
        struct inbye_error error = { 0 };
        int r;

        r = settings_apply(making->settings, option->id, text, &error);
        if (r < 0)
                error_set_plain(
                        making->error, INBYE_STAGE_ARGUMENT, error.number, "%s: %s", making->key, error.text);
        return r;
}

static int list_text(struct making *making, const json_t *list, struct buf *out)
{
        int r = 0;

        for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
                if (i > 0)
                        buf_append_char(out, ',');
                r = value_text(json_array_get(list, i), out);
                if (r == -EINVAL)
                        error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                                "%s[%zu]: not a value of that kind", making->key, i);
        }
        return r;
}

/* One element, or the whole of a list whose option takes it with commas. */
static int apply_value(struct making *making, const struct cli_option *option, const json_t *value)
{
        struct buf text = BUF_INIT;
        int r = 0;

        if (json_is_array(value))
                r = list_text(making, value, &text);
        else
                r = value_text(value, &text);
        /* 22 is not 022: a mask is octal, and JSON has no octal numbers */
        if (r == 0 && option->id == CLI_SETTING_UMASK && !json_is_string(value))
                r = -EINVAL;
        if (r == -EINVAL && !making->error->text[0])
                r = error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                        "%s: not a value of that kind", making->key);
        else if (r == 0)
                r = apply(making, option, text.data ? text.data : "");
        buf_deinit(&text);
        return r;
}

static bool takes_list(int id)
{
        return id == CLI_SETTING_SUCCESS_CODES || id == CLI_SETTING_GROUPS || id == CLI_SETTING_AFFINITY;
}

static int take_option(struct making *making, const struct cli_option *option, const json_t *value)
{
        int r = 0;

        if (!option->argument && !json_is_boolean(value))
                return error_set_plain(
                        making->error, INBYE_STAGE_ARGUMENT, EINVAL, "%s: not true or false", making->key);
        if (!option->argument)
                return json_is_true(value) ? apply(making, option, NULL) : 0;
        if (!json_is_array(value) || takes_list(option->id))
                return apply_value(making, option, value);
        for (size_t i = 0; i < json_array_size(value) && r == 0; i++)
                r = apply_value(making, option, json_array_get(value, i));
        return r;
}

static int refuse_key(struct making *making, const char *key)
{
        const char *names[ARRAY_SIZE(job_keys) + CLI_SETTING_END - CLI_SETTING_FIRST + 1];
        scoped(freep) char *shown = NULL;
        const char *nearest;
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(job_keys); i++)
                names[n++] = job_keys[i].name;
        for (const struct cli_option *option = cli_settings_options; option->name; option++)
                if (is_option_of_jobs(option->id) && n < ARRAY_SIZE(names) - 1)
                        names[n++] = option->name;
        names[n] = NULL;
        nearest = str_nearest(key, names);
        shown = nearest ? strdup(nearest) : NULL;
        if (!shown)
                return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL, "unknown key '%s'", key);
        for (char *c = shown; *c; c++)
                if (*c == '-')
                        *c = '_';
        return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                "unknown key '%s'; did you mean '%s'?", key, shown);
}

static int take_key(struct making *making, const char *key, const json_t *value)
{
        const struct cli_option *option;

        making->key = key;
        for (size_t i = 0; i < ARRAY_SIZE(job_keys); i++)
                if (strcmp(key, job_keys[i].name) == 0)
                        return job_keys[i].take(making, value);
        option = find_option(key);
        return option ? take_option(making, option, value) : refuse_key(making, key);
}

/* Limit and policy of the capture go to the command as one: what the line leaves out is the batch's. */
static int complete_capture(struct making *making)
{
        bool limit = settings_has(making->settings, CLI_SETTING_CAPTURE_LIMIT);
        bool keep = json_object_get(making->root, "capture_keep") != NULL;
        int r = 0;

        if (keep && !limit)
                r = settings_apply(making->settings, CLI_SETTING_CAPTURE_LIMIT, making->base->capture_limit,
                        making->error);
        if (limit && !keep)
                r = settings_apply(making->settings, CLI_SETTING_CAPTURE_KEEP, making->base->capture_keep,
                        making->error);
        return r;
}

static size_t count_characters(const char *text, size_t n)
{
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += ((unsigned char)text[i] & 0xc0) != 0x80;
        return count;
}

/* Character column of the key, for want of anything better of the line. */
static size_t column_of(const char *line, size_t n, const char *key)
{
        scoped(buf_deinit) struct buf quoted = BUF_INIT;

        if (buf_printf(&quoted, "\"%s\"", key) < 0)
                return 1;
        for (size_t at = 0; at + quoted.n <= n; at++)
                if (memcmp(line + at, quoted.data, quoted.n) == 0)
                        return 1 + count_characters(line, at);
        return 1;
}

/* Settings that are refused as a whole are told by the name of the option: here it is the key. */
static void name_key(struct inbye_error *error, const char *line, size_t n, struct job_fault *fault)
{
        char *text = error->text, key[64];
        size_t n_key;

        if (!str_starts_with(text, "--"))
                return;
        memmove(text, text + 2, strlen(text + 2) + 1);
        n_key = strcspn(text, ": ");
        for (size_t i = 0; i < n_key; i++)
                if (text[i] == '-')
                        text[i] = '_';
        snprintf(key, sizeof(key), "%.*s", (int)n_key, text);
        fault->column = column_of(line, n, key);
}

/* In place of the batch's it could give back what that one takes away. */
static int check_sandbox(struct making *making)
{
        const struct settings *base = making->base->settings;

        if (settings_has(making->settings, CLI_SETTING_DENIALS) && !settings_has_sandbox(making->settings))
                return refuse(making, "denials is about a sandbox, and this job has none of its own");
        if (!base || !settings_has_sandbox(making->settings))
                return 0;
        if (!settings_has_sandbox(base))
                return settings_inherit_denials(making->settings, base);
        return error_set_plain(making->error, INBYE_STAGE_ARGUMENT, EINVAL,
                "the batch has a sandbox, and so has this job: say it in one place");
}

static int take_object(struct making *making, const char *line, size_t n, struct job_fault *fault)
{
        const char *key;
        json_t *value;
        int r = 0;

        json_object_foreach(making->root, key, value)
        {
                r = take_key(making, key, value);
                if (r < 0) {
                        fault->column = column_of(line, n, key);
                        return r;
                }
        }
        if (making->base->limits_seen && settings_limit(making->settings))
                *making->base->limits_seen = true;
        r = job_base_check(making->base, making->settings, making->error);
        if (r >= 0)
                r = complete_capture(making);
        if (r >= 0)
                r = check_sandbox(making);
        if (r >= 0)
                r = settings_to_command(making->settings, making->command, making->error);
        if (r < 0)
                name_key(making->error, line, n, fault);
        return r;
}

static int make(struct making *making, const char *line, size_t n, struct job_fault *fault)
{
        bool is_object = json_is_object(making->root);
        int r;

        fault->column = 1;
        if (!is_object && !json_is_array(making->root))
                return refuse(making, "a job is an array or an object");
        if (is_object && json_object_get(making->root, "argv"))
                fault->column = column_of(line, n, "argv");
        r = open_command(making, is_object ? json_object_get(making->root, "argv") : making->root);
        if (r < 0)
                return r;
        fault->column = 1;
        r = job_base_apply(making->base, making->command, making->error);
        if (r < 0 || !is_object)
                return r;
        making->settings = settings_open_for_job();
        if (!making->settings)
                return -ENOMEM;
        r = take_object(making, line, n, fault);
        settings_free(making->settings);
        return r;
}

/* jansson's column is that of the last character of what it stumbled over, and quotes that where it is short.
 */
static size_t first_column(const json_error_t *error)
{
        const char *near = strstr(error->text, " near '"), *end = near ? strrchr(near, '\'') : NULL;
        size_t n, column = error->column > 0 ? (size_t)error->column : 1;

        if (!near || end <= near + strlen(" near '"))
                return column;
        near += strlen(" near '");
        n = count_characters(near, (size_t)(end - near));
        return n <= column ? column - n + 1 : column;
}

/* jansson's text would name a flag of its own. */
static const char *what_is_wrong(const json_error_t *error)
{
        if (json_error_code(error) == json_error_null_character)
                return "\\u0000 is not taken; bytes are given as {\"base64\": \"...\"}";
        return error->text;
}

int job_from_json(const char *line, size_t n, const struct job_base *base, struct inbye_batch_job *ret_job,
        struct job_fault *ret_fault)
{
        scoped(json_decrefp) json_t *root = NULL;
        scoped(command_unrefp) struct inbye_command *command = NULL;
        struct inbye_batch_job job = INBYE_BATCH_JOB_INIT;
        struct making making = { .base = base, .job = &job, .error = &ret_fault->error };
        json_error_t error;
        int r;

        *ret_fault = (struct job_fault){ 0 };
        root = json_loadb(line, n, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
                ret_fault->column = first_column(&error);
                return error_set_plain(&ret_fault->error, INBYE_STAGE_ARGUMENT, EINVAL, "not JSON: %s",
                        what_is_wrong(&error));
        }
        making.root = root;
        r = make(&making, line, n, ret_fault);
        command = making.command;
        if (r < 0 && !ret_fault->error.text[0])
                error_set(&ret_fault->error, INBYE_STAGE_ARGUMENT, -r, "job");
        if (r < 0)
                return r;
        job.command = TAKE(command);
        *ret_job = job;
        return 0;
}
