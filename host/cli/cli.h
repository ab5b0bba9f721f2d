/* cli.h -- what the commands of the program share. */
#ifndef PV_CLI_H
#define PV_CLI_H

#include "polarvae/status.h"

/* One option of a command: exactly one of flag, text and number is set. */
typedef struct {
    const char *name; /* "--out" */
    int *flag;
    const char **text;
    long *number;
    long low, high; /* of number */
} pv_option;

/* The arguments after the command: options are taken out, the rest stays in order. */
typedef struct {
    int count;
    const char **value; /* room for argc + 1; borrowed */
} pv_arguments;

/* options ends with a NULL name. `--` ends the options. PV_EUSAGE names what is wrong, and the
 * nearest option of an unknown one. */
pv_status pv_options_parse(const pv_option *options, int argc, char **argv, pv_arguments *rest);

/* Adds the assignment device=NAME to the end of `rest`; name may be NULL: nothing is added. text
 * holds it, and must stay. */
enum { PV_DEVICE_TEXT = 64 };
pv_status pv_arguments_device(pv_arguments *rest, const char *name,
                              char text[static PV_DEVICE_TEXT]);

/* The command's exit status: prints pv_error() as "polarvae: ..." on stderr unless OK. */
int pv_command_end(pv_status status);

/* argv[0] is the command's name. */
#define PV_COMMANDS(X)                                                                             \
    X(data, "makes a data set file, and says what is in one")                                      \
    X(train, "trains one model into a run directory")                                              \
    X(encode, "mean, variance and sampled codes of a trained model")                               \
    X(evaluate, "variable types, and mean against sampled representations")                        \
    X(bench, "throughput of training, of encoding and of each kernel")                             \
    X(info, "version, devices, processor features")

#define X(name, what) int pv_command_##name(int argc, char **argv);
PV_COMMANDS(X)
#undef X

#endif
