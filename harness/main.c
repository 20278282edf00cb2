/* mlxbench: finds the command and turns signals into an orderly end. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "harness/cli.h"
#include "harness/nearest.h"

/* The first signal lets the run end in order; the second one ends it at once. */
static void on_signal(int sig)
{
    if (run_interrupted) _exit(128 + sig);
    run_interrupted = sig;
}

static void catch_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    if (signal(SIGHUP, SIG_IGN) != SIG_IGN) sigaction(SIGHUP, &sa, NULL);    /* under nohup it stays ignored */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);        /* a file-size limit is an error of the write, like a full disk */
}

/* A closed standard stream would give its number to the next file or channel, which then gets what is meant for the
 * stream.  A stand-in that refuses what the stream is for: reading there, or writing. */
static int hold_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return -1;
    return 0;
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *known[32];
    size_t n = 0;
    char err[MXB_ERRLEN];
    while (commands[n]) {
        known[n] = commands[n]->name;
        n++;
    }
    snprintf(err, sizeof(err), "unknown command '%.60s'", name);
    nearest_hint(err, sizeof(err), name, known, n);
    return cli_error(EXIT_USAGE, "%s", err);
}

int main(int argc, char **argv)
{
    static struct cli cli;
    const char *name = argc > 1 ? argv[1] : "help";
    if (hold_standard_streams()) return EXIT_USAGE;
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0) name = "version";
    const struct command *c = find_command(name);
    if (!c) return unknown_command(name);
    if (strcmp(name, "help") == 0) {
        const struct command *topic = argc > 2 ? find_command(argv[2]) : NULL;
        if (argc > 2 && !topic) return unknown_command(argv[2]);
        cli_help(topic);
        return argc > 1 ? EXIT_FINE : EXIT_USAGE;
    }
    int rc = cli_parse(c, argc > 2 ? argc - 2 : 0, argv + 2, &cli);
    if (rc) return rc < 0 ? EXIT_FINE : rc;
    catch_signals();
    rc = c->run(&cli);
    if (run_interrupted) rc = 128 + run_interrupted;
    if (fflush(stdout) != 0 && rc == EXIT_FINE) rc = cli_error(EXIT_USAGE, "cannot write the output");
    return rc;
}
