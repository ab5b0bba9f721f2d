/* cmd_encode.c -- polarvae encode: codes of a trained model, with the factors behind them. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"

static const char usage[] =
    "Usage: polarvae encode RUN [--examples N | --all] [--out CODES] [key=value ...] [--quiet]\n"
    "\n"
    "Draws examples uniformly from the data set and writes mean, variance and sampled codes\n"
    "(float32 [N, latents]), factors (int32 [N, K]) and factor_names to an HDF5 file,\n"
    "or to NumPy's .npz if its name ends so.\n"
    "\n"
    "  --examples N   how many (default: the run's `examples`, 10000 unless changed)\n"
    "  --all          every example of the data set once, in its order: `polarvae score` looks up "
    "in\n"
    "                 these what shares a factor\n"
    "  --out FILE     default: RUN/codes.h5\n"
    "  key=value      evaluation_seed, data, device, threads\n"
    "  --device NAME  auto, cpu or cuda:N\n"
    "  --quiet        nothing on stderr but errors\n"
    "  --help         this text\n"
    "\n"
    "Example:\n"
    "  polarvae encode runs/beta4 --examples 50000 --out codes.npz\n";

typedef struct {
    const char *out;
    long examples;
    int all, quiet;
} options;

static pv_status encode(const pv_arguments *rest, void *state)
{
    const options *o = state;
    char path[4096];
    pv_session s;
    pv_codes codes = {0};
    pv_bar bar;
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "encode: a run directory must be named; see --help");
    if (o->all && o->examples) return pv_fail(PV_EUSAGE, "encode: --examples or --all, not both");
    const char *run = rest->value[0];
    PV_TRY(pv_session_open(&s, run, rest->count - 1, rest->value + 1, o->quiet));
    const size_t count = o->all ? 0 : o->examples ? (size_t)o->examples : (size_t)s.config.examples;
    pv_bar_start(&bar, "encoding", 0, o->quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(&codes, NULL, &s.model, &s.images, s.stream, count,
                                 (uint64_t)s.config.evaluation_seed, &progress);
    pv_bar_end(&bar);
    snprintf(path, sizeof path, "%s/codes.h5", run);
    const char *out = o->out ? o->out : path;
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
    options o = {0};
    const pv_option known[] = {
        {.name = "--examples", .number = &o.examples, .low = 2, .high = 100000000},
        {.name = "--all", .flag = &o.all},
        {.name = "--out", .text = &o.out},
        {.name = "--quiet", .flag = &o.quiet},
        {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = encode, .state = &o},
        argc, argv);
}
