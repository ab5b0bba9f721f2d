/* cmd_bench.c -- polarvae bench: how fast this machine trains, and where the time goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"
#include "cli/cli.h"

static const char usage[] =
    "Usage: polarvae bench train|kernels [options]\n"
    "\n"
    "train    steps/s, images/s and GFLOP/s of training, beside the machine's multiply-add peak\n"
    "         measured in the same run. The direct floor is the time of a step whose convolutions\n"
    "         are direct ones at that peak; a share above 100 % beats it.\n"
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

/* ---- what the benchmarks share ---- */

pv_status pv_bench_data(pv_data *out)
{
    enum { IMAGES = 1000, WORDS = 64 * 64 / 32 };
    memset(out, 0, sizeof *out);
    out->examples = IMAGES;
    out->height = out->width = 64;
    out->channels = 1;
    out->words = WORDS;
    PV_TRY(pv_new(&out->bits, IMAGES * WORDS, sizeof *out->bits, "images"));
    for (int i = 0; i < IMAGES; i++) {
        uint8_t pixels[64 * 64];
        const int factor[5] = {i % 3, i % 6, i * 7 % 40, i * 5 % 32, i * 11 % 32};
        pv_sprite_render(factor, pixels);
        for (int j = 0; j < 64 * 64; j++)
            out->bits[i * WORDS + j / 32] |= (uint32_t)pixels[j] << (j % 32);
    }
    return PV_OK;
}

pv_status pv_bench_config(pv_config *out, const pv_bench_options *o)
{
    char objective[128], kernel[32], batch[32];
    snprintf(objective, sizeof objective, "objective=%s", o->objective);
    snprintf(kernel, sizeof kernel, "kernel=%ld", o->kernel);
    snprintf(batch, sizeof batch, "batch=%ld", o->batch);
    return pv_config_load(out, NULL, 3, (const char *[]){objective, kernel, batch});
}

static double products(const pv_layer *l)
{
    if (l->kind == PV_LAYER_DENSE) return (double)l->in * (double)l->out;
    return (double)l->weights * (double)(l->height / l->stride) * (double)(l->width / l->stride);
}

double pv_bench_direct_flops(const pv_vae *vae, size_t batch)
{
    const pv_layer *l;
    double total = 0.0;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++) total += (i == 0 ? 2.0 : 3.0) * products(l);
    return 2.0 * (double)batch * total;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double pv_bench_median(double *value, size_t count)
{
    qsort(value, count, sizeof *value, ascending);
    return count % 2 ? value[count / 2] : 0.5 * (value[count / 2 - 1] + value[count / 2]);
}

/* ---- the command ---- */

static pv_status bench(const pv_arguments *rest, pv_bench_options *o)
{
    if (rest->count != 1)
        return pv_fail(PV_EUSAGE, "bench: 'train' or 'kernels' must follow; see --help");
    if (o->kernel != 2 && o->kernel != 4)
        return pv_fail(PV_EUSAGE, "--kernel %ld: must be 2 or 4", o->kernel);
    if (strcmp(rest->value[0], "train") == 0) return pv_bench_train(o);
    if (strcmp(rest->value[0], "kernels") == 0) return pv_bench_kernels(o);
    return pv_fail(PV_EUSAGE, "bench %s: must be 'train' or 'kernels'", rest->value[0]);
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
