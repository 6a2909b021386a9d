/* SPDX-License-Identifier: MIT */
/*
 * profile: the sandbox profiles that there are, what one of them comes to, and what is wrong with a file.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "base/str.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_JSON = 1, OPTION_NAMES };

static const struct cli_option own_options[] = {
        { "json", 0, NULL, OPTION_JSON, "Output", "print JSON, a line per profile or fault", NULL },
        { "names", 0, NULL, OPTION_NAMES, "Output", "list: print the names only", NULL },
        { 0 },
};
static const struct cli_option *const tables[] = { own_options, cli_help_options, NULL };

struct view {
        bool json, names;
        int status;
};

DEFINE_SCOPED(profile_freep, struct inbye_profile, inbye_profile_free)

static int apply(void *userdata, int id, const char *value, struct inbye_error *reterr)
{
        struct view *view = userdata;

        (void)value;
        (void)reterr;
        if (id == OPTION_JSON)
                view->json = true;
        else
                view->names = true;
        return 0;
}

static void put_text(struct json *json, const char *key, const char *text)
{
        json_key(json, key);
        if (text)
                json_bytes(json, text, strlen(text));
        else
                json_none(json);
}

static void put_number(struct json *json, const char *key, unsigned number)
{
        json_key(json, key);
        json_known(json, number ? number : UINT64_MAX);
}

static void print_line(struct view *view, struct buf *out)
{
        if (out->failed)
                view->status = CLI_EXIT_FAILED;
        else
                puts(out->data);
        buf_deinit(out);
}

static void print_clean(const char *text)
{
        struct buf clean = BUF_INIT;

        str_append_clean(&clean, text);
        if (!clean.failed && clean.data)
                fputs(clean.data, stdout);
        buf_deinit(&clean);
}

/* --- list -------------------------------------------------------------------------------------------------
 */

static void list_json(
        struct view *view, const char *name, const char *path, const char *description, const char *error)
{
        struct buf out = BUF_INIT;
        struct json json;

        json_init(&json, &out);
        json_object_begin(&json);
        put_text(&json, "name", name);
        put_text(&json, "path", path);
        put_text(&json, "description", description);
        put_text(&json, "error", error);
        json_object_end(&json);
        print_line(view, &out);
}

static void list_row(const char *name, const char *path, const char *description, const char *error)
{
        print_clean(name);
        for (size_t n = strlen(name); n < 16; n++)
                putchar(' ');
        printf("  ");
        print_clean(path ? path : "built in");
        printf("\n    ");
        print_clean(error ? error : description);
        putchar('\n');
}

static void list_one(void *userdata, const char *name, const char *path)
{
        scoped(profile_freep) struct inbye_profile *profile = NULL;
        struct inbye_error error = { 0 };
        struct view *view = userdata;
        const char *description, *wrong;

        if (view->names) {
                puts(name);
                return;
        }
        wrong = inbye_profile_open(name, NULL, NULL, &profile, &error) < 0 ? error.text : NULL;
        description = profile ? inbye_profile_description(profile) : NULL;
        if (view->json)
                list_json(view, name, path, description, wrong);
        else
                list_row(name, path, description, wrong);
}

static int run_list(struct view *view, int argc, char **argv)
{
        int r;

        if (argc > 0)
                return cli_misuse(&cli_profile, "unexpected '%s'", argv[0]);
        if (view->names && view->json)
                return cli_misuse(&cli_profile, "--names and --json exclude each other");
        r = inbye_profile_list(list_one, view);
        if (r == 0)
                return view->status;
        cli_say("cannot list profiles: %s", strerror(-r));
        return CLI_EXIT_FAILED;
}

/* --- show -------------------------------------------------------------------------------------------------
 */

/* A word as the reader takes it again. */
static void put_word(struct buf *out, const char *word)
{
        if (word[0] && !word[strcspn(word, " \t\n\"'\\")]) {
                buf_append_str(out, word);
                return;
        }
        buf_append_char(out, '"');
        for (; *word; word++) {
                if (*word == '"' || *word == '\\')
                        buf_append_char(out, '\\');
                buf_append_char(out, *word);
        }
        buf_append_char(out, '"');
}

static void show_ini(struct view *view, const struct inbye_profile *profile)
{
        const char *path = inbye_profile_path(profile), *description = inbye_profile_description(profile);
        const struct inbye_profile_setting *setting;
        struct buf out = BUF_INIT;

        buf_printf(&out, "# %s%s%s\n[Sandbox]", inbye_profile_name(profile), path ? ": " : ", built in",
                path ? path : "");
        if (description[0])
                buf_printf(&out, "\nDescription=%s", description);
        for (size_t i = 0; (setting = inbye_profile_setting(profile, i)); i++) {
                buf_printf(&out, "\n%s=%s", setting->key, setting->optional ? "-" : "");
                if (setting->value[0])
                        put_word(&out, setting->value);
        }
        print_line(view, &out);
}

static void setting_json(struct json *json, const struct inbye_profile_setting *setting)
{
        json_object_begin(json);
        put_text(json, "key", setting->key);
        put_text(json, "value", setting->value);
        json_key(json, "optional");
        json_bool(json, setting->optional);
        put_text(json, "file", setting->file);
        put_number(json, "line", setting->line);
        put_number(json, "column", setting->column);
        json_object_end(json);
}

static void show_json(struct view *view, const struct inbye_profile *profile)
{
        const struct inbye_profile_setting *setting;
        struct buf out = BUF_INIT;
        struct json json;

        json_init(&json, &out);
        json_object_begin(&json);
        put_text(&json, "name", inbye_profile_name(profile));
        put_text(&json, "path", inbye_profile_path(profile));
        put_text(&json, "description", inbye_profile_description(profile));
        json_key(&json, "settings");
        json_array_begin(&json);
        for (size_t i = 0; (setting = inbye_profile_setting(profile, i)); i++)
                setting_json(&json, setting);
        json_array_end(&json);
        json_object_end(&json);
        print_line(view, &out);
}

static int run_show(struct view *view, int argc, char **argv)
{
        scoped(profile_freep) struct inbye_profile *profile = NULL;
        struct inbye_error error = { 0 };

        if (argc != 1)
                return cli_misuse(&cli_profile, "show takes one profile: its name, or its file with a '/'");
        if (inbye_profile_open(argv[0], NULL, NULL, &profile, &error) < 0) {
                cli_error(&error);
                return CLI_EXIT_FAILED;
        }
        if (view->json)
                show_json(view, profile);
        else
                show_ini(view, profile);
        return view->status;
}

/* --- check ------------------------------------------------------------------------------------------------
 */

static void fault_json(struct view *view, const struct inbye_profile_fault *fault)
{
        struct buf out = BUF_INIT;
        struct json json;

        json_init(&json, &out);
        json_object_begin(&json);
        put_text(&json, "file", fault->file);
        put_number(&json, "line", fault->line);
        put_number(&json, "column", fault->column);
        put_text(&json, "text", fault->text);
        put_text(&json, "hint", fault->hint[0] ? fault->hint : NULL);
        json_object_end(&json);
        print_line(view, &out);
}

static void fault_line(const struct inbye_profile_fault *fault)
{
        if (fault->line) {
                print_clean(fault->file);
                printf(":%u:%u: ", fault->line, fault->column);
        }
        print_clean(fault->text);
        if (fault->hint[0]) {
                printf("; ");
                print_clean(fault->hint);
        }
        putchar('\n');
}

static void on_fault(void *userdata, const struct inbye_profile_fault *fault)
{
        struct view *view = userdata;

        if (view->json)
                fault_json(view, fault);
        else
                fault_line(fault);
}

/* Whatever it is called: a word without a '/' would be a name elsewhere. */
static int check_file(struct view *view, const char *file)
{
        scoped(profile_freep) struct inbye_profile *profile = NULL;
        struct buf path = BUF_INIT;
        int r;

        buf_printf(&path, "%s%s", strchr(file, '/') ? "" : "./", file);
        r = path.failed ? path.failed : inbye_profile_open(path.data, on_fault, view, &profile, NULL);
        buf_deinit(&path);
        return r;
}

static int run_check(struct view *view, int argc, char **argv)
{
        if (argc < 1)
                return cli_misuse(&cli_profile, "check takes one file or more");
        for (int i = 0; i < argc; i++)
                if (check_file(view, argv[i]) < 0 && view->status == 0)
                        view->status = CLI_EXIT_NOT_ALL_OK;
        return view->status;
}

/* --- the command ------------------------------------------------------------------------------------------
 */

static int main_profile(int argc, char **argv)
{
        static int (*const verbs[])(
                struct view * view, int argc, char **argv) = { run_list, run_show, run_check };
        struct inbye_error error = { 0 };
        struct view view = { 0 };
        int verb, first, behind;

        first = cli_parse(&cli_profile, argc, argv, apply, &view);
        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (first == argc)
                return cli_misuse(&cli_profile, "say what to do: list, show or check");
        verb = cli_choose("list show check", argv[first], "thing to do with profiles", &error);
        if (verb < 0)
                return cli_misuse(&cli_profile, "%s", error.text);
        behind = cli_parse(&cli_profile, argc - first, argv + first, apply, &view);
        if (behind <= 0)
                return behind < 0 ? CLI_EXIT_FAILED : 0;
        if (view.names && verb != 0)
                return cli_misuse(&cli_profile, "--names belongs to list");
        return verbs[verb](&view, argc - first - behind, argv + first + behind);
}

const struct cli_command cli_profile = {
        .name = "profile",
        .usage = "list|show NAME|check FILE...",
        .operands = "list show check $(inbye profile list --names 2>/dev/null)",
        .summary = "List, show and check sandbox profiles.",
        .options = tables,
        .notes = "Exit status: 0; 1 when check found a fault; 125 on misuse, or when there is no such "
                 "profile.",
        .main = main_profile,
};
