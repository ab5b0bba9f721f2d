/* cmd_udr.c -- polarvae udr: which of several runs is best disentangled, without factors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "polarvae/udr.h"

static const char usage[] =
    "Usage: polarvae udr RUN RUN [...] [--method lasso|spearman] [key=value ...] [--json]\n"
    "                    [--quiet]\n"
    "\n"
    "Unsupervised disentanglement ranking (UDR): encodes the same examples with every run, and\n"
    "scores each by how well its variables agree with those of the others, up to order and sign;\n"
    "no factor needs to be known. Runs of one configuration with different seeds are what it is\n"
    "meant for, five or more; of several configurations at once it is UDR-A2A. All runs must be\n"
    "of one data set and have one number of latents. A variable counts whose KL is above 0.01\n"
    "nats. Prints a table, the best run first; writes nothing.\n"
    "\n"
    "  --method M    lasso (default): weights of a Lasso regression, alpha 0.1; spearman: rank\n"
    "                correlations\n"
    "  --examples N  how many are encoded; 1000, as in disentanglement_lib\n"
    "  key=value     evaluation_seed, data, device, threads; polarvae train --help explains them\n"
    "  --json        scores, scores of all pairs, correlations and KL on stdout\n"
    "  --device D    auto, cpu or cuda:N\n"
    "  --quiet       nothing on stderr but errors\n"
    "  --help        this text\n"
    "\n"
    "Example:\n"
    "  polarvae udr runs/seed0 runs/seed1 runs/seed2 runs/seed3 runs/seed4\n";

typedef struct {
    const char *method;
    long examples;
    int json, quiet;
} options;

/* What the command line asks for. */
typedef struct {
    int runs, assignments;
    const char *const *run, **set; /* set: "key=value"; the first is the default of examples */
    const options *options;
} request;

/* What runs must have in common. */
typedef struct {
    uint64_t data;
    int64_t seed;
    int threads;
} common;

static pv_status find_method(pv_udr_method *out, const char *name)
{
    for (int i = 0; i < PV_UDR_METHODS; i++)
        if (strcmp(name, pv_udr_method_name[i]) == 0) {
            *out = (pv_udr_method)i;
            return PV_OK;
        }
    return pv_fail(PV_EUSAGE, "--method %s: must be lasso or spearman", name);
}

static pv_status agree(const pv_session *s, const request *r, int i, common *of)
{
    if (i == 0)
        *of = (common){.data = s->data.checksum,
                       .seed = s->config.evaluation_seed,
                       .threads = (int)s->config.threads};
    if (s->data.checksum != of->data)
        return pv_fail(PV_EUSAGE, "%s: has another data set than %s; UDR compares runs of one",
                       r->run[i], r->run[0]);
    if (s->config.evaluation_seed != of->seed)
        return pv_fail(PV_EUSAGE, "%s: has another evaluation_seed than %s; give evaluation_seed=N",
                       r->run[i], r->run[0]);
    return PV_OK;
}

static pv_status encode_run(pv_codes *out, const request *r, int i, common *of)
{
    pv_session s;
    pv_bar bar;
    PV_TRY(pv_session_open(&s, r->run[i], r->assignments, r->set, r->options->quiet));
    const long asked = r->options->examples;
    pv_status status = agree(&s, r, i, of);
    pv_bar_start(&bar, "encoding", 0, r->options->quiet);
    pv_progress progress = pv_bar_progress(&bar);
    if (status == PV_OK)
        status = pv_encode(out, NULL, &s.model, &s.images, s.stream,
                           (size_t)(asked ? asked : s.config.examples),
                           (uint64_t)s.config.evaluation_seed, &progress);
    pv_bar_end(&bar);
    pv_session_close(&s);
    return status;
}

static pv_status rank(pv_codes *codes, const request *r, pv_udr_method method)
{
    common of = {.threads = 0};
    pv_udr result = {0};
    pv_udr_options with = pv_udr_defaults;
    for (int i = 0; i < r->runs; i++) PV_TRY(encode_run(&codes[i], r, i, &of));
    with.method = method;
    with.threads = of.threads;
    pv_status status = pv_udr_compute(&result, r->run, codes, r->runs, &with);
    if (status == PV_OK && r->options->json)
        status = pv_udr_write(&result, "-");
    else if (status == PV_OK)
        pv_udr_print(&result, stdout);
    pv_udr_free(&result);
    return status;
}

/* Runs first, then assignments. */
static pv_status take_arguments(request *r, const pv_arguments *rest)
{
    while (r->runs < rest->count && !pv_is_assignment(rest->value[r->runs])) r->runs++;
    for (int i = r->runs; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "%s: runs come before key=value", rest->value[i]);
    if (r->runs < 2)
        return pv_fail(PV_EUSAGE, "udr: two run directories must be named at least; see --help");
    r->run = rest->value;
    r->assignments = rest->count - r->runs + 1;
    PV_TRY(pv_new(&r->set, (size_t)r->assignments, sizeof *r->set, "arguments"));
    r->set[0] = "examples=1000";
    for (int i = 1; i < r->assignments; i++) r->set[i] = rest->value[r->runs + i - 1];
    return PV_OK;
}

static pv_status udr(const pv_arguments *rest, void *state)
{
    request r = {.options = state};
    pv_udr_method method = PV_UDR_LASSO;
    pv_codes *codes;
    PV_TRY(find_method(&method, r.options->method));
    PV_TRY(take_arguments(&r, rest));
    pv_status status = pv_new(&codes, (size_t)r.runs, sizeof *codes, "codes");
    if (status == PV_OK) status = rank(codes, &r, method);
    for (int i = 0; i < r.runs && codes; i++) pv_codes_free(&codes[i]);
    free(codes);
    free(r.set);
    return status;
}

int pv_command_udr(int argc, char **argv)
{
    options o = {.method = "lasso"};
    const pv_option known[] = {
        {.name = "--method", .text = &o.method},
        {.name = "--examples", .number = &o.examples, .low = 2, .high = 100000000},
        {.name = "--json", .flag = &o.json},
        {.name = "--quiet", .flag = &o.quiet},
        {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .options = known, .sets_device = 1, .run = udr, .state = &o},
        argc, argv);
}
