/* SPDX-License-Identifier: MIT */
/*
 * Profiles are read here: from a text to a list of settings, each with the place where it was said, and to a
 * fault for every word that makes no sense.
 *
 * Reading and applying are apart: a profile is checked as a whole before a sandbox hears of it, and is
 * checked on a host that could not do what it says. What a profile builds on is read at the place where it is
 * named, as if it stood there; how much that may become is bounded, or a few lines could ask for everything.
 */
#include "base/error.h"
#include "base/ini.h"
#include "base/json_read.h"
#include "base/scope.h"
#include "base/str.h"
#include "sandbox/profile.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAXIMUM 4096
#define TEXTS_MAXIMUM 64
#define SECTION "Sandbox"

/* A text that is being read. */
struct source {
        const struct source *above; /* what builds on it; NULL: nothing */
        const char *file;           /* its path, or the name of what is built in */
        bool is_file, is_json;
        const char *text;
        size_t n;
        struct text_place place; /* of what was read last */
};

/* Where something stands in it. */
struct place {
        unsigned line, column;
};

struct reader {
        struct inbye_profile *profile;
        inbye_profile_fault_fn fault_fn;
        void *userdata;
        struct inbye_error *reterr;
        unsigned n_texts;
        int failed; /* 0; the first fault as a negative errno */
        bool stop;  /* it is no use to go on */
};

static void read_named(struct reader *reader, const struct source *above, struct place at, const char *name);

/* --- faults -----------------------------------------------------------------------------------------------
 */

/* What is told first is what the caller is told that asked for no list. */
static void tell(struct reader *reader, const struct inbye_profile_fault *fault, int number)
{
        if (reader->fault_fn)
                reader->fault_fn(reader->userdata, fault);
        if (reader->failed)
                return;
        reader->failed = -number;
        if (fault->line)
                error_set_plain(reader->reterr, INBYE_STAGE_SANDBOX, number, "%s:%u:%u: %s", fault->file,
                        fault->line, fault->column, fault->text);
        else
                error_set_plain(reader->reterr, INBYE_STAGE_SANDBOX, number, "%s", fault->text);
        if (fault->hint[0])
                error_hint(reader->reterr, "%s", fault->hint);
}

__attribute__((format(printf, 5, 6))) static void fault(struct reader *reader, const struct source *source,
        struct place at, const char *hint, const char *format, ...)
{
        char text[sizeof(((struct inbye_error *)NULL)->text)];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        tell(reader,
                &(struct inbye_profile_fault){ source->file, at.line, at.column, text, hint ? hint : "" },
                EINVAL);
}

static void out_of_memory(struct reader *reader)
{
        reader->stop = true;
        if (!reader->failed)
                reader->failed = error_set(reader->reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox profile");
}

/* An error of finding or opening what `name` stands for, told where the name stands. */
static void fault_of(struct reader *reader, const struct source *above, struct place at, const char *name,
        const struct inbye_error *error)
{
        struct inbye_profile_fault whole = { name, 0, 0, error->text, error->hint };

        if (error->number == ENOMEM)
                out_of_memory(reader);
        else if (above)
                fault(reader, above, at, error->hint, "%s", error->text);
        else
                tell(reader, &whole, error->number);
}

static struct place place_of(struct source *source, const char *byte)
{
        text_place_move(&source->place, source->text, (size_t)(byte - source->text));
        return (struct place){ source->place.line, source->place.column };
}

/* --- settings ---------------------------------------------------------------------------------------------
 */

static void add_setting(struct reader *reader, const struct source *source, struct place at,
        const struct profile_key *key, struct profile_word word)
{
        struct inbye_profile *profile = reader->profile;
        struct profile_setting *grown;
        char *value;

        if (profile->n_settings == SETTINGS_MAXIMUM) {
                fault(reader, source, at, NULL, "this is more than %d settings", SETTINGS_MAXIMUM);
                reader->stop = true;
                return;
        }
        grown = array_resize(profile->settings, profile->n_settings + 1, sizeof(*grown));
        if (grown)
                profile->settings = grown;
        value = grown ? strdup(word.text) : NULL;
        if (!value) {
                out_of_memory(reader);
                return;
        }
        grown[profile->n_settings++] = (struct profile_setting){
                .key = key,
                .public = { key->name, value, word.optional, source->file, at.line, at.column },
        };
}

/* The key as it is written there. */
static const char *name_in(const struct source *source, const struct profile_key *key)
{
        return source->is_json ? key->json : key->name;
}

static bool is_among(const char *word, const char *const *values)
{
        for (; *values; values++)
                if (strcmp(*values, word) == 0)
                        return true;
        return false;
}

/* A '-' in front of it, as systemd has it in front of paths: it is optional. */
static void take_word(struct reader *reader, const struct source *source, struct place at,
        const struct profile_key *key, const char *text)
{
        struct profile_word word = { text, key->may_be_optional && text[0] == '-' };
        const char *nearest;
        char hint[64];

        word.text += word.optional;
        /* "on" is near to "no", and no typing error. */
        nearest = key->values && strlen(word.text) > 2 ? str_nearest(word.text, key->values) : NULL;
        if (key->shape == PROFILE_BASE) {
                read_named(reader, source, at, word.text);
        } else if (key->values ? !is_among(word.text, key->values) : key->check && !key->check(word.text)) {
                snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest ? nearest : "");
                fault(reader, source, at, nearest ? hint : NULL, "%s: expected %s, not '%s'",
                        name_in(source, key), key->expected, word.text);
        } else {
                add_setting(reader, source, at, key, word);
        }
}

/* As systemd has it: all lines of a file that allow are one list; each that denies is a filter of its own. */
static bool add_to_list(struct reader *reader, const struct source *source, const struct profile_key *key,
        struct profile_word word)
{
        struct inbye_profile *profile = reader->profile;

        for (size_t i = 0; i < profile->n_settings && word.text[0] != '~'; i++) {
                struct profile_setting *setting = &profile->settings[i];
                struct buf joined = BUF_INIT;

                if (setting->key != key || setting->public.file != source->file ||
                        setting->public.value[0] == '~' || setting->public.optional != word.optional)
                        continue;
                buf_printf(&joined, "%s %s", setting->public.value, word.text);
                if (joined.failed) {
                        buf_deinit(&joined);
                        out_of_memory(reader);
                        return true;
                }
                free((char *)setting->public.value);
                setting->public.value = joined.data;
                return true;
        }
        return false;
}

static void take_calls(struct reader *reader, const struct source *source, struct place at,
        const struct profile_key *key, const char *text)
{
        struct profile_word word = { text, text[0] == '-' };
        struct inbye_error error = { 0 };

        word.text += word.optional;
        if (key->verify(word.text, &error) == -EINVAL)
                fault(reader, source, at, error.hint, "%s: %s", name_in(source, key), error.text);
        else if (!add_to_list(reader, source, key, word))
                add_setting(reader, source, at, key, word);
}

/* Blanks and continued lines are one blank each. */
static void take_line(struct reader *reader, struct source *source, const struct profile_key *key,
        const struct ini_item *item)
{
        const char *at = item->value, *end = at + item->n_value, *start = at;
        struct place place = place_of(source, item->value);
        struct buf word = BUF_INIT, line = BUF_INIT;
        int r;

        while ((r = ini_word(&at, end, &word, &start)) > 0)
                buf_printf(&line, "%s%s", line.n ? " " : "", word.data ? word.data : "");
        if (r == -ENOMEM || line.failed)
                out_of_memory(reader);
        else if (r == -EINVAL)
                fault(reader, source, place_of(source, start), NULL, "nothing ends this quote");
        else if (line.n == 0)
                fault(reader, source, place, NULL, "%s: expected %s", name_in(source, key), key->expected);
        else
                take_calls(reader, source, place, key, line.data);
        buf_deinit(&word);
        buf_deinit(&line);
}

static void take_words(struct reader *reader, struct source *source, const struct profile_key *key,
        const struct ini_item *item)
{
        const char *at = item->value, *end = at + item->n_value, *start = at;
        struct buf word = BUF_INIT;
        size_t n = 0;
        int r = 0;

        while (!reader->stop && (r = ini_word(&at, end, &word, &start)) > 0) {
                struct place place = place_of(source, start);

                if (++n > 1 && key->shape == PROFILE_WORD)
                        fault(reader, source, place, NULL, "%s: expected one word", name_in(source, key));
                else
                        take_word(reader, source, place, key, word.data ? word.data : "");
        }
        if (!reader->stop && r == -EINVAL)
                fault(reader, source, place_of(source, start), NULL, "nothing ends this quote");
        else if (!reader->stop && r == 0 && n == 0)
                fault(reader, source, place_of(source, item->value), NULL, "%s: expected %s",
                        name_in(source, key), key->expected);
        if (r == -ENOMEM)
                out_of_memory(reader);
        buf_deinit(&word);
}

static void describe(struct reader *reader, const struct source *source, const char *text, size_t n)
{
        char *description;

        if (source->above)
                return; /* of what it builds on */
        description = strndup(text, n);
        if (!description) {
                out_of_memory(reader);
                return;
        }
        free(reader->profile->description);
        reader->profile->description = description;
}

static const struct profile_key *find_key(const struct source *source, const char *name)
{
        for (const struct profile_key *key = profile_keys; key->name; key++)
                if (strcmp(name_in(source, key), name) == 0)
                        return key;
        return NULL;
}

static void refuse_key(struct reader *reader, const struct source *source, struct place at, const char *name)
{
        const char *names[64] = { NULL }, *nearest;
        char hint[64];

        for (size_t i = 0; profile_keys[i].name && i < ARRAY_SIZE(names) - 1; i++)
                names[i] = name_in(source, &profile_keys[i]);
        nearest = str_nearest(name, names);
        snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest ? nearest : "");
        fault(reader, source, at, nearest ? hint : "inbye-profile(5) has those that there are",
                "there is no key '%s'", name);
}

static void take_setting(struct reader *reader, struct source *source, const struct ini_item *item)
{
        const struct profile_key *key;
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)item->n_name, item->name);
        key = find_key(source, name);
        if (!key)
                refuse_key(reader, source, place_of(source, item->name), name);
        else if (key->shape == PROFILE_TEXT)
                describe(reader, source, item->value, item->n_value);
        else if (key->shape == PROFILE_CALLS)
                take_line(reader, source, key, item);
        else if (key->shape != PROFILE_NOTHING)
                take_words(reader, source, key, item);
        else if (item->n_value == 0)
                add_setting(reader, source, place_of(source, item->name), key,
                        (struct profile_word){ "", false });
        else
                fault(reader, source, place_of(source, item->value), NULL, "%s: expected %s", key->name,
                        key->expected);
}

/* --- INI --------------------------------------------------------------------------------------------------
 */

static void read_ini(struct reader *reader, struct source *source)
{
        struct ini ini = { .text = source->text, .n = source->n };
        struct ini_item item;

        while (!reader->stop && ini_next(&ini, &item) != INI_END) {
                if (item.kind == INI_FAULT)
                        fault(reader, source, place_of(source, source->text + item.at), NULL, "%s",
                                item.fault);
                else if (item.kind == INI_SETTING)
                        take_setting(reader, source, &item);
                else if (item.n_name != strlen(SECTION) || memcmp(item.name, SECTION, item.n_name) != 0)
                        fault(reader, source, place_of(source, source->text + item.at),
                                "all of a profile stands in [" SECTION "]", "there is no section '%.*s'",
                                (int)item.n_name, item.name);
        }
}

/* --- JSON -------------------------------------------------------------------------------------------------
 */

static struct place place_in(struct json_place place)
{
        return (struct place){ (unsigned)place.line, (unsigned)place.column };
}

static bool is_true(const struct json_node *node)
{
        return node->kind == JSON_KIND_BOOL && strcmp(node->text, "true") == 0;
}

/* "yes" is true there. */
static void take_scalar(struct reader *reader, const struct source *source, const struct profile_key *key,
        const struct json_node *node)
{
        struct place at = place_in(node->place);

        if (key->shape == PROFILE_NOTHING && is_true(node))
                add_setting(reader, source, at, key, (struct profile_word){ "", false });
        else if (key->shape == PROFILE_NOTHING)
                fault(reader, source, at, NULL, "%s: expected true", key->json);
        else if (key->shape == PROFILE_TEXT && node->kind == JSON_KIND_STRING)
                describe(reader, source, node->text, strlen(node->text));
        else if (key->shape == PROFILE_CALLS && node->kind == JSON_KIND_STRING)
                take_calls(reader, source, at, key, node->text);
        else if (key->shape != PROFILE_TEXT && is_true(node))
                take_word(reader, source, at, key, "yes");
        else if (key->shape != PROFILE_TEXT && node->text)
                take_word(reader, source, at, key, node->text);
        else
                fault(reader, source, at, NULL, "%s: expected %s, not %s", key->json,
                        key->expected ? key->expected : "a string", json_kind_name(node->kind));
}

/* {"limits": {"memory": "512M"}}: the key of the inner one is "limits.memory". */
static void take_member(
        struct reader *reader, const struct source *source, const char *prefix, const struct json_node *node)
{
        char name[64];
        const struct profile_key *key;
        bool is_list;

        snprintf(name, sizeof(name), "%s%s", prefix, node->key);
        key = strchr(node->key, '.') ? NULL : find_key(source, name);
        is_list = key &&
                  (key->shape == PROFILE_LIST || key->shape == PROFILE_CALLS || key->shape == PROFILE_BASE);
        if (!key)
                refuse_key(reader, source, place_in(node->key_place), name);
        else if (node->kind != JSON_KIND_ARRAY || !is_list)
                take_scalar(reader, source, key, node);
        else
                for (const struct json_node *one = node->first; one && !reader->stop; one = one->next)
                        take_scalar(reader, source, key, one);
}

static void take_members(struct reader *reader, const struct source *source, const char *prefix,
        const struct json_node *object)
{
        for (const struct json_node *node = object->first; node && !reader->stop; node = node->next)
                if (!prefix[0] && strcmp(node->key, "limits") == 0 && node->kind == JSON_KIND_OBJECT)
                        take_members(reader, source, "limits.", node);
                else
                        take_member(reader, source, prefix, node);
}

static void read_json(struct reader *reader, const struct source *source)
{
        scoped(json_node_freep) struct json_node *root = NULL;
        struct json_fault wrong;
        int r = json_read(source->text, source->n, &root, &wrong);

        if (r == -ENOMEM)
                out_of_memory(reader);
        else if (r < 0)
                fault(reader, source, place_in(wrong.place), NULL, "%s", wrong.text);
        else if (root->kind != JSON_KIND_OBJECT)
                fault(reader, source, place_in(root->place), NULL, "a profile is an object, not %s",
                        json_kind_name(root->kind));
        else
                take_members(reader, source, "", root);
}

/* --- texts ------------------------------------------------------------------------------------------------
 */

static bool is_json(const char *path)
{
        size_t n = strlen(path);

        return n > strlen(".json") && strcmp(path + n - strlen(".json"), ".json") == 0;
}

static bool is_being_read(const struct source *source, const char *file)
{
        for (; source; source = source->above)
                if (strcmp(source->file, file) == 0)
                        return true;
        return false;
}

/* The name of a text outlives it: settings are told by it. */
static bool keep_file(struct reader *reader, struct source *source, const char *file)
{
        char ***files = &reader->profile->files;

        if (strv_append(files, file) < 0) {
                out_of_memory(reader);
                return false;
        }
        source->file = (*files)[strv_length((const char *const *)*files) - 1];
        return true;
}

static bool may_read(struct reader *reader, const struct source *above, struct place at, const char *file)
{
        if (is_being_read(above, file)) {
                fault(reader, above, at, NULL, "it builds on itself");
                return false;
        }
        if (reader->n_texts++ < TEXTS_MAXIMUM)
                return true;
        fault(reader, above, at, NULL, "it builds on more than %d profiles", TEXTS_MAXIMUM);
        reader->stop = true;
        return false;
}

static void read_file(struct reader *reader, const struct source *above, struct place at, const char *path)
{
        struct source source = { .above = above, .is_file = true, .place = TEXT_PLACE_INIT };
        scoped(freep) char *text = NULL;
        struct inbye_error error = { 0 };

        if (!may_read(reader, above, at, path))
                return;
        if (profile_load(path, &text, &source.n, &error) < 0) {
                fault_of(reader, above, at, path, &error);
                return;
        }
        source.text = text;
        if (!keep_file(reader, &source, path))
                return;
        source.is_json = is_json(path);
        if (source.is_json)
                read_json(reader, &source);
        else
                read_ini(reader, &source);
}

static const char *builtin_text(const char *name)
{
        const struct profile_builtin *builtin = profile_builtins;

        while (builtin->name && strcmp(builtin->name, name) != 0)
                builtin++;
        assert(builtin->name); /* profile_find() has found it */
        return builtin->text;
}

static void read_builtin(struct reader *reader, const struct source *above, struct place at, const char *name)
{
        struct source source = { .above = above, .place = TEXT_PLACE_INIT };

        if (!may_read(reader, above, at, name))
                return;
        source.text = builtin_text(name);
        source.n = strlen(source.text);
        if (keep_file(reader, &source, name))
                read_ini(reader, &source);
}

/* A relative path in a file is one from where the file is. */
static char *path_from(const struct source *above, const char *name)
{
        const char *slash = above && above->is_file ? strrchr(above->file, '/') : NULL;
        bool is_relative = name[0] != '/' && strchr(name, '/');
        struct buf path = BUF_INIT;
        char *whole = NULL;

        if (slash && is_relative) {
                buf_append(&path, above->file, (size_t)(slash + 1 - above->file));
                name += str_starts_with(name, "./") ? 2 : 0;
        }
        buf_append_str(&path, name);
        (void)buf_steal(&path, &whole, NULL);
        buf_deinit(&path);
        return whole;
}

static void read_named(struct reader *reader, const struct source *above, struct place at, const char *name)
{
        scoped(freep) char *wanted = path_from(above, name), *path = NULL;
        struct inbye_error error = { 0 };

        if (!wanted)
                out_of_memory(reader);
        else if (profile_find(wanted, &path, &error) < 0)
                fault_of(reader, above, at, wanted, &error);
        else if (path)
                read_file(reader, above, at, path);
        else
                read_builtin(reader, above, at, wanted);
        if (!reader->profile->path && !above)
                reader->profile->path = TAKE(path);
}

/* --- the profile ------------------------------------------------------------------------------------------
 */

DEFINE_SCOPED(profile_freep, struct inbye_profile, inbye_profile_free)

int inbye_profile_open(const char *name, inbye_profile_fault_fn fault_fn, void *userdata,
        struct inbye_profile **ret_profile, struct inbye_error *reterr)
{
        scoped(profile_freep) struct inbye_profile *profile = NULL;
        struct reader reader = { .fault_fn = fault_fn, .userdata = userdata, .reterr = reterr };

        if (!name || !ret_profile)
                return error_set(reterr, INBYE_STAGE_SANDBOX, EINVAL, "sandbox profile");
        profile = calloc(1, sizeof(*profile));
        if (!profile || !(profile->name = strdup(name)) || !(profile->description = strdup("")))
                return error_set(reterr, INBYE_STAGE_SANDBOX, ENOMEM, "sandbox profile");
        reader.profile = profile;
        read_named(&reader, NULL, (struct place){ 0, 0 }, name);
        if (reader.failed)
                return reader.failed;
        *ret_profile = TAKE(profile);
        return 0;
}

void inbye_profile_free(struct inbye_profile *profile)
{
        if (!profile)
                return;
        for (size_t i = 0; i < profile->n_settings; i++)
                free((char *)profile->settings[i].public.value);
        free(profile->settings);
        strv_free(profile->files);
        free(profile->name);
        free(profile->path);
        free(profile->description);
        free(profile);
}

const char *inbye_profile_name(const struct inbye_profile *profile)
{
        return profile->name;
}

const char *inbye_profile_path(const struct inbye_profile *profile)
{
        return profile->path;
}

const char *inbye_profile_description(const struct inbye_profile *profile)
{
        return profile->description;
}

const struct inbye_profile_setting *inbye_profile_setting(const struct inbye_profile *profile, size_t index)
{
        return index < profile->n_settings ? &profile->settings[index].public : NULL;
}
