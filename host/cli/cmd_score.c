/* cmd_score.c -- polarvae score: metrics of any codes file, from any program. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"

static const char usage[] =
    "Usage: polarvae score CODES [--factors FACTORS.npy] [--metrics LIST] [key=value ...] "
    "[--json]\n"
    "\n"
    "Scores codes that any program may have made: an HDF5 file or NumPy's .npz with some of mean,\n"
    "variance and sampled (or codes, which are taken as mean), [N, D] each, and factors [N, K],\n"
    "with their names in factor_names, if any; or codes alone as a .npy, taken as mean, and their\n"
    "factors as another.\n"
    "Mean, variance and sampled together give the types of variables and the scores of each set;\n"
    "mean or sampled with factors give disentanglement metrics. In a file that holds every\n"
    "combination of its factors once, examples that share a factor are looked up, as beta_vae and\n"
    "factor_vae need; in another, metrics learn from the first two thirds of the rows and are\n"
    "tested on the rest.\n"
    "Factors that are whole numbers, also as floats, are classes. Where one is not, as an angle "
    "is\n"
    "not, sap is by squared correlation, irs takes factors in bins, and unsupervised needs none;\n"
    "the other metrics need classes: they are null, with that reason. So are dci and\n"
    "downstream_trees of a factor of more than 1000 values.\n"
    "\n"
    "  --metrics LIST  study (default), all, or names with commas, see below\n"
    "  --factors FILE  factors of codes that have none in their own file, as a .npy\n"
    "  --variables LIST  only these columns of the codes, such as 0,3,5\n"
    "  --continuous    whole numbers are numbers too, not names: sap is by squared correlation\n"
    "  key=value       metric_train, metric_test, sklearn_era, evaluation_seed (of a grid's "
    "draws),\n"
    "                  subset_metrics, bins, variance_threshold, mean_error, threads\n"
    "  --json          everything on stdout as JSON, with the keys of evaluation.json\n"
    "  --device D      auto, cpu or cuda:N\n"
    "  --quiet         nothing on stderr but errors\n"
    "  --help          this text\n"
    "\n"
    "Example:\n"
    "  polarvae score codes.h5 --metrics mig,dci\n"
    "  polarvae score codes.npy --factors factors.npy\n"
    "\n";

static void list_metrics(FILE *to)
{
    for (int i = 0; pv_metric_names[i]; i++)
        fprintf(to, "  %-20s %s\n", pv_metric_names[i], pv_metric_title(pv_metric_names[i]));
    fprintf(to, "  downstream           all three of them\n\n");
}

typedef struct {
    const char *metrics, *factors, *variables;
    int continuous, json, quiet;
} options;

static pv_status evaluate(pv_evaluation *out, const pv_codes *codes, pv_stream *stream,
                          const pv_config *c, const options *o)
{
    const int whole = codes->mean && codes->variance && codes->sampled;
    memset(out, 0, sizeof *out);
    if (whole)
        PV_TRY(
            pv_evaluate_codes(out, codes, stream,
                              &(pv_evaluation_options){.bins = (int)c->bins,
                                                       .variance_threshold = c->variance_threshold,
                                                       .mean_error = c->mean_error}));
    out->examples = codes->examples;
    snprintf(out->device, sizeof out->device, "%s",
             pv_device_description(pv_stream_device(stream)));
    out->sklearn_era = (pv_sklearn_era)c->sklearn_era;
    if (codes->factors == 0) {
        if (!whole)
            return pv_fail(
                PV_EDATA,
                "the codes have no factors, which metrics need (see --factors), and not all "
                "of mean, variance and sampled, which types need");
        if (!o->quiet) fprintf(stderr, "note: the codes have no factors: no metrics\n");
        return PV_OK;
    }
    if (!codes->mean && !codes->sampled)
        return pv_fail(PV_EDATA, "the codes are neither mean nor sampled, which metrics need");
    pv_metric_options with = pv_metric_options_of(c);
    with.continuous = o->continuous;
    PV_TRY(pv_show_metrics(&out->metrics, codes, o->metrics, stream, &with, o->quiet));
    return whole ? pv_subset_metrics(out, codes, c->subset_metrics, stream, &with, NULL) : PV_OK;
}

/* "0,3,5" */
static pv_status keep_variables(pv_codes *codes, const char *list)
{
    int column[PV_TEXT], count = 0, read;
    for (const char *at = list;; at += read + 1) {
        if (count == PV_TEXT || sscanf(at, "%d%n", &column[count], &read) != 1 ||
            (at[read] && at[read] != ','))
            return pv_fail(PV_EUSAGE, "--variables %s: must be numbers with commas, such as 0,3,5",
                           list);
        count++;
        if (!at[read]) return pv_codes_keep(codes, column, count);
    }
}

static pv_status score_file(const char *path, const pv_config *c, const options *o)
{
    pv_codes codes;
    pv_device *device = NULL;
    pv_stream *stream = NULL;
    pv_evaluation result = {0};
    PV_TRY(pv_codes_read(&codes, path));
    pv_status status = o->factors ? pv_codes_read_factors(&codes, o->factors) : PV_OK;
    if (status == PV_OK && o->variables) status = keep_variables(&codes, o->variables);
    if (status == PV_OK) status = pv_device_open(&device, c->device);
    if (status == PV_OK) status = pv_stream_open(&stream, device, (int)c->threads);
    if (status == PV_OK) status = evaluate(&result, &codes, stream, c, o);
    if (status == PV_OK && o->json)
        status = pv_evaluation_write(&result, "-");
    else if (status == PV_OK)
        pv_evaluation_print(&result, stdout);
    pv_evaluation_free(&result);
    pv_stream_close(stream);
    pv_device_close(device);
    pv_codes_free(&codes);
    return status;
}

static pv_status score(const pv_arguments *rest, void *state)
{
    const options *o = state;
    pv_config config;
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "score: a codes file must be named; see --help");
    for (int i = 1; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "%s: score takes one file, then key=value", rest->value[i]);
    PV_TRY(pv_metrics_check(o->metrics));
    PV_TRY(pv_config_load(&config, NULL, rest->count - 1, rest->value + 1));
    pv_status status = pv_metric_lists_check(&config);
    if (status == PV_OK) status = score_file(rest->value[0], &config, o);
    pv_config_clear(&config);
    return status;
}

int pv_command_score(int argc, char **argv)
{
    options o = {.metrics = "study"};
    const pv_option known[] = {{.name = "--metrics", .text = &o.metrics},
                               {.name = "--factors", .text = &o.factors},
                               {.name = "--variables", .text = &o.variables},
                               {.name = "--continuous", .flag = &o.continuous},
                               {.name = "--json", .flag = &o.json},
                               {.name = "--quiet", .flag = &o.quiet},
                               {0}};
    return pv_command_run(&(pv_command){.usage = usage,
                                        .more_usage = list_metrics,
                                        .options = known,
                                        .sets_device = 1,
                                        .run = score,
                                        .state = &o},
                          argc, argv);
}
