/* cmd_encode.c -- polarvae encode: codes of a trained model, with the factors behind them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"

static const char usage[] =
    "Usage: polarvae encode RUN [--examples N] [--out CODES.h5] [key=value ...] [--quiet]\n"
    "\n"
    "Draws examples uniformly from the data set and writes mean, variance and sampled codes\n"
    "(float32 [N, latents]), factors (int32 [N, K]) and factor_names to an HDF5 file.\n"
    "\n"
    "  --examples N   how many (default: the run's `examples`, 10000 unless changed)\n"
    "  --out FILE     default: RUN/codes.h5\n"
    "  key=value      evaluation_seed, data, device, threads\n"
    "  --device NAME  auto, cpu or cuda:N\n"
    "  --quiet        nothing on stderr but errors\n"
    "  --help         this text\n"
    "\n"
    "Example:\n"
    "  polarvae encode runs/beta4 --examples 50000 --out codes.h5\n";

static pv_status encode(const char *run, const pv_arguments *rest, long examples, const char *out,
                        int quiet)
{
    char path[4096];
    pv_session s;
    pv_codes codes = {0};
    pv_bar bar;
    PV_TRY(pv_session_open(&s, run, rest->count - 1, rest->value + 1, quiet));
    const size_t count = examples ? (size_t)examples : (size_t)s.config.examples;
    pv_bar_start(&bar, "encoding", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(&codes, NULL, &s.model, &s.images, s.stream, count,
                                 (uint64_t)s.config.evaluation_seed, &progress);
    pv_bar_end(&bar);
    snprintf(path, sizeof path, "%s/codes.h5", run);
    if (!out) out = path;
    if (status == PV_OK) status = pv_codes_write(&codes, out);
    if (status == PV_OK)
        printf("%s: mean, variance, sampled [%zu, %d], factors [%zu, %d]\n", out, codes.examples,
               codes.latents, codes.examples, codes.factors);
    pv_codes_free(&codes);
    pv_session_close(&s);
    return status;
}

int pv_command_encode(int argc, char **argv)
{
    char text[PV_DEVICE_TEXT];
    const char *device = NULL;
    int help = 0, quiet = 0;
    long examples = 0;
    const char *out = NULL;
    const pv_option known[] = {
        {.name = "--examples", .number = &examples, .low = 2, .high = 100000000},
        {.name = "--out", .text = &out},
        {.name = "--device", .text = &device},
        {.name = "--quiet", .flag = &quiet},
        {.name = "--help", .flag = &help},
        {0}};
    pv_arguments rest = {.value = calloc((size_t)argc + 1, sizeof *rest.value)};
    if (!rest.value) return pv_command_end(pv_fail(PV_ENOMEM, "out of memory"));
    pv_status status = pv_options_parse(known, argc, argv, &rest);
    if (status == PV_OK && !help) status = pv_arguments_device(&rest, device, text);
    if (status == PV_OK && help)
        fputs(usage, stdout);
    else if (status == PV_OK && (rest.count == 0 || strchr(rest.value[0], '=')))
        status = pv_fail(PV_EUSAGE, "encode: a run directory must be named; see --help");
    else if (status == PV_OK)
        status = encode(rest.value[0], &rest, examples, out, quiet);
    free(rest.value);
    return pv_command_end(status);
}
