/* The command line: options shared by the commands, and the table of commands. */
#ifndef MXB_CLI_H
#define MXB_CLI_H
#include "harness/run.h"

enum { CLI_MAX_LIST = 64 };

struct word_list { const char *item[CLI_MAX_LIST]; uint32_t n; };

struct cli {                         /* every option of every command; each command accepts its own subset */
    struct word_list arg, backend, device, op, entry, tag, report, runs;
    const char *filter, *db, *resume, *kernel_dir, *out, *format, *template_file, *param, *base, *candidate, *reason;
    uint64_t seed; bool has_seed;
    uint32_t shard, nshard, rounds, threads, keep, repeat, turns;
    uint32_t passes, planted; bool has_passes, has_planted;
    double timeout_s, plant, budget;                 /* percent; plant < 0, budget 0: not given */
    bool check_only, bench_only, fail_fast, no_db, shaders, coverage, all, across, samples_only, dry_run, quiet, verbose;
    bool shuffle, force, no_control, strict, screen;
    char cmdline[4096];
    const char *const *argv; uint32_t argc;          /* what was parsed */
};

struct command {
    const char *name, *args, *about; /* "SUITE...", one line; `help COMMAND` shows further ones */
    const char *options;             /* blank-separated option names it accepts */
    const char *example;
    int (*run)(const struct cli *);  /* exit code */
};
extern const struct command *const commands[];       /* NULL-terminated */
extern const struct command cmd_gate, cmd_calibrate, cmd_baseline;   /* commands_gate.c */

/* Parses argv after the command's name.  0 or EXIT_USAGE with one line on stderr; -1: help was printed. */
int  cli_parse(const struct command *, int argc, char **argv, struct cli *);
void cli_help(const struct command *);               /* NULL = the overview */
/* The option's name, the word for its value (NULL = a flag) and its help; NULL behind the last. */
const char *cli_option(size_t i, const char **value, const char **about);
bool cli_accepts(const struct command *, const char *option);
int  cli_error(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));   /* one line on stderr; returns code */
/* Position of an option's value in a list of words; NULL value: the first.  0 or EXIT_USAGE with one line on stderr. */
int  cli_choice(const char *option, const char *value, const char *const *known, size_t n, int *out);
void cli_suite_opts(const struct cli *, struct suite_opts *);
void cli_run_opts(const struct cli *, struct run_opts *);    /* to a table on stdout; cli_sinks() changes that */
int  cli_sinks(const struct cli *, struct report_sinks *);   /* --format and --report; 0 or EXIT_USAGE */
const char *cli_db(const struct cli *);              /* --db, $MLXBENCH_DB or the default */
#endif
