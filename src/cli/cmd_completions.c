/* SPDX-License-Identifier: MIT */
/*
 * Completions for shells, made from the tables of options: a script of its own per shell, kept by hand, was
 * rejected, since it is wrong after the next option.
 */
#include "base/str.h"
#include "cli/cli.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

typedef void (*option_fn)(const struct cli_command *command, const struct cli_option *option);

static void each_option(const struct cli_command *command, option_fn fn)
{
        for (const struct cli_option *const *table = command->options; *table; table++)
                for (const struct cli_option *option = *table; option->name; option++)
                        fn(command, option);
}

static void each_command(void (*fn)(const struct cli_command *command))
{
        for (const struct cli_command *const *command = cli_commands; *command; command++)
                if (!(*command)->hidden)
                        fn(*command);
}

/* What stands for the value of an option, from the name of its argument. */
struct value_kind {
        const char *word;
        const char *bash, *zsh, *fish;
};
static const struct value_kind value_kinds[] = {
        { "PROFILE", "-W '$(inbye profile list --names 2>/dev/null)'",
                "($(inbye profile list --names 2>/dev/null))",
                "-x -a '(inbye profile list --names 2>/dev/null)'" },
        { "FILE", "-f", "_files", "-r" },
        { "DIR", "-d", "_files -/", "-x -a '(__fish_complete_directories)'" },
        { "SIGNAL", "-W 'TERM INT HUP QUIT KILL USR1 USR2 STOP CONT'", "_signals", "-x" },
        { "USER", "-u", "_users", "-x -a '(__fish_complete_users)'" },
        { "GROUP", "-g", "_groups", "-x -a '(__fish_complete_groups)'" },
        { "", "-W ''", "", "-x" },
};

static const struct value_kind *kind_of(const struct cli_option *option)
{
        const struct value_kind *kind = value_kinds;

        while (!strstr(option->argument, kind->word))
                kind++;
        return kind;
}

static bool runs_commands(const struct cli_command *command)
{
        return strstr(command->usage, "COMMAND") && command != &cli_help;
}

static void print_name(const struct cli_command *command)
{
        printf("%s ", command->name);
}

/* Words that may stand behind the options, where they are known. */
static void print_operands(const struct cli_command *command)
{
        if (command == &cli_help)
                each_command(print_name);
        else
                fputs(command->operands, stdout);
}

static bool has_operands(const struct cli_command *command)
{
        return command == &cli_help || command->operands;
}

/* bash */

static void bash_name(const struct cli_command *command)
{
        printf(" %s", command->name);
}

static void bash_value(const struct cli_command *command, const struct cli_option *option)
{
        if (cli_option_kind(option) != required_argument)
                return;
        printf("        %s:--%s", command->name, option->name);
        if (option->letter)
                printf(" | %s:-%c", command->name, option->letter);
        if (option->values)
                printf(")\n                COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n", option->values);
        else
                printf(")\n                COMPREPLY=($(compgen %s -- \"$word\"))\n", kind_of(option)->bash);
        printf("                return ;;\n");
}

static void bash_values(const struct cli_command *command)
{
        each_option(command, bash_value);
}

static void bash_option(const struct cli_command *command, const struct cli_option *option)
{
        (void)command;
        printf(" --%s", option->name);
}

static void bash_option_with_value(const struct cli_command *command, const struct cli_option *option)
{
        (void)command;
        if (cli_option_kind(option) == required_argument)
                printf(" --%s ", option->name);
        if (option->argument && option->letter)
                printf(" -%c ", option->letter);
}

static void bash_options(const struct cli_command *command)
{
        printf("        %s)\n                options='", command->name);
        each_option(command, bash_option);
        printf("'\n                with_value='");
        each_option(command, bash_option_with_value);
        printf("'\n                operands='");
        if (has_operands(command))
                print_operands(command);
        printf("'\n                runs=%s ;;\n", runs_commands(command) ? "yes" : "");
}

static void print_bash(void)
{
        printf("# bash completion for inbye; made by `inbye completions bash`\n"
               "_inbye()\n{\n"
               "        local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
               "        local command=${COMP_WORDS[1]} options= with_value= operands= runs= i\n"
               "        COMPREPLY=()\n"
               "        [[ $word == = ]] && word=\n"
               "        [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
               "        if ((COMP_CWORD == 1)); then\n"
               "                COMPREPLY=($(compgen -W '");
        each_command(bash_name);
        printf("' -- \"$word\"))\n                return\n        fi\n        case $command in\n");
        each_command(bash_options);
        printf("        esac\n"
               "        for ((i = 2; i < COMP_CWORD; i++)); do\n"
               "                case ${COMP_WORDS[i]} in\n"
               "                --) ((i++)) && break ;;\n"
               "                = | -*=*) ;;\n"
               "                -*) [[ $with_value == *\" ${COMP_WORDS[i]} \"* ]] && ((i++))\n"
               "                    [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n"
               "                *) break ;;\n"
               "                esac\n"
               "        done\n"
               "        if ((i < COMP_CWORD)) || [[ $i == \"$COMP_CWORD\" && $word != -* && "
               "$with_value != *\" $previous \"* ]]; then\n"
               "                if [[ $runs ]] && declare -F _command_offset >/dev/null; then\n"
               "                        _command_offset $i\n"
               "                elif [[ $runs ]]; then\n"
               "                        COMPREPLY=($(compgen -c -- \"$word\"))\n"
               "                else\n"
               "                        COMPREPLY=($(compgen -W \"$operands\" -- \"$word\"))\n"
               "                fi\n"
               "                return\n"
               "        fi\n"
               "        case $command:$previous in\n");
        each_command(bash_values);
        printf("        esac\n"
               "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
               "}\n"
               "complete -o default -F _inbye inbye\n");
}

/* zsh */

/* Help inside '...[help]': what would end it is escaped. */
static void zsh_text(const char *text)
{
        for (; *text; text++) {
                if (*text == '\'')
                        fputs("'\\''", stdout);
                else if (strchr("[]:\\", *text))
                        printf("\\%c", *text);
                else
                        putchar(*text);
        }
}

static void zsh_one(const char *dashes, const char *name, const struct cli_option *option, const char *joint)
{
        bool is_optional = cli_option_kind(option) == optional_argument;

        printf("                '*%s%s%s[", dashes, name, is_optional ? "=-" : option->argument ? joint : "");
        zsh_text(option->help);
        putchar(']');
        if (option->argument) {
                printf(is_optional ? "::" : ":");
                zsh_text(option->argument);
                if (option->values)
                        printf(":(%s)", option->values);
                else
                        printf(":%s", kind_of(option)->zsh);
        }
        printf("' \\\n");
}

static void zsh_option(const struct cli_command *command, const struct cli_option *option)
{
        const char letter[] = { option->letter, 0 };

        (void)command;
        zsh_one("--", option->name, option, "=");
        if (option->letter)
                zsh_one("-", letter, option, "+");
}

static void zsh_name(const struct cli_command *command)
{
        printf("                '%s:", command->name);
        zsh_text(command->summary);
        printf("'\n");
}

static void zsh_options(const struct cli_command *command)
{
        printf("        %s)\n                _arguments -S \\\n", command->name);
        each_option(command, zsh_option);
        printf("                '*::command:");
        if (has_operands(command)) {
                putchar('(');
                print_operands(command);
                putchar(')');
        } else {
                printf("%s", runs_commands(command) ? "_normal" : "");
        }
        printf("' ;;\n");
}

static void print_zsh(void)
{
        printf("#compdef inbye\n# zsh completion for inbye; made by `inbye completions zsh`\n"
               "_inbye()\n{\n"
               "        local -a commands=(\n");
        each_command(zsh_name);
        printf("        )\n"
               "        if ((CURRENT == 2)); then\n"
               "                _describe command commands\n"
               "                return\n"
               "        fi\n"
               "        shift words\n"
               "        ((CURRENT--))\n"
               "        case $words[1] in\n");
        each_command(zsh_options);
        printf("        esac\n}\n_inbye \"$@\"\n");
}

/* fish */

static void fish_text(const char *text)
{
        putchar('\'');
        for (; *text; text++) {
                if (strchr("'\\", *text))
                        putchar('\\');
                putchar(*text);
        }
        putchar('\'');
}

static void fish_option(const struct cli_command *command, const struct cli_option *option)
{
        printf("complete -c inbye -n '__fish_seen_subcommand_from %s' -l %s", command->name, option->name);
        if (option->letter)
                printf(" -s %c", option->letter);
        if (option->values)
                printf(" -x -a '%s'", option->values);
        else if (cli_option_kind(option) == required_argument)
                printf(" %s", kind_of(option)->fish);
        printf(" -d ");
        fish_text(option->help);
        putchar('\n');
}

static void fish_command(const struct cli_command *command)
{
        printf("complete -c inbye -n __fish_use_subcommand -f -a %s -d ", command->name);
        fish_text(command->summary);
        putchar('\n');
        each_option(command, fish_option);
        if (has_operands(command)) {
                printf("complete -c inbye -n '__fish_seen_subcommand_from %s' -x -a '", command->name);
                print_operands(command);
                printf("'\n");
        }
        if (runs_commands(command))
                printf("complete -c inbye -n '__fish_seen_subcommand_from %s' -x -a "
                       "'(__fish_complete_subcommand)'\n",
                        command->name);
}

static void print_fish(void)
{
        printf("# fish completion for inbye; made by `inbye completions fish`\n");
        each_command(fish_command);
}

static int main_completions(int argc, char **argv)
{
        static void (*const print[])(void) = { print_bash, print_zsh, print_fish };
        struct inbye_error error = { 0 };
        int first, shell;

        first = cli_parse(&cli_completions, argc, argv, NULL, NULL);
        if (first <= 0)
                return first < 0 ? CLI_EXIT_FAILED : 0;
        if (argc - first != 1)
                return cli_misuse(&cli_completions, "name one shell: bash, zsh or fish");
        shell = cli_choose("bash zsh fish", argv[first], "shell with completions", &error);
        if (shell < 0)
                return cli_misuse(&cli_completions, "%s", error.text);
        print[shell]();
        return 0;
}

static const struct cli_option *const tables[] = { cli_help_options, NULL };

const struct cli_command cli_completions = {
        .name = "completions",
        .usage = "bash|zsh|fish",
        .operands = "bash zsh fish",
        .summary = "Print completions for a shell.",
        .options = tables,
        .main = main_completions,
};
