/* main.c -- the program: finds the command and runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/version.h"

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} commands[] = {
#define X(name, what) {#name, what, pv_command_##name},
    PV_COMMANDS(X)
#undef X
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(FILE *to)
{
    fprintf(to, "Usage: polarvae COMMAND ...\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
    fprintf(to, "\nEvery command has --help, with an example. Results go to stdout, progress to "
                "stderr;\nthe exit status is 0 on success, 1 on failure, 2 on bad usage.\n");
}

/* A standard stream that the caller closed must not become a file of ours: what is printed would
 * end up in it. Nothing can be written to what stands in its place. */
static void occupy_closed_streams(void)
{
    int file;
    do file = open("/dev/null", O_RDONLY);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0) close(file);
}

int main(int argc, char **argv)
{
    occupy_closed_streams();
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        help(stderr);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        printf("polarvae %s (%s)\n", PV_VERSION, PV_COMMIT);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0) {
            pv_signals_catch();
            int code = commands[i].run(argc - 1, argv + 1);
            if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
                fprintf(stderr, "polarvae: standard output cannot be written\n");
                return 1;
            }
            return code;
        }
    fprintf(stderr, "polarvae: '%s' is not a command; see polarvae --help\n", name);
    return 2;
}
