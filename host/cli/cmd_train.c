/* cmd_train.c -- polarvae train: trains one model into a run directory. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/train.h"

static const char usage[] =
    "Usage: polarvae train [CONFIG.yaml] [key=value ...] [--out DIR] [--resume] [--quiet]\n"
    "\n"
    "Trains one model. Without a CONFIG every key has its default (configs/base.yaml); with\n"
    "--resume and without a CONFIG, the run's own is used.\n"
    "\n"
    "  --out DIR   the run directory (default: run): config.yaml, log.csv, checkpoint.h5,\n"
    "              snapshots/, status.json; on a GPU also algorithms.txt\n"
    "  --resume    continue a run that was cut off, to the same bits\n"
    "  --device D  auto, cpu or cuda:N\n"
    "  --quiet     nothing on stderr but errors\n"
    "  --help      this text\n"
    "\n"
    "Example:\n"
    "  polarvae train beta=4 steps=20000 --out runs/beta4\n"
    "  polarvae train --resume --out runs/beta4\n"
    "\n";

/* The run directory's own configuration, or defaults. */
static pv_status choose_file(char path[static 4096], const char **file, const pv_arguments *rest,
                             const pv_run_options *options, int *first)
{
    *file = NULL;
    *first = 0;
    if (rest->count > 0 && !pv_is_assignment(rest->value[0])) {
        *file = rest->value[0];
        *first = 1;
        if (!pv_file_exists(*file))
            return pv_fail(PV_EUSAGE,
                           "%s: there is no such configuration; keys are set as key=value", *file);
    } else if (options->resume) {
        snprintf(path, 4096, "%s/config.yaml", options->directory);
        if (!pv_file_exists(path))
            return pv_fail(PV_EUSAGE, "%s: holds no run to resume", options->directory);
        *file = path;
    }
    for (int i = *first; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "%s: is neither an option nor key=value", rest->value[i]);
    return PV_OK;
}

static pv_status train(const pv_arguments *rest, void *state)
{
    char path[4096];
    const char *file;
    int first;
    pv_config config;
    PV_TRY(choose_file(path, &file, rest, state, &first));
    PV_TRY(pv_config_load(&config, file, rest->count - first, rest->value + first));
    pv_status status = pv_run_train(&config, state);
    pv_config_clear(&config);
    return status;
}

int pv_command_train(int argc, char **argv)
{
    pv_run_options options = {.directory = "run"};
    const pv_option known[] = {{.name = "--out", .text = &options.directory},
                               {.name = "--resume", .flag = &options.resume},
                               {.name = "--quiet", .flag = &options.quiet},
                               {0}};
    return pv_command_run(&(pv_command){.usage = usage,
                                        .more_usage = pv_config_help,
                                        .options = known,
                                        .sets_device = 1,
                                        .run = train,
                                        .state = &options},
                          argc, argv);
}
