/* cmd_bench.c -- polarvae bench: how fast this machine trains, and where the time goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"
#include "cli/cli.h"

static const char usage[] =
    "Usage: polarvae bench train|encode|kernels [options]\n"
    "\n"
    "train    steps/s, images/s and GFLOP/s of training, beside the machine's multiply-add peak\n"
    "         measured in the same run. The direct floor is the time of a step whose convolutions\n"
    "         are direct ones at that peak; a share above 100 % beats it.\n"
    "encode   the same of the encoder: a step makes the mean, variance and sampled codes of a\n"
    "         batch\n"
    "kernels  the time of every kernel of a step on its own, and its share of its own floor:\n"
    "         arithmetic at the peak or memory traffic at the measured bandwidth\n"
    "\n"
    "  --objective NAME  default: beta_vae\n"
    "  --kernel 2|4      of encoder layers 3 and 4 (default: 4)\n"
    "  --batch N         images of a step (default: 64)\n"
    "  --threads N       of each lane (default: all cores, or 1 with several lanes)\n"
    "  --lanes N         models trained side by side (default: 1)\n"
    "  --seconds N       how long to measure (default: 10)\n"
    "  --device NAME     default: auto\n"
    "  --csv FILE        append the result as a line\n"
    "  --json            for programs\n"
    "  --quiet           nothing on stderr but errors\n"
    "  --help            this text\n"
    "\n"
    "Example:\n"
    "  polarvae bench train --kernel 4 --threads 2 --seconds 20 --json\n";

static pv_status bench(const pv_arguments *rest, pv_bench_options *o)
{
    if (rest->count != 1)
        return pv_fail(PV_EUSAGE, "bench: 'train', 'encode' or 'kernels' must follow; see --help");
    if (o->kernel != 2 && o->kernel != 4)
        return pv_fail(PV_EUSAGE, "--kernel %ld: must be 2 or 4", o->kernel);
    if (strcmp(rest->value[0], "train") == 0) return pv_bench_train(o);
    if (strcmp(rest->value[0], "encode") == 0) return pv_bench_encode(o);
    if (strcmp(rest->value[0], "kernels") == 0) return pv_bench_kernels(o);
    return pv_fail(PV_EUSAGE, "bench %s: must be 'train', 'encode' or 'kernels'", rest->value[0]);
}

int pv_command_bench(int argc, char **argv)
{
    int help = 0;
    pv_bench_options o = {.objective = "beta_vae",
                          .device = "auto",
                          .kernel = 4,
                          .batch = 64,
                          .lanes = 1,
                          .seconds = 10};
    const pv_option known[] = {{.name = "--objective", .text = &o.objective},
                               {.name = "--device", .text = &o.device},
                               {.name = "--csv", .text = &o.csv},
                               {.name = "--kernel", .number = &o.kernel, .low = 2, .high = 4},
                               {.name = "--batch", .number = &o.batch, .low = 1, .high = 8192},
                               {.name = "--threads", .number = &o.threads, .low = 1, .high = 1024},
                               {.name = "--lanes", .number = &o.lanes, .low = 1, .high = 1024},
                               {.name = "--seconds", .number = &o.seconds, .low = 1, .high = 86400},
                               {.name = "--json", .flag = &o.json},
                               {.name = "--quiet", .flag = &o.quiet},
                               {.name = "--help", .flag = &help},
                               {0}};
    pv_arguments rest = {.value = calloc((size_t)argc, sizeof *rest.value)};
    if (!rest.value) return pv_command_end(pv_fail(PV_ENOMEM, "out of memory"));
    pv_status status = pv_options_parse(known, argc, argv, &rest);
    if (status == PV_OK && help)
        fputs(usage, stdout);
    else if (status == PV_OK)
        status = bench(&rest, &o);
    free(rest.value);
    return pv_command_end(status);
}
