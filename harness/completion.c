/* `mlxbench completion bash|zsh|fish` and `mlxbench manual`: made from the tables of commands and options, so that they
 * are always complete. */
#include <stdio.h>
#include <string.h>
#include "harness/cli.h"
#include "harness/gate.h"
#include "harness/nearest.h"
#include "harness/plot.h"
#include "harness/provenance.h"
#include "harness/show.h"

static void each_command(const char *format_first, const char *format_more)
{
    for (int i = 0; commands[i]; i++) printf(i ? format_more : format_first, commands[i]->name);
}

/* ---- words that arguments and values are completed to ---- */

static bool is_report(const char *format)
{
    for (int i = 0; reporters[i]; i++)
        if (strcmp(reporters[i]->name, format) == 0) return true;
    return false;
}

/* Blank-separated values of an option, "" = files, NULL = nothing to offer. */
static const char *values_of(const char *option, const char *value)
{
    static char formats[128];
    if (strcmp(option, "backend") == 0) return "cpu opencl vulkan";
    if (strcmp(option, "run") == 0) return "last all";
    if (strcmp(option, "format") == 0) {
        size_t n = 0;
        for (int i = 0; reporters[i]; i++)
            n += (size_t)snprintf(formats + n, sizeof(formats) - n, "%s ", reporters[i]->name);
        for (int i = 0; gate_reporters[i].name; i++)
            if (!is_report(gate_reporters[i].name))
                n += (size_t)snprintf(formats + n, sizeof(formats) - n, "%s ", gate_reporters[i].name);
        snprintf(formats + n, sizeof(formats) - n, "svg png pdf");
        return formats;
    }
    if (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0 || strcmp(value, "PATH") == 0) return "";
    return NULL;
}

static const char *arguments_of(const char *command)
{
    static char kinds[160];
    size_t n = 0;
    if (strcmp(command, "list") == 0) return "suites ops entries cases";
    if (strcmp(command, "completion") == 0) return "bash zsh fish";
    if (strcmp(command, "plot") == 0) {
        for (int i = 0; plot_kinds[i]; i++)
            n += (size_t)snprintf(kinds + n, sizeof(kinds) - n, "%s%s", i ? " " : "", plot_kinds[i]->name);
        return kinds;
    }
    return NULL;
}

/* ---- shells ---- */

static void bash(void)
{
    const char *name, *value, *about;
    puts("# bash completion of mlxbench, made by `mlxbench completion bash`.\n_mlxbench()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n    COMPREPLY=()");
    printf("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '");
    each_command("%s", " %s");
    puts("' -- \"$cur\"))\n        return\n    fi\n    case $prev in");
    for (size_t i = 0; (name = cli_option(i, &value, &about)); i++) {
        const char *v = value ? values_of(name, value) : NULL;
        if (!value) continue;
        if (v && *v) printf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", name, v);
        else if (v) printf("    --%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", name);
        else printf("    --%s) return ;;\n", name);
    }
    puts("    esac\n    case ${COMP_WORDS[1]} in");
    for (int c = 0; commands[c]; c++) {
        printf("    %s) words='--help", commands[c]->name);
        for (size_t i = 0; (name = cli_option(i, &value, &about)); i++)
            if (cli_accepts(commands[c], name)) printf(" --%s", name);
        if (arguments_of(commands[c]->name)) printf(" %s", arguments_of(commands[c]->name));
        if (strcmp(commands[c]->name, "help") == 0) each_command(" %s", " %s");
        puts("' ;;");
    }
    puts("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "    case $cur in -*) ;; *) COMPREPLY+=($(compgen -f -- \"$cur\")) ;; esac\n}\n"
         "complete -o filenames -F _mlxbench mlxbench");
}

/* The first line of a text, inside [...] and '...' of zsh's _arguments, or '...' of fish. */
static void quoted(const char *text, bool brackets)
{
    for (; *text && *text != '\n'; text++) {
        if (*text == '\'') fputs("'\\''", stdout);
        else {
            if (brackets && strchr("[]:\\", *text)) putchar('\\');
            putchar(*text);
        }
    }
}

static void zsh(void)
{
    const char *name, *value, *about;
    puts("#compdef mlxbench\n# zsh completion of mlxbench, made by `mlxbench completion zsh`.\n_mlxbench() {\n    "
         "local -a commands\n    commands=(");
    for (int c = 0; commands[c]; c++) {
        printf("        '%s:", commands[c]->name);
        quoted(commands[c]->about, true);
        puts("'");
    }
    puts("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n    case "
         "$words[2] in");
    for (int c = 0; commands[c]; c++) {
        printf("    %s) _arguments '--help[explain the command]'", commands[c]->name);
        for (size_t i = 0; (name = cli_option(i, &value, &about)); i++) {
            if (!cli_accepts(commands[c], name)) continue;
            printf(" \\\n        '*--%s%s[", name, value ? "=" : "");
            quoted(about, true);
            printf("]");
            const char *v = value ? values_of(name, value) : NULL;
            if (v && *v) printf(":%s:(%s)", value, v);
            else if (value) printf(":%s:%s", value, v ? "_files" : "");
            printf("'");
        }
        const char *a = arguments_of(commands[c]->name);
        if (strcmp(commands[c]->name, "help") == 0) {
            printf(" \\\n        '*:command:(");
            each_command("%s", " %s");
            puts(")' ;;");
        } else if (a) printf(" \\\n        '*:word:(%s)' ;;\n", a);
        else puts(" \\\n        '*:file:_files' ;;");
    }
    puts("    esac\n}\n_mlxbench \"$@\"");
}

static void fish(void)
{
    const char *name, *value, *about;
    puts("# fish completion of mlxbench, made by `mlxbench completion fish`.");
    for (int c = 0; commands[c]; c++) {
        printf("complete -c mlxbench -f -n __fish_use_subcommand -a %s -d '", commands[c]->name);
        quoted(commands[c]->about, false);
        puts("'");
        const char *a = arguments_of(commands[c]->name);
        if (a) printf("complete -c mlxbench -n '__fish_seen_subcommand_from %s' -a '%s'\n", commands[c]->name, a);
    }
    for (size_t i = 0; (name = cli_option(i, &value, &about)); i++) {
        printf("complete -c mlxbench -n '__fish_seen_subcommand_from");
        for (int c = 0; commands[c]; c++)
            if (cli_accepts(commands[c], name)) printf(" %s", commands[c]->name);
        printf("' -l %s", name);
        const char *v = value ? values_of(name, value) : NULL;
        if (v && *v) printf(" -x -a '%s'", v);
        else if (value) fputs(v ? " -r -F" : " -x", stdout);
        fputs(" -d '", stdout);
        quoted(about, false);
        puts("'");
    }
}

int completion_run(const struct cli *c)
{
    static const char *const shell[] = { "bash", "zsh", "fish" };
    static void (*const print[])(void) = { bash, zsh, fish };
    char err[MXB_ERRLEN];
    if (c->arg.n != 1) return cli_error(EXIT_USAGE, "completion: for which shell: bash, zsh or fish?");
    for (size_t i = 0; i < MXB_COUNT(shell); i++)
        if (strcmp(c->arg.item[0], shell[i]) == 0) {
            print[i]();
            return EXIT_FINE;
        }
    snprintf(err, sizeof(err), "completion: unknown shell '%.40s'", c->arg.item[0]);
    nearest_hint(err, sizeof(err), c->arg.item[0], shell, MXB_COUNT(shell));
    return cli_error(EXIT_USAGE, "%s", err);
}

/* ---- the manual page ---- */

/* roff text: a leading dot or quote is a command, a backslash an escape, a hyphen typographic. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\') fputs("\\e", stdout);
        else if (*text == '-') fputs("\\-", stdout);
        else putchar(*text);
    }
}

static void manual_command(const struct command *c)
{
    const char *name, *value, *about;
    printf(".SS mlxbench %s", c->name);
    if (*c->args) printf(" ");
    roff(c->args);
    puts("");
    roff(c->about);
    puts(".");
    for (size_t i = 0; (name = cli_option(i, &value, &about)); i++) {
        if (!cli_accepts(c, name)) continue;
        printf(".TP\n\\fB\\-\\-");
        roff(name);
        printf("\\fR%s\\fI", value ? " " : "");
        roff(value ? value : "");
        puts("\\fR");
        roff(about);
        puts("");
    }
    if (!c->example) return;
    printf(".PP\nExample:\n.PP\n.nf\n    ");
    roff(c->example);
    puts("\n.fi");
}

int manual_run(const struct cli *c)
{
    (void)c;
    printf(".TH MLXBENCH 1 \"\" \"mlxbench %s\" \"User Commands\"\n", MXB_VERSION);
    puts(".SH NAME\nmlxbench \\- benchmark and conformance harness for the compute kernels of MLX\\-style inference\n"
         ".SH SYNOPSIS\n.B mlxbench\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
         ".SH DESCRIPTION\nFor every kernel, backend, device, shape, dtype and tile, mlxbench says whether the result "
         "is right, measured against\n"
         "a double\\-precision oracle, how fast it is, and whether it has become slower. Suites in YAML describe the "
         "cases,\n"
         "an SQLite database keeps the results.\n.SH COMMANDS");
    for (int i = 0; commands[i]; i++) manual_command(commands[i]);
    puts(".SH EXIT STATUS\n0 fine; 1 regression; 2 wrong result, crash or time\\-out; 3 usage or bad input; 4 gate not "
         "trustworthy; 5 database;\n"
         "130 and 143 interrupted.\n"
         ".SH ENVIRONMENT\n.TP\n.B MLXBENCH_DB\nthe results database without \\fB\\-\\-db\\fR\n"
         ".TP\n.B MXB_CACHE_DIR\nwhere compiled pipelines are kept\n"
         ".TP\n.B NO_COLOR\nno colours on a terminal\n"
         ".SH SEE ALSO\n.BR gnuplot (1)");
    return EXIT_FINE;
}
