/* cli.h -- what the commands of the program share. */
#ifndef PV_CLI_H
#define PV_CLI_H

#include <stdio.h>

#include "polarvae/status.h"

/* One option of a command: exactly one of flag, text and number is set. */
typedef struct {
    const char *name; /* "--out" */
    int *flag;
    const char **text;
    long *number;
    long low, high; /* of number */
    unsigned verbs; /* bit i: verb i takes it, the others refuse it; 0: all take it */
} pv_option;

/* The arguments after the command: verb and options are taken out, the rest stays in order. */
typedef struct {
    int verb;       /* index into the command's verbs */
    unsigned given; /* bit i: option i was there */
    int count;
    const char **value; /* borrowed */
} pv_arguments;

/* What a command is, apart from its work. */
typedef struct {
    const char *usage;
    void (*more_usage)(FILE *to); /* printed behind it; may be NULL */
    const char *const *verbs;     /* one of them must follow the command; NULL: it has none */
    const pv_option *options;     /* of its own, up to a NULL name; every command has --help */
    int sets_device;              /* --device NAME is the assignment device=NAME, behind the rest */
    int bare;                     /* takes no arguments */
    pv_status (*run)(const pv_arguments *rest, void *state);
    void *state; /* where options point into */
} pv_command;

/* Parses, prints the help or runs the command. The exit status; a failure is "polarvae: ..." on
 * stderr. */
int pv_command_run(const pv_command *command, int argc, char **argv);

/* options ends with a NULL name; rest->value has room for argc. `--` ends the options. PV_EUSAGE
 * names what is wrong, and the nearest option of an unknown one. */
pv_status pv_options_parse(const pv_option *options, int argc, char **argv, pv_arguments *rest);

/* key=value, and no path of a run with an equals sign in it, such as DIR/beta_vae-beta=4. */
int pv_is_assignment(const char *argument);

/* argv[0] is the command's name. */
#define PV_COMMANDS(X)                                                                             \
    X(data, "makes a data set file, and says what is in one")                                      \
    X(train, "trains one model into a run directory")                                              \
    X(sweep, "trains many models, side by side")                                                   \
    X(report, "the runs of a directory as one page: figures, tables, numbers")                     \
    X(encode, "mean, variance and sampled codes of a trained model")                               \
    X(evaluate, "variable types, and mean against sampled representations")                        \
    X(score, "the same scores for codes of any program")                                           \
    X(udr, "which of several models is best disentangled, without factors")                        \
    X(prune, "a model without its passive variables")                                              \
    X(export, "encoder and decoder of a trained model as ONNX files")                              \
    X(traverse, "latent traversals, reconstructions and samples as pictures")                      \
    X(bench, "throughput of training, encoding, each kernel, each metric")                         \
    X(check, "a device against a reference file that another one wrote")                           \
    X(info, "version, devices, processor features")

#define X(name, what) int pv_command_##name(int argc, char **argv);
PV_COMMANDS(X)
#undef X

#endif
