/* cmd_bench.c -- polarvae bench: how fast this machine trains, and where the time goes. */
#include "cli/bench.h"
#include "cli/cli.h"

static const char usage[] =
    "Usage: polarvae bench train|encode|kernels|evaluate [key=value ...] [options]\n"
    "\n"
    "train    steps/s, images/s and GFLOP/s of training, beside the machine's multiply-add peak\n"
    "         measured in the same run. The direct floor is the time of a step whose convolutions\n"
    "         are direct ones at that peak; a share above 100 % beats it.\n"
    "encode   the same of the encoder: a step makes the mean, variance and sampled codes of a\n"
    "         batch\n"
    "kernels  the time of every kernel of a step on its own, and its shares of the peak and of\n"
    "         the bandwidth of a copy, measured in the same run\n"
    "evaluate the time of every disentanglement metric, on made codes of the whole dSprites grid\n"
    "\n"
    "Models see a thousand sprites, or the images that keys say: data, variant and the others "
    "that\n"
    "`polarvae train --help` lists under data.\n"
    "\n"
    "  --threads N       of each lane (default: all cores, or 1 with several lanes)\n"
    "  --device NAME     default: auto\n"
    "  --json            for programs\n"
    "  --help            this text\n"
    "train, encode and kernels:\n"
    "  --kernel 2|4      of encoder layers 3 and 4 (default: 4)\n"
    "  --batch N         images of a step (default: 64)\n"
    "  --precision NAME  fp32, or on a GPU tf32 or bf16 (default: fp32); the peak is fp32's\n"
    "train and kernels:\n"
    "  --objective NAME  default: beta_vae\n"
    "train and encode:\n"
    "  --seconds N       how long to measure (default: 10)\n"
    "  --csv FILE        append the result as a line\n"
    "train:\n"
    "  --lanes N         models trained side by side (default: 1)\n"
    "evaluate:\n"
    "  --metrics LIST    default: study, see polarvae score --help\n"
    "  --codes FILE      codes with their factors instead of made ones\n"
    "all but kernels:\n"
    "  --quiet           nothing on stderr but errors\n"
    "\n"
    "Example:\n"
    "  polarvae bench train --kernel 4 --threads 2 --seconds 20 --json\n"
    "  polarvae bench train variant=noisy\n";

enum { TRAIN, ENCODE, KERNELS, EVALUATE };
enum { STEPS = 1u << TRAIN | 1u << ENCODE | 1u << KERNELS };
static const char *const verbs[] = {
    [TRAIN] = "train", [ENCODE] = "encode", [KERNELS] = "kernels", [EVALUATE] = "evaluate", NULL};
static pv_status (*const benchmark[])(const pv_bench_options *) = {[TRAIN] = pv_bench_train,
                                                                   [ENCODE] = pv_bench_encode,
                                                                   [KERNELS] = pv_bench_kernels,
                                                                   [EVALUATE] = pv_bench_evaluate};

static pv_status bench(const pv_arguments *rest, void *state)
{
    pv_bench_options *o = state;
    for (int i = 0; i < rest->count; i++)
        if (rest->verb == EVALUATE || !pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "bench %s: unexpected argument '%s'", verbs[rest->verb],
                           rest->value[i]);
    o->set = rest->value;
    o->count = rest->count;
    if (o->kernel != 2 && o->kernel != 4)
        return pv_fail(PV_EUSAGE, "--kernel %ld: must be 2 or 4", o->kernel);
    return benchmark[rest->verb](o);
}

int pv_command_bench(int argc, char **argv)
{
    pv_bench_options o = {.objective = "beta_vae",
                          .device = "auto",
                          .precision = "fp32",
                          .metrics = "study",
                          .kernel = 4,
                          .batch = 64,
                          .lanes = 1,
                          .seconds = 10};
    const pv_option known[] = {
        {.name = "--objective", .text = &o.objective, .verbs = 1u << TRAIN | 1u << KERNELS},
        {.name = "--device", .text = &o.device},
        {.name = "--precision", .text = &o.precision, .verbs = STEPS},
        {.name = "--metrics", .text = &o.metrics, .verbs = 1u << EVALUATE},
        {.name = "--codes", .text = &o.codes, .verbs = 1u << EVALUATE},
        {.name = "--csv", .text = &o.csv, .verbs = 1u << TRAIN | 1u << ENCODE},
        {.name = "--kernel", .number = &o.kernel, .low = 2, .high = 4, .verbs = STEPS},
        {.name = "--batch", .number = &o.batch, .low = 1, .high = 8192, .verbs = STEPS},
        {.name = "--threads", .number = &o.threads, .low = 1, .high = 1024},
        {.name = "--lanes", .number = &o.lanes, .low = 1, .high = 1024, .verbs = 1u << TRAIN},
        {.name = "--seconds",
         .number = &o.seconds,
         .low = 1,
         .high = 86400,
         .verbs = 1u << TRAIN | 1u << ENCODE},
        {.name = "--json", .flag = &o.json},
        {.name = "--quiet", .flag = &o.quiet, .verbs = 1u << TRAIN | 1u << ENCODE | 1u << EVALUATE},
        {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .verbs = verbs, .options = known, .run = bench, .state = &o},
        argc, argv);
}
